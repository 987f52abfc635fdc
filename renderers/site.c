/* A site becomes one file of nginx configuration: what it needs at http level, its server, a server
 * that redirects plain HTTP to it, and one that redirects its aliases. Also its certificate and its
 * probe. The parts are in the files that site.h lists. */

#include "renderers/site.h"

#include <ctype.h>

#include "base/digest.h"
#include "base/text.h"

enum {
    SITE_DIGITS = 10,
    WHAT_DIGITS = 8,
    ZONE_NAME_LENGTH = 40,
};

/* ---- Helpers of all parts ------------------------------------------------------------------- */

struct span site_span(const struct site *site, const struct node *node)
{
    return node != NULL ? node->span : site->document->span;
}

static char variable_character(char c)
{
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

const char *header_variable(struct arena *arena, const char *prefix, const char *name)
{
    struct text text = text_make(arena);
    text_add(&text, prefix);
    for (const char *c = name; *c != '\0'; c++) {
        text_add_char(&text, variable_character(*c));
    }
    return text.data;
}

const char *nginx_version_text(struct arena *arena, unsigned version)
{
    return arena_printf(arena, "%u.%u.%u", version / 1000000, version / 1000 % 1000,
                        version % 1000);
}

void site_report(const struct site *site, enum diagnostic_code code, const struct node *node,
                 const char *field, const char *argument, const char *second_argument)
{
    struct arena *arena = site->render->arena;
    const char *second = second_argument == NULL ? NULL : arena_strdup(arena, second_argument);
    diagnostic_add(arena, site->render->diagnostics, code, site_span(site, node),
                   argument == NULL ? NULL : arena_strdup(arena, argument), second, NULL)
        ->path = arena_printf(arena, "site %s: %s", site->document->name, field);
}

void site_duration(struct nginx_text *nginx, int64_t milliseconds)
{
    unsigned long long number = (unsigned long long)milliseconds;
    if (number % 1000 == 0) {
        nginx_number(nginx, number / 1000, "s");
    } else {
        nginx_number(nginx, number, "ms");
    }
}

static const char *digest_begin_of(struct arena *arena, const char *text, int digits)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(str_of(text), hex);
    return arena_printf(arena, "%.*s", digits, hex);
}

const char *site_variable(const struct site *site, const char *type, const char *what)
{
    return arena_printf(site->arena, "rc_%s_%s_%s", type, site->id,
                        digest_begin_of(site->arena, what, WHAT_DIGITS));
}

const char *common_variable(struct arena *arena, const char *type, const char *what)
{
    return arena_printf(arena, "rc_%s_%s", type, digest_begin_of(arena, what, WHAT_DIGITS));
}

/* The document's name is of letters, digits, dots, hyphens and underscores. */
const char *site_zone(const struct site *site, const char *type, const char *what)
{
    return arena_printf(site->arena, "rc_%s_%.*s_%s_%s", type, ZONE_NAME_LENGTH,
                        site->document->name, site->id,
                        digest_begin_of(site->arena, what, WHAT_DIGITS));
}

/* ---- Servers -------------------------------------------------------------------------------- */

/* An IPv6 address stands in brackets in the Host header. */
static void name_render(struct site *site, const char *name)
{
    nginx_value(site->nginx, NGINX_LITERAL,
                strchr(name, ':') != NULL ? arena_printf(site->arena, "[%s]", name) : name);
}

static void aliases_render(struct site *site)
{
    for (size_t i = 0; i < site->spec->aliases.count; i++) {
        name_render(site, site->spec->aliases.items[i].text);
    }
}

static void server_names_render(struct site *site, bool with_aliases)
{
    nginx_at(site->nginx, site_span(site, site->spec->hosts.node));
    nginx_begin(site->nginx, "server_name");
    for (size_t i = 0; i < site->spec->name_count; i++) {
        name_render(site, site->spec->names[i]);
    }
    if (with_aliases) {
        aliases_render(site);
    }
    nginx_end(site->nginx);
}

static void listeners_render(struct site *site, const struct listener_list *listeners)
{
    bool has_http2 = site->spec->http2.is_true;
    bool uses_tls = false;
    for (size_t i = 0; i < listeners->count; i++) {
        listener_render(site->nginx, site->render->facts, &listeners->items[i], has_http2, false);
        uses_tls |= listeners->items[i].uses_tls;
    }
    if (has_http2 && uses_tls) {
        nginx_at(site->nginx, site_span(site, site->spec->http2.node));
        http2_render(site->nginx, site->render->facts);
    }
}

static void server_begin(struct site *site, const struct listener_list *listeners)
{
    nginx_at(site->nginx, site->document->span);
    nginx_gap(site->nginx);
    nginx_begin(site->nginx, "server");
    nginx_block(site->nginx);
    listeners_render(site, listeners);
}

static void server_end(struct site *site)
{
    nginx_at(site->nginx, site->document->span);
    nginx_block_end(site->nginx);
}

static void main_server_render(struct site *site, const struct listener_list *listeners)
{
    const struct site_spec *spec = site->spec;
    struct nginx_text *nginx = site->nginx;
    server_begin(site, listeners);
    server_names_render(site, spec->serve_aliases.is_true);
    nginx_at(nginx, site->document->span);
    nginx_line(nginx, "server_tokens", "off", NULL);
    site_log_server(site);
    site_proxies_server(site);
    nginx_at(nginx, site->document->span);
    nginx_line(nginx, "absolute_redirect", "off", NULL);
    site_tls_render(site);
    site_waiting_render(site);
    site_body_max_render(site, &spec->route.body_max);
    site_compress_render(site, &site->routes[0]);
    site_limits_server(site);
    site_auth_server(site);
    site_charset_render(site, &site->routes[0]);
    site_mime_render(site, &site->routes[0]);
    site_errors_server(site);
    site_pass_server(site);
    site_headers_server(site);
    site_rewrite_server(site);
    if (spec->route.raw.text != NULL) {
        nginx_raw(nginx, spec->route.raw.text, site_span(site, spec->route.raw.node));
    }
    if (!site->uses_tls) {
        nginx_at(nginx, site->document->span);
        acme_challenge_render(site);
    }
    site_routes_render(site);
    server_end(site);
}

/* location / { return 308 <target>$request_uri; }, once there is a certificate. */
static void leads_to_render(struct site *site, const char *scheme, const char *host,
                            const char *port)
{
    struct nginx_text *nginx = site->nginx;
    nginx_begin(nginx, "location");
    nginx_word(nginx, "/");
    nginx_block(nginx);
    site_waiting_render(site);
    nginx_begin(nginx, "return");
    nginx_word(nginx, "308");
    nginx_open(nginx);
    nginx_word(nginx, scheme);
    nginx_word(nginx, host);
    nginx_word(nginx, port);
    nginx_word(nginx, "$request_uri");
    nginx_close(nginx);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

/* Plain HTTP leads to HTTPS on the same name. */
static void redirect_server_render(struct site *site, const struct listener_list *listeners)
{
    unsigned port = site->render->layout->https_port;
    server_begin(site, listeners);
    server_names_render(site, true);
    nginx_at(site->nginx, site->document->span);
    nginx_line(site->nginx, "server_tokens", "off", NULL);
    site_log_server(site);
    site_proxies_server(site);
    site_headers_redirect(site, false);
    nginx_at(site->nginx, site->document->span);
    acme_challenge_render(site);
    leads_to_render(site, "https://", "$host",
                    port == 443 ? "" : arena_printf(site->arena, ":%u", port));
    server_end(site);
}

/* Aliases lead to the first host, on the port that they were asked on. */
static void alias_server_render(struct site *site, const struct listener_list *listeners)
{
    struct nginx_text *nginx = site->nginx;
    server_begin(site, listeners);
    nginx_at(nginx, site_span(site, site->spec->aliases.node));
    nginx_begin(nginx, "server_name");
    aliases_render(site);
    nginx_end(nginx);
    nginx_at(nginx, site->document->span);
    nginx_line(nginx, "server_tokens", "off", NULL);
    site_log_server(site);
    site_proxies_server(site);
    nginx_at(nginx, site->document->span);
    site_tls_render(site);
    site_headers_redirect(site, site->uses_tls);
    nginx_at(nginx, site_span(site, site->spec->aliases.node));
    if (!site->uses_tls) {
        acme_challenge_render(site);
    }
    const char *host = site_primary_host(site->arena, site->spec);
    bool is_ipv6 = strchr(host, ':') != NULL;
    leads_to_render(site, site->uses_tls ? "https://" : "http://",
                    is_ipv6 ? arena_printf(site->arena, "[%s]", host) : host, "$rc_port");
    server_end(site);
}

static void collect_listeners(struct site *site, bool uses_tls, struct listener_list *out)
{
    listeners_of(site->render->scratch, site->render->facts, site->render->layout, site->document,
                 uses_tls, out);
}

static void servers_render(struct site *site)
{
    const struct site_spec *spec = site->spec;
    struct listener_list listeners = {0};
    collect_listeners(site, site->uses_tls, &listeners);
    main_server_render(site, &listeners);
    if (spec->aliases.count > 0 && !spec->serve_aliases.is_true) {
        alias_server_render(site, &listeners);
    }
    struct listener_list plain = {0};
    if (site->uses_tls) {
        collect_listeners(site, false, &plain);
    }
    if (plain.count > 0) {
        redirect_server_render(site, &plain);
    }
    site_tls_server_add(site, &listeners);
}

/* ---- Beside the text ------------------------------------------------------------------------ */

void site_comment_render(struct site *site)
{
    nginx_comment(site->nginx, arena_printf(site->arena,
                                            "Written by reconcile for site:%s: what is changed "
                                            "here is put back.",
                                            site->document->name));
}

void site_member_add(struct site *site, const char *folder)
{
    struct render *render = site->render;
    vec_add(render->arena, render->nginx,
            (struct tree_member){
                .path = arena_printf(render->arena, "%s/%s.conf", folder, site->document->name),
                .text = nginx_text_finish(site->nginx),
                .document = site->document,
            });
}

/* What is offered only where nginx has it. */
static void check_http3(struct site *site)
{
    const struct boolean_value *http3 = &site->spec->http3;
    const struct facts *facts = site->render->facts;
    if (http3->is_true && !http3_is_known(facts)) {
        site_report(site, DIAGNOSTIC_SITE_NO_HTTP3, http3->node, "http3",
                    nginx_version_text(site->arena, facts->nginx_version), NULL);
    }
}

void site_render(struct render *render, const struct document *document)
{
    struct site site = {
        .render = render,
        .arena = render->scratch,
        .document = document,
        .spec = document->spec,
        .id = digest_begin_of(render->scratch, document->name, SITE_DIGITS),
        .nginx = nginx_text_make(render->arena, render->scratch),
    };
    site.uses_tls = site.spec->tls_type != SITE_TLS_NONE;
    if (site_is_stream(site.spec)) {
        site_stream_render(&site);
        return;
    }
    check_http3(&site);
    site_routes_collect(&site);
    site_pools_collect(&site);
    site_headers_collect(&site);
    site_status_check(&site);
    site_cookies_check(&site);

    nginx_at(site.nginx, document->span);
    site_comment_render(&site);
    site_probes_comment(&site);
    site_headers_http(&site);
    site_limits_http(&site);
    site_proxies_http(&site);
    site_maintenance_http(&site);
    site_when_http(&site);
    site_cors_http(&site);
    site_pools_http(&site);
    site_cache_http(&site);
    servers_render(&site);

    render->uses->http_variables += nginx_table_count(site.nginx);
    site_member_add(&site, "http/sites");
    site_certificate_add(&site);
    site_auth_add(&site);
    site_php_add(&site);
    site_probes_add(&site);
}
