/* The site kind: its rows, and what they mean together. The rows that it shares with its paths are
 * in route_fields.def. */

#include "schemas/site.h"

#include <string.h>

#include "schemas/schema.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

// clang-format off
static const struct field hsts_fields[] = {
    FIELD(struct hsts_spec, age, .fallback = "1y",
          .help = "How long browsers shall insist on HTTPS; 0 sends no such header."),
    FIELD(struct hsts_spec, subdomains, .fallback = "false",
          .help = "All names below the host's are meant too."),
    FIELD(struct hsts_spec, preload, .fallback = "false",
          .help = "Browsers may build the host into their lists, which is hard to take back."),
};

#define ROUTE_OWNER                    struct site_spec
#define ROUTE_DEFAULT(fallback_)       .fallback = fallback_,
#define ROUTE_FILES_DEFAULT(fallback_) .fallback = fallback_,
static const struct field fields[] = {
#include "schemas/route_fields.def"
    FIELD(struct site_spec, stream, .object = &stream_schema,
          .help = "Passes what comes to the ports of listen on to programs, as it is: connections of "
                  "TCP, or datagrams of UDP. Such a site has no host name and no paths; listen, log, "
                  "allow, deny, connection_limit and tls: certificate:NAME are for it too. Nothing is "
                  "written down without log. nginx needs its stream module for it, on Debian the "
                  "package libnginx-mod-stream.",
          .example = "stream: 10.0.0.5:22\n"
                     "listen: [2222]"),
    FIELD(struct site_spec, paths, .shape = SHAPE_MAP, .object = &path_schema,
          .key_syntax = &syntax_location,
          .help = PATHS_HELP,
          .example = "paths:\n"
                     "  /static/:\n"
                     "    root: /srv/shop/static\n"
                     "    strip_prefix: true\n"
                     "    paths:\n"
                     "      ~ \\.(png|jpg)$: { cache: 30d }\n"
                     "  /admin: { allow: 192.0.2.0/24 }\n"
                     "  = /robots.txt: { respond: { status: 200, body: \"User-agent: *\\n\" } }"),
    FIELD(struct site_spec, hosts, .syntax = &syntax_server_name, .count_most = 500,
          .fallback_note = "the document's name",
          .help = "Host names and addresses that the site answers for; \"*.example.com\" stands "
                  "for all names below.",
          .example = "hosts: [shop.example.com, \"*.shop.example.com\"]"),
    FIELD(struct site_spec, aliases, .syntax = &syntax_server_name, .count_most = 500,
          .help = "Further names, which are redirected to the first host.",
          .example = "aliases: [www.shop.example.com]"),
    FIELD(struct site_spec, serve_aliases, .fallback = "false",
          .help = "Answers for the aliases too, instead of redirecting them.",
          .example = "serve_aliases: true\n"
                     "aliases: [www.shop.example.com]"),
    FIELD(struct site_spec, listen, .syntax = &syntax_listen, .count_most = 16,
          .fallback_note = "all IPv4 addresses and, where the host has it, IPv6",
          .help = "Addresses, ports, or both, that the site listens on. An address alone has the "
                  "host's ports for HTTP and HTTPS; a port is HTTPS unless tls is false. nginx "
                  "gives an address that one site names to the sites that name it, and to no "
                  "others.",
          .example = "listen: [192.0.2.10, 8443]"),
    FIELD(struct site_spec, tls, .syntax = &syntax_tls, .reference = "certificate",
          .fallback = "auto",
          .help = "Where the certificate comes from: auto (the host's issuer), internal (the "
                  "host's own authority), certificate:NAME, or false for plain HTTP.",
          .example = "tls: certificate:wildcard"),
    FIELD(struct site_spec, hsts, .object = &hsts_schema,
          .help = "Tells browsers to insist on HTTPS from now on.",
          .example = "hsts: { age: 1y, subdomains: true }"),
    FIELD(struct site_spec, http2, .fallback = "true",
          .help = "Offers HTTP/2. Before nginx 1.25.1 a site that does so offers it for all sites "
                  "on the same address."),
    FIELD(struct site_spec, http3, .fallback = "false",
          .help = "Offers HTTP/3 beside it, over UDP, where nginx has it: from 1.25 on, when it was "
                  "built so.",
          .example = "http3: true"),
    FIELD(struct site_spec, rate_limit, .shape = SHAPE_MAP, .object = &rate_limit_schema,
          .key_syntax = &syntax_location, .count_most = 32,
          .help = "Requests that one client address may make: one rate for the whole site, or a "
                  "map of paths and rates. All that match a request count.",
          .example = "rate_limit:\n"
                     "  /login: { rate: 5/m, burst: 5 }\n"
                     "  /api/: 10/s"),
    FIELD(struct site_spec, log, .object = &log_schema,
          .fallback_note = "the host's own log, with all other sites",
          .help = "Log files of the site's own, NAME.access.log and NAME.error.log in nginx's log "
                  "folder, where logrotate finds them.",
          .example = "log: { format: json, errors: warn }"),
    FIELD(struct site_spec, trusted_proxies, .object = &trusted_proxies_schema,
          .help = "Proxies before the host. What they say of the client counts everywhere: for "
                  "allow, limits and logs; X-Forwarded-For and X-Forwarded-Proto reach programs "
                  "from them only.",
          .example = "trusted_proxies: [10.0.0.0/8, \"2001:db8::/32\"]"),
    FIELD(struct site_spec, probe, .object = &probe_schema,
          .help = "What is asked after each change through nginx, as a visitor would: a path alone "
                  "must answer 2xx or 3xx within 5 seconds. A change that is not answered well is "
                  "taken back, and what came instead is kept with the run.",
          .example = "probe: { path: /healthz, status: 200, contains: ok, window: 10s }"),
};
// clang-format on

const struct schema hsts_schema = {
    .name = "hsts",
    .size = sizeof(struct hsts_spec),
    .fields = hsts_fields,
    .field_count = COUNT(hsts_fields),
    .shorthand = "age",
    .help = "Tells browsers to insist on HTTPS.",
};

const char *site_primary_host(struct arena *arena, const struct site_spec *site)
{
    for (size_t i = 0; i < site->name_count; i++) {
        if (site->names[i][0] != '*') {
            return site->names[i];
        }
    }
    return arena_printf(arena, "www%s", site->names[0] + 1);
}

/* ---- Checks --------------------------------------------------------------------------------- */

static void find_names(struct check *check, struct site_spec *site)
{
    const struct text_list *hosts = &site->hosts;
    const char **names = arena_array(check->arena, hosts->count + 1, sizeof(*names));
    for (size_t i = 0; i < hosts->count; i++) {
        names[i] = hosts->items[i].text;
    }
    site->names = names;
    site->name_count = hosts->count;
    if (hosts->count > 0) {
        return;
    }
    names[0] = check->document->name;
    site->name_count = 1;
    bool is_empty = hosts->node != NULL && hosts->node->elements.count == 0;
    bool is_absent = hosts->node == NULL && !syntax_host_name.check(names[0]);
    if (is_empty || is_absent) {
        check_add(check, DIAGNOSTIC_SITE_NO_HOST, hosts->node, "hosts", NULL, NULL);
    }
}

static void find_tls(struct site_spec *site)
{
    static const char prefix[] = "certificate:";
    const char *tls = site->tls.text;
    if (tls == NULL || strcmp(tls, "auto") == 0) {
        site->tls_type = SITE_TLS_AUTO;
    } else if (strcmp(tls, "internal") == 0) {
        site->tls_type = SITE_TLS_INTERNAL;
    } else if (text_starts_with(tls, prefix)) {
        site->tls_type = SITE_TLS_CERTIFICATE;
        site->certificate = tls + sizeof(prefix) - 1;
    } else {
        site->tls_type = SITE_TLS_NONE;
    }
}

static void check_hsts(struct check *check, const struct site_spec *site)
{
    const struct hsts_spec *hsts = &site->hsts;
    bool is_wanted = hsts->age.milliseconds > 0 && hsts->object.node != NULL;
    if (site->tls_type == SITE_TLS_NONE && is_wanted) {
        check_add(check, DIAGNOSTIC_SITE_HSTS, hsts->object.node, "hsts", NULL, NULL);
    }
}

static void check_http3(struct check *check, const struct site_spec *site)
{
    if (site->tls_type == SITE_TLS_NONE && site->http3.is_true) {
        check_add(check, DIAGNOSTIC_SITE_HTTP3_TLS, site->http3.node, "http3", NULL, NULL);
    }
}

static void check_rate_limits(struct check *check, const struct site_spec *site)
{
    const struct rate_limit_spec *limits = site->rate_limit.items;
    for (size_t i = 0; i < site->rate_limit.count; i++) {
        rate_limit_check(check, &limits[i], "rate_limit");
    }
    locations_check(check, &site->rate_limit, sizeof(*limits), "rate_limit");
}

static void site_check(struct check *check, void *spec)
{
    struct site_spec *site = spec;
    find_tls(site);
    if (site_is_stream(site)) {
        site_stream_check(check, site);
        return;
    }
    find_names(check, site);
    route_check(check, &site->route, check->document->node, NULL, "");
    route_missing_check(check, &site->route);
    if (site->route.handler == ROUTE_INHERITED) {
        check_add(check, DIAGNOSTIC_SITE_NO_HANDLER, NULL, NULL, NULL, NULL);
    }
    check_hsts(check, site);
    check_http3(check, site);
    check_rate_limits(check, site);
    paths_check(check, &site->paths, &site->route, "/", "paths");
    probes_check(check, site);
}

/* ---- Claims --------------------------------------------------------------------------------- */

/* A name is claimed once for each port that is not the usual one, so that two sites may share it
 * on different ports. */
static void claim_name(struct arena *arena, const struct document *document,
                       struct claim_list *claims, const char *name, const struct node *node)
{
    const struct text_list *listen = &((const struct site_spec *)document->spec)->listen;
    bool is_usual = listen->count == 0;
    for (size_t i = 0; i < listen->count; i++) {
        uint16_t port = listen_read(arena, listen->items[i].text).port;
        if (port == 0) {
            is_usual = true;
        } else {
            claim_add(arena, claims, document, "host name",
                      arena_printf(arena, "%s:%u", name, port), node);
        }
    }
    if (is_usual) {
        claim_add(arena, claims, document, "host name", name, node);
    }
}

static void site_claims(struct arena *arena, const struct document *document,
                        struct claim_list *claims)
{
    const struct site_spec *site = document->spec;
    if (site_is_stream(site)) {
        return;
    }
    for (size_t i = 0; i < site->name_count; i++) {
        bool is_written = i < site->hosts.count;
        claim_name(arena, document, claims, site->names[i],
                   is_written ? site->hosts.items[i].node : NULL);
    }
    for (size_t i = 0; i < site->aliases.count; i++) {
        claim_name(arena, document, claims, site->aliases.items[i].text,
                   site->aliases.items[i].node);
    }
}

const struct schema site_schema = {
    .name = "site",
    .plural = "sites",
    .size = sizeof(struct site_spec),
    .fields = fields,
    .field_count = COUNT(fields),
    .base = &common_schema,
    .key_syntax = &syntax_name,
    .help = "Host names that nginx answers for. The shortest site, a name and proxy, has HTTPS, a "
            "redirect to it, HTTP/2, safe headers and websockets.",
    .example = "proxy: 127.0.0.1:3000",
    .example_name = "shop.example.com",
    .check = site_check,
    .claims = site_claims,
};
