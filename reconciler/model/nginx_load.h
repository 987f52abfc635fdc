/* What a reload of the running nginx would meet. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct nginx_load {
    bool is_running;
    size_t workers;     /* that take new requests */
    bool knows_clients; /* their sockets could be looked at */
    size_t clients;     /* connections that are open to them */
};
