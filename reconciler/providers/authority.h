/* The internal authority of this host: layout->authority/ca.pem, which clients that trust it get,
 * and key.pem, which nobody but us reads. Made once; both files may also be brought by people. */
#pragma once

#include "model/host.h"
#include "providers/pair.h"

struct authority;

/* Reads the certificate alone, which everybody may. *out_authority is NULL when there is none yet.
 * The caller releases it. */
bool authority_open(struct host *host, struct arena *arena, struct authority **out_authority,
                    struct error *err) MUST_CHECK;
/* Reads both, or makes them when there is neither: the directory appears complete and synced, and
 * the root is limited to layout->domains. */
bool authority_open_to_sign(struct host *host, struct arena *arena,
                            struct authority **out_authority, struct error *err) MUST_CHECK;
/* Accepts NULL. */
void authority_release(struct authority *authority);
static inline void authority_release_pointer(struct authority **authority)
{
    authority_release(*authority);
}
#define AUTO_AUTHORITY CLEANUP(authority_release_pointer) struct authority *

/* The certificate's path, to be remembered with what it has signed. */
const char *authority_certificate_path(struct host *host, struct arena *arena);
bool authority_has_signed(const struct authority *authority, const struct pair *pair);

/* Its root says what one that is made now for these domains (NULL: for any) would say. */
bool authority_is_limited_to(const struct authority *authority, const char *const *domains);
/* Its root lets it sign certificates for these names; *out_name is one for which it does not. */
bool authority_may_sign(const struct authority *authority, const char *const *names, size_t count,
                        const char **out_name);

struct authority_request {
    const char *const *names;
    size_t name_count;
    const char *key_type;
    int64_t lifetime_seconds;
    int64_t now;
};
/* A new key and its certificate, followed by the authority's. NULL with err filled; the caller
 * releases it. */
struct pair *authority_issue(const struct authority *authority,
                             const struct authority_request *request, struct error *err);
