/* One path of a site: its rows, and what they mean together. */

#include "schemas/route.h"

#include <string.h>

#include "base/str.h"
#include "model/nginx_syntax.h"
#include "schemas/header.h"

// clang-format off
static const struct field redirect_fields[] = {
    FIELD(struct redirect_spec, to, .is_required = true, .syntax = &syntax_redirect_target,
          .help = "A URL, or a path on the same site."),
    FIELD(struct redirect_spec, status, .fallback = "308", .least = 301, .most = 308,
          .help = "301, 302, 303, 307 or 308. 307 and 308 keep method and body."),
};

static const struct field respond_fields[] = {
    FIELD(struct respond_spec, status, .is_required = true, .least = 200, .most = 599,
          .help = "The status, such as 204; 444 closes the connection without an answer."),
    FIELD(struct respond_spec, body, .syntax = &syntax_response_body,
          .help = "The text of the answer."),
    FIELD(struct respond_spec, type, .syntax = &syntax_media_type, .fallback = "text/plain",
          .help = "Media type of the body."),
};

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
    FIELD(struct path_spec, rate_limit, .object = &rate_limit_schema,
          .help = "Requests that one client address may make here, beside the site's own limits."),
    FIELD(struct path_spec, strip_prefix, .fallback = "false",
          .help = "The program, or the folder, sees the path without this prefix; a program finds "
                  "the prefix in X-Forwarded-Prefix."),
    FIELD(struct path_spec, internal, .fallback = "false",
          .help = "Only the program can lead here, by X-Accel-Redirect; clients get 404."),
};
// clang-format on

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct schema redirect_schema = {
    .name = "redirect",
    .size = sizeof(struct redirect_spec),
    .fields = redirect_fields,
    .field_count = COUNT(redirect_fields),
    .shorthand = "to",
    .help = "Sends clients elsewhere.",
};

const struct schema respond_schema = {
    .name = "respond",
    .size = sizeof(struct respond_spec),
    .fields = respond_fields,
    .field_count = COUNT(respond_fields),
    .shorthand = "status",
    .help = "A fixed answer.",
};

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

/* "paths./api.root" */
static const char *field_below(struct check *check, const char *field, const char *name)
{
    return field[0] == '\0' ? name : arena_printf(check->arena, "%s.%s", field, name);
}

/* ---- Handlers ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum route_handler handler;
} handlers[] = {
    {"proxy", ROUTE_PROXY},
    {"root", ROUTE_ROOT},
    {"redirect", ROUTE_REDIRECT},
    {"respond", ROUTE_RESPOND},
};

static const struct node *written(const struct node *mapping, const char *name)
{
    const struct node *node = node_get(mapping, name);
    return node == NULL || node_is_null(node) ? NULL : node;
}

static void find_handler(struct check *check, struct route_spec *route, const struct node *mapping,
                         const char *field)
{
    const struct node *first = NULL;
    const char *first_name = NULL;
    for (size_t i = 0; i < COUNT(handlers); i++) {
        const struct node *node = written(mapping, handlers[i].name);
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

static void check_redirect(struct check *check, const struct redirect_spec *redirect,
                           const char *field)
{
    int64_t status = redirect->status.number;
    if (redirect->status.node != NULL && status > 303 && status < 307) {
        check_add(check, DIAGNOSTIC_SITE_REDIRECT_STATUS, redirect->status.node,
                  field_below(check, field, "redirect.status"), redirect->status.node->text, NULL);
    }
}

/* nginx takes the text of these for an address. */
static void check_respond(struct check *check, const struct respond_spec *respond,
                          const char *field)
{
    int64_t status = respond->status.number;
    if ((status >= 301 && status <= 303) || status == 307 || status == 308) {
        check_add(check, DIAGNOSTIC_SITE_RESPOND_REDIRECT, respond->object.node,
                  field_below(check, field, "respond"), NULL, NULL);
    }
    bool has_no_body = status == 204 || status == 304 || status == 444;
    if (has_no_body && respond->body.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_RESPOND_BODY, respond->body.node,
                  field_below(check, field, "respond.body"),
                  arena_printf(check->arena, "%lld", (long long)status), NULL);
    }
}

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
    bool serves_files = route->handler == ROUTE_ROOT || route->handler == ROUTE_INHERITED;
    for (size_t i = 0; !serves_files && i < COUNT(rows); i++) {
        if (rows[i].node != NULL) {
            check_add(check, DIAGNOSTIC_SITE_NEEDS_ROOT, rows[i].node,
                      field_below(check, field, rows[i].name), rows[i].name, NULL);
        }
    }
    if (route->spa.is_true && route->try.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, route->try.node, field_below(check, field, "try"),
                  "spa", "try")
            ->second = route->spa.node->span;
    }
}

static void check_headers(struct check *check, const struct text_map *headers, const char *field)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct text_value *name = &headers->items[i].key;
        if (header_rule(name->text) == HEADER_REFUSED) {
            check_add(check, DIAGNOSTIC_SITE_HEADER_REFUSED, name->node,
                      field_below(check, field, "headers"), name->text, NULL);
        }
        for (size_t j = 0; j < i; j++) {
            const struct text_value *earlier = &headers->items[j].key;
            if (header_same(earlier->text, name->text)) {
                check_add(check, DIAGNOSTIC_SITE_HEADER_TWICE, name->node,
                          field_below(check, field, "headers"), name->text, NULL)
                    ->second = earlier->node->span;
            }
        }
    }
}

/* Text that is not whole would take what follows it into its own directive or block. */
static void check_raw(struct check *check, const struct text_value *raw, const char *field)
{
    struct nginx_directives directives;
    size_t line = 0;
    if (raw->text != NULL && !nginx_parse(check->arena, str_of(raw->text), &directives, &line)) {
        check_add(check, DIAGNOSTIC_SITE_RAW_BROKEN, raw->node, field_below(check, field, "raw"),
                  arena_printf(check->arena, "%zu", line), NULL);
    }
}

void route_check(struct check *check, struct route_spec *route, const struct node *mapping,
                 const char *field)
{
    find_handler(check, route, mapping, field);
    check_redirect(check, &route->redirect, field);
    check_respond(check, &route->respond, field);
    check_file_fields(check, route, field);
    check_headers(check, &route->headers, field);
    check_raw(check, &route->raw, field);
}

/* ---- Paths ---------------------------------------------------------------------------------- */

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
                           struct location location, const struct route_spec *site,
                           const char *field)
{
    const struct boolean_value *own = &path->route.deny_dotfiles;
    bool is_denied = own->node != NULL ? own->is_true : site->deny_dotfiles.is_true;
    if (location.match == LOCATION_PREFIX && is_denied && has_dotfile(location.pattern)) {
        check_add(check, DIAGNOSTIC_SITE_DOTFILES, path->object.key, field, location.pattern, NULL);
    }
    if (location.match != LOCATION_PREFIX && own->node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_PREFIX_ONLY, own->node,
                  field_below(check, field, "deny_dotfiles"), "deny_dotfiles", NULL);
    }
}

static void check_prefix_fields(struct check *check, const struct path_spec *path,
                                struct location location, const struct route_spec *site,
                                const char *field)
{
    const struct {
        const char *name;
        const struct boolean_value *value;
    } rows[] = {
        {"strip_prefix", &path->strip_prefix},
        {"spa", &path->route.spa},
    };
    for (size_t i = 0; location.match != LOCATION_PREFIX && i < COUNT(rows); i++) {
        if (rows[i].value->is_true) {
            check_add(check, DIAGNOSTIC_SITE_PREFIX_ONLY, rows[i].value->node,
                      field_below(check, field, rows[i].name), rows[i].name, NULL);
        }
    }
    enum route_handler handler = path->route.handler;
    handler = handler == ROUTE_INHERITED ? site->handler : handler;
    bool has_path = handler == ROUTE_PROXY || handler == ROUTE_ROOT;
    if (path->strip_prefix.is_true && !has_path) {
        check_add(check, DIAGNOSTIC_SITE_STRIP_PREFIX, path->strip_prefix.node,
                  field_below(check, field, "strip_prefix"), NULL, NULL);
    }
}

void path_check(struct check *check, struct path_spec *path, const struct route_spec *site)
{
    const char *key = path->object.key->text;
    const char *field = arena_printf(check->arena, "paths.%s", key);
    struct location location = location_read(key);
    if (location.match == LOCATION_PREFIX && strcmp(location.pattern, "/") == 0) {
        check_add(check, DIAGNOSTIC_SITE_PATH_ROOT, path->object.key, field, NULL, NULL);
    }
    route_check(check, &path->route, path->object.node, field);
    rate_limit_check(check, &path->rate_limit, field_below(check, field, "rate_limit"));
    check_prefix_fields(check, path, location, site, field);
    check_dotfiles(check, path, location, site, field);
}
