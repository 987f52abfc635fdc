/* The listening socket. */

#include "statusd/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/cleanup.h"

enum { BACKLOG = 128 };

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static bool port_parse(const char *text, uint16_t *out_port)
{
    size_t digits = strspn(text, "0123456789");
    long port = strtol(text, NULL, 10);
    *out_port = (uint16_t)port;
    return digits > 0 && digits <= 5 && text[digits] == '\0' && port <= UINT16_MAX;
}

static bool address_parse(const char *text, union address *out_address, socklen_t *out_length)
{
    AUTO_ARENA arena = arena_create();
    const char *colon = strrchr(text, ':');
    uint16_t port = 0;
    if (colon == NULL || colon == text || !port_parse(colon + 1, &port)) {
        return false;
    }
    *out_address = (union address){0};
    if (text[0] == '[' && colon[-1] == ']') {
        const char *host = arena_strndup(arena, text + 1, (size_t)(colon - text) - 2);
        out_address->in6.sin6_family = AF_INET6;
        out_address->in6.sin6_port = htons(port);
        *out_length = sizeof(out_address->in6);
        return inet_pton(AF_INET6, host, &out_address->in6.sin6_addr) == 1;
    }
    const char *host = arena_strndup(arena, text, (size_t)(colon - text));
    out_address->in.sin_family = AF_INET;
    out_address->in.sin_port = htons(port);
    *out_length = sizeof(out_address->in);
    return inet_pton(AF_INET, host, &out_address->in.sin_addr) == 1;
}

int listen_open(const char *address, uint16_t *out_port, struct error *err)
{
    union address where;
    socklen_t length = 0;
    int yes = 1;
    if (!address_parse(address, &where, &length)) {
        (void)error_set(err, ERROR_FORMAT, "listen on %s: not of the form ADDRESS:PORT", address);
        return -1;
    }
    AUTO_FD fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, &where.any, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &where.any, &length) != 0) {
        (void)error_errno(err, "listen on %s", address);
        return -1;
    }
    /* The port stands at the same place in both families. */
    *out_port = ntohs(where.in.sin_port);
    return take_fd(&fd);
}
