/* One path of a site: its rows, and what they mean together. */

#include "schemas/route.h"

#include <string.h>

#include "base/str.h"
#include "model/nginx_syntax.h"
#include "schemas/header.h"

// clang-format off
static const struct field cache_fields[] = {
    FIELD(struct cache_spec, age, .is_required = true,
          .help = "For how long an answer may be kept; 0: it has to be asked for each time."),
    FIELD(struct cache_spec, immutable, .fallback = "false",
          .help = "The content under a name never changes, so that browsers do not even ask."),
};

static const struct field rate_limit_fields[] = {
    FIELD(struct rate_limit_spec, rate, .is_required = true,
          .help = "Requests that one client address may make, such as 10/s; more are answered with "
                  "429."),
    FIELD(struct rate_limit_spec, burst, .least = 1, .most = 1000000,
          .fallback_note = "twice the rate's count",
          .help = "Requests beyond the rate that are let through at once."),
};

#define ROUTE_OWNER                    struct path_spec
#define ROUTE_DEFAULT(fallback_)       .fallback_note = "the site's",
#define ROUTE_FILES_DEFAULT(fallback_) .fallback_note = "the site's, where the site answers",
static const struct field path_fields[] = {
#include "schemas/route_fields.def"
    FIELD(struct path_spec, paths, .shape = SHAPE_MAP, .object = &path_schema,
          .key_syntax = &syntax_location, .count_most = 200,
          .help = PATHS_HELP),
    FIELD(struct path_spec, rate_limit, .object = &rate_limit_schema,
          .help = "Requests that one client address may make here, beside the site's own limits."),
    FIELD(struct path_spec, strip_prefix, .syntax = &syntax_strip_prefix, .fallback = "false",
          .help = "true: the program, or the folder, sees the path without this prefix. A part of it, "
                  "up to a slash, is taken off alone: with /app a program is asked for /api/ of "
                  "/app/api/. Programs find what was taken off in X-Forwarded-Prefix.",
          .example = "strip_prefix: /app"),
    FIELD(struct path_spec, log, .syntax = &syntax_path_log, .fallback_note = "the site's",
          .help = "false or off: requests are not written down, but for those that end on an error "
                  "page, nor are files that are not there.",
          .example = "log: off"),
    FIELD(struct path_spec, internal, .fallback = "false",
          .help = "Only the program can lead here, by X-Accel-Redirect; clients get 404."),
    FIELD(struct path_spec, probe, .object = &probe_schema,
          .help = "Asks this path after each change, as the site's probe does.",
          .example = "probe: { path: /api/health, contains: ok }"),
};

/* The shared rows once more, counted from the route itself. */
struct route_holder {
    struct route_spec route;
};
#undef ROUTE_OWNER
#define ROUTE_OWNER struct route_holder
static const struct field route_rows[] = {
#include "schemas/route_fields.def"
};
// clang-format on

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct schema cache_schema = {
    .name = "cache",
    .size = sizeof(struct cache_spec),
    .fields = cache_fields,
    .field_count = COUNT(cache_fields),
    .shorthand = "age",
    .help = "How long answers may be kept.",
};

const struct schema rate_limit_schema = {
    .name = "rate_limit",
    .size = sizeof(struct rate_limit_spec),
    .fields = rate_limit_fields,
    .field_count = COUNT(rate_limit_fields),
    .shorthand = "rate",
    .help = "How many requests one client address may make.",
};

const struct schema path_schema = {
    .name = "site.paths",
    .size = sizeof(struct path_spec),
    .fields = path_fields,
    .field_count = COUNT(path_fields),
    .help = "One path of a site. nginx takes the exact path if there is one, else the first "
            "regular expression that matches, else the longest prefix.",
};

/* ---- Handlers ------------------------------------------------------------------------------- */

// clang-format off
static const struct {
    const char *name;
    enum route_handler handler;
    bool has_pool, speaks_tls;
    size_t spec; /* where the route points to what begins with the programs behind it */
} handlers[] = {
    {"proxy",        ROUTE_PROXY,    true,  true,  offsetof(struct route_spec, proxy)},
    {"grpc",         ROUTE_GRPC,     true,  true,  offsetof(struct route_spec, grpc)},
    {"fastcgi",      ROUTE_FASTCGI,  true,  false, offsetof(struct route_spec, fastcgi)},
    {"uwsgi",        ROUTE_UWSGI,    true,  false, offsetof(struct route_spec, uwsgi)},
    {"php",          ROUTE_PHP,      true,  false, offsetof(struct route_spec, php)},
    {"root",         ROUTE_ROOT,     false, false, 0},
    {"redirect",     ROUTE_REDIRECT, false, false, 0},
    {"respond",      ROUTE_RESPOND,  false, false, 0},
    {"nginx_status", ROUTE_STATUS,   false, false, 0},
};
// clang-format on
_Static_assert(offsetof(struct proxy_spec, pool) == 0 && offsetof(struct fastcgi_spec, pool) == 0 &&
                   offsetof(struct uwsgi_spec, pool) == 0 && offsetof(struct php_spec, pool) == 0,
               "what handlers point to begins with a pool");

const struct pool_spec *route_pool(const struct route_spec *route)
{
    for (size_t i = 0; i < COUNT(handlers); i++) {
        if (handlers[i].handler == route->handler && handlers[i].has_pool) {
            const void *spec = NULL;
            memcpy(&spec, (const char *)route + handlers[i].spec, sizeof(spec));
            return spec;
        }
    }
    return NULL;
}

const struct proxy_spec *route_proxy(const struct route_spec *route)
{
    switch (route->handler) {
    case ROUTE_PROXY:
        return route->proxy;
    case ROUTE_GRPC:
        return route->grpc;
    default:
        return NULL;
    }
}

void route_inherit(struct route_spec *route, const struct route_spec *around)
{
    bool has_handler = route->handler != ROUTE_INHERITED;
    bool has_access = route->allow.node != NULL || route->deny.node != NULL;
    struct route_spec own = *route;
    for (size_t i = 0; i < COUNT(route_rows); i++) {
        const struct field *row = &route_rows[i];
        bool is_kept = field_origin(row, route) != NULL || row->inheritance == FIELD_OWN ||
                       (has_handler && row->inheritance == FIELD_INHERITED_WITH_HANDLER);
        if (!is_kept) {
            memcpy((char *)route + row->offset, (const char *)around + row->offset, row->size);
        }
    }
    if (has_access) { /* they are one rule */
        route->allow = own.allow;
        route->deny = own.deny;
    }
    if (!has_handler) {
        route->handler = around->handler;
    }
}

static const struct node *written(const struct node *mapping, const char *name)
{
    const struct node *node = node_get(mapping, name);
    return node == NULL || node_is_null(node) ? NULL : node;
}

static void check_pools(struct check *check, const struct route_spec *route, const char *field)
{
    for (size_t i = 0; i < COUNT(handlers); i++) {
        if (handlers[i].has_pool && handlers[i].handler == route->handler) {
            pool_check(check, route_pool(route), handlers[i].speaks_tls,
                       field_below(check, field, handlers[i].name));
        }
    }
}

/* "nginx_status: false" says that it is none. */
static bool is_switched_off(const struct route_spec *route, enum route_handler handler)
{
    return handler == ROUTE_STATUS && !route->nginx_status.is_true;
}

static void find_handler(struct check *check, struct route_spec *route, const struct node *mapping,
                         const char *field)
{
    const struct node *first = NULL;
    const char *first_name = NULL;
    for (size_t i = 0; i < COUNT(handlers); i++) {
        const struct node *node = written(mapping, handlers[i].name);
        if (is_switched_off(route, handlers[i].handler)) {
            continue;
        }
        if (node != NULL && first == NULL) {
            first = node;
            first_name = handlers[i].name;
            route->handler = handlers[i].handler;
        } else if (node != NULL) {
            check_add(check, DIAGNOSTIC_SITE_EXCLUDE, node,
                      field_below(check, field, handlers[i].name), first_name, handlers[i].name)
                ->second = first->span;
        }
    }
}

/* ---- Fields that need each other ------------------------------------------------------------ */

/* Fields that say how files are found, beside a handler that serves none. */
static void check_file_fields(struct check *check, const struct route_spec *route,
                              const char *field)
{
    const struct {
        const char *name;
        const struct node *node;
    } rows[] = {
        {"index", route->index.node},
        {"autoindex", route->autoindex.node},
        {"spa", route->spa.node},
        {"try", route->try.node},
    };
    bool serves_files = route->handler == ROUTE_ROOT || route->handler == ROUTE_PHP ||
                        route->handler == ROUTE_INHERITED;
    for (size_t i = 0; !serves_files && i < COUNT(rows); i++) {
        bool is_of_files = rows[i].node == route->try.node && route->files.node != NULL;
        if (rows[i].node != NULL && !is_of_files) {
            check_add(check, DIAGNOSTIC_SITE_NEEDS_ROOT, rows[i].node,
                      field_below(check, field, rows[i].name), rows[i].name, NULL);
        }
    }
    if (route->handler == ROUTE_PHP && route->spa.is_true) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, route->spa.node, field_below(check, field, "spa"),
                  "php", "spa")
            ->second = route->php->pool.object.node->span;
    }
    if (route->spa.is_true && route->try.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, route->try.node, field_below(check, field, "try"),
                  "spa", "try")
            ->second = route->spa.node->span;
    }
}

/* The first of try's steps that ends the search; NULL: what is looked for has no end of its own. */
static const struct text_value *try_end(const struct route_spec *route)
{
    for (size_t i = 0; i < route->try.count; i++) {
        if (route->try.items[i].text[0] != '$') {
            return &route->try.items[i];
        }
    }
    return NULL;
}

/* What is done where no file is found: own is what the route says itself, now with what it has from
 * the one around it. */
static void check_missing(struct check *check, const struct route_spec *own,
                          const struct route_spec *now, const char *field)
{
    const struct text_value *end = try_end(now);
    bool has_program = route_pool(now) != NULL && now->handler != ROUTE_PHP;
    if (own->files.node != NULL && !has_program) {
        check_add(check, DIAGNOSTIC_SITE_NEEDS_PROGRAM, own->files.node,
                  field_below(check, field, "files"), "files", NULL);
    }
    if (own->rewrite_missing.node != NULL && now->handler != ROUTE_ROOT) {
        check_add(check, DIAGNOSTIC_SITE_NEEDS_ROOT, own->rewrite_missing.node,
                  field_below(check, field, "rewrite_missing"), "rewrite_missing", NULL);
    }
    if (own->rewrite_missing.node != NULL && now->spa.is_true) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, own->rewrite_missing.node,
                  field_below(check, field, "rewrite_missing"), "spa", "rewrite_missing");
    }
    bool has_other_end = now->files.node != NULL || now->rewrite_missing.count > 0;
    if (end != NULL && has_other_end) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, end->node, field_below(check, field, "try"),
                  now->files.node != NULL ? "files" : "rewrite_missing", end->text);
    }
}

static void check_headers(struct check *check, const struct text_map *headers, const char *field,
                          const char *name)
{
    bool is_request = strcmp(name, "request_headers") == 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct text_value *key = &headers->items[i].key;
        bool is_refused = is_request ? header_is_connections(key->text)
                                     : header_rule(key->text) == HEADER_REFUSED;
        if (is_refused) {
            check_add(check, DIAGNOSTIC_SITE_HEADER_REFUSED, key->node,
                      field_below(check, field, name), key->text, NULL);
        }
        for (size_t j = 0; j < i; j++) {
            const struct text_value *earlier = &headers->items[j].key;
            if (header_same(earlier->text, key->text)) {
                check_add(check, DIAGNOSTIC_SITE_HEADER_TWICE, key->node,
                          field_below(check, field, name), key->text, NULL)
                    ->second = earlier->node->span;
            }
        }
    }
    template_check_values(check, headers, field_below(check, field, name));
}

/* What programs are told. */
static void check_params(struct check *check, const struct route_spec *route, const char *field)
{
    template_check_values(check, &route->fastcgi->params,
                          field_below(check, field, "fastcgi.params"));
    template_check_values(check, &route->uwsgi->params, field_below(check, field, "uwsgi.params"));
    template_check_values(check, &route->php->params, field_below(check, field, "php.params"));
}

static void check_rewrite(struct check *check, const struct text_map *rewrite, const char *field)
{
    for (size_t i = 0; i < rewrite->count; i++) {
        template_check(check, &rewrite->items[i].value, rewrite->items[i].key.text, true, field);
    }
}

/* Text that is not whole would take what follows it into its own directive or block. */
void raw_check(struct check *check, const struct text_value *raw, const char *field)
{
    struct nginx_directives directives;
    size_t line = 0;
    if (raw->text != NULL && !nginx_parse(check->arena, str_of(raw->text), &directives, &line)) {
        check_add(check, DIAGNOSTIC_SITE_RAW_BROKEN, raw->node, field,
                  arena_printf(check->arena, "%zu", line), NULL);
    }
}

/* nginx keeps only what it takes in whole. */
static void check_cache(struct check *check, const struct route_spec *route, const char *field)
{
    const struct response_cache_spec *cache = route->response_cache;
    if (cache->object.node != NULL && cache->on.is_true && route->buffering.node != NULL &&
        !route->buffering.is_true) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, cache->object.node,
                  field_below(check, field, "response_cache"), "buffering: false", "response_cache")
            ->second = route->buffering.node->span;
    }
}

void route_missing_check(struct check *check, const struct route_spec *route)
{
    check_missing(check, route, route, "");
}

void route_check(struct check *check, struct route_spec *route, const struct node *mapping,
                 const char *regex, const char *field)
{
    find_handler(check, route, mapping, field);
    route->php = php_check(check, route->php, field_below(check, field, "php"));
    check_pools(check, route, field);
    redirect_check(check, &route->redirect, regex, field_below(check, field, "redirect"));
    respond_check(check, &route->respond, field_below(check, field, "respond"));
    cors_check(check, route->cors, field_below(check, field, "cors"));
    when_check(check, &route->when, field_below(check, field, "when"));
    check_file_fields(check, route, field);
    error_pages_check(check, &route->error_pages, field_below(check, field, "error_pages"));
    cookies_check(check, route->cookies, field_below(check, field, "cookies"));
    check_cache(check, route, field);
    auth_check(check, route->auth, field_below(check, field, "auth"));
    maintenance_check(check, route->maintenance, field_below(check, field, "maintenance"));
    mime_check(check, &route->mime, field_below(check, field, "mime"));
    check_headers(check, &route->headers, field, "headers");
    check_headers(check, &route->request_headers, field, "request_headers");
    check_params(check, route, field);
    check_rewrite(check, &route->rewrite, field_below(check, field, "rewrite"));
    check_rewrite(check, &route->rewrite_missing, field_below(check, field, "rewrite_missing"));
    raw_check(check, &route->raw, field_below(check, field, "raw"));
}

/* ---- Paths ---------------------------------------------------------------------------------- */

bool path_log_is_off(const struct path_spec *path)
{
    return path->log.text != NULL && strcmp(path->log.text, "true") != 0;
}

/* nginx counts requests per second or per minute, in whole numbers. */
void rate_limit_check(struct check *check, const struct rate_limit_spec *limit, const char *field)
{
    if (limit->rate.per_seconds == 3600 && limit->rate.count % 60 != 0) {
        check_add(check, DIAGNOSTIC_SITE_RATE, limit->rate.node, field, limit->rate.node->text,
                  NULL);
    }
}

/* A part of the path begins with a dot, and it is not /.well-known/. */
static bool has_dotfile(const char *path)
{
    for (const char *at = strstr(path, "/."); at != NULL; at = strstr(at + 1, "/.")) {
        if (!text_starts_with(at, "/.well-known/")) {
            return true;
        }
    }
    return false;
}

static void check_dotfiles(struct check *check, const struct path_spec *path,
                           struct location location, const struct route_spec *now,
                           const char *field)
{
    const struct boolean_value *own = &path->route.deny_dotfiles;
    if (location.match == LOCATION_PREFIX && now->deny_dotfiles.is_true &&
        has_dotfile(location.pattern)) {
        check_add(check, DIAGNOSTIC_SITE_DOTFILES, path->object.key, field, location.pattern, NULL);
    }
    if (location.match != LOCATION_PREFIX && own->node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_PREFIX_ONLY, own->node,
                  field_below(check, field, "deny_dotfiles"), "deny_dotfiles", NULL);
    }
}

static const char *with_slash(struct arena *arena, const char *path)
{
    return text_ends_with(path, "/") ? path : arena_printf(arena, "%s/", path);
}

static bool path_strips(const struct path_spec *path)
{
    return strcmp(path->strip_prefix.text, "false") != 0;
}

/* What is taken off is the whole path, or its beginning up to one of its slashes. */
static void find_stripped(struct check *check, struct path_spec *path, struct location location,
                          const char *field)
{
    const char *text = path->strip_prefix.text;
    if (!path_strips(path) || location.match != LOCATION_PREFIX) {
        return;
    }
    const char *pattern = with_slash(check->arena, location.pattern);
    path->stripped = strcmp(text, "true") == 0 ? pattern : with_slash(check->arena, text);
    if (!text_starts_with(pattern, path->stripped)) {
        check_add(check, DIAGNOSTIC_SITE_STRIP_OUTSIDE, path->strip_prefix.node,
                  field_below(check, field, "strip_prefix"), text, location.pattern);
    }
}

static void check_prefix_fields(struct check *check, const struct path_spec *path,
                                struct location location, const struct route_spec *now,
                                const char *field)
{
    const struct {
        const char *name;
        const struct node *node;
        bool is_set;
    } rows[] = {
        {"strip_prefix", path->strip_prefix.node, path_strips(path)},
        {"spa", path->route.spa.node, path->route.spa.is_true},
        {"paths", path->paths.node, path->paths.count > 0},
        {"php", path->route.php->pool.object.node, path->route.handler == ROUTE_PHP},
    };
    for (size_t i = 0; location.match != LOCATION_PREFIX && i < COUNT(rows); i++) {
        if (rows[i].is_set) {
            check_add(check, DIAGNOSTIC_SITE_PREFIX_ONLY, rows[i].node,
                      field_below(check, field, rows[i].name), rows[i].name, NULL);
        }
    }
    if (path_strips(path) && now->handler == ROUTE_PHP) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, path->strip_prefix.node,
                  field_below(check, field, "strip_prefix"), "php", "strip_prefix")
            ->second = now->php->pool.object.node->span;
    }
    bool has_path = now->handler != ROUTE_REDIRECT && now->handler != ROUTE_RESPOND &&
                    now->handler != ROUTE_STATUS;
    if (path_strips(path) && !has_path) {
        check_add(check, DIAGNOSTIC_SITE_STRIP_PREFIX, path->strip_prefix.node,
                  field_below(check, field, "strip_prefix"), NULL, NULL);
    }
}

static void path_check(struct check *check, struct path_spec *path, const struct route_spec *around,
                       const char *outside, const char *paths)
{
    const struct node *key = path->object.key;
    const char *field = field_below(check, paths, key->text);
    struct location location = location_read(key->text);
    bool is_prefix = location.match == LOCATION_PREFIX;
    bool is_fixed = is_prefix || location.match == LOCATION_EXACT;
    if (is_prefix && strcmp(location.pattern, "/") == 0) {
        check_add(check, DIAGNOSTIC_SITE_PATH_ROOT, key, field, NULL, NULL);
    } else if (is_fixed && !text_starts_with(location.pattern, outside)) {
        check_add(check, DIAGNOSTIC_SITE_PATH_OUTSIDE, key, field, location.pattern, outside);
    }
    route_check(check, &path->route, path->object.node, is_fixed ? NULL : location.pattern, field);
    rate_limit_check(check, &path->rate_limit, field_below(check, field, "rate_limit"));
    struct route_spec now = path->route;
    route_inherit(&now, around);
    find_stripped(check, path, location, field);
    check_prefix_fields(check, path, location, &now, field);
    check_missing(check, &path->route, &now, field);
    if (path_strips(path) && now.files.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, path->strip_prefix.node,
                  field_below(check, field, "strip_prefix"), "files", "strip_prefix");
    }
    check_dotfiles(check, path, location, &now, field);
    paths_check(check, &path->paths, &now, is_prefix ? location.pattern : "",
                field_below(check, field, "paths"));
}

/* Two spellings of the same location, such as "= /a" and "=/a". */
static bool location_same(const char *key, const char *other)
{
    struct location a = location_read(key);
    struct location b = location_read(other);
    return a.match == b.match && strcmp(a.pattern, b.pattern) == 0;
}

void locations_check(struct check *check, const struct object_list *list, size_t size,
                     const char *field)
{
    const char *items = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *key = ((const struct object *)(const void *)(items + i * size))->key;
        for (size_t j = 0; key != NULL && j < i; j++) {
            const struct object *earlier = (const void *)(items + j * size);
            if (earlier->key != NULL && location_same(earlier->key->text, key->text)) {
                check_add(check, DIAGNOSTIC_SITE_PATH_TWICE, key, field, earlier->key->text,
                          key->text)
                    ->second = earlier->key->span;
            }
        }
    }
}

void paths_check(struct check *check, const struct object_list *paths,
                 const struct route_spec *around, const char *outside, const char *field)
{
    struct path_spec *items = paths->items;
    for (size_t i = 0; i < paths->count; i++) {
        path_check(check, &items[i], around, outside, field);
    }
    locations_check(check, paths, sizeof(*items), field);
}
