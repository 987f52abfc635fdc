/* What all sites share: constant variables, sizes of nginx's tables, and the server that rejects
 * unknown names on each address where a site listens. Called after the sites. */

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "renderers/certificate.h"
#include "renderers/error_page.h"
#include "renderers/site.h"

enum {
    NGINX_REJECT_HANDSHAKE = 1019004,
    /* What nginx's tables hold by default: the longest name, some names, some variables. */
    NAME_LENGTH_USUAL = 46,
    NAME_COUNT_USUAL = 400,
    VARIABLE_COUNT_USUAL = 4,
    TABLE_SIZE_LEAST = 2048,
    TABLE_SPARSENESS = 4,
    CACHE_FOLDER_MODE = 0755,
};

/* Of the server that rejects, where nginx cannot do so without a certificate. */
static const char rejecting_certificate[] = "reconcile-unknown";

struct sites {
    struct listener_list listeners; /* each address once, sorted */
    size_t name_count;
    size_t name_length; /* of the longest */
};

/* ---- Gathering ------------------------------------------------------------------------------ */

static int listener_compare(const void *a, const void *b)
{
    return strcmp(((const struct listener *)a)->full, ((const struct listener *)b)->full);
}

static void count_name(struct sites *sites, const char *name)
{
    size_t length = strlen(name);
    sites->name_count++;
    sites->name_length = length > sites->name_length ? length : sites->name_length;
}

static void count_names(struct sites *sites, const struct site_spec *site)
{
    for (size_t i = 0; i < site->name_count; i++) {
        count_name(sites, site->names[i]);
    }
    for (size_t i = 0; i < site->aliases.count; i++) {
        count_name(sites, site->aliases.items[i].text);
    }
}

static bool is_reported(const struct render *render, enum diagnostic_code code, struct span span)
{
    const struct diagnostic_list *list = render->diagnostics;
    return list->count > 0 && vec_last(list)->code == code &&
           vec_last(list)->span.source == span.source && vec_last(list)->span.first == span.first;
}

/* nginx speaks TLS on an address for all servers or for none; what holds for IPv4 and IPv6 alike is
 * said once. seen: numbers of listeners, from 1, by address. */
static void add_listener(struct render *render, struct sites *sites, struct map *seen,
                         const struct listener *listener)
{
    size_t number = (size_t)(uintptr_t)map_get(seen, listener->full);
    if (number == 0) {
        struct listener *kept = vec_new(render->arena, &sites->listeners);
        *kept = *listener;
        kept->address = arena_strdup(render->arena, listener->address);
        kept->full = arena_strdup(render->arena, listener->full);
        (void)map_put(render->arena, seen, kept->full, (void *)(uintptr_t)sites->listeners.count);
        return;
    }
    struct listener *first = &sites->listeners.items[number - 1];
    first->has_http3 |= listener->has_http3;
    if (first->uses_tls != listener->uses_tls &&
        !is_reported(render, DIAGNOSTIC_SITE_LISTEN_MIXED, listener->span)) {
        diagnostic_add(render->arena, render->diagnostics, DIAGNOSTIC_SITE_LISTEN_MIXED,
                       listener->span, first->full, NULL)
            ->second = first->span;
    }
}

static struct sites gather(struct render *render)
{
    struct sites sites = {0};
    struct map seen = {0};
    for (size_t i = 0; i < render->documents->documents.count; i++) {
        const struct document *document = render->documents->documents.items[i];
        if (strcmp(document->kind_name, "site") != 0) {
            continue;
        }
        if (site_is_stream(document->spec)) {
            continue;
        }
        count_names(&sites, document->spec);
        struct arena_mark mark = arena_mark(render->scratch);
        struct listener_list listeners = {0};
        listeners_of(render->scratch, render->facts, render->layout, document, true, &listeners);
        listeners_of(render->scratch, render->facts, render->layout, document, false, &listeners);
        for (size_t j = 0; j < listeners.count; j++) {
            add_listener(render, &sites, &seen, &listeners.items[j]);
        }
        arena_rewind(render->scratch, mark);
    }
    if (sites.listeners.count > 1) {
        qsort(sites.listeners.items, sites.listeners.count, sizeof(*sites.listeners.items),
              listener_compare);
    }
    return sites;
}

/* ---- Variables ------------------------------------------------------------------------------ */

static void map_render(struct nginx_text *nginx, const char *from, const char *to,
                       const char *const (*rows)[2])
{
    nginx_table(nginx, "map", from, to);
    for (size_t i = 0; rows[i][0] != NULL; i++) {
        nginx_line(nginx, rows[i][0], rows[i][1], NULL);
    }
    nginx_block_end(nginx);
}

static void variables_render(struct nginx_text *nginx)
{
    static const char *const upgrade[][2] = {
        {"default", "\"\""}, {"~*^websocket$", "websocket"}, {NULL, NULL}};
    static const char *const connection[][2] = {
        {"default", "upgrade"}, {"\"\"", "close"}, {NULL, NULL}};
    static const char *const connection_kept[][2] = {
        {"default", "upgrade"}, {"\"\"", "\"\""}, {NULL, NULL}};
    static const char *const port[][2] = {
        {"default", ":$server_port"}, {"80", "\"\""}, {"443", "\"\""}, {NULL, NULL}};
    static const char *const referrer[][2] = {{"default", "$upstream_http_referrer_policy"},
                                              {"\"\"", "strict-origin-when-cross-origin"},
                                              {NULL, NULL}};
    static const char *const frame[][2] = {
        {"default", "$upstream_http_x_frame_options"}, {"\"\"", "SAMEORIGIN"}, {NULL, NULL}};

    nginx_comment(nginx, "a dollar sign, which cannot be written otherwise");
    nginx_begin(nginx, "geo");
    nginx_word(nginx, "$" NGINX_DOLLAR);
    nginx_block(nginx);
    nginx_line(nginx, "default", "\"$\"", NULL);
    nginx_block_end(nginx);
    nginx_comment(nginx, "only websockets are let through, no other protocol");
    map_render(nginx, "$http_upgrade", "$rc_upgrade", upgrade);
    map_render(nginx, "$rc_upgrade", "$rc_connection", connection);
    map_render(nginx, "$rc_upgrade", "$rc_connection_kept", connection_kept);
    nginx_comment(nginx, "behind a host name, unless it is the usual one");
    map_render(nginx, "$server_port", "$rc_port", port);
    nginx_comment(nginx, "a program's own choice is kept");
    map_render(nginx, "$upstream_http_referrer_policy", "$rc_referrer_policy", referrer);
    map_render(nginx, "$upstream_http_x_frame_options", "$rc_x_frame_options", frame);
}

/* Tables are sized only where the usual size is not enough, since the main configuration may have a
 * size of its own, and nginx takes each only once. */
static void table_render(struct nginx_text *nginx, const char *directive, size_t count)
{
    size_t size = TABLE_SIZE_LEAST;
    while (size < TABLE_SPARSENESS * count) {
        size *= 2;
    }
    nginx_begin(nginx, directive);
    nginx_number(nginx, size, "");
    nginx_end(nginx);
}

void nginx_variables_render(struct nginx_text *nginx, size_t count)
{
    if (count > VARIABLE_COUNT_USUAL) {
        nginx_line(nginx, "variables_hash_bucket_size", "128", NULL);
        table_render(nginx, "variables_hash_max_size", count);
    }
}

static void tables_render(struct render *render, struct nginx_text *nginx,
                          const struct sites *sites)
{
    if (sites->name_length > NAME_LENGTH_USUAL) {
        nginx_line(nginx, "server_names_hash_bucket_size", "512", NULL);
    }
    if (sites->name_count > NAME_COUNT_USUAL) {
        table_render(nginx, "server_names_hash_max_size", sites->name_count);
    }
    nginx_variables_render(nginx, render->uses->http_variables);
}

/* ---- The rejecting server ------------------------------------------------------------------- */

/* Where others claim default_server for an address, in the list of the facts ("ADDRESS=PLACE ...");
 * "" when the place is not known, NULL when nobody does. */
static const char *find_foreign(const struct render *render, const char *address)
{
    size_t length = strlen(address);
    const char *list = render->facts->foreign_default_servers;
    for (const char *at = list == NULL ? "" : list; *at != '\0'; at += strspn(at, " ")) {
        size_t end = strcspn(at, " ");
        if (strncmp(at, address, length) == 0 && (end == length || at[length] == '=')) {
            return end == length ? ""
                                 : arena_strndup(render->arena, at + length + 1, end - length - 1);
        }
        at += end;
    }
    return NULL;
}

/* The listeners of one sort on which nobody else is the default. */
static struct listener_list own_listeners(const struct render *render, const struct sites *sites,
                                          bool uses_tls)
{
    struct listener_list own = {0};
    for (size_t i = 0; i < sites->listeners.count; i++) {
        const struct listener *listener = &sites->listeners.items[i];
        if (listener->uses_tls == uses_tls && find_foreign(render, listener->full) == NULL) {
            vec_add(render->arena, &own, *listener);
        }
    }
    return own;
}

/* "/etc/nginx/x:3" without its line; "" stays so. */
static struct str file_of(const char *place)
{
    const char *colon = strrchr(place, ':');
    return (struct str){place, colon == NULL ? strlen(place) : (size_t)(colon - place)};
}

/* One warning for each file, with its first line and all addresses that it takes. */
static void warn_of_foreign(struct render *render, const struct sites *sites)
{
    struct map told = {0};
    for (size_t i = 0; i < sites->listeners.count; i++) {
        const char *place = find_foreign(render, sites->listeners.items[i].full);
        const struct str file = file_of(place == NULL ? "" : place);
        const char *key = arena_strndup(render->arena, file.data, file.length);
        if (place == NULL || map_has(&told, key)) {
            continue;
        }
        (void)map_put(render->arena, &told, key, NULL);
        struct text addresses = text_make(render->arena);
        for (size_t j = i; j < sites->listeners.count; j++) {
            const char *address = sites->listeners.items[j].full;
            const char *other = find_foreign(render, address);
            if (other != NULL && str_equal(file_of(other), file)) {
                text_addf(&addresses, "%s%s", addresses.length == 0 ? "" : ", ", address);
            }
        }
        const char *who = place[0] == '\0' ? "other nginx configuration" : place;
        (void)diagnostic_add(render->arena, render->diagnostics, DIAGNOSTIC_SITE_FOREIGN_DEFAULT,
                             SPAN_NONE, who, addresses.data, NULL);
    }
}

static void begin_rejecting(struct render *render, struct nginx_text *nginx,
                            const struct listener_list *listeners)
{
    nginx_gap(nginx);
    nginx_begin(nginx, "server");
    nginx_block(nginx);
    for (size_t i = 0; i < listeners->count; i++) {
        listener_render(nginx, render->facts, &listeners->items[i], false, true);
    }
    nginx_at(nginx, SPAN_NONE);
    /* A name of its own: a second server of the same name would be a warning. */
    nginx_line(nginx, "server_name", "reconcile-unknown.invalid", NULL);
    nginx_line(nginx, "server_tokens", "off", NULL);
}

/* Before 1.19.4 a handshake cannot be refused: it is made with a certificate for nobody. */
static void handshake_render(struct render *render, struct nginx_text *nginx)
{
    if (render->facts->nginx_version >= NGINX_REJECT_HANDSHAKE) {
        nginx_line(nginx, "ssl_reject_handshake", "on", NULL);
        return;
    }
    static const char *const names[] = {"unknown.invalid"};
    const struct certificate_item *pair = certificate_item_add(
        render,
        &(const struct certificate_wish){
            .name = rejecting_certificate, .names = names, .name_count = 1, .issuer = "internal"});
    nginx_begin(nginx, "ssl_certificate");
    nginx_value(nginx, NGINX_STATIC,
                arena_printf(render->arena, "%s/fullchain.pem", pair->directory));
    nginx_end(nginx);
    nginx_begin(nginx, "ssl_certificate_key");
    nginx_value(nginx, NGINX_STATIC, arena_printf(render->arena, "%s/key.pem", pair->directory));
    nginx_end(nginx);
}

/* Names that no site has may have a certificate all the same, which has to be proven. */
static void reject_plain_render(struct render *render, struct nginx_text *nginx)
{
    acme_location_begin(nginx);
    acme_location_end(nginx, render->layout);
    nginx_begin(nginx, "location");
    nginx_word(nginx, "/");
    nginx_block(nginx);
    nginx_line(nginx, "return", "444", NULL);
    nginx_block_end(nginx);
}

/* nginx takes protocols and sessions of an address from this server too. */
static void rejecting_render(struct render *render, struct nginx_text *nginx,
                             const struct sites *sites, bool uses_tls)
{
    struct listener_list listeners = own_listeners(render, sites, uses_tls);
    if (listeners.count == 0) {
        return;
    }
    begin_rejecting(render, nginx, &listeners);
    if (uses_tls) {
        handshake_render(render, nginx);
        tls_settings_render(nginx, render->facts, TLS_SESSIONS);
    }
    if (uses_tls) {
        nginx_line(nginx, "return", "444", NULL);
    } else {
        reject_plain_render(render, nginx);
    }
    nginx_block_end(nginx);
}

/* nginx makes the folders in it, and gives them to its workers. */
static void cache_folder_add(struct render *render)
{
    struct directory_item *directory = arena_new(render->arena, struct directory_item);
    directory->mode = CACHE_FOLDER_MODE;
    (void)item_add(render->arena, render->items, ITEM_DIRECTORY,
                   cache_folder(render->arena, render->layout), NULL, SPAN_NONE, directory);
}

void render_uses_add(struct render_uses *uses, const struct render_uses *more)
{
    uses->error_pages |= more->error_pages;
    uses->json_log |= more->json_log;
    uses->pages |= more->pages;
    uses->response_cache |= more->response_cache;
    uses->stream_log |= more->stream_log;
    uses->stream_json_log |= more->stream_json_log;
    uses->http_variables += more->http_variables;
    uses->stream_variables += more->stream_variables;
}

void nginx_shared_render(struct render *render)
{
    struct sites sites = gather(render);
    struct nginx_text *nginx = nginx_text_make(render->arena, render->scratch);
    nginx_comment(nginx, "Written by reconcile for all sites: what is changed here is put back.");
    variables_render(nginx);
    if (render->uses->json_log) {
        log_format_render(nginx);
    }
    if (render->uses->pages) {
        site_pages_http(nginx);
    }
    if (render->uses->error_pages) {
        error_pages_render(render, nginx);
    }
    tables_render(render, nginx, &sites);
    warn_of_foreign(render, &sites);
    if (render->uses->response_cache) {
        cache_folder_add(render);
    }
    rejecting_render(render, nginx, &sites, false);
    rejecting_render(render, nginx, &sites, true);
    vec_add(render->arena, render->nginx,
            (struct tree_member){
                .path = "http/00-shared.conf",
                .text = nginx_text_finish(nginx),
            });
    nginx_streams_render(render, &sites.listeners);
}
