#include "core/import_path.h"

#include "base/text.h"
#include "core/import_site.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- Fields --------------------------------------------------------------------------------- */

/* How a field takes back what the one around it says; NULL: it never does. In the order in which
 * they are written. */
// clang-format off
static const struct {
    const char *name;
    const char *usual; /* of a site with that profile */
    bool is_map;       /* what is around it holds for keys that it does not have */
    bool is_programs;  /* it means nothing where no program answers */
} fields[] = {
    {"timeout",          "1m",    false, true},
    {"buffering",        "true",  false, true},
    {"request_headers",  NULL,    true,  true},
    {"hide_headers",     NULL,    false, true},
    {"response_cache",   "false", false, true},
    {"cookies",          NULL,    false, true},
    {"redirects",        NULL,    false, true},
    {"intercept_errors", "false", false, true},
    {"error_pages",      NULL,    true,  false},
    {"headers",          NULL,    true,  false},
    {"cache",            NULL,    false, false},
    {"charset",          "off",   false, false},
    {"compress",         "true",  false, false},
    {"body_max",         "1m",    false, false},
    {"connection_limit", NULL,    false, false},
    {"auth",             "false", false, false},
    {"allow",            NULL,    false, false},
    {"deny",             NULL,    false, false},
};
// clang-format on

static bool is_usual(const struct import_yaml *value, const char *usual)
{
    return value == NULL ||
           (usual != NULL && value->type == IMPORT_TEXT && strcmp(value->text, usual) == 0);
}

/* The key's value where the map around has it and this one does not. */
static struct import_yaml *taken_back(struct arena *arena, const char *field)
{
    if (strcmp(field, "headers") == 0) {
        return import_null(arena);
    }
    return import_text(arena, strcmp(field, "error_pages") == 0 ? "false" : "");
}

/* Of error pages: one of the key's statuses has a page of its own under another key. */
static bool says_status(const struct import_yaml *value, const char *field, const char *key)
{
    enum { DIGITS = 3 };
    bool says = false;
    for (size_t i = 0; value != NULL && i < value->entries.count; i++) {
        const char *other = value->entries.items[i].key;
        for (size_t at = 0; strcmp(field, "error_pages") == 0 && at + DIGITS <= strlen(key);
             at += DIGITS + 1) {
            char status[DIGITS + 1] = {key[at], key[at + 1], key[at + 2], '\0'};
            says |= strstr(other, status) != NULL;
        }
    }
    return says;
}

static struct import_yaml *map_beside(struct arena *arena, const char *field,
                                      const struct import_yaml *value,
                                      const struct import_yaml *around)
{
    struct import_yaml *map = import_map(arena);
    for (size_t i = 0; value != NULL && i < value->entries.count; i++) {
        const struct import_entry *entry = &value->entries.items[i];
        if (!import_same(entry->value, import_get(around, entry->key))) {
            import_put(arena, map, entry->key, entry->value);
        }
    }
    for (size_t i = 0; around != NULL && i < around->entries.count; i++) {
        const char *key = around->entries.items[i].key;
        if (import_get(value, key) == NULL && !says_status(value, field, key)) {
            import_put(arena, map, key, taken_back(arena, field));
        }
    }
    return map;
}

static bool has_program(const struct import_yaml *handler)
{
    static const char *const programs[] = {"proxy", "grpc", "fastcgi", "uwsgi"};
    for (size_t i = 0; i < COUNT(programs); i++) {
        if (import_get(handler, programs[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* The fields that paths inside have without saying so: what was left out here is that of around. */
struct import_yaml *import_given(struct arena *arena, const struct import_yaml *own,
                                 const struct import_yaml *around,
                                 const struct import_yaml *handler)
{
    struct import_yaml *given = import_map(arena);
    for (size_t i = 0; i < COUNT(fields); i++) {
        bool is_own = !fields[i].is_programs || has_program(handler);
        struct import_yaml *value = import_get(is_own ? own : around, fields[i].name);
        if (value != NULL) {
            import_put(arena, given, fields[i].name, value);
        }
    }
    bool has_files = import_get(handler, "root") != NULL;
    struct import_yaml *type = import_get(has_files ? own : around, "default_type");
    if (type != NULL) {
        import_put(arena, given, "default_type", type);
    }
    return given;
}

static void put_absent(struct arena *arena, const char *field, const char *usual,
                       struct import_yaml *out)
{
    if (usual != NULL) {
        import_put_text(arena, out, field, usual);
    } else if (strcmp(field, "hide_headers") == 0) {
        import_put(arena, out, field, import_list(arena));
    } else if (strcmp(field, "redirects") == 0 || strcmp(field, "cookies") == 0) {
        import_put(arena, out, field, import_map(arena));
    }
}

/* Fields of a path that differ from those around it. */
void import_put_fields(struct arena *arena, const struct import_yaml *own,
                       const struct import_yaml *around, const struct import_yaml *handler,
                       struct import_yaml *out)
{
    bool is_programs = has_program(handler);
    for (size_t i = 0; i < COUNT(fields); i++) {
        const char *name = fields[i].name;
        struct import_yaml *value = import_get(own, name);
        const struct import_yaml *other = import_get(around, name);
        bool are_both_usual = is_usual(value, fields[i].usual) && is_usual(other, fields[i].usual);
        if (import_same(value, other) || are_both_usual ||
            (fields[i].is_programs && !is_programs)) {
            continue;
        }
        if (fields[i].is_map) {
            import_put(arena, out, name, map_beside(arena, name, value, other));
        } else if (value != NULL) {
            import_put(arena, out, name, value);
        } else {
            put_absent(arena, name, fields[i].usual, out);
        }
    }
    const char *type = import_get_text(own, "default_type");
    bool is_usual_type = type == NULL || strcmp(type, "application/octet-stream") == 0;
    if (import_get(handler, "root") != NULL &&
        !(is_usual_type && import_get(around, "default_type") == NULL) &&
        !text_equal(type, import_get_text(around, "default_type"))) {
        import_put_text(arena, out, "default_type",
                        type == NULL ? "application/octet-stream" : type);
    }
    bool had_access = import_get(around, "allow") != NULL || import_get(around, "deny") != NULL;
    bool has_access = import_get(own, "allow") != NULL || import_get(own, "deny") != NULL;
    if (had_access && !has_access) {
        import_put_text(arena, out, "allow", "all");
    }
    /* Both of the site are replaced by one of the path. */
    if (has_access && (import_get(out, "allow") != NULL || import_get(out, "deny") != NULL)) {
        for (size_t i = 0; i < 2; i++) {
            const char *name = i == 0 ? "allow" : "deny";
            if (import_get(own, name) != NULL) {
                import_put(arena, out, name, import_get(own, name));
            }
        }
    }
    if (import_get(around, "cache") != NULL && import_get(own, "cache") == NULL) {
        struct import_yaml *headers = import_get(out, "headers");
        headers = headers == NULL ? import_map(arena) : headers;
        if (import_get(headers, "Cache-Control") == NULL) {
            import_put(arena, headers, "Cache-Control", import_null(arena));
        }
        import_put(arena, out, "headers", headers);
    }
}

/* ---- Raw ------------------------------------------------------------------------------------ */

static bool is_mentioned(const struct import_nodes *nodes, const char *name)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (import_mentions(nodes->items[i]->text, name)) {
            return true;
        }
    }
    return false;
}

static bool routes_mention(const struct import_routes *routes, const char *name)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct import_route *route = routes->items[i];
        if (is_mentioned(&route->scope.raw, name) || routes_mention(&route->inside, name)) {
            return true;
        }
    }
    return false;
}

void import_add_all(struct arena *arena, struct import_nodes *out, const struct import_nodes *more)
{
    for (size_t i = 0; i < more->count; i++) {
        vec_add(arena, out, more->items[i]);
    }
}

/* Variables that raw text uses are set there, too. */
struct import_nodes import_with_sets(struct arena *arena, const struct import_nodes *sets,
                                     const struct import_nodes *raw,
                                     const struct import_routes *inside)
{
    struct import_nodes all = {0};
    for (size_t i = 0; i < sets->count; i++) {
        const char *name = import_word(sets->items[i], 0);
        name += name[0] == '$';
        if (is_mentioned(raw, name) || routes_mention(inside, name) || is_mentioned(&all, name)) {
            vec_add(arena, &all, sets->items[i]);
        }
    }
    import_add_all(arena, &all, raw);
    return all;
}

void import_put_raw(struct import_context *context, const struct import_nodes *nodes,
                    struct import_yaml *out)
{
    struct arena *arena = context->arena;
    const char *raw = import_raw_text(context, nodes);
    if (raw == NULL) {
        return;
    }
    struct text places = text_make(arena);
    text_add(&places, "As it was in ");
    for (size_t i = 0; i < nodes->count; i++) {
        bool is_next = i > 0 && strcmp(nodes->items[i]->file, nodes->items[i - 1]->file) == 0;
        if (is_next && nodes->items[i]->line == nodes->items[i - 1]->line) {
            continue;
        }
        text_add(&places, i == 0 ? "" : ", ");
        if (is_next) {
            text_addf(&places, "%zu", nodes->items[i]->line);
        } else {
            text_addf(&places, "%s:%zu", nodes->items[i]->file, nodes->items[i]->line);
        }
    }
    struct import_yaml *value = import_text(arena, raw);
    import_comment(arena, value, places.data);
    import_put(arena, out, "raw", value);
}

/* ---- Paths ---------------------------------------------------------------------------------- */

static bool has_regex(const struct import_routes *routes)
{
    for (size_t i = 0; i < routes->count; i++) {
        if (routes->items[i]->scope.is_regex) {
            return true;
        }
    }
    return false;
}

static struct import_yaml *route_yaml(struct import_context *context,
                                      const struct import_route *route,
                                      const struct import_around *around)
{
    struct arena *arena = context->arena;
    struct import_yaml *out = import_map(arena);
    const struct import_scope *scope = &route->scope;
    const struct import_around here = {
        import_given(arena, scope->fields, around->fields, route->handler), route->handler,
        &route->inside};
    if (!import_same(route->handler, around->handler)) {
        import_put_all(arena, route->handler, out);
    }
    import_put_all(arena, scope->own, out);
    import_put_fields(arena, scope->fields, around->fields, route->handler, out);
    if (route->is_first && has_regex(around->siblings)) {
        struct import_yaml *first = import_text(arena, "false");
        import_comment(arena, first, "Taken before regular expressions are looked at.");
        import_put(arena, out, "deny_dotfiles", first);
    }
    const struct import_nodes raw =
        import_with_sets(arena, &scope->sets, &scope->raw, &route->inside);
    import_put_raw(context, &raw, out);
    if (route->inside.count > 0) {
        import_put(arena, out, "paths", import_paths_yaml(context, &route->inside, &here));
    }
    return out;
}

struct import_yaml *import_paths_yaml(struct import_context *context,
                                      const struct import_routes *routes,
                                      const struct import_around *around)
{
    struct import_yaml *paths = import_map(context->arena);
    for (size_t i = 0; i < routes->count; i++) {
        import_put(context->arena, paths, routes->items[i]->key,
                   route_yaml(context, routes->items[i], around));
    }
    return paths;
}
