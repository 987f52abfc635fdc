/* Programs behind a site: the servers that requests are passed on to, and how they share the work.
 * proxy, grpc, fastcgi and uwsgi all begin with this. */
#pragma once

#include "schemas/field.h"

struct backend_spec {
    struct object object;
    struct text_value address;
    struct integer_value weight; /* 0: it gets no requests */
    struct boolean_value backup;
    struct integer_value failures; /* 0: never set aside */
    struct duration_value aside;
    struct integer_value connections; /* 0: no limit */
};

enum pool_balance {
    POOL_ROUND_ROBIN,
    POOL_LEAST_CONNECTIONS,
    POOL_CLIENT,
    POOL_RANDOM,
    POOL_PATH, /* last: streams have all but it */
};

struct pool_spec {
    struct object object;
    struct object_list to;       /* struct backend_spec */
    struct choice_value balance; /* index: enum pool_balance */
    struct integer_value keepalive;
    struct text_list retry;
    struct integer_value tries; /* 0: as many as there are servers */
    struct duration_value connect_timeout;
};

/* proxy and grpc: servers that may be behind TLS. */
struct proxy_spec {
    struct pool_spec pool;
    struct text_value host; /* NULL: the one that the client asked for */
    struct boolean_value verify;
    struct text_value ca;
    struct text_value server_name;
    struct text_value certificate; /* "certificate:NAME" */
};

struct fastcgi_spec {
    struct pool_spec pool;
    struct text_value root;
    struct text_value script;
    struct boolean_value must_exist; /* the script, below root */
    struct text_map params;
};

struct uwsgi_spec {
    struct pool_spec pool;
    struct text_map params;
};

extern const struct schema backend_schema;
extern const struct schema pool_schema;
extern const struct schema proxy_schema;
extern const struct schema grpc_schema;
extern const struct schema fastcgi_schema;
extern const struct schema uwsgi_schema;

/* An address as somebody wrote it, taken apart; text has passed syntax_backend and is no service.
 */
struct backend_address {
    const char
        *text; /* "10.0.0.1:3000", "unix:/run/x", with the scheme's port where none is said */
    bool has_scheme;
    bool uses_tls;
};
struct backend_address backend_read(struct arena *arena, const char *text);

/* What the pool's fields mean together. speaks_tls: addresses may begin with https://; field is
 * what messages call the pool ("paths./api.proxy"). */
void pool_check(struct check *check, const struct pool_spec *pool, bool speaks_tls,
                const char *field);
