#include "core/import_lists.h"

#include <ctype.h>
#include <strings.h>

#include "base/text.h"
#include "core/import_cors.h"
#include "core/import_limits.h"
#include "core/import_route.h"
#include "schemas/header.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

bool import_is_own(const struct import_scope *scope, const struct import_node *node)
{
    for (size_t i = 0; i < scope->nodes->count; i++) {
        if (scope->nodes->items[i] == node) {
            return true;
        }
    }
    return false;
}

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* One line, and nothing that nginx would fill in. */
static bool is_fixed(const char *text)
{
    return !import_has_variable(text) && syntax_header_value.check(text) &&
           strchr(text, '\r') == NULL;
}

/* ---- Headers of answers --------------------------------------------------------------------- */

static bool is_cache_word(const char *word, size_t length)
{
    static const char *const words[] = {"public", "immutable", "must-revalidate",
                                        "proxy-revalidate"};
    for (size_t i = 0; i < COUNT(words); i++) {
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Words that stand for themselves beside an age. */
static bool goes_with_age(const char *text)
{
    for (text += strspn(text, ", "); *text != '\0'; text += strspn(text, ", ")) {
        size_t length = strcspn(text, ", ");
        if (!is_cache_word(text, length)) {
            return false;
        }
        text += length;
    }
    return true;
}

/* expires and add_header Cache-Control are two headers of nginx, which clients read as one. */
static void join_cache(struct import_scope *scope, struct import_yaml *headers)
{
    struct arena *arena = arena_of(scope);
    const char *age = import_get_text(scope->fields, "cache");
    const char *control = import_get_text(headers, "Cache-Control");
    if (age == NULL || control == NULL) {
        return;
    }
    long long milliseconds = 0;
    if (!goes_with_age(control) || !import_read_time(age, &milliseconds)) {
        bool is_never = strcmp(age, "0") == 0;
        const char *first =
            is_never ? "no-cache" : arena_printf(arena, "max-age=%lld", milliseconds / 1000);
        import_put_text(arena, headers, "Cache-Control",
                        arena_printf(arena, "%s, %s", first, control));
        import_remove(scope->fields, "cache");
        return;
    }
    import_remove(headers, "Cache-Control");
    if (strcasestr(control, "immutable") != NULL) {
        struct import_yaml *cache = import_map(arena);
        import_put_text(arena, cache, "age", age);
        import_put_text(arena, cache, "immutable", "true");
        import_put(arena, scope->fields, "cache", cache);
    }
}

/* The type of a fixed answer is often said so. */
static bool take_type(struct import_scope *scope, const char *value)
{
    if (import_find(scope->nodes, "return") == NULL || !syntax_media_type.check(value)) {
        return false;
    }
    import_put_text(arena_of(scope), scope->fields, "respond.type", value);
    return true;
}

static bool take_response_header(struct import_scope *scope, const struct import_node *node,
                                 struct import_yaml *headers)
{
    struct arena *arena = arena_of(scope);
    const char *name = import_word(node, 0);
    const char *value = import_expand(scope, import_word(node, 1));
    if (import_take_cache_status(scope, name, value) || import_is_in_cors(scope, name)) {
        return true;
    }
    value = import_value(scope, import_word(node, 1));
    if (node->word_count < 2 || value == NULL || !syntax_header_name.check(name) ||
        import_has_variable(name)) {
        return false;
    }
    if (strcasecmp(name, "Content-Type") == 0 && take_type(scope, value)) {
        return true;
    }
    if (header_rule(name) == HEADER_REFUSED) {
        return false;
    }
    for (size_t i = 0; i < headers->entries.count; i++) {
        struct import_entry *entry = &headers->entries.items[i];
        bool is_same = header_same(entry->key, name);
        if (is_same && strcasecmp(name, "Cache-Control") != 0) {
            return false;
        }
        if (is_same) {
            value = arena_printf(arena, "%s, %s", entry->value->text, value);
            name = entry->key;
        }
    }
    if (value[0] != '\0') { /* nginx sends none that is empty */
        import_put_text(arena, headers,
                        strcasecmp(name, "Cache-Control") == 0 ? "Cache-Control" : name, value);
    }
    return true;
}

/* One that cannot be said takes the others of its list with it: nginx has the nearest list only,
 * and so it stays whole. */
static void keep_list(struct import_scope *scope, const struct import_nodes *list)
{
    for (size_t i = 0; i < list->count; i++) {
        import_scope_keep(scope, list->items[i]);
    }
}

static bool is_kept(const struct import_scope *scope, const struct import_node *node)
{
    for (; scope != NULL; scope = scope->parent) {
        for (size_t i = 0; i < scope->raw.count; i++) {
            if (scope->raw.items[i] == node) {
                return true;
            }
        }
    }
    return false;
}

void import_response_headers(struct import_scope *scope)
{
    struct arena *arena = arena_of(scope);
    const struct import_nodes *list = &scope->response_headers;
    struct import_yaml *headers = import_map(arena);
    bool is_own = list->count > 0 && import_is_own(scope, list->items[0]);
    const struct import_nodes *around =
        scope->parent == NULL ? NULL : &scope->parent->response_headers;
    bool is_said = true;
    /* Where the list around this one stays as it is, so does this, which takes its place. */
    if (is_own && around != NULL && around->count > 0 && is_kept(scope->parent, around->items[0])) {
        is_said = false;
    }
    if (!is_own && list->count > 0 && is_kept(scope, list->items[0])) {
        return;
    }
    for (size_t i = 0; is_said && i < list->count; i++) {
        is_said = take_response_header(scope, list->items[i], headers);
    }
    if (!is_said) {
        import_remove(scope->fields, "headers");
        keep_list(scope, list);
        return;
    }
    join_cache(scope, headers);
    if (headers->entries.count > 0) {
        import_put(arena, scope->fields, "headers", headers);
    } else {
        import_remove(scope->fields, "headers");
    }
}

/* ---- Access --------------------------------------------------------------------------------- */

/* nginx takes the first rule that matches; ours have all denials first, then who is allowed, and
 * then nobody. */
static bool sort_access(const struct import_nodes *list, struct import_yaml *allow,
                        struct import_yaml *deny, struct arena *arena)
{
    bool is_closed = false;
    for (size_t i = 0; i < list->count && !is_closed; i++) {
        const char *who = import_word(list->items[i], 0);
        bool is_denial = import_is(list->items[i], "deny");
        bool is_all = strcmp(who, "all") == 0;
        if (!is_all && !syntax_network.check(who)) {
            return false; /* unix: */
        }
        if (is_denial && !is_all && allow->entries.count > 0) {
            return false; /* an exception of who is allowed */
        }
        import_add_text(arena, is_denial ? deny : allow, who);
        is_closed = is_all;
    }
    bool ends_open = !is_closed;
    if (ends_open) { /* all others may come, so that it says nothing to allow some */
        allow->entries.count = 0;
    }
    size_t last = deny->entries.count;
    if (last > 0 && allow->entries.count > 0 &&
        strcmp(deny->entries.items[last - 1].value->text, "all") == 0) {
        deny->entries.count--;
    }
    return true;
}

void import_access(struct import_scope *scope)
{
    struct arena *arena = arena_of(scope);
    const struct import_nodes *list = &scope->access;
    if (list->count == 0 || !import_is_own(scope, list->items[0])) {
        return;
    }
    struct import_yaml *allow = import_list(arena);
    struct import_yaml *deny = import_list(arena);
    import_remove(scope->fields, "allow");
    import_remove(scope->fields, "deny");
    if (!sort_access(list, allow, deny, arena)) {
        keep_list(scope, list);
        return;
    }
    bool is_open = deny->entries.count == 0 && allow->entries.count == 1 &&
                   strcmp(allow->entries.items[0].value->text, "all") == 0;
    if (allow->entries.count > 0 && !is_open) {
        import_put(arena, scope->fields, "allow", allow);
    }
    if (deny->entries.count > 0) {
        import_put(arena, scope->fields, "deny", deny);
    }
}

/* ---- Headers of requests -------------------------------------------------------------------- */

/* What programs get without being asked for, by the values that mean the same. */
// clang-format off
static const struct {
    const char *name;
    const char *value;
} usual[] = {
    {"X-Real-IP",         "$remote_addr"},
    {"X-Forwarded-For",   "$proxy_add_x_forwarded_for"},
    {"X-Forwarded-For",   "$remote_addr"},
    {"X-Forwarded-Proto", "$scheme"},
    {"X-Forwarded-Host",  "$host"},
    {"X-Forwarded-Host",  "$http_host"},
    {"X-Forwarded-Host",  "$host:$server_port"},
    {"Upgrade",           "$http_upgrade"},
    {"Connection",        "$connection_upgrade"},
    {"Connection",        "$http_connection"},
    {"Connection",        "upgrade"},
    {"Connection",        "close"},
    {"Connection",        "keep-alive"},
    {"Connection",        ""},
    {"Proxy",             ""},
};
// clang-format on

static bool is_usual(const struct import_scope *scope, const char *name, const char *value)
{
    for (size_t i = 0; i < COUNT(usual); i++) {
        if (header_same(usual[i].name, name) && strcasecmp(usual[i].value, value) == 0) {
            return true;
        }
    }
    bool is_https = header_same(name, "X-Forwarded-Proto") && strcmp(value, "https") == 0;
    return is_https && scope->uses_tls;
}

static char variable_character(char c)
{
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

const char *import_header_variable(struct arena *arena, const char *name)
{
    char *variable = arena_strdup(arena, name);
    for (char *c = variable; *c != '\0'; c++) {
        *c = variable_character(*c);
    }
    return variable;
}

/* proxy_set_header X-Tenant $http_x_tenant: what nginx does by itself. */
static bool is_passed_anyway(struct arena *arena, const char *name, const char *value)
{
    const char *same = arena_printf(arena, "$http_%s", import_header_variable(arena, name));
    return strcmp(same, value) == 0 && !header_is_connections(name);
}

/* True when it is said by a field of the handler, or by nothing. */
static bool take_host(const struct import_scope *scope, const char *value, const char **out_host)
{
    static const char *const asked[] = {"$host", "$http_host", "$host:$server_port",
                                        "$host:$proxy_port"};
    for (size_t i = 0; i < COUNT(asked); i++) {
        if (strcmp(asked[i], value) == 0) {
            *out_host = "";
            return true;
        }
    }
    if (strcmp(value, "$server_name") == 0 && scope->host != NULL) {
        *out_host = scope->host;
        return true;
    }
    if (strcmp(value, "$proxy_host") == 0) {
        *out_host = NULL;
        return true;
    }
    *out_host = value;
    return is_fixed(value) && value[0] != '\0';
}

/* Ours is left out, and theirs stands in raw. */
static void keep_header(struct import_scope *scope, const struct import_node *node,
                        struct import_yaml *headers)
{
    const char *name = import_word(node, 0);
    bool is_ours = strcasecmp(name, "Host") == 0;
    for (size_t i = 0; i < COUNT(usual); i++) {
        is_ours |= header_same(usual[i].name, name) && !header_is_connections(name);
    }
    if (is_ours) {
        import_put_text(arena_of(scope), headers, name, "");
    }
    import_scope_keep(scope, node);
}

static void note_forwarded(struct import_scope *scope, const struct import_node *node)
{
    bool is_added = strcmp(import_word(node, 1), "$proxy_add_x_forwarded_for") == 0;
    if (is_added && import_get(scope->fields, "trusted_proxies") == NULL &&
        !scope->context->has_noted_forwarded) {
        scope->context->has_noted_forwarded = true;
        import_note_add(scope->context, node,
                        message_make(arena_of(scope),
                                     "what clients themselves send as X-Forwarded-For does not "
                                     "reach programs; trusted_proxies names proxies before this "
                                     "host"));
    }
}

static void take_request_header(struct import_scope *scope, const struct import_node *node,
                                struct import_yaml *headers, const char **out_host)
{
    const char *name = import_word(node, 0);
    const char *value = import_expand(scope, import_word(node, 1));
    if (header_same(name, "Host") && take_host(scope, value, out_host)) {
        return;
    }
    if (is_usual(scope, name, value)) {
        note_forwarded(scope, node);
        return;
    }
    bool is_asked = import_asked_header(scope, name, import_word(node, 1)) != NULL &&
                    import_get(import_get(scope->fields, "auth"), "forward") != NULL;
    if (is_asked || is_passed_anyway(arena_of(scope), name, value)) {
        return;
    }
    const char *said = import_value(scope, import_word(node, 1));
    bool is_sayable = node->word_count == 2 && said != NULL && syntax_header_name.check(name) &&
                      !header_is_connections(name) && import_get(headers, name) == NULL;
    if (header_same(name, "Host")) {
        *out_host = "";
    }
    if (is_sayable) {
        import_put_text(arena_of(scope), headers, name, said);
    } else {
        keep_header(scope, node, headers);
    }
}

void import_request_headers(struct import_scope *scope, const char **out_host)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *headers = import_map(arena);
    *out_host = NULL;
    for (size_t i = 0; i < scope->request_headers.count; i++) {
        take_request_header(scope, scope->request_headers.items[i], headers, out_host);
    }
    if (headers->entries.count > 0) {
        import_put(arena, scope->fields, "request_headers", headers);
    } else {
        import_remove(scope->fields, "request_headers");
    }
}
