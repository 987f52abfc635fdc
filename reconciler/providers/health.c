/* Health checks: a TCP or unix connection, an HTTP request, or a command. Growing pauses between
 * attempts keep a slow start cheap; in each pause we look whether the service is still there. */
#include "providers/health.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"

enum {
    PAUSE_FIRST_MS = 20,
    PAUSE_MOST_MS = 500,
    LOOK_EVERY_MS = 50, /* whether the subject is still there */
    ATTEMPT_MOST_MS = 5000,
    ATTEMPT_LEAST_MS = 1000, /* the last one too is given time to tell what is wrong */
    OUTPUT_LIMIT = 4096,
    STATUS_LIMIT = 64 * 1024, /* of /proc/PID/status: a process may be in many groups */
};

#define UNIX_PREFIX "unix:"

int64_t health_clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connections --------------------------------------------------------------------------- */

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

static bool endpoint_unix(const char *path, struct endpoint *out_endpoint, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(err, ERROR_LIMIT, "socket path %s is too long", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    memcpy(&out_endpoint->address, &address, sizeof(address));
    out_endpoint->length = sizeof(address);
    return true;
}

static bool endpoint_internet(const char *text, struct arena *arena, struct endpoint *out_endpoint,
                              struct error *err)
{
    char *host = arena_strdup(arena, text);
    char *colon = strrchr(host, ':');
    if (colon == NULL) {
        return error_set(err, ERROR_FORMAT, "%s names no port", text);
    }
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(host, colon + 1, &hints, &found);
    if (result != 0) {
        return error_set(err, ERROR_SYSTEM, "%s: %s", text, gai_strerror(result));
    }
    memcpy(&out_endpoint->address, found->ai_addr, found->ai_addrlen);
    out_endpoint->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool endpoint_read(const char *text, struct arena *arena, struct endpoint *out_endpoint,
                          struct error *err)
{
    if (text_starts_with(text, UNIX_PREFIX)) {
        return endpoint_unix(text + strlen(UNIX_PREFIX), out_endpoint, err);
    }
    return endpoint_internet(text, arena, out_endpoint, err);
}

static bool ask_connection(const char *address, unsigned limit_ms, struct arena *arena,
                           struct error *err)
{
    struct endpoint endpoint = {0};
    if (!endpoint_read(address, arena, &endpoint, err)) {
        return false;
    }
    AUTO_FD fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return error_errno(err, "make a socket");
    }
    if (connect(fd, (const struct sockaddr *)&endpoint.address, endpoint.length) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return error_errno(err, "connect to %s", address);
    }
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int number = 0;
    socklen_t length = sizeof(number);
    if (poll(&waiting, 1, (int)limit_ms) <= 0) {
        return error_set(err, ERROR_LIMIT, "%s does not answer", address);
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) {
        return error_errno(err, "connect to %s", address);
    }
    errno = number;
    return number == 0 || error_errno(err, "connect to %s", address);
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static void cleanup_curl(CURL **curl)
{
    curl_easy_cleanup(*curl); /* accepts NULL */
}

static size_t drop_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* Straight to the service: no proxy of our environment, no redirect followed elsewhere. */
static bool request_prepare(CURL *curl, const struct health *health, unsigned limit_ms,
                            struct arena *arena)
{
    bool is_unix = text_starts_with(health->address, UNIX_PREFIX);
    const char *path = is_unix ? health->address + strlen(UNIX_PREFIX) : NULL;
    const char *url =
        arena_printf(arena, "http://%s%s", is_unix ? "localhost" : health->address, health->path);
    return curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)limit_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body) == CURLE_OK;
}

static bool ask_http(const struct health *health, unsigned limit_ms, struct arena *arena,
                     struct error *err)
{
    CLEANUP(cleanup_curl) CURL *curl = curl_easy_init();
    if (curl == NULL || !request_prepare(curl, health, limit_ms, arena)) {
        return error_set(err, ERROR_SYSTEM, "%s%s: cannot be asked", health->address, health->path);
    }
    CURLcode result = curl_easy_perform(curl);
    if (result != CURLE_OK) {
        return error_set(err, ERROR_REFUSED, "%s%s: %s", health->address, health->path,
                         curl_easy_strerror(result));
    }
    long status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status); /* stays 0: told below */
    if (status < 200 || status > 399) {
        return error_set(err, ERROR_REFUSED, "%s%s answered %ld", health->address, health->path,
                         status);
    }
    return true;
}

/* ---- command ------------------------------------------------------------------------------- */

VEC(group_list, gid_t);

/* Who the service runs as: the check shall not be able to do more. */
struct identity {
    uid_t user;
    gid_t group;
    struct group_list groups;
};

/* The numbers behind "NAME:\t" in /proc/PID/status. */
static const char *status_field(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    return line == NULL ? "" : line + strlen(name);
}

static bool identity_read(const struct health_subject *subject, struct arena *arena,
                          struct identity *out_identity, struct error *err)
{
    struct str status = {0};
    const char *path = arena_printf(arena, "/proc/%d/status", (int)subject->process);
    if (!file_read(AT_FDCWD, path, STATUS_LIMIT, arena, &status, err)) {
        return error_wrap(err, "whom the service runs as");
    }
    *out_identity = (struct identity){
        .user = (uid_t)strtoul(status_field(status.data, "\nUid:\t"), NULL, 10),
        .group = (gid_t)strtoul(status_field(status.data, "\nGid:\t"), NULL, 10),
    };
    if (out_identity->user == 0 && !subject->is_root) {
        return error_set(err, ERROR_REFUSED, "the service is only being started");
    }
    const char *rest = status_field(status.data, "\nGroups:\t");
    while (*rest >= '0' && *rest <= '9') {
        char *end = NULL;
        vec_add(arena, &out_identity->groups, (gid_t)strtoul(rest, &end, 10));
        rest = end + (*end == ' ');
    }
    return true;
}

/* In the child, before exec. */
static int identity_take(void *context)
{
    const struct identity *identity = context;
    bool is_taken = setgroups(identity->groups.count, identity->groups.items) == 0 &&
                    setresgid(identity->group, identity->group, identity->group) == 0 &&
                    setresuid(identity->user, identity->user, identity->user) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return is_taken ? 0 : EXIT_FAILURE;
}

static bool ask_command(struct host *host, const struct health *health,
                        const struct health_subject *subject, unsigned limit_ms,
                        struct arena *arena, struct error *err)
{
    struct identity identity = {0};
    struct process_options options = {
        .argv = health->argv,
        .timeout_ms = limit_ms,
        .output_limit = OUTPUT_LIMIT,
        .directory = AT_FDCWD,
    };
    if (subject->process != 0 && geteuid() == 0) {
        if (!identity_read(subject, arena, &identity, err)) {
            return false;
        }
        options.prepare = identity_take;
        options.prepare_context = &identity;
    }
    struct process_result result;
    if (!host->run(host, &options, arena, &result, err)) {
        return false;
    }
    return result.status == 0 ||
           error_set(err, ERROR_REFUSED, "%s ended with status %d", health->argv[0], result.status);
}

/* ---- waiting ------------------------------------------------------------------------------- */

bool health_ask(struct host *host, const struct health *health,
                const struct health_subject *subject, unsigned limit_ms, struct arena *arena,
                struct error *err)
{
    switch (health->type) {
    case HEALTH_TCP:
        return ask_connection(health->address, limit_ms, arena, err);
    case HEALTH_HTTP:
        return ask_http(health, limit_ms, arena, err);
    case HEALTH_EXEC:
        return ask_command(host, health, subject, limit_ms, arena, err);
    case HEALTH_NONE:
        break;
    }
    return true;
}

/* False when the subject went away meanwhile. */
static bool pause_and_look(const struct health_subject *subject, int64_t pause_ms)
{
    int64_t until = health_clock_ms() + pause_ms;
    while (subject->is_alive(subject->context)) {
        int64_t left = until - health_clock_ms();
        if (left <= 0) {
            return true;
        }
        long slice_ms = left < LOOK_EVERY_MS ? (long)left : LOOK_EVERY_MS;
        const struct timespec slice = {.tv_nsec = slice_ms * 1000000};
        (void)nanosleep(&slice, NULL); /* woken early: the loop looks at the clock */
    }
    return false;
}

static unsigned attempt_limit(int64_t left_ms)
{
    if (left_ms < ATTEMPT_LEAST_MS) {
        return ATTEMPT_LEAST_MS;
    }
    return left_ms < ATTEMPT_MOST_MS ? (unsigned)left_ms : ATTEMPT_MOST_MS;
}

bool health_wait(struct host *host, const struct health *health,
                 const struct health_subject *subject, struct arena *arena, struct error *err)
{
    int64_t deadline = subject->started_ms + health->timeout_ms;
    int64_t pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        struct error last = {0};
        int64_t left = deadline - health_clock_ms();
        if (health_ask(host, health, subject, attempt_limit(left), arena, &last)) {
            /* Somebody else may have answered, who holds the service's port. */
            return subject->is_alive(subject->context) ||
                   error_set(err, ERROR_REFUSED, "ended, although its check was well");
        }
        left = deadline - health_clock_ms();
        if (left <= 0) {
            return error_set(err, ERROR_LIMIT, "not healthy after %u.%u s: %s",
                             health->timeout_ms / 1000, health->timeout_ms % 1000 / 100,
                             last.message);
        }
        if (!pause_and_look(subject, pause_ms < left ? pause_ms : left)) {
            return error_set(err, ERROR_REFUSED, "ended before it was healthy (%s)", last.message);
        }
        pause_ms = pause_ms * 3 / 2 < PAUSE_MOST_MS ? pause_ms * 3 / 2 : PAUSE_MOST_MS;
    }
}
