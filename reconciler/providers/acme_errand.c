/* Runs uacme and reconcile-acme, confined, and understands what they say. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "providers/acme_parts.h"
#include "providers/confinement.h"
#include "providers/host_secret.h"

enum {
    OUTPUT_LIMIT = 64 * 1024,
    OPEN_FILES_MOST = 256,
    FILE_SIZE_MOST = 1024 * 1024, /* keys, chains and tokens are far smaller */
};

/* curl_easy_strerror(3) of CURLE_PEER_FAILED_VERIFICATION, which both pass on */
static const char is_untrusted[] = "SSL peer certificate or SSH remote key was not OK";

/* ---- What they say --------------------------------------------------------------------------- */

/* "retry after 2026-11-28 10:00:00 UTC" of Let's Encrypt's refusals; 0: nothing of the kind. */
static int64_t read_retry_after(const char *detail)
{
    const char *at = strstr(detail, "retry after ");
    struct tm utc = {0};
    if (at == NULL || strptime(at + strlen("retry after "), "%Y-%m-%d%n%H:%M:%S", &utc) == NULL) {
        return 0;
    }
    return timegm(&utc);
}

/* The problem document (RFC 7807) that uacme passes on, from its first brace; NULL: there is none.
 * The caller releases it. */
static json_t *read_problem(struct str said)
{
    const char *brace = memchr(said.data, '{', said.length);
    if (brace == NULL) {
        return NULL;
    }
    return json_loadb(brace, said.length - (size_t)(brace - said.data), JSON_DISABLE_EOF_CHECK,
                      NULL);
}

bool acme_has_said(struct str said, const char *words)
{
    return memmem(said.data, said.length, words, strlen(words)) != NULL;
}

/* "NAME: ..." -> "..."; NULL: another program's line. */
static const char *words_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    return text_starts_with(line, name) && text_starts_with(line + length, ": ")
               ? line + length + strlen(": ")
               : NULL;
}

/* What they say of themselves: the last line of our own, else uacme's last that names what has
 * failed and why, else its last. */
static const char *last_words(struct str said, struct arena *arena)
{
    const char *own = NULL;
    const char *reason = NULL;
    const char *last = "";
    char *rest = arena_strndup(arena, said.data, said.length);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        const char *ours = words_of(line, ACME_HELPER);
        const char *words = words_of(line, "uacme");
        own = ours != NULL ? ours : own;
        last = words != NULL ? words : last;
        reason = words != NULL && strstr(words, " failed: ") != NULL ? words : reason;
    }
    if (own != NULL) {
        return own;
    }
    return reason != NULL ? reason : last;
}

bool acme_tell_problem(const json_t *problem, struct acme_refusal *out_refusal, struct error *err)
{
    static const char prefix[] = "urn:ietf:params:acme:error:";
    static const char *const proofs[] = {"unauthorized", "connection", "dns",
                                         "caa",          "tls",        "incorrectResponse"};
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *name =
        type != NULL && text_starts_with(type, prefix) ? type + sizeof(prefix) - 1 : "";
    for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
        out_refusal->is_validation |= strcmp(name, proofs[i]) == 0;
    }
    out_refusal->is_nonce = strcmp(name, "badNonce") == 0;
    if (detail == NULL) {
        return false;
    }
    out_refusal->retry_after = read_retry_after(detail);
    (void)error_set(err, ERROR_REFUSED, "the authority says: %s", detail);
    return true;
}

bool acme_tell_failure(const char *program, const struct process_result *result,
                       struct arena *arena, struct acme_refusal *out_refusal, struct error *err)
{
    AUTO_JSON problem = read_problem(result->errors);
    if (acme_tell_problem(problem, out_refusal, err)) {
        return false;
    }
    if (acme_has_said(result->errors, is_untrusted)) {
        return error_set(
            err, ERROR_REFUSED,
            "this host does not trust the directory's own certificate: put the root of "
            "a private authority into /usr/local/share/ca-certificates, as a file "
            "that ends in .crt, and run update-ca-certificates");
    }
    const char *words = last_words(result->errors, arena);
    return words[0] != '\0'
               ? error_set(err, ERROR_REFUSED, "%s", words)
               : error_set(err, ERROR_REFUSED, "%s ended with %d", program, result->status);
}

/* ---- Running them --------------------------------------------------------------------------- */

struct entrance {
    struct identity identity;
    struct confinement confinement;
};

static int enter(void *context)
{
    struct entrance *entrance = context;
    int status = identity_take(&entrance->identity);
    return status != 0 ? status : (confinement_enter(&entrance->confinement) ? 0 : EXIT_FAILURE);
}

/* Programs, and how this system is set up, may be read; secrets among that are other accounts', and
 * of processes outside nobody confined sees more than their names. */
static bool open_confinement(const struct acme_client *client, const struct acme_errand *errand,
                             struct confinement *out, struct error *err)
{
    const struct layout *layout = client->host->layout;
    const char *const readable[] = {"/usr",
                                    "/opt",
                                    "/bin",
                                    "/sbin",
                                    "/lib",
                                    "/lib32",
                                    "/lib64",
                                    "/etc",
                                    "/run/systemd/resolve", /* where /etc/resolv.conf may lead */
                                    "/run/resolvconf",
                                    "/run/NetworkManager",
                                    "/proc",
                                    "/dev/urandom",
                                    layout->acme_program,
                                    client->helper,
                                    layout->acme_dns_hook, /* may be NULL */
                                    NULL};
    const struct confinement_files files = {readable, errand->writable};
    *out = (struct confinement){.files_most = OPEN_FILES_MOST, .file_size_most = FILE_SIZE_MOST};
    return confinement_open(out, &files, err);
}

bool acme_run(const struct acme_client *client, const struct acme_errand *errand,
              struct arena *arena, struct process_result *out_result, struct error *err)
{
    const struct layout *layout = client->host->layout;
    struct entrance entrance = {.identity = client->identity};
    const char *const environment[] = {
        "PATH=/usr/bin:/bin",
        "LC_ALL=C.UTF-8",
        arena_printf(arena, "TMPDIR=%s", errand->writable[0]),
        arena_printf(arena, "RECONCILE_ACME_CHALLENGES=%s", layout->acme_challenges),
        errand->challenge == CERTIFICATE_OVER_HTTP ? "RECONCILE_ACME_CHALLENGE=http-01"
                                                   : "RECONCILE_ACME_CHALLENGE=dns-01",
        layout->acme_dns_hook == NULL
            ? NULL
            : arena_printf(arena, "RECONCILE_ACME_DNS_HOOK=%s", layout->acme_dns_hook),
        NULL,
    };
    const struct process_options options = {
        .argv = errand->argv,
        .environment = environment,
        .input = errand->input,
        .timeout_ms = errand->timeout_ms,
        .output_limit = OUTPUT_LIMIT,
        .directory = errand->folder,
        .prepare = enter,
        .prepare_context = &entrance,
    };
    if (!open_confinement(client, errand, &entrance.confinement, err)) {
        return false;
    }
    bool is_run = client->host->run(client->host, &options, arena, out_result, err);
    confinement_close(&entrance.confinement);
    return is_run;
}

json_t *acme_ask(const struct acme_client *client, const char *verb, const json_t *question,
                 const struct secret *secret, struct acme_errand errand, struct arena *arena,
                 struct error *err)
{
    struct process_result result;
    struct acme_refusal refusal = {0};
    AUTO_WIPED line = NULL;
    char *dumped = json_dumps(question, JSON_COMPACT);
    const char *text = arena_printf(arena, "%s\n", dumped == NULL ? "" : dumped);
    free(dumped);
    if (secret != NULL && !host_secret_line(text, secret, &line, err)) {
        return NULL;
    }
    const char *const argv[] = {client->helper, verb, NULL};
    errand.argv = argv;
    errand.input = str_of(secret == NULL ? text : line);
    if (!acme_run(client, &errand, arena, &result, err)) {
        return NULL;
    }
    json_t *answer =
        result.status == 0 ? json_loadb(result.output.data, result.output.length, 0, NULL) : NULL;
    if (answer == NULL) {
        (void)acme_tell_failure(ACME_HELPER, &result, arena, &refusal, err);
    }
    return answer;
}
