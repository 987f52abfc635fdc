/* What the parts of the site renderer share. One file per part, each with the directives that it
 * adds at http level (before the servers), in the site's server, and in the location of a route. */
#pragma once

#include "renderers/nginx_text.h"
#include "renderers/render.h"
#include "schemas/site.h"

struct target; /* site_pool.c */

/* A request path and who answers it. */
struct route {
    size_t number;                /* 0: "/", the site itself; those inside of it follow */
    size_t end;                   /* number of the first one behind those inside of it */
    const struct route *parent;   /* NULL for the site itself */
    const struct path_spec *path; /* NULL for the site itself */
    const struct route_spec *own; /* what the route itself says */
    const struct route_spec *now; /* the same with what it has from those around it */
    const struct target *target;  /* where it is passed on to; NULL: nowhere, or to no address */
    const struct target *auth_target; /* the program that its own auth.forward asks; or NULL */
    const char *prefix; /* that is stripped, with one slash at its end: "/api/"; or NULL */
    bool is_stripped;   /* by its own word, as a whole */
    struct location location;
    struct span span;
};

struct site_header; /* site_headers.c */
VEC(site_header_list, struct site_header);

struct site {
    struct render *render;
    struct arena *arena; /* the render's scratch: what stays goes onto render->arena */
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
/* nginx's variable of a header: "$http_" and "X-Tenant" make "$http_x_tenant". */
const char *header_variable(struct arena *arena, const char *prefix, const char *name);
/* 1022001 as people write it: "1.22.1" */
const char *nginx_version_text(struct arena *arena, unsigned version);
/* Who has written the file. */
void site_comment_render(struct site *site);
/* What was written, as a member of the tree in this folder of it. */
void site_member_add(struct site *site, const char *folder);
/* A mistake that shows only now; field is what messages call the place. */
void site_report(const struct site *site, enum diagnostic_code code, const struct node *node,
                 const char *field, const char *argument, const char *second_argument);
/* The number of milliseconds as nginx writes it: 60s, 1500ms. */
void site_duration(struct nginx_text *nginx, int64_t milliseconds);
/* Names of their own for each type and what: "rc_rate_1f2e3d4c5b_6a7b8c9d" for variables, which
 * nginx keeps in a table of short names, and "rc_rate_shop.example.com_1f2e..." for what people may
 * meet in a log. */
const char *site_variable(const struct site *site, const char *type, const char *what);
/* The same for all sites: "rc_header_6a7b8c9d". */
const char *common_variable(struct arena *arena, const char *type, const char *what);
const char *site_zone(const struct site *site, const char *type, const char *what);
/* Some route answers by this handler. */
bool site_has_handler(const struct site *site, enum route_handler handler);

/* ---- site_listen.c: addresses ---- */

struct listener {
    const char *address; /* as nginx writes it: "443", "[::]:443", "192.0.2.1:443" */
    const char *full;    /* with the address: "0.0.0.0:443" */
    const char *host;    /* the address alone: "::", "192.0.2.1" */
    unsigned port;
    bool uses_tls;
    bool has_http3;
    bool is_udp; /* alone */
    struct span span;
};
VEC(listener_list, struct listener);

/* Where the site listens, HTTPS or plain HTTP. A site with TLS is on plain HTTP only where it
 * redirects. */
void listeners_of(struct arena *arena, const struct facts *facts, const struct layout *layout,
                  const struct document *document, bool uses_tls, struct listener_list *out);
/* The same of a stream. */
void stream_listeners_of(struct arena *arena, const struct facts *facts,
                         const struct layout *layout, const struct document *document,
                         struct listener_list *out);
void listener_render(struct nginx_text *nginx, const struct facts *facts,
                     const struct listener *listener, bool has_http2, bool is_default);
/* This nginx speaks HTTP/3. */
bool http3_is_known(const struct facts *facts);
/* `http2 on;` where that is a directive of its own. */
void http2_render(struct nginx_text *nginx, const struct facts *facts);

/* ---- site_tls.c: certificate and protocol ---- */

/* Where sessions are kept; sites and streams cannot share it. */
#define TLS_SESSIONS        "shared:rc_tls:10m"
#define TLS_SESSIONS_STREAM "shared:rc_tls_stream:10m"

/* Protocols, ciphers and sessions: the same for each server, since nginx takes some of them from
 * the default server of an address. */
void tls_settings_render(struct nginx_text *nginx, const struct facts *facts, const char *sessions);
void site_tls_render(struct site *site);
/* 503 for everything but challenges while something stands in for the site's certificate. */
void site_waiting_render(struct site *site);
/* What handshakes with these listeners are to show. */
void site_tls_server_add(struct site *site, const struct listener_list *listeners);
/* Asks for the site's certificate, or compares the names of the one it refers to. */
void site_certificate_add(struct site *site);
/* Directory of the pair. */
const char *site_certificate_directory(const struct site *site);

/* ---- site_headers.c: response headers ---- */

void site_headers_collect(struct site *site);
void site_headers_http(struct site *site);
void site_headers_server(struct site *site);
void site_headers_route(struct site *site, const struct route *route);
/* Before a request is sent on: what it came in on counts no longer, only the site. */
void site_headers_of_site(struct site *site);
/* Of a program that answers where no file was found. */
void site_headers_program(struct site *site, const struct route *route);
/* Of a script that lies among files. */
void site_headers_script(struct site *site, const struct route *route);
/* For servers that only redirect. */
void site_headers_redirect(struct site *site, bool uses_tls);

/* The route sends the header with the value of this variable, or constant. */
void site_header_set(struct site *site, const struct route *route, const char *name,
                     const char *word, struct span span);

/* ---- site_cors.c: other sites whose pages may ask this one ---- */

void site_cors_headers(struct site *site, const struct route *route);
/* Answers differ by who asks. */
bool site_cors_varies(const struct route *route);
void site_cors_http(struct site *site);
void site_cors_route(struct site *site, const struct route *route);

/* ---- site_limits.c: who may come, and how often ---- */

void site_limits_http(struct site *site);
void site_limits_server(struct site *site);
/* Of a stream. */
void site_limits_stream_zones(struct site *site);
void site_limits_stream(struct site *site);
void site_limits_route(struct site *site, const struct route *route);
/* Some rule may turn a request of this route away, so that it must not be answered before the rules
 * are asked. */
bool route_is_guarded(const struct site *site, const struct route *route);
bool site_has_limits(const struct site *site);

/* ---- site_auth.c: passwords, programs that are asked, certificates of clients ---- */

void site_auth_server(struct site *site);
void site_auth_route(struct site *site, const struct route *route);
/* Locations that the programs are asked through. */
void site_auth_behind(struct site *site);
/* Where the client is led that may not come yet: a named location; NULL: nowhere. */
const char *site_auth_login(const struct site *site, const struct route *route);
/* Each header that some program adds to requests, once, with its value on this route; "" where
 * nothing was asked, so that no client can send it: call(site, route, header, word). */
void site_auth_headers_visit(struct site *site, const struct route *route,
                             void (*call)(struct site *site, const struct route *route,
                                          const char *header, const char *word));
/* In a location that is open to everybody: what the server asks for is not asked for there. */
void site_auth_open(struct site *site);
/* Items of the site's password files. */
void site_auth_add(struct site *site);

/* ---- site_pool.c: the programs behind it ---- */

struct server {
    const struct backend_spec *spec;
    const char *text; /* "127.0.0.1:3000", "unix:/run/x", "name:3000" */
    unsigned port;    /* of localhost; else 0 */
    bool is_name;
    bool uses_tls;
};
VEC(server_list, struct server);

struct target {
    const struct pool_spec *pool;
    const char *text; /* an address, or the name of a group */
    bool is_late;     /* a name that is looked up while nginx runs */
    bool uses_tls;
    const char *host;           /* of the first server */
    struct server_list servers; /* of the group; empty without one */
};

/* Finds each route's target. */
void site_pools_collect(struct site *site);
void site_pools_http(struct site *site);
/* Where a stream leads; NULL: to no address, which was reported. */
const struct target *site_stream_target(struct site *site);
/* The target's group, if it has one. */
void site_group_render(struct site *site, const struct target *target);

/* ---- site_pass.c: passing requests on to them ---- */

/* The directive of a handler that passes requests on: "proxy_" and the rest; NULL for the others.
 */
const char *pass_directive(const struct site *site, enum route_handler handler, const char *rest);
/* The first handler of a protocol that the site has: what the server says of the protocol is said
 * once. */
bool site_begins_protocol(const struct site *site, enum route_handler handler);
/* Some route passes requests on. */
bool site_has_programs(const struct site *site);
void site_pass_server(struct site *site);
void site_pass_route(struct site *site, const struct route *route);
/* The program itself, without the files that come before it. */
void site_program_render(struct site *site, const struct route *route);
/* Asks a program that speaks HTTP for this path. */
void site_pass_to(struct site *site, const struct target *target, const struct proxy_spec *proxy,
                  const char *path);
/* The name servers that nginx asks. */
void site_resolver_render(struct site *site);
/* Takes the route's prefix off the path. */
void site_strip_render(struct site *site, const struct route *route);

/* ---- site_cache.c: answers of programs that are kept ---- */

void site_cache_http(struct site *site);
void site_cache_route(struct site *site, const struct route *route);
/* The folder in which all caches have their own. */
const char *cache_folder(struct arena *arena, const struct layout *layout);

/* ---- site_cookies.c: cookies and redirects of programs ---- */

/* Warns where there is no answer that they could change. */
void site_cookies_check(struct site *site);
void site_cookies_route(struct site *site, const struct route *route);

/* ---- site_errors.c: error pages ---- */

void site_errors_server(struct site *site);
void site_errors_route(struct site *site, const struct route *route);
/* Where the pages stand. */
void site_errors_locations(struct site *site);

/* ---- site_maintenance.c ---- */

void site_maintenance_http(struct site *site);
void site_maintenance_route(struct site *site, const struct route *route);
bool route_is_maintained(const struct route *route);
/* The variable with the value of Retry-After on a route that is maintained. */
const char *site_maintenance_retry(const struct site *site, const struct route *route);

/* ---- site_log.c ---- */

void site_log_server(struct site *site);
void site_log_route(struct site *site, const struct route *route);
/* Of a stream, in whose log there is nothing unless somebody asks for it. */
void site_log_stream(struct site *site);
/* The form that is called json. */
void log_format_render(struct nginx_text *nginx);

/* ---- site_proxies.c: proxies before the host ---- */

void site_proxies_http(struct site *site);
void site_proxies_server(struct site *site);
/* Variables of what programs are told: where the client is, how it came, and "on" for HTTPS. */
const char *site_forwarded_for(const struct site *site);
const char *site_forwarded_proto(const struct site *site);
const char *site_forwarded_https(const struct site *site);

/* ---- site_files.c ---- */

void site_files_route(struct site *site, const struct route *route);
/* What stands for a folder, and what is looked for, where the route says so. */
void site_index_render(struct site *site, const struct route *route);
void site_try_render(struct site *site, const struct route *route);

/* ---- site_page.c: applications of one page ---- */

/* Cache-Control of what is sent, if any. */
#define SITE_PAGE_CACHE "$rc_page_cache"

/* The path of the page of the application that the route is in; NULL: it is in none. */
const char *site_page(const struct site *site, const struct route *route);
/* A path inside of the application is the page itself, so that its rules hold for the page. */
bool site_page_has_path(const struct site *site, const struct route *route);
/* The page is asked for each time: nobody says otherwise. */
bool site_page_is_fresh(const struct site *site, const struct route *route);
/* What Cache-Control depends on. others: what other files have, or "", and where it was said. */
void site_page_set(struct site *site, const struct route *route, const char *others,
                   struct span span);
/* Once for all sites. */
void site_pages_http(struct nginx_text *nginx);

/* ---- site_missing.c: what is done where no file is found ---- */

/* The location that answers then; NULL: none, it is 404. */
const char *site_fallback(const struct site *site, const struct route *route);
bool site_has_fallback(const struct site *site);
/* The files that are looked for before the program is asked. */
void site_files_first_render(struct site *site, const struct route *route);
/* The location of that name. */
void site_fallback_behind(struct site *site, const struct route *route);

/* ---- site_php.c ---- */

/* What stands behind a script in the path. */
#define SITE_PATH_INFO "$rc_path_info"

void site_php_route(struct site *site, const struct route *route);

/* ---- site_php_pool.c: PHP-FPM of their own ---- */

void site_php_add(struct site *site);

/* ---- site_answer.c: redirects and fixed answers ---- */

void site_redirect_render(struct site *site, const struct redirect_spec *redirect);
void site_respond_render(struct site *site, const struct respond_spec *respond);
/* In the location of the route: at once, or where the route is guarded by way of a location of its
 * own, which stands behind it. */
void site_answer_route(struct site *site, const struct route *route);
void site_answer_behind(struct site *site, const struct route *route);

/* ---- site_status.c: the numbers of nginx itself ---- */

void site_status_route(struct site *site, const struct route *route);
/* Says where this nginx has none. */
void site_status_check(struct site *site);

/* ---- site_template.c: addresses that are made from the request ---- */

/* Of a target that has been checked. */
struct template_part_list site_template(const struct site *site, const char *target);
/* The value of a header or a parameter as one argument. */
void site_value_render(struct site *site, const char *value);
/* What has to stand before a directive with the target; regex: whose groups the target names. */
void site_encode_render(struct site *site, const struct template_part_list *parts,
                        const char *regex);
/* The target as one argument. */
void site_target_render(struct site *site, const struct template_part_list *parts);
/* The route's regular expression; NULL: it has none. */
const char *route_regex(const struct site *site, const struct route *route);

/* ---- site_rewrite.c: paths that are answered as others ---- */

bool site_has_rewrite(const struct site *site);
void site_rewrite_server(struct site *site);
void site_rewrite_route(struct site *site, const struct route *route);
void site_rewrite_rules(struct site *site, const struct text_map *rules);

/* ---- site_when.c: requests that are answered in another way ---- */

bool site_has_when(const struct site *site);
void site_when_http(struct site *site);
void site_when_route(struct site *site, const struct route *route);
/* Locations that the answers with a text stand in. */
void site_when_behind(struct site *site);

/* ---- site_route.c: locations ---- */

/* The location as it is written; "" for the site itself. */
const char *route_key(const struct route *route);
bool route_is_regex(const struct route *route);
void site_routes_collect(struct site *site);
void site_routes_render(struct site *site);
/* The location of one route, with all that is inside of it. */
void site_route_render(struct site *site, const struct route *route);
/* What holds in each location of a route, whoever answers there. */
void site_rules_render(struct site *site, const struct route *route);
/* The same of the location where the program answers that comes after files. */
void site_program_rules_render(struct site *site, const struct route *route);
/* And of those where scripts run that lie among files. */
void site_script_rules_render(struct site *site, const struct route *route);
/* Answers 404 for what begins with a dot. */
void site_dotfiles_render(struct site *site, const struct route *route);
/* Where answers to challenges of certificate issuers are found; what stands between the two holds
 * for them too. */
void acme_location_begin(struct nginx_text *nginx);
void acme_location_end(struct nginx_text *nginx, const struct layout *layout);
/* The same of a site, whose rules keep nobody from them. */
void acme_challenge_render(struct site *site);
void site_body_max_render(struct site *site, const struct size_value *body_max);
/* The character set of texts, where it is said, and whether they are compressed. Types of texts
 * that a route brings along count, too. */
void site_charset_render(struct site *site, const struct route *route);
void site_compress_render(struct site *site, const struct route *route);

/* ---- site_mime.c: types of files ---- */

void site_mime_render(struct site *site, const struct route *route);
/* A list of types of texts: those that are known, and the route's own. */
void site_text_types_render(struct site *site, const struct route *route, const char *directive,
                            const char *const *known, size_t count);

/* ---- site_probe.c: what is asked after each change ---- */

/* The path that is asked for this one; NULL: none. */
const char *site_probe_path(const struct site *site, const struct route *route);
bool site_has_probes(const struct site *site);
void site_probes_comment(struct site *site);
void site_probes_add(struct site *site);

/* ---- site_stream.c: connections and datagrams that are passed on ---- */

void site_stream_render(struct site *site);

/* ---- nginx_shared.c, nginx_streams.c: what all share ---- */

/* Sizes of nginx's tables of variables. */
void nginx_variables_render(struct nginx_text *nginx, size_t count);
/* What all streams share. sites: the addresses that sites listen on. */
void nginx_streams_render(struct render *render, const struct listener_list *sites);
