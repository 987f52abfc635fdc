/* access_log, error_log and log_not_found. */

#include "core/import_take.h"
#include "schemas/log.h"

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* A path can only be silent; a site has files of its own, whose names we choose. */
IMPORT_TAKE(import_take_access_log)
{
    struct arena *arena = arena_of(scope);
    bool is_off = import_says(node, "off");
    if (scope->place == IMPORT_LOCATION) {
        if (is_off) {
            import_put_text(arena, scope->own, rule->what, "false");
        }
        return is_off;
    }
    const char *file = import_word(node, 0);
    bool is_own = !is_off && strcmp(file, "/var/log/nginx/access.log") != 0;
    struct import_yaml *log = import_get(scope->own, rule->what);
    if (!is_own && !is_off) {
        return true;
    }
    if (log == NULL) {
        log = import_map(arena);
        import_put(arena, scope->own, rule->what, log);
    }
    const char *format = import_word(node, 1);
    bool is_json = strcasestr(format, "json") != NULL;
    import_put_text(arena, log, "format", is_off ? "off" : is_json ? "json" : "combined");
    if (is_own) {
        import_comment(arena, log, arena_printf(arena, "Until now in %s.", file));
    }
    bool is_usual =
        format[0] == '\0' || strcmp(format, "combined") == 0 || strchr(format, '=') != NULL;
    if (is_own && !is_usual) {
        import_note_add(scope->context, node,
                        message_make(arena, "the log's format \"%s\" becomes %s", format,
                                     is_json ? "json" : "combined"));
    }
    return true;
}

IMPORT_TAKE(import_take_error_log)
{
    struct arena *arena = arena_of(scope);
    const char *level = node->word_count > 1 ? node->words[1] : "error";
    bool is_known = false;
    for (size_t i = 0; log_levels[i] != NULL; i++) {
        is_known |= strcmp(log_levels[i], level) == 0;
    }
    const char *file = import_word(node, 0);
    if (!is_known || file[0] != '/') {
        return false;
    }
    if (strcmp(file, "/var/log/nginx/error.log") == 0 && node->word_count == 1) {
        return true;
    }
    (void)rule;
    struct import_yaml *log = import_get(scope->own, "log");
    if (log == NULL) {
        log = import_map(arena);
        import_put(arena, scope->own, "log", log);
    }
    import_put_text(arena, log, "errors", level);
    return true;
}

/* Said together with access_log off, which means the same: nothing is written down. */
IMPORT_TAKE(import_take_log_not_found)
{
    (void)rule;
    const struct import_node *access = import_find(scope->nodes, "access_log");
    return import_says(node, "on") || (access != NULL && import_says(access, "off"));
}
