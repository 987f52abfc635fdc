/* Reads the addresses of listen directives. */

#include "providers/nginx_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMAL = 10, PORT_MAX = 65535, PORT_DEFAULT = 80 };

static bool port_read(const char *text, in_port_t *out_port)
{
    char *end = NULL;
    errno = 0;
    unsigned long port = strtoul(text, &end, DECIMAL);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || port > PORT_MAX) {
        return false;
    }
    *out_port = htons((uint16_t)port);
    return true;
}

/* "*", "1.2.3.4" or "" and a port. */
static bool read_ipv4(const char *host, const char *port, struct nginx_address *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;
    bool is_all = host[0] == '\0' || strcmp(host, "*") == 0;
    in->sin_family = AF_INET;
    in->sin_port = htons(PORT_DEFAULT);
    address->size = sizeof(*in);
    if (!is_all && inet_pton(AF_INET, host, &in->sin_addr) != 1) {
        return false;
    }
    address->is_wildcard = in->sin_addr.s_addr == htonl(INADDR_ANY);
    return port == NULL || port_read(port, &in->sin_port);
}

/* The text between brackets. */
static bool read_ipv6(const char *host, const char *port, struct nginx_address *address)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address->socket;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(PORT_DEFAULT);
    address->size = sizeof(*in);
    if (inet_pton(AF_INET6, host, &in->sin6_addr) != 1) {
        return false;
    }
    address->is_wildcard = IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr);
    return port == NULL || port_read(port, &in->sin6_port);
}

static bool read_text(struct arena *arena, const char *text, struct nginx_address *address)
{
    const char *bracket = strchr(text, ']');
    if (text[0] == '[' && bracket != NULL) {
        const char *host = arena_strndup(arena, text + 1, (size_t)(bracket - text - 1));
        return read_ipv6(host, bracket[1] == ':' ? bracket + 2 : NULL, address);
    }
    const char *colon = strchr(text, ':');
    if (colon != NULL) {
        return read_ipv4(arena_strndup(arena, text, (size_t)(colon - text)), colon + 1, address);
    }
    bool is_port = strspn(text, "0123456789") == strlen(text);
    return is_port ? read_ipv4("", text, address) : read_ipv4(text, NULL, address);
}

/* nginx opens a socket of its own for an address with one of these. */
static bool is_socket_option(const char *argument)
{
    static const char *const options[] = {"bind",      "backlog=",  "rcvbuf=",        "sndbuf=",
                                          "setfib=",   "fastopen=", "accept_filter=", "deferred",
                                          "ipv6only=", "reuseport", "so_keepalive="};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (text_starts_with(argument, options[i])) {
            return true;
        }
    }
    return false;
}

bool nginx_address_read(struct arena *arena, const struct nginx_reference *reference,
                        struct nginx_address *out_address)
{
    struct nginx_address address = {.type = SOCK_STREAM, .reference = reference};
    if (!read_text(arena, reference->text, &address)) {
        return false;
    }
    for (const char *const *argument = reference->arguments; *argument != NULL; argument++) {
        if (strcmp(*argument, "default_server") == 0 || strcmp(*argument, "default") == 0) {
            address.is_default = true;
        } else if (strcmp(*argument, "quic") == 0 || strcmp(*argument, "udp") == 0) {
            address.type = SOCK_DGRAM;
        } else if (is_socket_option(*argument)) {
            address.is_separate = true;
        }
    }
    address.text = nginx_address_text(arena, &address.socket);
    *out_address = address;
    return true;
}

bool nginx_address_equal(const struct nginx_address *a, const struct nginx_address *b)
{
    return a->type == b->type && strcmp(a->text, b->text) == 0;
}

unsigned nginx_address_port(const struct nginx_address *address)
{
    return address->socket.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)&address->socket)->sin6_port)
               : ntohs(((const struct sockaddr_in *)&address->socket)->sin_port);
}

const char *nginx_address_text(struct arena *arena, const struct sockaddr_storage *socket)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (socket->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)socket;
        (void)inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host)); /* has room */
        return arena_printf(arena, "[%s]:%u", host, (unsigned)ntohs(in->sin6_port));
    }
    const struct sockaddr_in *in = (const struct sockaddr_in *)socket;
    (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)); /* has room */
    return arena_printf(arena, "%s:%u", host, (unsigned)ntohs(in->sin_port));
}
