/* Connects to a service and, where that is asked for, sends one plain HTTP request and reads the
 * status line of its answer. A library for that costs every start of the program 20 ms of linking
 * (measured with libcurl), which a request without TLS, redirects or proxies is not worth. */
#include "providers/health_connection.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum {
    STATUS_LINE_MAX = 1024, /* its reason phrase is of no interest */
    FIRST_GOOD = 200,
    FIRST_BAD = 400,
};

#define UNIX_PREFIX "unix:"

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

/* ---- connections ---------------------------------------------------------------------------- */

static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int64_t left_ms = deadline_ms - clock_ms();
    return poll(&waiting, 1, left_ms < 0 ? 0 : (int)left_ms) > 0;
}

/* A connected socket, which the caller closes, or -1. */
static int connect_to(const char *address, int64_t deadline_ms, struct arena *arena,
                      struct error *err)
{
    struct endpoint endpoint = {0};
    if (!endpoint_read(address, arena, &endpoint, err)) {
        return -1;
    }
    AUTO_FD fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        (void)error_errno(err, "make a socket");
        return -1;
    }
    int result = connect(fd, (const struct sockaddr *)&endpoint.address, endpoint.length);
    int number = result == 0 ? 0 : errno;
    if (number == EINPROGRESS) {
        socklen_t length = sizeof(number);
        if (!wait_for(fd, POLLOUT, deadline_ms)) {
            number = ETIMEDOUT;
        } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) {
            number = errno;
        }
    }
    if (number != 0) {
        errno = number;
        (void)error_errno(err, "connect to %s", address);
        return -1;
    }
    return take_fd(&fd);
}

bool health_ask_connection(const char *address, unsigned limit_ms, struct arena *arena,
                           struct error *err)
{
    AUTO_FD fd = connect_to(address, clock_ms() + limit_ms, arena, err);
    return fd >= 0;
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static const char *request_text(const char *address, const char *path, struct arena *arena)
{
    const char *host = text_starts_with(address, UNIX_PREFIX) ? "localhost" : address;
    return arena_printf(arena,
                        "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: reconcile\r\n"
                        "Accept: */*\r\nConnection: close\r\n\r\n",
                        path, host);
}

static bool send_request(int fd, const char *request, int64_t deadline_ms)
{
    size_t left = strlen(request);
    while (left > 0) {
        ssize_t sent = send(fd, request, left, MSG_NOSIGNAL);
        if (sent < 0 && (errno != EAGAIN || !wait_for(fd, POLLOUT, deadline_ms))) {
            return false;
        }
        request += sent < 0 ? 0 : sent;
        left -= sent < 0 ? 0 : (size_t)sent;
    }
    return true;
}

/* Up to the first line end, the end of the answer, or the deadline. */
static const char *receive_line(int fd, int64_t deadline_ms, struct arena *arena)
{
    struct text line = text_make(arena);
    char part[STATUS_LINE_MAX];
    while (line.length < STATUS_LINE_MAX && strchr(line.data, '\n') == NULL) {
        if (!wait_for(fd, POLLIN, deadline_ms)) {
            return NULL;
        }
        ssize_t length = recv(fd, part, sizeof(part), 0);
        if (length == 0 || (length < 0 && errno != EAGAIN)) {
            break;
        }
        text_add_str(&line, (struct str){part, length < 0 ? 0 : (size_t)length});
    }
    return line.data;
}

/* "HTTP/1.1 200 OK"; 0 when it is something else. */
static unsigned read_status(const char *line)
{
    if (!text_starts_with(line, "HTTP/1.") || !isdigit((unsigned char)line[7]) || line[8] != ' ') {
        return 0;
    }
    unsigned status = 0;
    const char *digit = line + 9;
    for (; isdigit((unsigned char)*digit) && status < 1000; digit++) {
        status = status * 10 + (unsigned)(*digit - '0');
    }
    bool ends_well = *digit == ' ' || *digit == '\r' || *digit == '\n';
    return ends_well && digit - line == 12 ? status : 0;
}

/* What would end the request line early makes another request of it. */
static bool is_request_path(const char *path)
{
    const char *at = path;
    while ((unsigned char)*at > ' ' && *at != 0x7f) {
        at++;
    }
    return path[0] == '/' && *at == '\0';
}

bool health_ask_http(const char *address, const char *path, unsigned limit_ms, struct arena *arena,
                     struct error *err)
{
    int64_t deadline_ms = clock_ms() + limit_ms;
    if (!is_request_path(path)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" cannot be asked for", path);
    }
    AUTO_FD fd = connect_to(address, deadline_ms, arena, err);
    if (fd < 0) {
        return false;
    }
    if (!send_request(fd, request_text(address, path, arena), deadline_ms)) {
        return error_errno(err, "%s%s: send a request", address, path);
    }
    const char *line = receive_line(fd, deadline_ms, arena);
    if (line == NULL) {
        return error_set(err, ERROR_LIMIT, "%s%s did not answer in time", address, path);
    }
    unsigned status = read_status(line);
    if (status == 0) {
        return error_set(err, ERROR_FORMAT, "%s%s did not answer in HTTP", address, path);
    }
    if (status < FIRST_GOOD || status >= FIRST_BAD) {
        return error_set(err, ERROR_REFUSED, "%s%s answered %u", address, path, status);
    }
    return true;
}
