/* What the client of authorities is made of. */
#pragma once

#include "model/json.h"
#include "providers/acme_client.h"
#include "providers/identity.h"

struct secret;

#define ACME_HELPER "reconcile-acme" /* lies beside the program itself */

struct acme_client {
    struct host *host;
    struct identity identity;
    const char *helper; /* the path of reconcile-acme */
};

/* What is to be run as uacme's account, and confined: everything else is the same for all. */
struct acme_errand {
    const char *const *argv;     /* NULL-terminated */
    const char *const *writable; /* NULL-terminated paths, the first of them for temporary files */
    int folder;                  /* where it is started; AT_FDCWD: ours */
    struct str input;
    unsigned timeout_ms;
    enum certificate_challenge challenge;
};

/* acme_errand.c. True when it ran, however it ended. */
bool acme_run(const struct acme_client *client, const struct acme_errand *errand,
              struct arena *arena, struct process_result *out_result, struct error *err) MUST_CHECK;
/* The same of reconcile-acme (acme/verbs.h); argv and input are filled in. secret goes on a line
 * behind the question; NULL: there is none. Only the standard input of a child gets to see it. NULL
 * with err filled; the caller releases the answer. */
json_t *acme_ask(const struct acme_client *client, const char *verb, const json_t *question,
                 const struct secret *secret, struct acme_errand errand, struct arena *arena,
                 struct error *err);

/* A problem document (RFC 7807) in the authority's words. False: it has said none. */
bool acme_tell_problem(const json_t *problem, struct acme_refusal *out_refusal, struct error *err);
/* What has failed, as far as the two programs say it; program names the one that ran. Returns
 * false. */
bool acme_tell_failure(const char *program, const struct process_result *result,
                       struct arena *arena, struct acme_refusal *out_refusal, struct error *err);
bool acme_has_said(struct str said, const char *words);
