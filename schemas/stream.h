/* A site that passes connections or datagrams on, as they are. */
#pragma once

#include "schemas/pool.h"

enum stream_protocol { STREAM_TCP, STREAM_UDP };

struct stream_spec {
    struct pool_spec pool;         /* object.node NULL: the site is none */
    struct choice_value protocol;  /* index: enum stream_protocol */
    struct duration_value timeout; /* 0: the protocol's own */
    struct integer_value responses;
    struct boolean_value proxy_protocol;
};

extern const struct schema stream_schema;

bool stream_is_udp(const struct stream_spec *stream);
/* How long nothing may come from either side. */
int64_t stream_timeout(const struct stream_spec *stream);
void stream_check(struct check *check, const struct stream_spec *stream, const char *field);
