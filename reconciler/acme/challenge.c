/* Proofs over HTTP (RFC 8555, section 8.3) are files named TOKEN that nginx serves. Those by
 * records of the name system, as section 8.4 has them, an admin's own program makes; where the name
 * is an alias, that of its target, so that a zone for nothing else can be the only one that it may
 * change. */

#include "acme/challenge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/base64url.h"
#include "acme/names.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"

enum {
    TOKEN_MOST = 200,
    CHANGE_TIMEOUT_MS = 2 * 60 * 1000,
    WAIT_TIMEOUT_MS = 10 * 60 * 1000,
    OUTPUT_MOST = 4096,
};

struct challenge_means challenge_means(void)
{
    return (struct challenge_means){.type = getenv("RECONCILE_ACME_CHALLENGE"),
                                    .folder = getenv("RECONCILE_ACME_CHALLENGES"),
                                    .program = getenv("RECONCILE_ACME_DNS_HOOK")};
}

bool challenge_is_taken(const struct challenge_means *means, const struct challenge *challenge)
{
    return text_equal(means->type, challenge->type);
}

static bool check_token(const char *token, struct error *err)
{
    return (base64url_is(token) && strlen(token) <= TOKEN_MOST) ||
           error_set(err, ERROR_FORMAT, "%s is no token", token);
}

/* ---- Over HTTP ------------------------------------------------------------------------------ */

static int open_folder(const struct challenge_means *means, struct error *err)
{
    const char *path = means->folder == NULL ? "" : means->folder;
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        (void)error_errno(err, "open %s", path);
    }
    return folder;
}

/* nginx's workers read it, whoever they are. */
static bool put_file(const struct challenge_means *means, const struct challenge *challenge,
                     struct error *err)
{
    const char *token = challenge->token;
    AUTO_FD folder = open_folder(means, err);
    if (folder < 0) {
        return false;
    }
    int fd = openat(folder, token, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return error_errno(err, "write %s", token);
    }
    bool is_written = fchmod(fd, 0644) == 0 && file_write_all(fd, str_of(challenge->answer));
    is_written = close(fd) == 0 && is_written;
    return is_written || error_errno(err, "write %s", token);
}

static bool remove_file(const struct challenge_means *means, const struct challenge *challenge,
                        struct error *err)
{
    AUTO_FD folder = open_folder(means, err);
    return folder >= 0 && (unlinkat(folder, challenge->token, 0) == 0 || errno == ENOENT ||
                           error_errno(err, "remove %s", challenge->token));
}

/* ---- In the name system --------------------------------------------------------------------- */

static bool run_hook(const struct challenge_means *means, const char *method, const char *name,
                     const char *value, unsigned timeout_ms, struct arena *arena, struct error *err)
{
    struct process_result result;
    const char *const argv[] = {means->program, method, name, value, NULL};
    const struct process_options options = {
        .argv = argv, .timeout_ms = timeout_ms, .output_limit = OUTPUT_MOST};
    if (!process_run(&options, arena, &result, err)) {
        return false;
    }
    size_t length = result.errors.length;
    while (length > 0 && result.errors.data[length - 1] == '\n') {
        length--;
    }
    return result.status == 0 ||
           error_set(err, ERROR_REFUSED, "%s %s %s ended with %d: %s", means->program, method, name,
                     result.status, arena_strndup(arena, result.errors.data, length));
}

static const char *record_name(const struct challenge_means *means,
                               const struct challenge *challenge, struct arena *arena,
                               struct error *err)
{
    if (means->program == NULL) {
        (void)error_set(err, ERROR_UNAVAILABLE, "no program changes the name system");
        return NULL;
    }
    return names_alias_end(arena_printf(arena, "_acme-challenge.%s", challenge->identifier), arena,
                           err);
}

static bool set_record(const struct challenge_means *means, const struct challenge *challenge,
                       struct arena *arena, struct error *err)
{
    const char *name = record_name(means, challenge, arena, err);
    const char *value = challenge->answer;
    if (name == NULL || !run_hook(means, "set", name, value, CHANGE_TIMEOUT_MS, arena, err)) {
        return false;
    }
    if (run_hook(means, "wait", name, value, WAIT_TIMEOUT_MS, arena, err)) {
        return true;
    }
    bool is_cleared = run_hook(means, "clear", name, value, CHANGE_TIMEOUT_MS, arena, NULL);
    (void)is_cleared; /* the first failure is the one to tell */
    return false;
}

static bool clear_record(const struct challenge_means *means, const struct challenge *challenge,
                         struct arena *arena, struct error *err)
{
    const char *name = record_name(means, challenge, arena, err);
    return name != NULL &&
           run_hook(means, "clear", name, challenge->answer, CHANGE_TIMEOUT_MS, arena, err);
}

/* ---- Both ----------------------------------------------------------------------------------- */

static bool is_over_http(const struct challenge *challenge)
{
    return strcmp(challenge->type, "http-01") == 0;
}

bool challenge_show(const struct challenge_means *means, const struct challenge *challenge,
                    struct arena *arena, struct error *err)
{
    return check_token(challenge->token, err) &&
           (is_over_http(challenge) ? put_file(means, challenge, err)
                                    : set_record(means, challenge, arena, err));
}

bool challenge_take_back(const struct challenge_means *means, const struct challenge *challenge,
                         struct arena *arena, struct error *err)
{
    return check_token(challenge->token, err) &&
           (is_over_http(challenge) ? remove_file(means, challenge, err)
                                    : clear_record(means, challenge, arena, err));
}
