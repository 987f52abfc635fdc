/* Directives that are one field each. */

#include "core/import_take.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "schemas/cookies.h"
#include "schemas/error_pages.h"
#include "schemas/mime.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

static void put(struct import_scope *scope, const char *field, const char *text)
{
    import_put_text(arena_of(scope), scope->fields, field, text);
}

/* ---- Simple values -------------------------------------------------------------------------- */

/* 0 is no limit, which ours does not know: as much as one field can say. */
IMPORT_TAKE(import_take_size)
{
    unsigned long long bytes = 0;
    if (node->word_count != 1 || !import_read_size(node->words[0], &bytes)) {
        return false;
    }
    put(scope, rule->what, bytes == 0 ? "1t" : value_write_size(arena_of(scope), bytes));
    return true;
}

static const char *time_text(const struct import_scope *scope, const struct import_node *node,
                             long long least, long long most)
{
    long long milliseconds = 0;
    if (node->word_count != 1 ||
        !import_read_time(import_expand(scope, node->words[0]), &milliseconds)) {
        return NULL;
    }
    milliseconds = milliseconds < least ? least : milliseconds > most ? most : milliseconds;
    return value_write_duration(arena_of(scope), milliseconds);
}

/* One field says both how long a program may take to send and to receive: reading counts, and
 * sending only where reading is not said. */
IMPORT_TAKE(import_take_timeout)
{
    const char *text = time_text(scope, node, 1000, 24 * 3600 * 1000LL);
    if (text == NULL) {
        return false;
    }
    bool is_sending = strstr(node->name, "_send_") != NULL;
    const char *read_name = arena_printf(arena_of(scope), "%.*s_read_timeout",
                                         (int)strcspn(node->name, "_"), node->name);
    if (!is_sending || import_find(scope->nodes, read_name) == NULL) {
        put(scope, rule->what, text);
    }
    return true;
}

IMPORT_TAKE(import_take_pool_time)
{
    const char *text = time_text(scope, node, 1, 75 * 1000LL);
    if (text != NULL) {
        import_put_text(arena_of(scope), scope->pool, rule->what, text);
    }
    return text != NULL;
}

IMPORT_TAKE(import_take_pool_number)
{
    int64_t number = 0;
    if (node->word_count != 1 || !value_read_integer(node->words[0], &number) || number > 100) {
        return false;
    }
    if (number > 0) {
        import_put_text(arena_of(scope), scope->pool, rule->what, node->words[0]);
    }
    return true;
}

IMPORT_TAKE(import_take_retry)
{
    struct import_yaml *list = import_list(arena_of(scope));
    for (size_t i = 0; i < node->word_count; i++) {
        const char *word = node->words[i];
        word += text_starts_with(word, "http_") ? strlen("http_") : 0;
        if (!syntax_retry.check(word)) {
            return false;
        }
        import_add_text(arena_of(scope), list, word);
    }
    import_put(arena_of(scope), scope->pool, rule->what, list);
    return true;
}

static bool is_pools(const char *field)
{
    return strcmp(field, "verify") == 0 || strcmp(field, "ca") == 0 ||
           strcmp(field, "server_name") == 0;
}

IMPORT_TAKE(import_take_flag)
{
    if (!import_says(node, "on") && !import_says(node, "off")) {
        return false;
    }
    const char *text = import_says(node, "on") ? "true" : "false";
    import_put_text(arena_of(scope), is_pools(rule->what) ? scope->pool : scope->fields, rule->what,
                    text);
    return true;
}

/* Several directives switch the same field off. */
IMPORT_TAKE(import_take_off)
{
    if (import_says(node, "off")) {
        put(scope, rule->what, "false");
    } else if (import_says(node, "on") && import_get_text(scope->fields, rule->what) != NULL) {
        put(scope, rule->what, "true");
    }
    return node->word_count == 1;
}

IMPORT_TAKE(import_take_text)
{
    const char *text = node->word_count == 1 ? import_expand(scope, node->words[0]) : "";
    bool is_root = strcmp(rule->what, "root") == 0;
    if (is_root && strlen(text) > 1 && text_ends_with(text, "/")) {
        text = arena_strndup(arena_of(scope), text, strlen(text) - 1);
    }
    bool fits = text[0] != '\0' && !import_has_variable(text);
    if (is_root || strcmp(rule->what, "ca") == 0) {
        fits = fits && syntax_static_folder.check(text);
    } else if (is_pools(rule->what)) {
        fits = fits && syntax_host_name.check(text);
    }
    if (!fits) {
        return false;
    }
    import_put_text(arena_of(scope), is_pools(rule->what) ? scope->pool : scope->fields, rule->what,
                    text);
    return true;
}

IMPORT_TAKE(import_take_words)
{
    struct import_yaml *list = import_list(arena_of(scope));
    if (node->word_count == 0) {
        return false;
    }
    for (size_t i = 0; i < node->word_count; i++) {
        if (!syntax_index_file.check(node->words[i]) || import_has_variable(node->words[i])) {
            return false;
        }
        import_add_text(arena_of(scope), list, node->words[i]);
    }
    import_put(arena_of(scope), scope->fields, rule->what, list);
    return true;
}

/* Of fixed answers, and of files whose names tell nothing. */
IMPORT_TAKE(import_take_type)
{
    (void)rule;
    if (node->word_count != 1 || !syntax_media_type.check(node->words[0]) ||
        !syntax_mime_type.check(node->words[0])) {
        return false;
    }
    put(scope, "respond.type", node->words[0]);
    put(scope, "default_type", node->words[0]);
    return true;
}

IMPORT_TAKE(import_take_status)
{
    (void)node;
    import_put_text(arena_of(scope), scope->own, rule->what, "true");
    return true;
}

IMPORT_TAKE(import_take_charset)
{
    if (node->word_count != 1 || !syntax_charset.check(node->words[0])) {
        return false;
    }
    put(scope, rule->what, node->words[0]);
    return true;
}

IMPORT_TAKE(import_take_set)
{
    (void)rule;
    vec_add(arena_of(scope), &scope->sets, node);
    return true;
}

IMPORT_TAKE(import_take_internal)
{
    import_put_text(arena_of(scope), scope->own, rule->what, "true");
    return node->word_count == 0;
}

/* ---- TLS, proxies --------------------------------------------------------------------------- */

IMPORT_TAKE(import_take_protocols)
{
    (void)rule;
    for (size_t i = 0; i < node->word_count; i++) {
        if (strcmp(node->words[i], "TLSv1.2") != 0 && strcmp(node->words[i], "TLSv1.3") != 0) {
            import_note_add(scope->context, node,
                            message_make(arena_of(scope),
                                         "%s is not offered any more: only TLS 1.2 and 1.3 are",
                                         node->words[i]));
        }
    }
    return true;
}

/* What passes the wish for a websocket on. */
IMPORT_TAKE(import_take_real_ip)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    struct import_yaml *former = import_get(scope->fields, "trusted_proxies");
    struct import_yaml *proxies = import_map(arena);
    struct import_yaml *from = import_list(arena);
    for (size_t i = 0; former != NULL && i < import_get(former, "from")->entries.count; i++) {
        import_add(arena, from, import_get(former, "from")->entries.items[i].value);
    }
    const char *header = import_get_text(former, "header");
    const char *word = import_word(node, 0);
    if (import_is(node, "set_real_ip_from") && syntax_network.check(word)) {
        import_add_text(arena, from, word);
    } else if (import_is(node, "real_ip_header") && strcmp(word, "proxy_protocol") != 0) {
        header = word;
    } else if (!import_is(node, "real_ip_recursive")) {
        return false;
    }
    import_put(arena, proxies, "from", from);
    if (header != NULL) {
        import_put_text(arena, proxies, "header", header);
    }
    import_put(arena, scope->fields, "trusted_proxies", proxies);
    return true;
}

/* ---- Answers -------------------------------------------------------------------------------- */

/* "30d" -> cache: 30d; negative times mean that it is to be asked for each time. */
IMPORT_TAKE(import_take_expires)
{
    struct arena *arena = arena_of(scope);
    const char *word = node->word_count == 1 ? node->words[0] : "";
    long long milliseconds = 0;
    if (strcmp(word, "off") == 0) {
        import_remove(scope->fields, rule->what);
        return true;
    }
    if (word[0] == '-' || strcmp(word, "epoch") == 0) {
        put(scope, rule->what, "0");
        return true;
    }
    if (strcmp(word, "max") == 0) {
        put(scope, rule->what, "10y");
        return true;
    }
    word += word[0] == '+';
    if (!import_read_time(word, &milliseconds)) {
        return false;
    }
    put(scope, rule->what, value_write_duration(arena, milliseconds));
    return true;
}

static const char *joined(struct arena *arena, const struct import_node *node, size_t count)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < count; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : " ", node->words[i]);
    }
    return text.data;
}

/* Statuses and a path of the site. Those that change the status, or lead to a named location, stay.
 * A list replaces the one around it, as all of ours do. */
IMPORT_TAKE(import_take_error_page)
{
    struct arena *arena = arena_of(scope);
    if (node->word_count < 2) {
        return false;
    }
    const char *page = node->words[node->word_count - 1];
    const char *statuses = joined(arena, node, node->word_count - 1);
    if (page[0] != '/' || strchr(page, '$') != NULL || !syntax_error_page.check(page) ||
        !syntax_statuses.check(statuses)) {
        return false;
    }
    struct import_yaml *inherited =
        scope->parent == NULL ? NULL : import_get(scope->parent->fields, rule->what);
    struct import_yaml *map = import_get(scope->fields, rule->what);
    if (map == NULL || map == inherited) {
        map = import_map(arena);
        import_put(arena, scope->fields, rule->what, map);
    }
    for (size_t i = 0; i < map->entries.count; i++) {
        for (size_t j = 0; j + 1 < node->word_count; j++) {
            if (strstr(map->entries.items[i].key, node->words[j]) != NULL) {
                return false; /* nginx takes the first page of a status */
            }
        }
    }
    import_put_text(arena, map, statuses, page);
    return true;
}

/* A list of a location replaces the one around it, as ours does. */
IMPORT_TAKE(import_take_hide)
{
    struct arena *arena = arena_of(scope);
    if (node->word_count != 1 || !syntax_header_name.check(node->words[0])) {
        return false;
    }
    struct import_yaml *inherited =
        scope->parent == NULL ? NULL : import_get(scope->parent->fields, rule->what);
    struct import_yaml *list = import_get(scope->fields, rule->what);
    if (list == NULL || list == inherited) {
        list = import_list(arena);
        import_put(arena, scope->fields, rule->what, list);
    }
    import_add_text(arena, list, node->words[0]);
    return true;
}

IMPORT_TAKE(import_take_redirect)
{
    struct arena *arena = arena_of(scope);
    if (import_says(node, "default") || import_says(node, "off")) {
        return true; /* ours changes nothing but the program's own address, which is nobody else's
                      */
    }
    if (node->word_count != 2 || !syntax_redirect_target.check(node->words[0]) ||
        !syntax_redirect_target.check(node->words[1]) || strchr(node->words[0], '$') != NULL ||
        strchr(node->words[1], '$') != NULL) {
        return false;
    }
    struct import_yaml *map = import_map(arena);
    const struct import_yaml *former = import_get(scope->fields, rule->what);
    for (size_t i = 0; former != NULL && i < former->entries.count; i++) {
        vec_add(arena, &map->entries, former->entries.items[i]);
    }
    import_put_text(arena, map, node->words[0], node->words[1]);
    import_put(arena, scope->fields, rule->what, map);
    return true;
}

IMPORT_TAKE(import_take_cookie_path)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
    for (size_t i = 0; i < 2; i++) {
        const char *word = import_word(node, i);
        if (word[0] != '/' || word[strspn(word, plain)] != '\0') {
            return false;
        }
    }
    if (node->word_count != 2 || import_get(scope->fields, "cookies") != NULL) {
        return false;
    }
    struct import_yaml *paths = import_map(arena);
    struct import_yaml *cookies = import_map(arena);
    import_put_text(arena, paths, node->words[0], node->words[1]);
    import_put(arena, cookies, "paths", paths);
    import_put(arena, scope->fields, "cookies", cookies);
    return true;
}
