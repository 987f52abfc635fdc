/* Addresses that nginx listens on. Only for the nginx files. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "providers/nginx_config.h"

struct nginx_address {
    struct sockaddr_storage socket;
    socklen_t size;
    int type;         /* SOCK_STREAM, or SOCK_DGRAM for QUIC and UDP */
    bool is_wildcard; /* all of its family */
    bool is_default;  /* claims default_server */
    bool is_separate; /* gets a socket of its own although the wildcard is listened on too */
    const char *text; /* "0.0.0.0:80", "[::]:443" */
    const struct nginx_reference *reference;
};
VEC(nginx_addresses, struct nginx_address);

/* False for what is no address and port in numbers: a host name, a unix socket. */
bool nginx_address_read(struct arena *arena, const struct nginx_reference *reference,
                        struct nginx_address *out_address);
bool nginx_address_equal(const struct nginx_address *a, const struct nginx_address *b);
unsigned nginx_address_port(const struct nginx_address *address);
/* "0.0.0.0:80" of any socket address. */
const char *nginx_address_text(struct arena *arena, const struct sockaddr_storage *socket);
