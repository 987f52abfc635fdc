#include "core/import_limits.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "core/import_take.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

/* ---- Zones ---------------------------------------------------------------------------------- */

/* The word that begins so, behind that; NULL without. */
static const char *option(const struct import_node *node, const char *prefix)
{
    for (size_t i = 0; i < node->word_count; i++) {
        if (text_starts_with(node->words[i], prefix)) {
            return node->words[i] + strlen(prefix);
        }
    }
    return NULL;
}

/* The directive of http that defines a zone of this name: "keys_zone=NAME:10m". */
static const struct import_node *find_zone(const struct import_context *context,
                                           const char *directive, const char *prefix,
                                           const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < context->http.count; i++) {
        const struct import_node *node = context->http.items[i];
        const char *zone = import_is(node, directive) ? option(node, prefix) : NULL;
        bool is_it = zone != NULL && strncmp(zone, name, length) == 0 &&
                     (zone[length] == ':' || zone[length] == '\0');
        if (is_it) {
            return node;
        }
    }
    return NULL;
}

static bool counts_clients(const struct import_node *zone)
{
    const char *key = zone == NULL ? "" : import_word(zone, 0);
    return strcmp(key, "$binary_remote_addr") == 0 || strcmp(key, "$remote_addr") == 0;
}

static bool leave_out(struct import_scope *scope, const struct import_node *node)
{
    import_note_add(scope->context, node,
                    message_make(scope->context->arena,
                                 "\"%s\" is left out: limits count requests of one client address",
                                 node->name));
    return true; /* its zone is not there, so that it cannot stay */
}

/* ---- Limits --------------------------------------------------------------------------------- */

/* "10r/s" -> "10/s" */
static const char *rate_of(struct arena *arena, const struct import_node *zone)
{
    const char *rate = option(zone, "rate=");
    size_t digits = rate == NULL ? 0 : strspn(rate, "0123456789");
    bool is_rate = digits > 0 && rate[digits] == 'r' && rate[digits + 1] == '/';
    return is_rate ? arena_printf(arena, "%.*s%s", (int)digits, rate, rate + digits + 1) : NULL;
}

IMPORT_TAKE(import_take_rate)
{
    struct arena *arena = scope->context->arena;
    const char *name = option(node, "zone=");
    const struct import_node *zone =
        name == NULL ? NULL : find_zone(scope->context, "limit_req_zone", "zone=", name);
    const char *rate = counts_clients(zone) ? rate_of(arena, zone) : NULL;
    uint32_t count = 0;
    uint32_t seconds = 0;
    if (rate == NULL || !value_read_rate(rate, &count, &seconds) ||
        import_get(scope->own, rule->what) != NULL) {
        return leave_out(scope, node);
    }
    const char *burst = option(node, "burst=");
    struct import_yaml *limit = import_map(arena);
    import_put_text(arena, limit, "rate", rate);
    import_put_text(arena, limit, "burst", burst == NULL || strcmp(burst, "0") == 0 ? "1" : burst);
    import_put(arena, scope->own, rule->what, limit);
    return true;
}

IMPORT_TAKE(import_take_connections)
{
    const char *name = import_word(node, 0);
    int64_t number = 0;
    if (!counts_clients(find_zone(scope->context, "limit_conn_zone", "zone=", name)) ||
        !value_read_integer(import_word(node, 1), &number) || number < 1 || number > 65535) {
        return leave_out(scope, node);
    }
    import_put_text(scope->context->arena, scope->fields, rule->what, node->words[1]);
    return true;
}

/* ---- Response cache ------------------------------------------------------------------------- */

/* The cache of one protocol: "proxy" or "fastcgi". */
struct cache {
    struct import_scope *scope;
    const char *protocol;
    struct import_yaml *yaml;
};

static const char *directive_of(const struct cache *cache, const char *rest)
{
    return arena_printf(cache->scope->context->arena, "%s_%s", cache->protocol, rest);
}

/* All words before the time. */
static bool are_statuses(const struct import_node *node)
{
    for (size_t i = 0; i + 1 < node->word_count; i++) {
        const char *word = node->words[i];
        bool is_status = word[0] >= '2' && word[0] <= '5' && strlen(word) == 3 &&
                         strspn(word, "0123456789") == 3;
        bool is_any = node->word_count == 2 && strcmp(word, "any") == 0;
        if (!is_status && !is_any) {
            return false;
        }
    }
    return true;
}

static void put_ages(struct cache *cache)
{
    struct arena *arena = cache->scope->context->arena;
    const struct import_scope *scope = cache->scope;
    const char *name = directive_of(cache, "cache_valid");
    struct import_yaml *ages = import_map(arena);
    while (scope != NULL && import_find(scope->nodes, name) == NULL) {
        scope = scope->parent;
    }
    for (size_t i = 0; scope != NULL && i < scope->nodes->count; i++) {
        const struct import_node *node = scope->nodes->items[i];
        long long milliseconds = 0;
        if (!import_is(node, name) || node->word_count == 0 ||
            !import_read_time(node->words[node->word_count - 1], &milliseconds) ||
            milliseconds < 1000) {
            continue;
        }
        if (!are_statuses(node)) {
            continue;
        }
        struct text statuses = text_make(arena);
        for (size_t j = 0; j + 1 < node->word_count; j++) {
            text_addf(&statuses, "%s%s", j == 0 ? "" : " ", node->words[j]);
        }
        import_put_text(arena, ages, statuses.length == 0 ? "200 301 302" : statuses.data,
                        value_write_duration(arena, milliseconds));
    }
    if (ages->entries.count > 0) {
        import_put(arena, cache->yaml, "age", ages);
    }
}

static void put_size(struct cache *cache, const struct import_node *path)
{
    struct arena *arena = cache->scope->context->arena;
    const char *size = option(path, "max_size=");
    const char *unused = option(path, "inactive=");
    unsigned long long bytes = 0;
    long long milliseconds = 0;
    if (size != NULL && import_read_size(size, &bytes) && bytes >= 1024ULL * 1024) {
        import_put_text(arena, cache->yaml, "size", value_write_size(arena, bytes));
    }
    if (!import_read_time(unused == NULL ? "10m" : unused, &milliseconds) || milliseconds < 1000) {
        milliseconds = 1000;
    }
    import_put_text(arena, cache->yaml, "unused", value_write_duration(arena, milliseconds));
}

/* "$cookie_session" -> bypass: { cookies: [session] }; false where ours cannot say it. */
static bool put_bypass_word(struct cache *cache, const char *word, struct import_yaml *bypass)
{
    // clang-format off
    static const struct {
        const char *prefix;
        const char *field;
    } sorts[] = {
        {"$cookie_", "cookies"},
        {"$arg_",    "queries"},
        {"$http_",   "headers"},
    };
    // clang-format on
    struct arena *arena = cache->scope->context->arena;
    if (strcmp(word, "$http_authorization") == 0 || strcmp(word, "$http_upgrade") == 0) {
        return true; /* they always do */
    }
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        if (!text_starts_with(word, sorts[i].prefix) ||
            !syntax_parameter.check(word + strlen(sorts[i].prefix))) {
            continue;
        }
        char *name = arena_strdup(arena, word + strlen(sorts[i].prefix));
        for (char *c = name; i == 2 && *c != '\0'; c++) {
            *c = *c == '_' ? '-' : *c;
        }
        struct import_yaml *list = import_get(bypass, sorts[i].field);
        if (list == NULL) {
            list = import_list(arena);
            import_put(arena, bypass, sorts[i].field, list);
        }
        for (size_t j = 0; j < list->entries.count; j++) {
            if (strcmp(list->entries.items[j].value->text, name) == 0) {
                return true;
            }
        }
        import_add_text(arena, list, name);
        return true;
    }
    return false;
}

static bool put_bypass(struct cache *cache)
{
    struct arena *arena = cache->scope->context->arena;
    static const char *const names[] = {"cache_bypass", "no_cache"};
    struct import_yaml *bypass = import_map(arena);
    for (size_t i = 0; i < 2; i++) {
        const struct import_node *node =
            import_nearest(cache->scope, directive_of(cache, names[i]));
        for (size_t j = 0; node != NULL && j < node->word_count; j++) {
            if (!put_bypass_word(cache, node->words[j], bypass)) {
                return false;
            }
        }
    }
    if (bypass->entries.count > 0) {
        import_put(arena, cache->yaml, "bypass", bypass);
    }
    return true;
}

static bool is_of_cache(const struct cache *cache, const struct import_node *node)
{
    return (text_starts_with(node->name, directive_of(cache, "cache")) &&
            !import_is(node, directive_of(cache, "cache_path"))) ||
           import_is(node, directive_of(cache, "no_cache"));
}

/* Who goes past the cache may be somebody whose answers are nobody else's: what cannot be said of
 * that leaves all of the cache as it is. What holds for all of http goes along, as its key. */
static void keep_cache(struct cache *cache, const struct import_node *path)
{
    struct import_scope *scope = cache->scope;
    const struct import_nodes *http = &scope->context->http;
    bool is_begun = import_find(scope->nodes, directive_of(cache, "cache")) != NULL;
    for (size_t i = 0; is_begun && i < http->count; i++) {
        const char *name = http->items[i]->name;
        if (is_of_cache(cache, http->items[i]) &&
            import_nearest(scope, name) == import_find(http, name)) {
            import_scope_keep(scope, http->items[i]);
        }
    }
    for (size_t i = 0; i < scope->nodes->count; i++) {
        if (is_of_cache(cache, scope->nodes->items[i])) {
            import_scope_keep(scope, scope->nodes->items[i]);
        }
    }
    import_leave_to_http(scope->context, path);
    import_remove(scope->fields, "response_cache");
}

static void put_switches(struct cache *cache)
{
    struct arena *arena = cache->scope->context->arena;
    const struct import_node *stale =
        import_nearest(cache->scope, directive_of(cache, "cache_use_stale"));
    const struct import_node *lock =
        import_nearest(cache->scope, directive_of(cache, "cache_lock"));
    if (stale == NULL || import_says(stale, "off")) {
        import_put_text(arena, cache->yaml, "stale", "false");
    }
    if (lock == NULL || import_says(lock, "off")) {
        import_put_text(arena, cache->yaml, "lock", "false");
    }
}

static void read_cache(struct import_scope *scope, const char *protocol)
{
    struct cache cache = {scope, protocol, import_map(scope->context->arena)};
    const struct import_node *node = import_nearest(scope, directive_of(&cache, "cache"));
    if (node == NULL || scope->place == IMPORT_HTTP) {
        return;
    }
    if (import_says(node, "off")) {
        import_remove(scope->fields, "response_cache");
        return;
    }
    const struct import_node *path = find_zone(scope->context, directive_of(&cache, "cache_path"),
                                               "keys_zone=", import_word(node, 0));
    if (path == NULL) {
        import_note_add(scope->context, node,
                        message_make(scope->context->arena,
                                     "the cache \"%s\" is not there: nothing is kept",
                                     import_word(node, 0)));
        return;
    }
    put_ages(&cache);
    put_size(&cache, path);
    if (!put_bypass(&cache)) {
        keep_cache(&cache, path);
        return;
    }
    put_switches(&cache);
    import_put(scope->context->arena, scope->fields, "response_cache", cache.yaml);
}

void import_response_cache(struct import_scope *scope)
{
    read_cache(scope, "proxy");
    read_cache(scope, "fastcgi");
}

bool import_take_cache_status(struct import_scope *scope, const char *name, const char *value)
{
    struct arena *arena = scope->context->arena;
    const struct import_yaml *former = import_get(scope->fields, "response_cache");
    if (strcasecmp(name, "X-Cache-Status") != 0 || strcmp(value, "$upstream_cache_status") != 0 ||
        former == NULL) {
        return false;
    }
    struct import_yaml *cache = import_map(arena);
    for (size_t i = 0; i < former->entries.count; i++) {
        vec_add(arena, &cache->entries, former->entries.items[i]);
    }
    import_put_text(arena, cache, "status_header", "true");
    import_put(arena, scope->fields, "response_cache", cache);
    return true;
}
