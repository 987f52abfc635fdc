/* auth_basic, certificates of clients, and satisfy. */

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
    bool has_basic = import_get(part, "realm") != NULL && import_get(part, "file") != NULL;
    if (has_basic) {
        import_put(arena, basic, "realm", import_get(part, "realm"));
        import_put(arena, basic, "file", import_get(part, "file"));
        import_put(arena, auth, "basic", basic);
    }
    if (import_get(part, "mtls") != NULL) {
        import_put(arena, auth, "mtls", import_get(part, "mtls"));
    }
    if (has_basic && import_get(part, "any") != NULL) {
        import_put(arena, auth, "any", import_get(part, "any"));
    }
    if (auth->entries.count > 0) {
        import_put(arena, scope->fields, "auth", auth);
    }
}

static struct import_yaml *parts_of(const struct import_scope *scope)
{
    const struct import_yaml *former = import_get(scope->fields, "auth.parts");
    struct import_yaml *part = import_map(arena_of(scope));
    for (size_t i = 0; former != NULL && i < former->entries.count; i++) {
        vec_add(arena_of(scope), &part->entries, former->entries.items[i]);
    }
    return part;
}

/* All three belong together, and only "on" turns away those without a certificate. */
IMPORT_TAKE(import_take_client)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    const struct import_node *verify = import_find(scope->nodes, "ssl_verify_client");
    const struct import_node *authority = import_find(scope->nodes, "ssl_client_certificate");
    const struct import_node *depth = import_find(scope->nodes, "ssl_verify_depth");
    const char *path = authority == NULL ? "" : import_word(authority, 0);
    if (!scope->uses_tls || verify == NULL || !import_says(verify, "on") ||
        !syntax_static_folder.check(path)) {
        return false;
    }
    struct import_yaml *part = parts_of(scope);
    struct import_yaml *client = import_map(arena);
    import_put_text(arena, client, "ca", path);
    if (depth != NULL && strcmp(import_word(depth, 0), "1") != 0) {
        import_put_text(arena, client, "depth", import_word(depth, 0));
    }
    import_put(arena, part, "mtls", client);
    import_put(arena, scope->fields, "auth.parts", part);
    put_auth(scope, part);
    if (node == verify) {
        import_note_add(
            scope->context, node,
            message_make(arena, "without a certificate the answer is 403, and not 400"));
    }
    return true;
}

IMPORT_TAKE(import_take_auth)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    struct import_yaml *part = parts_of(scope);
    const char *word = node->word_count == 1 ? node->words[0] : "";
    bool is_file = import_is(node, "auth_basic_user_file");
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
