/* return: redirects and fixed answers. */

#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/import_route.h"
#include "core/import_take.h"
#include "schemas/site_syntax.h"
#include "schemas/template.h"

/* ${name} as $name where nothing follows that would be taken for a part of the name; variables of
 * nginx that mean the same as one of ours. */
static const char *plain_variables(const struct import_scope *scope, const char *text,
                                   bool keeps_port)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    struct arena *arena = scope->context->arena;
    struct text out = text_make(arena);
    while (*text != '\0') {
        size_t length = text[0] == '$' && text[1] == '{' ? strspn(text + 2, letters) : 0;
        bool is_braced =
            length > 0 && text[2 + length] == '}' && strchr(letters, text[3 + length]) == NULL;
        is_braced |= length > 0 && text[2 + length] == '}' && text[3 + length] == '\0';
        if (is_braced) {
            text_addf(&out, "$%.*s", (int)length, text + 2);
            text += length + 3;
        } else if (!keeps_port && text_starts_with(text, "$http_host")) {
            text_add(&out, "$host");
            text += strlen("$http_host");
        } else if (text_starts_with(text, "$server_name") && scope->host != NULL &&
                   scope->host[0] != '*') {
            text_add(&out, scope->host);
            text += strlen("$server_name");
        } else {
            text_add_char(&out, *text++);
        }
    }
    return out.data;
}

/* A dollar sign that begins no variable is written twice. */
static const char *with_dollars(struct arena *arena, const char *text)
{
    struct text out = text_make(arena);
    for (const char *c = text; *c != '\0'; c++) {
        bool is_alone =
            *c == '$' && c[1] != '{' && c[1] != '_' && isalnum((unsigned char)c[1]) == 0;
        text_add(&out, is_alone ? "$" : "");
        text_add_char(&out, *c);
    }
    return out.data;
}

const char *import_value(const struct import_scope *scope, const char *text)
{
    struct arena *arena = scope->context->arena;
    const char *value =
        with_dollars(arena, plain_variables(scope, import_expand(scope, text), true));
    struct template_part_list parts;
    const char *unknown = NULL;
    bool is_line = syntax_header_value.check(value) && strchr(value, '\r') == NULL;
    return is_line && template_read(arena, TEMPLATE_VALUE, value, &parts, &unknown) ? value : NULL;
}

static bool has_groups(const struct template_part_list *parts, const char *regex)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct template_part *part = &parts->items[i];
        if (part->kind == TEMPLATE_CAPTURE &&
            (regex == NULL || part->number > regex_group_count(regex))) {
            return false;
        }
    }
    return true;
}

const char *import_target(const struct import_scope *scope, const char *text, const char *regex)
{
    static const char whole[] = "$request_uri";
    struct arena *arena = scope->context->arena;
    const char *target = plain_variables(scope, import_expand(scope, text), false);
    struct template_part_list parts;
    const char *unknown = NULL;
    const char *scheme = strstr(target, "://");
    if (scheme != NULL && strpbrk(scheme + strlen("://"), "/?#$") == NULL) {
        target =
            arena_printf(arena, "%s/", target); /* without a path the request's would be kept */
    }
    if (!syntax_redirect_target.check(target) ||
        !template_read(arena, TEMPLATE_TARGET, target, &parts, &unknown) ||
        !has_groups(&parts, regex)) {
        return NULL;
    }
    size_t length = strlen(target);
    bool keeps = scheme != NULL && text_ends_with(target, whole) && length > strlen(whole);
    if (keeps) {
        const char *origin = arena_strndup(arena, target, length - strlen(whole));
        struct template_part_list rest;
        if (strcmp(origin + strlen(origin) - 1, "/") != 0 && syntax_redirect_target.check(origin) &&
            template_read(arena, TEMPLATE_TARGET, origin, &rest, &unknown) &&
            template_is_origin(&rest)) {
            return origin;
        }
    }
    return target;
}

static bool is_redirect(long status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static bool put_redirect(const struct import_scope *scope, long status, const char *text,
                         const char *regex, struct import_yaml *map)
{
    struct arena *arena = scope->context->arena;
    const char *target = import_target(scope, text, regex);
    if (target == NULL) {
        return false;
    }
    if (status == 308) {
        import_put_text(arena, map, "redirect", target);
        return true;
    }
    struct import_yaml *redirect = import_map(arena);
    import_put_text(arena, redirect, "to", target);
    import_put_text(arena, redirect, "status", arena_printf(arena, "%ld", status));
    import_put(arena, map, "redirect", redirect);
    return true;
}

static bool put_respond(const struct import_scope *scope, long status, const char *body,
                        struct import_yaml *map)
{
    struct arena *arena = scope->context->arena;
    const char *number = arena_printf(arena, "%ld", status);
    body = body == NULL ? NULL : import_expand(scope, body);
    if (status < 200 || status > 599) {
        return false;
    }
    if (body == NULL || body[0] == '\0') {
        import_put_text(arena, map, "respond", number);
        return true;
    }
    if (import_has_variable(body) || strchr(body, '\r') != NULL ||
        !syntax_response_body.check(body) || status == 204 || status == 304 || status == 444) {
        return false;
    }
    struct import_yaml *respond = import_map(arena);
    import_put_text(arena, respond, "status", number);
    import_put_text(arena, respond, "body", body);
    const char *type = import_get_text(scope->fields, "respond.type");
    if (type != NULL && strcmp(type, "text/plain") != 0) {
        import_put_text(arena, respond, "type", type);
    }
    import_put(arena, map, "respond", respond);
    return true;
}

bool import_answer(const struct import_scope *scope, const struct import_node *node,
                   const char *regex, struct import_yaml *map)
{
    const char *first = import_word(node, 0);
    bool is_code = first[0] != '\0' && first[strspn(first, "0123456789")] == '\0';
    if (!is_code) {
        return node->word_count == 1 && put_redirect(scope, 302, first, regex, map);
    }
    long status = strtol(first, NULL, 10);
    if (node->word_count > 2) {
        return false;
    }
    if (is_redirect(status) && node->word_count == 2) {
        return put_redirect(scope, status, node->words[1], regex, map);
    }
    return !is_redirect(status) &&
           put_respond(scope, status, node->word_count == 2 ? node->words[1] : NULL, map);
}
