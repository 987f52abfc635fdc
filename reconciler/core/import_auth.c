/* auth_basic and satisfy. */

#include "core/import_take.h"
#include "schemas/site_syntax.h"

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* Both the realm and the file are needed, and either may stand in the scope around. */
static void put_auth(struct import_scope *scope, const struct import_yaml *part)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *auth = import_map(arena);
    struct import_yaml *basic = import_map(arena);
    import_remove(scope->fields, "auth");
    if (import_get(part, "realm") == NULL || import_get(part, "file") == NULL) {
        return;
    }
    import_put(arena, basic, "realm", import_get(part, "realm"));
    import_put(arena, basic, "file", import_get(part, "file"));
    import_put(arena, auth, "basic", basic);
    if (import_get(part, "any") != NULL) {
        import_put(arena, auth, "any", import_get(part, "any"));
    }
    import_put(arena, scope->fields, "auth", auth);
}

IMPORT_TAKE(import_take_auth)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    const struct import_yaml *former = import_get(scope->fields, "auth.parts");
    struct import_yaml *part = import_map(arena);
    const char *word = node->word_count == 1 ? node->words[0] : "";
    bool is_file = import_is(node, "auth_basic_user_file");
    for (size_t i = 0; former != NULL && i < former->entries.count; i++) {
        vec_add(arena, &part->entries, former->entries.items[i]);
    }
    const char *path = word[0] == '/' ? word : arena_printf(arena, "/etc/nginx/%s", word);
    bool fits = word[0] != '\0' && !import_has_variable(word) &&
                (is_file ? syntax_static_folder.check(path)
                         : (syntax_header_value.check(word) && strpbrk(word, "\"\\") == NULL));
    if (!fits) {
        return false;
    }
    if (is_file) {
        import_put_text(arena, part, "file", path);
    } else if (import_is(node, "satisfy") && strcmp(word, "any") == 0) {
        import_put_text(arena, part, "any", "true");
    } else if (import_is(node, "satisfy") || strcmp(word, "off") == 0) {
        import_remove(part, import_is(node, "satisfy") ? "any" : "realm");
    } else {
        import_put_text(arena, part, "realm", word);
    }
    import_put(arena, scope->fields, "auth.parts", part);
    put_auth(scope, part);
    return true;
}
