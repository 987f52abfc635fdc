/* Response headers of a site.
 *
 * What nginx does by itself drops headers where a location has one of its own, doubles those that
 * the program behind it sends, and forgets them on error pages. So each header that a site sends is
 * hidden from the program's answer and emitted once; a location that differs from the site emits
 * its complete list and leaves what is its own in variables, in which the server's list, which
 * serves error pages and internal redirects, finds the same values. How long an answer may be kept
 * is not left: it is of the file that was asked for, and where that is missing a program may
 * answer.
 *
 * Each map costs nginx 1.2 MB of cleared memory whenever it reads its configuration
 * (ngx_hash_keys_array_init), and each variable that only one site knows 16 bytes of every request.
 * So there is one only where a value cannot be set when the request comes in. */

#include "base/text.h"
#include "renderers/site.h"
#include "schemas/header.h"

struct header_value {
    const char *text;     /* of a user */
    const char *word;     /* or a variable of ours; neither: not sent */
    const char *stand_in; /* where the program's own value counts: the variable that has one */
    bool only_good;       /* only with answers that went well */
    struct span span;
};

struct site_header {
    const char *name;
    enum header_rule rule;
    struct header_value *values; /* one for each route */
    const char *variable;        /* where routes differ: what the request came in on; else NULL */
    bool is_mapped;              /* by $rc_path, where routes cannot leave the value itself */
};

static bool is_sent(const struct header_value *value)
{
    return value->text != NULL || value->word != NULL;
}

static bool value_equal(const struct header_value *a, const struct header_value *b)
{
    return text_equal(a->text, b->text) && text_equal(a->word, b->word) &&
           a->only_good == b->only_good;
}

static struct site_header *header_find(struct site *site, const char *name)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        if (header_same(site->headers.items[i].name, name)) {
            return &site->headers.items[i];
        }
    }
    return NULL;
}

static void header_set(struct site *site, size_t route, const char *name, struct header_value value)
{
    struct site_header *header = header_find(site, name);
    if (header == NULL) {
        header = vec_new(site->arena, &site->headers);
        header->name = name;
        header->rule = header_rule(name);
        header->values = arena_array(site->arena, site->route_count, sizeof(*header->values));
    }
    header->values[route] = value;
}

/* ---- Collecting ----------------------------------------------------------------------------- */

/* A program's own choice is kept for those that have more than one good value. */
static void set_defaults(struct site *site)
{
    struct span span = site->document->span;
    header_set(site, 0, "X-Content-Type-Options",
               (struct header_value){.text = "nosniff", .span = span});
    header_set(site, 0, "Referrer-Policy",
               (struct header_value){.word = "$rc_referrer_policy", .span = span});
    header_set(site, 0, "X-Frame-Options",
               (struct header_value){.word = "$rc_x_frame_options", .span = span});
}

static void set_hsts(struct site *site)
{
    const struct hsts_spec *hsts = &site->spec->hsts;
    if (!site->uses_tls || hsts->age.milliseconds == 0) {
        return;
    }
    const char *text =
        arena_printf(site->arena, "max-age=%lld%s%s", (long long)(hsts->age.milliseconds / 1000),
                     hsts->subdomains.is_true ? "; includeSubDomains" : "",
                     hsts->preload.is_true ? "; preload" : "");
    header_set(site, 0, "Strict-Transport-Security",
               (struct header_value){.text = text, .span = site_span(site, hsts->object.node)});
}

/* Where HTTP/3 is (RFC 9114, 3.1.1). */
static void set_http3(struct site *site)
{
    const struct boolean_value *http3 = &site->spec->http3;
    struct listener_list listeners = {0};
    if (!http3->is_true || !http3_is_known(site->render->facts)) {
        return;
    }
    listeners_of(site->arena, site->render->facts, site->render->layout, site->document, true,
                 &listeners);
    if (listeners.count > 0) {
        const char *text =
            arena_printf(site->arena, "h3=\":%u\"; ma=86400", listeners.items[0].port);
        header_set(site, 0, "Alt-Svc",
                   (struct header_value){.text = text, .span = site_span(site, http3->node)});
    }
}

static void set_cache(struct site *site, const struct route *route)
{
    const struct cache_spec *cache = &route->own->cache;
    if (cache->object.node == NULL) {
        return;
    }
    long long seconds = (long long)(cache->age.milliseconds / 1000);
    const char *text = seconds == 0 ? "no-cache"
                                    : arena_printf(site->arena, "public, max-age=%lld%s", seconds,
                                                   cache->immutable.is_true ? ", immutable" : "");
    header_set(site, route->number, "Cache-Control",
               (struct header_value){
                   .text = text, .only_good = true, .span = site_span(site, cache->object.node)});
}

static void set_retry(struct site *site, const struct route *route)
{
    const struct node *node = route->own->maintenance->object.node;
    const char *retry = route_is_maintained(route) ? site_maintenance_retry(site, route) : NULL;
    if (node != NULL && (retry != NULL || header_find(site, "Retry-After") != NULL)) {
        header_set(site, route->number, "Retry-After",
                   (struct header_value){.word = retry, .span = site_span(site, node)});
    }
}

static void set_cache_status(struct site *site, const struct route *route)
{
    const struct response_cache_spec *cache = route->own->response_cache;
    if (cache->object.node == NULL) {
        return;
    }
    bool is_shown = cache->on.is_true && cache->status_header.is_true;
    if (is_shown || header_find(site, "X-Cache-Status") != NULL) {
        header_set(site, route->number, "X-Cache-Status",
                   (struct header_value){.word = is_shown ? "$upstream_cache_status" : NULL,
                                         .span = site_span(site, cache->object.node)});
    }
}

/* null and the empty text remove. */
static void set_written(struct site *site, const struct route *route)
{
    const struct text_map *headers = &route->own->headers;
    for (size_t i = 0; i < headers->count; i++) {
        const struct text_pair *pair = &headers->items[i];
        bool is_empty = pair->value.text[0] == '\0';
        header_set(site, route->number, pair->key.text,
                   (struct header_value){.text = is_empty ? NULL : pair->value.text,
                                         .span = site_span(site, pair->value.node)});
    }
    for (size_t i = 0; headers->node != NULL && i < headers->node->entries.count; i++) {
        const struct node_entry *entry = &headers->node->entries.items[i];
        if (node_is_null(entry->value) && header_find(site, entry->key->text) != NULL) {
            header_set(site, route->number, entry->key->text,
                       (struct header_value){.span = entry->value->span});
        }
    }
}

/* Whatever else the answer depends on. */
static void set_vary(struct site *site, const struct route *route)
{
    struct site_header *header = header_find(site, "Vary");
    const char *text = header == NULL ? NULL : header->values[route->number].text;
    if (!site_cors_varies(route) || (text != NULL && strcasestr(text, "Origin") != NULL)) {
        return;
    }
    header_set(site, route->number, "Vary",
               (struct header_value){
                   .text = text == NULL ? "Origin" : arena_printf(site->arena, "%s, Origin", text),
                   .span = site_span(site, route->now->cors->object.node)});
}

void site_header_set(struct site *site, const struct route *route, const char *name,
                     const char *word, struct span span)
{
    header_set(site, route->number, name, (struct header_value){.word = word, .span = span});
}

/* What a route says itself, over what it has from the one around it. */
static void set_own(struct site *site, const struct route *route)
{
    set_cache(site, route);
    site_cors_headers(site, route);
    set_written(site, route);
    set_vary(site, route);
}

static bool headers_differ(const struct site *site, const struct route *route)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct header_value *values = site->headers.items[i].values;
        if (!value_equal(&values[0], &values[route->number])) {
            return true;
        }
    }
    return false;
}

/* nginx takes the headers of the nearest location that has any, so that a route inside of one that
 * differs says its own once more. */
static bool has_own_lists(const struct site *site, const struct route *route)
{
    for (; route->path != NULL; route = route->parent) {
        if (headers_differ(site, route) || route->own->hide_headers.node != NULL) {
            return true;
        }
        if (route->parent->path != NULL && site_page_is_fresh(site, route->parent)) {
            return true;
        }
    }
    return false;
}

/* What a route leaves for error pages and internal redirects. */
static const struct header_value *left_value(const struct site_header *header, size_t route)
{
    const struct header_value *value = &header->values[route];
    return value->only_good ? &header->values[0] : value;
}

static bool header_differs(const struct site *site, const struct site_header *header)
{
    for (size_t i = 1; i < site->route_count; i++) {
        if (!value_equal(&header->values[0], left_value(header, i))) {
            return true;
        }
    }
    return false;
}

/* The site sends nothing, which is what an unset variable is; and `set` takes a value when the
 * request comes in, so that no value may wait for the program's answer. */
static bool routes_can_set(const struct site *site, const struct site_header *header)
{
    for (size_t i = 1; i < site->route_count; i++) {
        const struct header_value *value = left_value(header, i);
        if (value->word != NULL || value->stand_in != NULL ||
            (value->text != NULL && strchr(value->text, '$') != NULL)) {
            return false;
        }
    }
    return !is_sent(&header->values[0]);
}

static const char *stand_in_name(const struct site *site, const struct site_header *header,
                                 const char *text)
{
    return arena_printf(
        site->arena, "$%s",
        site_variable(site, "own", arena_printf(site->arena, "%s: %s", header->name, text)));
}

/* One for each text. */
static void find_stand_ins(struct site *site, struct site_header *header)
{
    if (header->rule != HEADER_APPLICATION || !site_has_programs(site)) {
        return;
    }
    for (size_t i = 0; i < site->route_count; i++) {
        struct header_value *value = &header->values[i];
        for (size_t j = 0; j < i && value->text != NULL && value->stand_in == NULL; j++) {
            value->stand_in =
                text_equal(header->values[j].text, value->text) ? header->values[j].stand_in : NULL;
        }
        if (value->text != NULL && value->stand_in == NULL) {
            value->stand_in = stand_in_name(site, header, value->text);
        }
    }
}

static void find_variable(struct site *site, struct site_header *header)
{
    if (!header_differs(site, header)) {
        return;
    }
    header->is_mapped = !routes_can_set(site, header);
    header->variable =
        arena_printf(site->arena, "$%s",
                     header->is_mapped ? site_variable(site, "header", header->name)
                                       : common_variable(site->arena, "header", header->name));
}

void site_headers_collect(struct site *site)
{
    set_defaults(site);
    set_hsts(site);
    set_http3(site);
    set_own(site, &site->routes[0]);
    set_retry(site, &site->routes[0]);
    set_cache_status(site, &site->routes[0]);
    for (size_t i = 1; i < site->route_count; i++) {
        for (size_t j = 0; j < site->headers.count; j++) {
            struct header_value *values = site->headers.items[j].values;
            values[i] = values[site->routes[i].parent->number];
        }
        set_own(site, &site->routes[i]);
        set_retry(site, &site->routes[i]);
        set_cache_status(site, &site->routes[i]);
    }
    for (size_t i = 0; i < site->headers.count; i++) {
        find_stand_ins(site, &site->headers.items[i]);
        find_variable(site, &site->headers.items[i]);
    }
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void value_render(struct site *site, const struct header_value *value)
{
    if (value->stand_in != NULL) {
        nginx_word(site->nginx, value->stand_in);
    } else if (value->text != NULL) {
        site_value_render(site, value->text);
    } else {
        nginx_word(site->nginx, value->word != NULL ? value->word : "\"\"");
    }
}

/* Where the program's own value counts, ours stands in by a map. */
static void stand_in_render(struct site *site, const struct site_header *header,
                            const struct header_value *value)
{
    struct nginx_text *nginx = site->nginx;
    const char *upstream = header_variable(site->arena, "$upstream_http_", header->name);
    nginx_at(nginx, value->span);
    nginx_table(nginx, "map", upstream, value->stand_in);
    nginx_line(nginx, "default", upstream, NULL);
    nginx_begin(nginx, "\"\"");
    site_value_render(site, value->text);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

static void stand_ins_render(struct site *site, const struct site_header *header)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct header_value *value = &header->values[i];
        bool is_new = value->stand_in != NULL;
        for (size_t j = 0; j < i && is_new; j++) {
            is_new = header->values[j].stand_in != value->stand_in;
        }
        if (is_new) {
            stand_in_render(site, header, value);
        }
    }
}

/* The value by the route that the request came in on. */
static void variable_render(struct site *site, const struct site_header *header)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site->document->span);
    nginx_table(nginx, "map", "$rc_path", header->variable);
    nginx_begin(nginx, "default");
    value_render(site, &header->values[0]);
    nginx_end(nginx);
    for (size_t i = 1; i < site->route_count; i++) {
        if (!value_equal(&header->values[0], &header->values[i])) {
            nginx_at(nginx, header->values[i].span);
            nginx_begin(nginx, arena_printf(site->arena, "%zu", i));
            value_render(site, &header->values[i]);
            nginx_end(nginx);
        }
    }
    nginx_at(nginx, site->document->span);
    nginx_block_end(nginx);
}

void site_headers_http(struct site *site)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        stand_ins_render(site, &site->headers.items[i]);
        if (site->headers.items[i].is_mapped) {
            variable_render(site, &site->headers.items[i]);
        }
    }
}

/* For what a route sends that the site does not; all that another one may have left. */
static void set_render(struct site *site, const struct route *route,
                       const struct site_header *header)
{
    const struct header_value *value = left_value(header, route->number);
    if (header->variable == NULL || header->is_mapped) {
        return;
    }
    nginx_at(site->nginx, is_sent(value) ? value->span : route->span);
    nginx_begin(site->nginx, "set");
    nginx_word(site->nginx, header->variable);
    value_render(site, value);
    nginx_end(site->nginx);
}

/* A route's values are those that the request has from now on. */
static void leave_values(struct site *site, const struct route *route)
{
    bool has_map = false;
    for (size_t i = 0; i < site->headers.count; i++) {
        has_map |= site->headers.items[i].is_mapped;
    }
    if (has_map) {
        nginx_begin(site->nginx, "set");
        nginx_word(site->nginx, "$rc_path");
        nginx_number(site->nginx, route->number, "");
        nginx_end(site->nginx);
    }
    for (size_t i = 0; i < site->headers.count; i++) {
        set_render(site, route, &site->headers.items[i]);
    }
    nginx_at(site->nginx, route->span);
}

static void add_header(struct site *site, const struct site_header *header,
                       const struct header_value *value)
{
    nginx_at(site->nginx, value->span);
    nginx_begin(site->nginx, "add_header");
    nginx_value(site->nginx, NGINX_LITERAL, header->name);
    value_render(site, value);
    if (!value->only_good) {
        nginx_word(site->nginx, "always");
    }
    nginx_end(site->nginx);
}

/* The header is sent; where files come before a program or a script, how long answers may be kept
 * is of the files alone. */
static bool counts(const struct header_value *value, bool of_program)
{
    return is_sent(value) && !(of_program && value->only_good);
}

/* A header that the site hides anyway, because it has one of that name. */
static bool is_replaced(const struct site *site, const struct route *route, const char *name,
                        bool of_program)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct site_header *header = &site->headers.items[i];
        if (header_same(header->name, name)) {
            return header->rule != HEADER_ADDED &&
                   counts(&header->values[route->number], of_program);
        }
    }
    return false;
}

static void hide_header(struct site *site, const char *directive, const char *name,
                        struct span span)
{
    nginx_at(site->nginx, span);
    nginx_begin(site->nginx, directive);
    nginx_value(site->nginx, NGINX_LITERAL, name);
    nginx_end(site->nginx);
}

/* The headers of a program's answer that ours replace on this route, and those that nobody shall
 * see; a list of a location replaces the one of the server, so that it has to be complete. */
static void hide_headers(struct site *site, const struct route *route, const char *directive,
                         bool of_program)
{
    bool is_empty = true;
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct site_header *header = &site->headers.items[i];
        const struct header_value *value = &header->values[route->number];
        if (is_replaced(site, route, header->name, of_program)) {
            is_empty = false;
            hide_header(site, directive, header->name, value->span);
        }
    }
    const struct text_list *hidden = &route->now->hide_headers;
    for (size_t i = 0; i < hidden->count; i++) {
        if (!is_replaced(site, route, hidden->items[i].text, of_program)) {
            is_empty = false;
            hide_header(site, directive, hidden->items[i].text,
                        site_span(site, hidden->items[i].node));
        }
    }
    if (is_empty && (route->number > 0 || of_program)) {
        /* nginx hides this one anyway; without a list here the server's would hold. */
        nginx_line(site->nginx, directive, "X-Pad", NULL);
    }
}

static void hide_headers_of_server(struct site *site)
{
    for (enum route_handler handler = 0; handler < ROUTE_HANDLER_COUNT; handler++) {
        if (site_begins_protocol(site, handler)) {
            hide_headers(site, &site->routes[0], pass_directive(site, handler, "hide_header"),
                         false);
        }
    }
}

static bool any_route_differs(const struct site *site)
{
    for (size_t i = 1; i < site->route_count; i++) {
        if (headers_differ(site, &site->routes[i])) {
            return true;
        }
    }
    return false;
}

/* The server's value where routes differ: a variable that is empty where nothing is sent. */
static struct header_value value_by_path(const struct site *site, const struct site_header *header)
{
    const struct header_value *value = &header->values[0];
    return (struct header_value){
        .word = header->variable,
        .only_good = value->only_good,
        .span = is_sent(value) ? value->span : site->document->span,
    };
}

void site_headers_server(struct site *site)
{
    if (any_route_differs(site) || site_has_rewrite(site) || site_has_when(site) ||
        site_has_fallback(site)) {
        nginx_at(site->nginx, site->document->span);
        nginx_line(site->nginx, "uninitialized_variable_warn", "off", NULL);
    }
    hide_headers_of_server(site);
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct site_header *header = &site->headers.items[i];
        struct header_value value =
            header->variable != NULL ? value_by_path(site, header) : header->values[0];
        if (is_sent(&value)) {
            add_header(site, header, &value);
        }
    }
}

/* How long the page of an application may be kept is not said of its other files. */
static void page_render(struct site *site, const struct route *route)
{
    struct span span = site_span(site, route->now->spa.node);
    const struct site_header *header = header_find(site, "Cache-Control");
    const struct header_value *others = header == NULL ? NULL : &header->values[route->number];
    bool has_others = others != NULL && others->text != NULL;
    site_page_set(site, route, has_others ? others->text : "", has_others ? others->span : span);
    nginx_at(site->nginx, span);
    nginx_line(site->nginx, "add_header", "Cache-Control", SITE_PAGE_CACHE, NULL);
}

/* by_path: the values are those that the request came in on, as in the server's list. */
static void lists_render(struct site *site, const struct route *route, bool of_program,
                         bool by_path)
{
    nginx_at(site->nginx, route->span);
    const char *directive = pass_directive(site, route->now->handler, "hide_header");
    if (directive != NULL) {
        hide_headers(site, route, directive, of_program);
    }
    bool has_page = site_page_is_fresh(site, route);
    bool is_empty = !has_page;
    if (has_page) {
        page_render(site, route);
    }
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct site_header *header = &site->headers.items[i];
        if (has_page && header_same(header->name, "Cache-Control")) {
            continue;
        }
        struct header_value value = by_path && header->variable != NULL
                                        ? value_by_path(site, header)
                                        : header->values[route->number];
        if (counts(&value, of_program)) {
            is_empty = false;
            add_header(site, header, &value);
        }
    }
    if (is_empty) {
        /* Without one of its own the location would send the server's; this one is never sent. */
        nginx_line(site->nginx, "add_header", "X-None", "\"\"", NULL);
    }
}

static void own_lists_render(struct site *site, const struct route *route, bool of_program)
{
    nginx_at(site->nginx, route->span);
    leave_values(site, route);
    lists_render(site, route, of_program, false);
}

void site_headers_route(struct site *site, const struct route *route)
{
    if (has_own_lists(site, route)) {
        own_lists_render(site, route, false);
    } else if (site_page_is_fresh(site, route)) {
        lists_render(site, route, false, true);
    }
}

void site_headers_program(struct site *site, const struct route *route)
{
    own_lists_render(site, route, true);
}

static bool has_files_own(const struct site *site, const struct route *route)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        if (site->headers.items[i].values[route->number].only_good) {
            return true;
        }
    }
    return false;
}

void site_headers_script(struct site *site, const struct route *route)
{
    if (has_own_lists(site, route)) {
        own_lists_render(site, route, true);
    } else if (has_files_own(site, route)) {
        lists_render(site, route, true, true);
    }
}

void site_headers_of_site(struct site *site)
{
    leave_values(site, &site->routes[0]);
}

/* HTTPS is not announced over plain HTTP, a redirect is not to be kept, and never closed. */
void site_headers_redirect(struct site *site, bool uses_tls)
{
    for (size_t i = 0; i < site->headers.count; i++) {
        const struct site_header *header = &site->headers.items[i];
        const struct header_value *value = &header->values[0];
        bool is_about_tls = header_same(header->name, "Strict-Transport-Security") ||
                            header_same(header->name, "Alt-Svc");
        bool is_retry = value->word != NULL && header_same(header->name, "Retry-After");
        if (is_sent(value) && !value->only_good && (uses_tls || !is_about_tls) && !is_retry) {
            add_header(site, header, value);
        }
    }
}
