/* nginx knows nothing of preflights: who wants them answered writes an if for the method OPTIONS
 * with all headers, and once more the origin for all other answers. Only where both say the same,
 * cors does. */

#include "core/import_cors.h"

#include <strings.h>

#include "core/import_take.h"
#include "schemas/header.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { AGE_MOST_MS = 24 * 3600 * 1000 }; /* no browser remembers it longer */

/* What is said of one thing; NULL: nothing. */
struct policy {
    const char *origin, *credentials, *expose, *methods, *headers, *age;
};

static const char **member_of(struct policy *policy, const char *name)
{
    const struct {
        const char *name;
        const char **member;
    } members[] = {
        {"Access-Control-Allow-Origin", &policy->origin},
        {"Access-Control-Allow-Credentials", &policy->credentials},
        {"Access-Control-Expose-Headers", &policy->expose},
        {"Access-Control-Allow-Methods", &policy->methods},
        {"Access-Control-Allow-Headers", &policy->headers},
        {"Access-Control-Max-Age", &policy->age},
    };
    for (size_t i = 0; i < COUNT(members); i++) {
        if (header_same(members[i].name, name)) {
            return members[i].member;
        }
    }
    return NULL;
}

bool import_is_in_cors(const struct import_scope *scope, const char *name)
{
    return import_get(scope->own, "cors") != NULL && member_of(&(struct policy){0}, name) != NULL;
}

/* False where a header is said twice. */
static bool read_header(const struct import_scope *scope, const struct import_node *node,
                        struct policy *policy)
{
    const char **member = member_of(policy, import_word(node, 0));
    if (member == NULL) {
        return true;
    }
    bool is_first = *member == NULL;
    *member = import_expand(scope, import_word(node, 1));
    return is_first;
}

/* What the preflight itself sends; an answer without a body needs neither type nor length. */
static bool read_preflight(const struct import_scope *scope, const struct import_node *node,
                           struct policy *policy)
{
    bool is_answered = false;
    for (size_t i = 0; i < node->children.count; i++) {
        const struct import_node *child = node->children.items[i];
        const char *name = import_word(child, 0);
        if (import_is(child, "return")) {
            is_answered = import_says(child, "204");
        } else if (!import_is(child, "add_header") || !read_header(scope, child, policy) ||
                   (member_of(policy, name) == NULL && strcasecmp(name, "Content-Type") != 0 &&
                    strcasecmp(name, "Content-Length") != 0)) {
            return false;
        }
    }
    return is_answered;
}

/* What all other answers send. A location inside would have the headers and not the preflight. */
static bool read_others(const struct import_scope *scope, struct policy *policy)
{
    for (size_t i = 0; i < scope->nodes->count; i++) {
        const struct import_node *node = scope->nodes->items[i];
        if (import_is(node, "location") ||
            (import_is(node, "add_header") && !read_header(scope, node, policy))) {
            return false;
        }
    }
    return true;
}

/* "GET, POST" as a list; false where one of them is none. NULL: nothing is said. */
static bool put_words(struct arena *arena, struct import_yaml *cors, const char *field,
                      const char *text, const struct syntax *syntax)
{
    static const char between[] = ", \t";
    struct import_yaml *list = import_list(arena);
    if (text == NULL) {
        return true;
    }
    for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
        size_t length = strcspn(text, between);
        const char *word = arena_strndup(arena, text, length);
        if (!syntax->check(word)) {
            return false;
        }
        import_add_text(arena, list, word);
        text += length;
    }
    import_put(arena, cors, field, list);
    return true;
}

/* All origins are named one by one where somebody sends back the one that asks. */
static bool put_origin(struct arena *arena, struct import_yaml *cors, const struct policy *policy)
{
    bool is_open = strcmp(policy->origin, "*") == 0 || strcmp(policy->origin, "$http_origin") == 0;
    struct import_yaml *list = import_list(arena);
    import_add_text(arena, list, is_open ? "*" : policy->origin);
    import_put(arena, cors, "origins", list);
    return is_open ? policy->credentials == NULL : syntax_origin.check(policy->origin);
}

/* Browsers remember for 5 seconds what has no age. */
static bool put_age(struct arena *arena, struct import_yaml *cors, const char *age)
{
    long long milliseconds = 0;
    if (age != NULL &&
        (age[strspn(age, "0123456789")] != '\0' || !import_read_time(age, &milliseconds))) {
        return false;
    }
    bool is_long = milliseconds > AGE_MOST_MS;
    import_put_text(arena, cors, "age",
                    age == NULL ? "5s"
                    : is_long   ? "1d"
                                : arena_printf(arena, "%ss", age));
    return true;
}

/* What a preflight alone says means nothing on other answers, and the other way round. */
static struct import_yaml *cors_of(struct arena *arena, const struct policy *preflight,
                                   const struct policy *others)
{
    struct import_yaml *cors = import_map(arena);
    const char *credentials = preflight->credentials;
    bool is_said = preflight->origin != NULL && text_equal(preflight->origin, others->origin) &&
                   text_equal(credentials, others->credentials) &&
                   (credentials == NULL || strcmp(credentials, "true") == 0) &&
                   put_origin(arena, cors, preflight) &&
                   put_words(arena, cors, "methods", preflight->methods, &syntax_method) &&
                   put_words(arena, cors, "headers", preflight->headers, &syntax_header_name) &&
                   put_words(arena, cors, "expose", others->expose, &syntax_header_name);
    if (credentials != NULL) {
        import_put_text(arena, cors, "credentials", "true");
    }
    return is_said && put_age(arena, cors, preflight->age) ? cors : NULL;
}

bool import_take_preflight(struct import_scope *scope, const struct import_node *node)
{
    struct arena *arena = scope->context->arena;
    struct import_yaml *asked = import_map(arena);
    bool is_negated = false;
    struct policy preflight = {0};
    struct policy others = {0};
    if (import_get(scope->own, "when") != NULL || import_get(scope->own, "rewrite") != NULL ||
        !import_condition(scope, node, asked, &is_negated) || is_negated) {
        return false; /* what stands before it is carried out before */
    }
    const struct import_yaml *methods = import_get(asked, "method");
    if (methods == NULL || asked->entries.count != 1 || methods->entries.count != 1 ||
        strcmp(methods->entries.items[0].value->text, "OPTIONS") != 0 ||
        !read_preflight(scope, node, &preflight) || !read_others(scope, &others)) {
        return false;
    }
    struct import_yaml *cors = cors_of(arena, &preflight, &others);
    if (cors == NULL) {
        return false;
    }
    import_put(arena, scope->own, "cors", cors);
    return true;
}
