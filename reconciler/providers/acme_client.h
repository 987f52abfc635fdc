/* Orders certificates from authorities that speak ACME (RFC 8555). The protocol is spoken by
 * uacme(1), as an account of its own that sees the account's key and the request, and neither the
 * certificate's key nor anything else of ours. reconcile-acme answers its challenges, and speaks
 * with authorities of what uacme cannot. */
#pragma once

#include "model/certificate_item.h"
#include "model/host.h"
#include "model/preflight.h"

struct acme_client;

/* Looks whether orders can be made from here, and changes nothing. Lives on the arena. */
bool acme_client_open(struct host *host, struct arena *arena, struct acme_client **out_client,
                      struct error *err) MUST_CHECK;

/* The folder where proofs are put: uacme's account writes, everybody reads. */
bool acme_client_make_folder(const struct acme_client *client, struct error *err) MUST_CHECK;

/* Makes the account with the authority of this directory, where there is none yet. Not for several
 * threads at once. */
bool acme_client_register(const struct acme_client *client, const char *directory_url,
                          struct arena *arena, struct error *err) MUST_CHECK;

/* Why an order failed, as far as the authority says it. */
struct acme_refusal {
    bool is_validation;  /* it found no proof for a name: counted by its limits */
    bool is_nonce;       /* it has forgotten what it gave out, and nothing else is wrong */
    int64_t retry_after; /* it wants to be left alone until then; seconds since the epoch, 0: it
                            does not say */
};

/* When an authority suggests to renew a certificate; seconds since the epoch. */
struct acme_window {
    const char *id; /* struct certificate_pair, renewal_id */
    int64_t start;  /* out; both 0: it says nothing */
    int64_t end;
    int64_t ask_after; /* out: a span; 0: it does not say */
};

bool acme_client_ask_windows(const struct acme_client *client, const char *directory_url,
                             struct acme_window *windows, size_t count, struct arena *arena,
                             struct error *err) MUST_CHECK;

/* How names look to an authority, as far as it can be seen from here. asks: names are asked for a
 * proof too, which is put into its folder and removed. Their names are set; the rest is filled. */
struct acme_preflight {
    const char *directory_url;
    enum certificate_challenge challenge;
    bool asks;
    struct preflight_name *names;
    size_t count;
    struct preflight_authority authority; /* out */
};
bool acme_client_preflight(const struct acme_client *client, struct acme_preflight *preflight,
                           struct arena *arena, struct error *err) MUST_CHECK;

struct acme_request {
    const char *directory_url;
    enum certificate_challenge challenge;
    struct str text; /* PEM */
    size_t number;   /* tells orders apart that are made at once */
};

/* Has the authority sign a request; the chain comes back as it was sent: PEM from a stranger. For
 * several threads at once, each with an arena of its own. False: err says why in the authority's
 * words, *out_refusal what follows. */
bool acme_client_order(const struct acme_client *client, const struct acme_request *request,
                       struct arena *arena, struct str *out_chain, struct acme_refusal *out_refusal,
                       struct error *err) MUST_CHECK;
