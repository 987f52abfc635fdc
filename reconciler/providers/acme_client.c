/* Accounts and orders. The folders of uacme and reconcile-acme:
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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "providers/acme_parts.h"
#include "providers/confinement.h"
#include "providers/host_secret.h"

enum {
    /* An authority may look from several places, one by one, and the name system takes its time. */
    ORDER_TIMEOUT_MS = 3 * 60 * 1000,
    DNS_ORDER_TIMEOUT_MS = 30 * 60 * 1000,
    ACCOUNT_TIMEOUT_MS = 60 * 1000,
    NONCE_TRIES = 40,
    CHAIN_LIMIT = 256 * 1024,
    DIRECTORY_DIGITS = 16,
    CHALLENGE_SECONDS = 3600, /* no order takes that long */
};

static const char request_name[] = "request.csr";
static const char chain_name[] = "request-cert.pem"; /* as uacme(1) names it */

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
    const char *helper = arena_printf(arena, "%.*s/%s", (int)(slash - self), self, ACME_HELPER);
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
    const struct acme_errand errand = {
        .writable = writable, .folder = folder, .timeout_ms = ACCOUNT_TIMEOUT_MS};
    return acme_ask(client, "register", question, secret, errand, arena, err);
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
    if (answer == NULL || acme_tell_problem(json_object_get(answer, "problem"), &refusal, err)) {
        return error_wrap(err, "make an account with %s", directory_url);
    }
    return file_replace(host->root, registered, str_of(directory_url), 0644, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

/* ---- Orders --------------------------------------------------------------------------------- */

/* The authority has forgotten the account: the next try makes another. */
static void forget_account(const struct acme_client *client, const char *directory_url,
                           struct str said, struct arena *arena)
{
    static const char *const lost[] = {"urn:ietf:params:acme:error:accountDoesNotExist",
                                       "no account associated with"};
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        if (acme_has_said(said, lost[i])) {
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
    const struct acme_errand errand = {
        .argv = argv,
        .writable = writable,
        .folder = folder,
        .timeout_ms =
            request->challenge == CERTIFICATE_OVER_HTTP ? ORDER_TIMEOUT_MS : DNS_ORDER_TIMEOUT_MS,
        .challenge = request->challenge,
    };
    struct process_result result;
    if (!acme_run(client, &errand, arena, &result, err)) {
        return false;
    }
    if (result.status != 0) {
        forget_account(client, request->directory_url, result.errors, arena);
        return acme_tell_failure("uacme", &result, arena, out_refusal, err);
    }
    AUTO_FD chain =
        openat(folder, chain_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return chain >= 0 ? file_read_fd(chain, chain_name, CHAIN_LIMIT, arena, out_chain, err)
                      : error_errno(err, "open %s", chain_name);
}

/* What it leaves when it fails does not disturb the next try. */
static bool order_once(const struct acme_client *client, const struct acme_request *request,
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

/* An authority may forget its nonces at any time, and says so (RFC 8555, section 6.5): that is no
 * failure of the order. uacme asks once more at each step, which is not enough where many are
 * lost. */
bool acme_client_order(const struct acme_client *client, const struct acme_request *request,
                       struct arena *arena, struct str *out_chain, struct acme_refusal *out_refusal,
                       struct error *err)
{
    bool is_ordered = false;
    for (int i = 0; i < NONCE_TRIES && !is_ordered && (i == 0 || out_refusal->is_nonce); i++) {
        *err = (struct error){0};
        is_ordered = order_once(client, request, arena, out_chain, out_refusal, err);
    }
    return is_ordered;
}
