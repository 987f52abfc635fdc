/* What the parts of the site renderer share. One file per part, each with the directives that it
 * adds at http level (before the servers), in the site's server, and in the location of a route. */
#pragma once

#include "renderers/nginx_text.h"
#include "renderers/render.h"
#include "schemas/site.h"

struct proxy_target; /* site_proxy.c */

/* A request path and who answers it. */
struct route {
    size_t number;                     /* 0: "/", the site itself */
    const struct path_spec *path;      /* NULL for the site itself */
    const struct route_spec *own;      /* what the route itself says */
    const struct route_spec *answer;   /* whose handler answers: its own, or the site's */
    const struct proxy_target *target; /* where its proxy leads; NULL: no proxy, or no address */
    struct location location;
    struct span span;
};

struct site_header; /* site_headers.c */
VEC(site_header_list, struct site_header);

struct site {
    struct render *render;
    struct arena *arena;
    const struct document *document;
    const struct site_spec *spec;
    const char *id; /* digits of the name's digest: part of the names of zones and variables */
    bool uses_tls;
    struct route *routes; /* "/" first */
    size_t route_count;
    struct site_header_list headers;
    struct nginx_text *nginx;
};

/* The node's place; the document's when nobody wrote it. */
struct span site_span(const struct site *site, const struct node *node);
/* A mistake that shows only now; field is what messages call the place. */
void site_report(const struct site *site, enum diagnostic_code code, const struct node *node,
                 const char *field, const char *argument, const char *second_argument);
/* The number of milliseconds as nginx writes it: 60s, 1500ms. */
void site_duration(struct nginx_text *nginx, int64_t milliseconds);
/* Names of their own for each type and what: "rc_rate_1f2e3d4c5b_6a7b8c9d" for variables, which
 * nginx keeps in a table of short names, and "rc_rate_shop.example.com_1f2e..." for what people may
 * meet in a log. */
const char *site_variable(const struct site *site, const char *type, const char *what);
const char *site_zone(const struct site *site, const char *type, const char *what);
bool site_has_proxy(const struct site *site);
bool route_has_prefix(const struct route *route); /* it is a prefix that is stripped */
/* The prefix with exactly one slash at its end: "/api/". */
const char *route_prefix(struct arena *arena, const struct route *route);
/* Quotes what a regular expression would take for more than itself. */
const char *regex_escape(struct arena *arena, const char *text);

/* ---- site_listen.c: addresses ---- */

struct listener {
    const char *address; /* as nginx writes it: "443", "[::]:443", "192.0.2.1:443" */
    const char *full;    /* with the address: "0.0.0.0:443" */
    unsigned port;
    bool uses_tls;
    struct span span;
};
VEC(listener_list, struct listener);

/* Where the site listens, HTTPS or plain HTTP. A site with TLS is on plain HTTP only where it
 * redirects. */
void listeners_of(struct arena *arena, const struct facts *facts, const struct layout *layout,
                  const struct document *document, bool uses_tls, struct listener_list *out);
void listener_render(struct nginx_text *nginx, const struct facts *facts,
                     const struct listener *listener, bool has_http2, bool is_default);
/* `http2 on;` where that is a directive of its own. */
void http2_render(struct nginx_text *nginx, const struct facts *facts);

/* ---- site_tls.c: certificate and protocol ---- */

/* Protocols, ciphers and sessions: the same for each server, since nginx takes some of them from
 * the default server of an address. */
void tls_settings_render(struct nginx_text *nginx);
void site_tls_render(struct site *site);
/* Asks for the site's certificate, or compares the names of the one it refers to. */
void site_certificate_add(struct site *site);
/* Directory of the pair. */
const char *site_certificate_directory(const struct site *site);

/* ---- site_headers.c: response headers ---- */

void site_headers_collect(struct site *site);
void site_headers_http(struct site *site);
void site_headers_server(struct site *site);
void site_headers_route(struct site *site, const struct route *route);
/* For servers that only redirect. */
void site_headers_redirect(struct site *site, bool uses_tls);

/* ---- site_limits.c: who may come, and how often ---- */

void site_limits_http(struct site *site);
void site_limits_server(struct site *site);
void site_limits_route(struct site *site, const struct route *route);
/* Some rule may turn a request of this route away, so that it must not be answered before the rules
 * are asked. */
bool route_is_guarded(const struct site *site, const struct route *route);
bool site_has_limits(const struct site *site);

/* ---- site_proxy.c ---- */

/* Finds each route's target. */
void site_proxy_collect(struct site *site);
void site_proxy_http(struct site *site);
void site_proxy_server(struct site *site);
void site_proxy_route(struct site *site, const struct route *route);

/* ---- site_files.c ---- */

void site_files_route(struct site *site, const struct route *route);

/* ---- site_answer.c: redirects and fixed answers ---- */

/* In the location of the route: at once, or where the route is guarded by way of a location of its
 * own, which stands behind it. */
void site_answer_route(struct site *site, const struct route *route);
void site_answer_behind(struct site *site, const struct route *route);

/* ---- site_route.c: locations ---- */

void site_routes_collect(struct site *site);
void site_routes_render(struct site *site);
/* Where answers to challenges of certificate issuers are found. */
void acme_challenge_render(struct nginx_text *nginx, const struct layout *layout);
void site_body_max_render(struct site *site, const struct size_value *body_max);
void site_compress_render(struct site *site, const struct boolean_value *compress);
