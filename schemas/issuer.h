/* Who signs certificates, as documents and settings write it. */
#pragma once

#include "model/certificate_item.h"
#include "schemas/value.h"

/* internal, file, letsencrypt, letsencrypt-staging, or the https address of an ACME directory (RFC
 * 8555, section 7.1.1). */
extern const struct syntax syntax_issuer;
/* The same for settings, which have no pair of files to name. */
extern const struct syntax syntax_host_issuer;
/* What speaks ACME alone, or none. */
extern const struct syntax syntax_rehearsal;

/* Of what the syntax accepts. */
enum certificate_issuer issuer_type(const char *issuer);
/* Where its ACME directory is; NULL: it has none. */
const char *issuer_directory(const char *issuer);
/* The directory where its orders can be rehearsed: one of the same authority whose certificates
 * nobody trusts. NULL: none is known. */
const char *issuer_rehearsal(const char *issuer);

/* One that everybody trusts, and that signs public names alone. Of other directories nobody knows.
 */
bool issuer_is_public(const char *issuer);

/* No public authority signs the name: an address, a single label, or a name below .test,
 * .localhost, .internal or .local (RFC 2606, RFC 6762, and ICANN's reservation of .internal in
 * 2024). A wildcard is what it stands for. */
bool issuer_is_local_name(const char *name);
