/* Runs uacme and reconcile-acme, and understands what they say. Their folders:
 *
 *     STATE/acme-accounts/DIGEST/        of one directory, with the account's key, in uacme's form
 *     STATE/acme-accounts/orders/NUMBER/ the request of one order, and the chain that comes back
 *
 * Folders are made by us, handed to uacme's account with nothing of ours in them but the request,
 * and taken back before we touch them again: root never writes or removes where somebody else could
 * change the ground under it. */

#include "providers/acme_client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "model/json.h"
#include "providers/confinement.h"
#include "providers/host_secret.h"
#include "providers/identity.h"

enum {
    /* An authority may look from several places, one by one, and the name system takes its time. */
    ORDER_TIMEOUT_MS = 3 * 60 * 1000,
    DNS_ORDER_TIMEOUT_MS = 30 * 60 * 1000,
    QUESTION_TIMEOUT_MS = 60 * 1000,
    NAME_TIMEOUT_MS = 5 * 1000, /* each is given more, and eight are asked at once */
    OUTPUT_LIMIT = 64 * 1024,
    CHAIN_LIMIT = 256 * 1024,
    DIRECTORY_DIGITS = 16,
    OPEN_FILES_MOST = 256,
    CHALLENGE_SECONDS = 3600,     /* no order takes that long */
    FILE_SIZE_MOST = 1024 * 1024, /* keys, chains and tokens are far smaller */
};

static const char request_name[] = "request.csr";
static const char chain_name[] = "request-cert.pem"; /* as uacme(1) names it */
static const char helper_name[] = "reconcile-acme";
/* curl_easy_strerror(3) of CURLE_PEER_FAILED_VERIFICATION, which uacme passes on */
static const char is_untrusted[] = "SSL peer certificate or SSH remote key was not OK";

struct acme_client {
    struct host *host;
    struct identity identity;
    const char *helper;
};

/* ---- Opening -------------------------------------------------------------------------------- */

/* Beside the program itself, wherever that is. */
static const char *find_helper(struct arena *arena, struct error *err)
{
    char *self = arena_alloc(arena, PATH_MAX);
    ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);
    if (length < 0) {
        (void)error_errno(err, "read /proc/self/exe");
        return NULL;
    }
    const char *slash = strrchr(self, '/');
    const char *helper = arena_printf(arena, "%.*s/%s", (int)(slash - self), self, helper_name);
    if (access(helper, X_OK) != 0) {
        (void)error_errno(err, "run %s", helper);
        return NULL;
    }
    return helper;
}

/* What killed orders have left. The folder is not ours: names are removed from it, and nothing in
 * it is opened or followed. */
static void sweep_challenges(const struct acme_client *client, int folder)
{
    int64_t oldest = client->host->now(client->host) - CHALLENGE_SECONDS;
    AUTO_FD own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_DIRECTORY directory = own < 0 ? NULL : fdopendir(own);
    if (directory == NULL) {
        return; /* else the next order does it */
    }
    (void)take_fd(&own);
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && status.st_uid == client->identity.user &&
            status.st_mtime < oldest) {
            (void)unlinkat(folder, entry->d_name, 0);
        }
    }
}

bool acme_client_make_folder(const struct acme_client *client, struct error *err)
{
    const struct host *host = client->host;
    const char *path = host->layout->acme_challenges;
    if (!file_make_directories(host->root, host_path(path), 0755, err)) {
        return false;
    }
    AUTO_FD folder = file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, err);
    if (folder < 0) {
        return false;
    }
    if (fchown(folder, client->identity.user, client->identity.group) != 0) {
        return error_errno(err, "hand over %s", path);
    }
    sweep_challenges(client, folder);
    return true;
}

bool acme_client_open(struct host *host, struct arena *arena, struct acme_client **out_client,
                      struct error *err)
{
    const struct layout *layout = host->layout;
    struct acme_client *client = arena_new(arena, struct acme_client);
    client->host = host;
    if (!layout->acme_terms) {
        return error_set(err, ERROR_REFUSED,
                         "nobody has agreed to the authority's terms of service: write acme: "
                         "{terms: true} in the settings");
    }
    if (access(layout->acme_program, X_OK) != 0) {
        return error_set(err, ERROR_UNAVAILABLE, "this host has no %s: apt install %s",
                         layout->acme_program, "uacme");
    }
    if (!confinement_has_rules()) {
        log_event(LOG_LEVEL_INFO, "this kernel has no Landlock: its account alone confines uacme",
                  NULL);
    }
    client->identity = identity_own();
    if (geteuid() == 0 && !identity_find(layout->acme_user, &client->identity, err)) {
        return false;
    }
    client->helper = find_helper(arena, err);
    if (client->helper == NULL) {
        return false;
    }
    *out_client = client;
    return true;
}

/* ---- What it says --------------------------------------------------------------------------- */

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

static bool has_said(struct str said, const char *words)
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
        const char *ours = words_of(line, helper_name);
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

/* In the authority's words. False: it has said none. */
static bool tell_problem(const json_t *problem, struct acme_refusal *out_refusal, struct error *err)
{
    static const char prefix[] = "urn:ietf:params:acme:error:";
    static const char *const proofs[] = {"unauthorized", "connection", "dns",
                                         "caa",          "tls",        "incorrectResponse"};
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    for (size_t i = 0; type != NULL && i < sizeof(proofs) / sizeof(proofs[0]); i++) {
        out_refusal->is_validation |=
            text_starts_with(type, prefix) && strcmp(type + sizeof(prefix) - 1, proofs[i]) == 0;
    }
    if (detail == NULL) {
        return false;
    }
    out_refusal->retry_after = read_retry_after(detail);
    (void)error_set(err, ERROR_REFUSED, "the authority says: %s", detail);
    return true;
}

static bool tell_failure(const struct process_result *result, struct arena *arena,
                         struct acme_refusal *out_refusal, struct error *err)
{
    AUTO_JSON problem = read_problem(result->errors);
    if (tell_problem(problem, out_refusal, err)) {
        return false;
    }
    if (has_said(result->errors, is_untrusted)) {
        return error_set(
            err, ERROR_REFUSED,
            "this host does not trust the directory's own certificate: put the root of "
            "a private authority into /usr/local/share/ca-certificates, as a file "
            "that ends in .crt, and run update-ca-certificates");
    }
    const char *words = last_words(result->errors, arena);
    return words[0] != '\0' ? error_set(err, ERROR_REFUSED, "%s", words)
                            : error_set(err, ERROR_REFUSED, "it ended with %d", result->status);
}

/* ---- Folders -------------------------------------------------------------------------------- */

static const char *account_folder(const struct acme_client *client, const char *directory_url,
                                  struct arena *arena)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(str_of(directory_url), digest);
    return arena_printf(arena, "%s/%.*s", client->host->layout->acme_accounts, DIRECTORY_DIGITS,
                        digest);
}

static const char *order_folder(const struct acme_client *client, size_t number,
                                struct arena *arena)
{
    return arena_printf(arena, "%s/orders/%zu", client->host->layout->acme_accounts, number);
}

/* From its account to ours, or the other way. */
static bool give(int folder, uid_t user, gid_t group, const char *path, struct error *err)
{
    return (fchown(folder, user, group) == 0 && fchmod(folder, 0700) == 0) ||
           error_errno(err, "hand over %s", path);
}

/* What is made above it is ours; -1 with err filled. */
static int open_folder(const struct acme_client *client, const char *path, struct arena *arena,
                       struct error *err)
{
    const struct host *host = client->host;
    const char *above = arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path));
    if (!file_make_directories(host->root, host_path(above), 0755, err) ||
        !file_make_directories(host->root, host_path(path), 0700, err)) {
        return -1;
    }
    return file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, err);
}

/* Whatever a killed run has left there goes. */
static bool remove_order(const struct acme_client *client, const char *path, struct error *err)
{
    const struct host *host = client->host;
    struct error reason = {0};
    AUTO_FD folder =
        file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, &reason);
    if (folder < 0) {
        return reason.number == ENOENT || error_copy(err, &reason);
    }
    return give(folder, geteuid(), getegid(), path, err) &&
           file_remove_all(host->root, host_path(path), err);
}

/* ---- Running them --------------------------------------------------------------------------- */

/* What is to be run: everything else is the same for all. */
struct errand {
    const char *const *argv;     /* NULL-terminated */
    const char *const *writable; /* NULL-terminated paths, the first of them for temporary files */
    int folder;                  /* where it is started */
    struct str input;
    unsigned timeout_ms;
    enum certificate_challenge challenge;
};

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
static bool open_confinement(const struct acme_client *client, const struct errand *errand,
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

static bool run_errand(const struct acme_client *client, const struct errand *errand,
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

/* secret goes on a line behind the question; NULL: there is none. Only the standard input of a
 * child gets to see it. NULL with err filled; the caller releases the answer. */
static json_t *ask_helper(const struct acme_client *client, const char *verb,
                          const json_t *question, const struct secret *secret, struct errand errand,
                          struct arena *arena, struct error *err)
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
    if (!run_errand(client, &errand, arena, &result, err)) {
        return NULL;
    }
    json_t *answer =
        result.status == 0 ? json_loadb(result.output.data, result.output.length, 0, NULL) : NULL;
    if (answer == NULL) {
        (void)tell_failure(&result, arena, &refusal, err);
    }
    return answer;
}

/* So many certificates or names, of which each takes its time. */
static struct errand errand_about(const char *const *writable, size_t count)
{
    return (struct errand){.writable = writable,
                           .folder = AT_FDCWD,
                           .timeout_ms = QUESTION_TIMEOUT_MS + (unsigned)count * NAME_TIMEOUT_MS};
}

/* ---- The account ---------------------------------------------------------------------------- */

/* Beside the account's folder, which is not ours. */
static const char *registered_path(const struct acme_client *client, const char *directory_url,
                                   struct arena *arena)
{
    return arena_printf(arena, "%s.registered", account_folder(client, directory_url, arena));
}

static json_t *ask_for_account(const struct acme_client *client, const char *directory_url,
                               int folder, struct arena *arena, struct error *err)
{
    const struct layout *layout = client->host->layout;
    bool is_bound = text_equal(layout->acme_bound_to, directory_url);
    AUTO_SECRET secret = NULL;
    if (is_bound &&
        !host_secret_read(client->host, layout->acme_binding_secret, arena, &secret, err)) {
        return NULL;
    }
    AUTO_JSON question =
        json_pack("{s:s, s:s*, s:s*}", "directory", directory_url, "email", layout->acme_email,
                  "id", is_bound ? layout->acme_binding_id : NULL);
    const char *const writable[] = {account_folder(client, directory_url, arena), "/dev/null",
                                    NULL};
    const struct errand errand = {
        .writable = writable, .folder = folder, .timeout_ms = QUESTION_TIMEOUT_MS};
    return ask_helper(client, "register", question, secret, errand, arena, err);
}

bool acme_client_register(const struct acme_client *client, const char *directory_url,
                          struct arena *arena, struct error *err)
{
    const struct host *host = client->host;
    const char *registered = host_path(registered_path(client, directory_url, arena));
    const char *path = account_folder(client, directory_url, arena);
    if (faccessat(host->root, registered, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return true;
    }
    AUTO_FD folder = open_folder(client, path, arena, err);
    if (folder < 0 || !give(folder, client->identity.user, client->identity.group, path, err)) {
        return false;
    }
    struct acme_refusal refusal = {0};
    AUTO_JSON answer = ask_for_account(client, directory_url, folder, arena, err);
    if (answer == NULL || tell_problem(json_object_get(answer, "problem"), &refusal, err)) {
        return error_wrap(err, "make an account with %s", directory_url);
    }
    return file_replace(host->root, registered, str_of(directory_url), 0644, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

/* ---- Renewal information -------------------------------------------------------------------- */

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool acme_client_ask_windows(const struct acme_client *client, const char *directory_url,
                             struct acme_window *windows, size_t count, struct arena *arena,
                             struct error *err)
{
    AUTO_JSON ids = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(ids, json_string(windows[i].id)); /* then not asked */
    }
    const char *const writable[] = {"/dev/null", NULL};
    AUTO_JSON question = json_pack("{s:s, s:O}", "directory", directory_url, "certificates", ids);
    AUTO_JSON answer =
        ask_helper(client, "windows", question, NULL, errand_about(writable, count), arena, err);
    for (size_t i = 0; answer != NULL && i < count; i++) {
        const json_t *window = json_object_get(json_object_get(answer, "windows"), windows[i].id);
        windows[i].start = number_of(window, "start");
        windows[i].end = number_of(window, "end");
        windows[i].ask_after = number_of(window, "ask_after");
    }
    return answer != NULL;
}

/* ---- Before an order ------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

/* NULL: there are none. */
static const char *joined(const json_t *list, struct arena *arena)
{
    size_t index = 0;
    const json_t *each = NULL;
    struct text text = text_make(arena);
    json_array_foreach(list, index, each)
    {
        text_addf(&text, "%s%s", index == 0 ? "" : ", ", json_string_value(each));
    }
    return text.length == 0 ? NULL : text.data;
}

static enum preflight_answer answer_of(const json_t *seen)
{
    if (json_object_get(seen, "silence") != NULL) {
        return PREFLIGHT_SILENCE;
    }
    if (json_object_get(seen, "status") == NULL) {
        return PREFLIGHT_NOT_ASKED;
    }
    return json_is_true(json_object_get(seen, "is_ours")) ? PREFLIGHT_OURS : PREFLIGHT_OTHER;
}

static void read_name(const json_t *seen, const struct acme_preflight *preflight,
                      struct arena *arena, struct preflight_name *out)
{
    size_t index = 0;
    const json_t *record = NULL;
    out->is_over_http = preflight->challenge == CERTIFICATE_OVER_HTTP;
    out->lookup_error = text_of(seen, "lookup", arena);
    out->addresses = joined(json_object_get(seen, "addresses"), arena);
    out->is_here = json_is_true(json_object_get(seen, "is_here"));
    out->answer = answer_of(seen);
    out->status = (long)number_of(seen, "status");
    out->silence = text_of(seen, "silence", arena);
    json_array_foreach(json_object_get(seen, "caa"), index, record)
    {
        const char *tag = text_of(record, "tag", arena);
        const char *value = text_of(record, "value", arena);
        if (tag != NULL && value != NULL) {
            vec_add(arena, &out->caa,
                    (struct preflight_caa){json_is_true(json_object_get(record, "critical")), tag,
                                           value});
        }
    }
}

static const char *const *identities_of(const json_t *list, struct arena *arena)
{
    size_t index = 0;
    const json_t *each = NULL;
    VEC(identity_list, const char *) identities = {0};
    json_array_foreach(list, index, each)
    {
        if (json_is_string(each)) {
            vec_add(arena, &identities, arena_strdup(arena, json_string_value(each)));
        }
    }
    vec_add(arena, &identities, NULL);
    return identities.items;
}

bool acme_client_preflight(const struct acme_client *client, struct acme_preflight *preflight,
                           struct arena *arena, struct error *err)
{
    AUTO_JSON names = json_array();
    for (size_t i = 0; i < preflight->count; i++) {
        (void)json_array_append_new(names, json_string(preflight->names[i].name));
    }
    bool is_over_http = preflight->challenge == CERTIFICATE_OVER_HTTP;
    AUTO_JSON question =
        json_pack("{s:s, s:O, s:b, s:b}", "directory", preflight->directory_url, "names", names,
                  "over_http", is_over_http, "asks", is_over_http && preflight->asks);
    const char *const writable[] = {client->host->layout->acme_challenges, "/dev/null", NULL};
    AUTO_JSON answer = ask_helper(client, "preflight", question, NULL,
                                  errand_about(writable, preflight->count), arena, err);
    if (answer == NULL) {
        return false;
    }
    int64_t date = number_of(answer, "date");
    preflight->authority = (struct preflight_authority){
        .identities = identities_of(json_object_get(answer, "identities"), arena),
        .clock_difference = date == 0 ? 0 : client->host->now(client->host) - date,
    };
    for (size_t i = 0; i < preflight->count; i++) {
        const char *name = preflight->names[i].name;
        read_name(json_object_get(json_object_get(answer, "names"), name), preflight, arena,
                  &preflight->names[i]);
    }
    return true;
}

/* ---- Orders --------------------------------------------------------------------------------- */

/* The authority has forgotten the account: the next try makes another. */
static void forget_account(const struct acme_client *client, const char *directory_url,
                           struct str said, struct arena *arena)
{
    static const char *const lost[] = {"urn:ietf:params:acme:error:accountDoesNotExist",
                                       "no account associated with"};
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        if (has_said(said, lost[i])) {
            (void)unlinkat(client->host->root,
                           host_path(registered_path(client, directory_url, arena)), 0);
        }
    }
}

static bool order_in(const struct acme_client *client, const struct acme_request *request,
                     int folder, struct arena *arena, struct str *out_chain,
                     struct acme_refusal *out_refusal, struct error *err)
{
    const char *const argv[] = {
        client->host->layout->acme_program,
        "-a",
        request->directory_url,
        "-c",
        account_folder(client, request->directory_url, arena),
        "-h",
        client->helper,
        "-y",
        "-f",
        "issue",
        request_name,
        NULL,
    };
    const char *const writable[] = {order_folder(client, request->number, arena),
                                    account_folder(client, request->directory_url, arena),
                                    client->host->layout->acme_challenges, "/dev/null", NULL};
    const struct errand errand = {
        .argv = argv,
        .writable = writable,
        .folder = folder,
        .timeout_ms =
            request->challenge == CERTIFICATE_OVER_HTTP ? ORDER_TIMEOUT_MS : DNS_ORDER_TIMEOUT_MS,
        .challenge = request->challenge,
    };
    struct process_result result;
    if (!run_errand(client, &errand, arena, &result, err)) {
        return false;
    }
    if (result.status != 0) {
        forget_account(client, request->directory_url, result.errors, arena);
        return tell_failure(&result, arena, out_refusal, err);
    }
    AUTO_FD chain =
        openat(folder, chain_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return chain >= 0 ? file_read_fd(chain, chain_name, CHAIN_LIMIT, arena, out_chain, err)
                      : error_errno(err, "open %s", chain_name);
}

bool acme_client_order(const struct acme_client *client, const struct acme_request *request,
                       struct arena *arena, struct str *out_chain, struct acme_refusal *out_refusal,
                       struct error *err)
{
    const char *path = order_folder(client, request->number, arena);
    *out_refusal = (struct acme_refusal){0};
    if (!remove_order(client, path, err)) {
        return false;
    }
    AUTO_FD folder = open_folder(client, path, arena, err);
    bool is_ordered = folder >= 0 &&
                      file_replace(folder, request_name, request->text, 0644, FILE_OWNER_NONE,
                                   FILE_SYNC_LATER, err) &&
                      give(folder, client->identity.user, client->identity.group, path, err) &&
                      order_in(client, request, folder, arena, out_chain, out_refusal, err);
    bool is_removed = remove_order(client, path, NULL);
    (void)is_removed; /* else the next order of this number does it */
    return is_ordered;
}
