/* Programs behind a site: rows, and what they mean together. */

#include "schemas/pool.h"

#include "base/str.h"
#include "schemas/site_syntax.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

// clang-format off
static const char *const balance_names[] = {
    [POOL_ROUND_ROBIN]       = "round-robin",
    [POOL_LEAST_CONNECTIONS] = "least-connections",
    [POOL_CLIENT]            = "client",
    [POOL_RANDOM]            = "random",
    [POOL_PATH]              = "path",
    NULL,
};

static const struct field backend_fields[] = {
    FIELD(struct backend_spec, address, .is_required = true,
          .syntax = &syntax_backend, .reference = "service",
          .help = "A service of ours (service:NAME), an address or name with a port, the same as a "
                  "URL without a path, or a unix socket (unix:/path)."),
    FIELD(struct backend_spec, weight, .fallback = "1", .least = 0, .most = 65535,
          .help = "Its share of the requests, beside the weights of the others; 0: none."),
    FIELD(struct backend_spec, backup, .fallback = "false",
          .help = "Gets requests only while no other server answers."),
    FIELD(struct backend_spec, failures, .fallback = "1", .least = 0, .most = 1000,
          .help = "After so many failures it is set aside for a while; 0: never."),
    FIELD(struct backend_spec, aside, .fallback = "10s", .least = 1000, .most = 24 * 3600 * 1000,
          .help = "For how long it is set aside, and within which time its failures count."),
    FIELD(struct backend_spec, connections, .least = 1, .most = 65535,
          .help = "Connections that it gets at once."),
};

static const struct field pool_fields[] = {
    FIELD(struct pool_spec, to, .is_required = true, .object = &backend_schema, .count_most = 200,
          .help = "The servers."),
    FIELD(struct pool_spec, balance, .choices = balance_names, .fallback = "round-robin",
          .help = "Which server gets a request: one after the other, the one that has least to do, "
                  "always the same for a client's address, any, or always the same for a path."),
    FIELD(struct pool_spec, keepalive, .least = 1, .most = 10000,
          .help = "Idle connections that each worker of nginx keeps open for the next request. "
                  "Without it each request has a connection of its own."),
    FIELD(struct pool_spec, retry, .syntax = &syntax_retry, .count_most = 12,
          .fallback_note = "error, timeout",
          .help = "When the next server is asked: error, timeout, invalid_header, a status such as "
                  "503, and non_idempotent for requests that change something; off: never."),
    FIELD(struct pool_spec, tries, .least = 1, .most = 100,
          .help = "How many servers are asked at most."),
    FIELD(struct pool_spec, connect_timeout, .fallback = "5s", .least = 1, .most = 75 * 1000,
          .help = "How long a server may take to accept a connection."),
};

static const struct field proxy_fields[] = {
    FIELD(struct proxy_spec, host, .syntax = &syntax_header_value,
          .fallback_note = "the host that the client asked for",
          .help = "The Host header that the servers see."),
    FIELD(struct proxy_spec, verify, .fallback = "true",
          .help = "Of servers behind https:// the certificate is verified."),
    FIELD(struct proxy_spec, ca, .syntax = &syntax_static_folder,
          .fallback = "/etc/ssl/certs/ca-certificates.crt",
          .help = "A PEM file with the authorities that are trusted."),
    FIELD(struct proxy_spec, server_name, .syntax = &syntax_host_name,
          .fallback_note = "the host of the first server",
          .help = "The name that the servers' certificate is for."),
    FIELD(struct proxy_spec, certificate, .reference = "certificate", .is_reference_only = true,
          .help = "The certificate that nginx shows to the servers, as certificate:NAME."),
};

static const struct field fastcgi_fields[] = {
    FIELD(struct fastcgi_spec, root, .syntax = &syntax_static_folder,
          .help = "The folder that scripts are in: a request for /a.cgi runs ROOT/a.cgi."),
    FIELD(struct fastcgi_spec, script, .syntax = &syntax_static_folder,
          .help = "One program for all requests, which sees the path in PATH_INFO."),
    FIELD(struct fastcgi_spec, must_exist, .fallback = "false",
          .help = "Looks for the script below root first, and answers 404 where it is not there, "
                  "without asking the program. For programs that see the same files as nginx."),
    FIELD(struct fastcgi_spec, params, .key_syntax = &syntax_variable,
          .syntax = &syntax_header_value, .count_most = 64,
          .help = "Further parameters, beside the usual ones, with the variables that values of "
                  "request_headers may name."),
};

static const struct field uwsgi_fields[] = {
    FIELD(struct uwsgi_spec, params, .key_syntax = &syntax_variable,
          .syntax = &syntax_header_value, .count_most = 64,
          .help = "Further parameters, beside the usual ones, with the variables that values of "
                  "request_headers may name."),
};
// clang-format on

const struct schema backend_schema = {
    .name = "to",
    .size = sizeof(struct backend_spec),
    .fields = backend_fields,
    .field_count = COUNT(backend_fields),
    .shorthand = "address",
    .help = "One of the servers.",
};

const struct schema pool_schema = {
    .name = "pool",
    .size = sizeof(struct pool_spec),
    .fields = pool_fields,
    .field_count = COUNT(pool_fields),
    .help = "Servers that requests are passed on to.",
};

const struct schema proxy_schema = {
    .name = "proxy",
    .size = sizeof(struct proxy_spec),
    .fields = proxy_fields,
    .field_count = COUNT(proxy_fields),
    .base = &pool_schema,
    .shorthand = "to",
    .help = "Passes requests on to a program that speaks HTTP.",
};

const struct schema grpc_schema = {
    .name = "grpc",
    .size = sizeof(struct proxy_spec),
    .fields = proxy_fields,
    .field_count = COUNT(proxy_fields),
    .base = &pool_schema,
    .shorthand = "to",
    .help = "Passes requests on to programs that speak gRPC.",
};

const struct schema fastcgi_schema = {
    .name = "fastcgi",
    .size = sizeof(struct fastcgi_spec),
    .fields = fastcgi_fields,
    .field_count = COUNT(fastcgi_fields),
    .base = &pool_schema,
    .shorthand = "to",
    .help = "Passes requests on to programs that speak FastCGI.",
};

const struct schema uwsgi_schema = {
    .name = "uwsgi",
    .size = sizeof(struct uwsgi_spec),
    .fields = uwsgi_fields,
    .field_count = COUNT(uwsgi_fields),
    .base = &pool_schema,
    .shorthand = "to",
    .help = "Passes requests on to programs that speak uwsgi.",
};

/* ---- Addresses ------------------------------------------------------------------------------ */

struct backend_address backend_read(struct arena *arena, const char *text)
{
    static const struct {
        const char *scheme;
        const char *port;
        bool uses_tls;
    } schemes[] = {
        {"http://", "80", false},
        {"https://", "443", true},
    };
    for (size_t i = 0; i < COUNT(schemes); i++) {
        if (text_starts_with(text, schemes[i].scheme)) {
            const char *host = text + strlen(schemes[i].scheme);
            const char *behind = host[0] == '[' ? strchr(host, ']') : host;
            bool has_port = behind != NULL && strchr(behind, ':') != NULL;
            return (struct backend_address){
                has_port ? host : arena_printf(arena, "%s:%s", host, schemes[i].port), true,
                schemes[i].uses_tls};
        }
    }
    return (struct backend_address){text, false, false};
}

/* ---- Checks --------------------------------------------------------------------------------- */

static bool is_service(const struct backend_spec *backend)
{
    return text_starts_with(backend->address.text, "service:");
}

/* nginx speaks TLS to all servers of a group or to none. */
static void check_schemes(struct check *check, const struct pool_spec *pool, bool speaks_tls,
                          const char *field)
{
    const struct backend_spec *backends = pool->to.items;
    const struct backend_spec *first = NULL;
    bool first_uses_tls = false;
    for (size_t i = 0; i < pool->to.count; i++) {
        const struct text_value *address = &backends[i].address;
        if (address->text == NULL) {
            continue; /* reported */
        }
        struct backend_address read = {.text = address->text};
        if (!is_service(&backends[i])) {
            read = backend_read(check->arena, address->text);
        }
        if (read.has_scheme && !speaks_tls) {
            check_add(check, DIAGNOSTIC_SITE_BACKEND_SCHEME, address->node, field, address->text,
                      NULL);
        } else if (first == NULL) {
            first = &backends[i];
            first_uses_tls = read.uses_tls;
        } else if (read.uses_tls != first_uses_tls) {
            check_add(check, DIAGNOSTIC_SITE_BACKEND_MIXED, address->node, field,
                      first->address.text, address->text)
                ->second = first->address.node->span;
        }
    }
}

/* nginx has no backups where the client or the path says which server it is. */
static void check_backups(struct check *check, const struct pool_spec *pool, const char *field)
{
    const struct backend_spec *backends = pool->to.items;
    bool is_fixed = pool->balance.index == POOL_CLIENT || pool->balance.index == POOL_PATH ||
                    pool->balance.index == POOL_RANDOM;
    size_t others = 0;
    const struct node *backup = NULL;
    for (size_t i = 0; i < pool->to.count; i++) {
        if (backends[i].backup.is_true) {
            backup = backends[i].backup.node;
        } else if (backends[i].weight.number > 0 || backends[i].weight.node == NULL) {
            others++;
        }
    }
    if (backup != NULL && is_fixed) {
        check_add(check, DIAGNOSTIC_SITE_BACKUP_BALANCE, backup, field, "backup", NULL);
    }
    if (others == 0 && pool->to.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_NO_SERVER, pool->to.node, field, NULL, NULL);
    }
}

void pool_check(struct check *check, const struct pool_spec *pool, bool speaks_tls,
                const char *field)
{
    check_schemes(check, pool, speaks_tls, field);
    check_backups(check, pool, field);
}
