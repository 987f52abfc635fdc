/* fastcgi_param and uwsgi_param: what the program is told beside the usual. */

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_route.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* Those of RFC 3875 and their like, which programs get; by value where that could be another. */
static bool is_usual_param(const struct import_scope *scope, const char *name, const char *value)
{
    // clang-format off
    static const char *const rows[][2] = {
        {"QUERY_STRING",      "$query_string"},
        {"REQUEST_METHOD",    "$request_method"},
        {"CONTENT_TYPE",      "$content_type"},
        {"CONTENT_LENGTH",    "$content_length"},
        {"REQUEST_URI",       "$request_uri"},
        {"DOCUMENT_URI",      "$document_uri"},
        {"DOCUMENT_ROOT",     "$document_root"},
        {"DOCUMENT_ROOT",     "$realpath_root"},
        {"SCRIPT_NAME",       "$fastcgi_script_name"},
        {"SERVER_PROTOCOL",   "$server_protocol"},
        {"REQUEST_SCHEME",    "$scheme"},
        {"HTTPS",             "$https"},
        {"HTTPS",             "$https if_not_empty"},
        {"GATEWAY_INTERFACE", "CGI/1.1"},
        {"SERVER_SOFTWARE",   "nginx/$nginx_version"},
        {"SERVER_SOFTWARE",   "nginx"},
        {"REMOTE_ADDR",       "$remote_addr"},
        {"REMOTE_PORT",       "$remote_port"},
        {"REMOTE_USER",       "$remote_user"},
        {"SERVER_ADDR",       "$server_addr"},
        {"SERVER_PORT",       "$server_port"},
        {"SERVER_NAME",       "$server_name"},
        {"SERVER_NAME",       "$host"},
        {"SERVER_NAME",       "$http_host"},
        {"HTTP_HOST",         "$host"},
        {"HTTP_HOST",         "$http_host"},
        {"HTTP_PROXY",        ""},
        {"REDIRECT_STATUS",   "200"}, /* of the CGI program, which FPM is not */
    };
    // clang-format on
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i][0], name) == 0 && strcmp(rows[i][1], value) == 0) {
            return true;
        }
    }
    bool is_path = strcmp(name, "PATH_INFO") == 0;
    bool is_empty_path = is_path && scope->is_regex && text_ends_with(scope->regex, "\\.php$");
    bool is_whole_path =
        is_path && strcmp(value, "$document_uri") == 0 && import_is(scope->pass, "uwsgi_pass");
    return is_empty_path || is_whole_path ||
           (strcmp(name, "HTTPS") == 0 && strcmp(value, "on") == 0 && scope->uses_tls);
}

/* False when nothing of ours means the same. */
static bool take_script(struct import_scope *scope, const char *value, struct import_yaml *handler)
{
    static const char script[] = "$fastcgi_script_name";
    struct arena *arena = arena_of(scope);
    const char *root = import_get_text(scope->fields, "root");
    if (strcmp(value, "$document_root$fastcgi_script_name") == 0 ||
        strcmp(value, "$realpath_root$fastcgi_script_name") == 0 ||
        strcmp(value, "$request_filename") == 0) {
        if (root != NULL && scope->alias == NULL) {
            import_put_text(arena, handler, "root", root);
        }
        return root != NULL && scope->alias == NULL;
    }
    bool has_root = text_ends_with(value, script);
    const char *path =
        has_root ? arena_strndup(arena, value, strlen(value) - strlen(script)) : value;
    if (!syntax_static_folder.check(path)) {
        return false;
    }
    import_put_text(arena, handler, has_root ? "root" : "script", path);
    return true;
}

static const char *value_of(struct import_scope *scope, const struct import_node *node)
{
    const char *value = import_expand(scope, import_word(node, 1));
    return node->word_count == 3 ? arena_printf(arena_of(scope), "%s %s", value, node->words[2])
                                 : value;
}

bool import_params(struct import_scope *scope, struct import_yaml *handler)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *params = import_map(arena);
    for (size_t i = 0; i < scope->params.count; i++) {
        const struct import_node *node = scope->params.items[i];
        const char *name = import_word(node, 0);
        const char *value = value_of(scope, node);
        const char *said = import_value(scope, import_word(node, 1));
        if (strcmp(name, "SCRIPT_FILENAME") == 0 && import_is(node, "fastcgi_param")) {
            if (!take_script(scope, value, handler)) {
                return false;
            }
        } else if (is_usual_param(scope, name, value)) {
            continue;
        } else if (node->word_count == 2 && said != NULL && syntax_variable.check(name)) {
            import_put_text(arena, params, name, said);
        } else {
            import_scope_keep(scope, node);
        }
    }
    if (params->entries.count > 0) {
        import_put(arena, handler, "params", params);
    }
    return true;
}
