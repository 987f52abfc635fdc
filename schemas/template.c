/* Texts with variables of the request in them. The lists of variables are closed: each is known to
 * be safe where it may stand, and what nginx decodes is known to need encoding. A value of a header
 * has no such encoding, so that no variable that nginx decodes may stand there. */

#include "schemas/template.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

// clang-format off
static const struct {
    const char *name;
    enum template_use use;
    bool is_decoded;
    unsigned places; /* 1 << enum template_place */
} variables[] = {
#define TARGET (1U << TEMPLATE_TARGET)
#define VALUE  (1U << TEMPLATE_VALUE)
    {"host",                       TEMPLATE_IN_HOST,   false, TARGET | VALUE},
    {"uri",                        TEMPLATE_ENDS_HOST, true,  TARGET},
    {"request_uri",                TEMPLATE_ENDS_HOST, false, TARGET | VALUE},
    {"args",                       TEMPLATE_IN_PATH,   false, TARGET | VALUE},
    {"is_args",                    TEMPLATE_ENDS_HOST, false, TARGET | VALUE},
    {"query_string",               TEMPLATE_IN_PATH,   false, TARGET | VALUE},
    {"scheme",                     TEMPLATE_IN_HOST,   false, TARGET | VALUE},
    {"server_port",                TEMPLATE_IN_HOST,   false, TARGET | VALUE},
    {"remote_addr",                TEMPLATE_IN_PATH,   false, TARGET | VALUE},
    {"request_method",             TEMPLATE_IN_PATH,   false, TARGET | VALUE},
    {"request_id",                 TEMPLATE_IN_PATH,   false, TARGET | VALUE},
    {"remote_port",                TEMPLATE_IN_PATH,   false, VALUE},
    {"server_addr",                TEMPLATE_IN_PATH,   false, VALUE},
    {"server_protocol",            TEMPLATE_IN_PATH,   false, VALUE},
    {"https",                      TEMPLATE_IN_PATH,   false, VALUE},
    {"hostname",                   TEMPLATE_IN_PATH,   false, VALUE},
    {"msec",                       TEMPLATE_IN_PATH,   false, VALUE},
    {"time_iso8601",               TEMPLATE_IN_PATH,   false, VALUE},
    {"request_time",               TEMPLATE_IN_PATH,   false, VALUE},
    {"upstream_addr",              TEMPLATE_IN_PATH,   false, VALUE},
    {"upstream_response_time",     TEMPLATE_IN_PATH,   false, VALUE},
    {"upstream_cache_status",      TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_protocol",               TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_cipher",                 TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_verify",          TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_s_dn",            TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_i_dn",            TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_serial",          TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_fingerprint",     TEMPLATE_IN_PATH,   false, VALUE},
    {"ssl_client_escaped_cert",    TEMPLATE_IN_PATH,   false, VALUE},
#undef TARGET
#undef VALUE
};

/* A header, a cookie or a parameter of the request, as it was sent; of values only. */
static const char *const families[] = {"http_", "cookie_", "arg_"};
// clang-format on

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- Reading -------------------------------------------------------------------------------- */

static size_t name_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static void add_text(struct arena *arena, struct template_part_list *parts, const char *text,
                     size_t length)
{
    if (length > 0) {
        vec_add(arena, parts,
                (struct template_part){.kind = TEMPLATE_TEXT,
                                       .text = arena_strndup(arena, text, length)});
    }
}

/* A member of a family: "http_origin". */
static bool is_member(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT(families); i++) {
        if (text_starts_with(name, families[i]) && length > strlen(families[i])) {
            return true;
        }
    }
    return false;
}

static bool add_variable(struct arena *arena, enum template_place place,
                         struct template_part_list *parts, const char *name, size_t length)
{
    if (place == TEMPLATE_VALUE && is_member(name, length)) {
        vec_add(arena, parts,
                (struct template_part){.kind = TEMPLATE_VARIABLE,
                                       .text = arena_strndup(arena, name, length),
                                       .use = TEMPLATE_IN_PATH});
        return true;
    }
    for (size_t i = 0; i < COUNT(variables); i++) {
        bool is_here = (variables[i].places & (1U << place)) != 0;
        if (is_here && strlen(variables[i].name) == length &&
            memcmp(variables[i].name, name, length) == 0) {
            vec_add(arena, parts,
                    (struct template_part){.kind = TEMPLATE_VARIABLE,
                                           .text = variables[i].name,
                                           .use = variables[i].use,
                                           .is_decoded = variables[i].is_decoded});
            return true;
        }
    }
    return false;
}

/* What follows a dollar sign; its length, 0 when it is nothing known. */
static size_t add_dollar(struct arena *arena, enum template_place place,
                         struct template_part_list *parts, const char *text)
{
    if (text[0] == '$') {
        add_text(arena, parts, "$", 1);
        return 1;
    }
    if (place == TEMPLATE_TARGET && text[0] >= '1' && text[0] <= '9') {
        vec_add(arena, parts,
                (struct template_part){.kind = TEMPLATE_CAPTURE,
                                       .number = (unsigned)(text[0] - '0'),
                                       .use = TEMPLATE_IN_PATH,
                                       .is_decoded = true});
        return 1;
    }
    size_t length = name_length(text);
    return add_variable(arena, place, parts, text, length) ? length : 0;
}

bool template_read(struct arena *arena, enum template_place place, const char *text,
                   struct template_part_list *out_parts, const char **out_unknown)
{
    *out_parts = (struct template_part_list){0};
    while (*text != '\0') {
        size_t length = strcspn(text, "$");
        add_text(arena, out_parts, text, length);
        text += length;
        if (*text == '$') {
            size_t taken = add_dollar(arena, place, out_parts, text + 1);
            if (taken == 0) {
                *out_unknown = arena_strndup(arena, text + 1, name_length(text + 1));
                return false;
            }
            text += 1 + taken;
        }
    }
    return true;
}

bool template_may_leave(const struct template_part_list *parts)
{
    return parts->count > 1 && parts->items[0].kind == TEMPLATE_TEXT &&
           strcmp(parts->items[0].text, "/") == 0;
}

bool template_has_decoded(const struct template_part_list *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->items[i].is_decoded) {
            return true;
        }
    }
    return false;
}

/* ---- The host of a target ------------------------------------------------------------------- */

/* The part that ends the host, or the count of parts; out_bad: the first part within the host that
 * clients could fill with another one. A path has no host. */
static size_t host_end(const struct template_part_list *parts, const struct template_part **out_bad)
{
    bool is_behind_scheme = false;
    *out_bad = NULL;
    if (parts->count > 0 && parts->items[0].kind == TEMPLATE_TEXT &&
        parts->items[0].text[0] == '/') {
        return 0;
    }
    for (size_t i = 0; i < parts->count; i++) {
        const struct template_part *part = &parts->items[i];
        const char *text = part->kind == TEMPLATE_TEXT ? part->text : "";
        const char *scheme = is_behind_scheme ? NULL : strstr(text, "://");
        if (scheme != NULL) {
            is_behind_scheme = true;
            text = scheme + strlen("://");
        }
        bool ends = part->kind != TEMPLATE_TEXT && part->use == TEMPLATE_ENDS_HOST;
        if (ends || strpbrk(text, "/?#") != NULL) {
            return i;
        }
        if (part->kind != TEMPLATE_TEXT && part->use == TEMPLATE_IN_PATH && *out_bad == NULL) {
            *out_bad = part;
        }
    }
    return parts->count;
}

bool template_is_origin(const struct template_part_list *parts)
{
    const struct template_part *bad = NULL;
    return host_end(parts, &bad) == parts->count;
}

/* ---- Checking ------------------------------------------------------------------------------- */

static const char *variables_text(struct arena *arena, enum template_place place)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < COUNT(variables); i++) {
        if ((variables[i].places & (1U << place)) != 0) {
            text_addf(&text, "%s$%s", text.length == 0 ? "" : ", ", variables[i].name);
        }
    }
    return text.data;
}

static const char *part_text(struct arena *arena, const struct template_part *part)
{
    return part->kind == TEMPLATE_CAPTURE ? arena_printf(arena, "$%u", part->number)
                                          : arena_printf(arena, "$%s", part->text);
}

const char *regex_escape(struct arena *arena, const char *text)
{
    struct text out = text_make(arena);
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("\\^$.[]|()?*+{}", *c) != NULL) {
            text_add_char(&out, '\\');
        }
        text_add_char(&out, *c);
    }
    return out.data;
}

/* Behind the backslash or inside of brackets a parenthesis is a character. */
unsigned regex_group_count(const char *regex)
{
    unsigned count = 0;
    bool is_in_class = false;
    for (const char *c = regex; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
        } else if (is_in_class) {
            is_in_class = *c != ']';
        } else if (*c == '[') {
            is_in_class = true;
            c += c[1] == '^';
            c += c[1] == ']';
        } else if (*c == '(') {
            bool is_named = (text_starts_with(c, "(?<") && c[3] != '=' && c[3] != '!') ||
                            text_starts_with(c, "(?P<") || text_starts_with(c, "(?'");
            count += (c[1] != '?' && c[1] != '*') || is_named;
        }
    }
    return count;
}

static void check_captures(struct check *check, const struct text_value *target,
                           const struct template_part_list *parts, const char *regex,
                           const char *field)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct template_part *part = &parts->items[i];
        if (part->kind != TEMPLATE_CAPTURE) {
            continue;
        }
        if (regex == NULL) {
            check_add(check, DIAGNOSTIC_SITE_CAPTURE_NOWHERE, target->node, field,
                      part_text(check->arena, part), NULL);
        } else if (part->number > regex_group_count(regex)) {
            check_add(check, DIAGNOSTIC_SITE_CAPTURE_MISSING, target->node, field,
                      part_text(check->arena, part), regex);
        }
    }
}

/* nginx writes variables of a rewrite as they are, and a line break in the query would end up in
 * the request to a program. It encodes what groups have matched. */
static void check_query(struct check *check, const struct text_value *target,
                        const struct template_part_list *parts, const char *field)
{
    bool is_in_query = false;
    for (size_t i = 0; i < parts->count; i++) {
        const struct template_part *part = &parts->items[i];
        bool is_variable = part->kind == TEMPLATE_VARIABLE;
        is_in_query |= part->kind == TEMPLATE_TEXT && strchr(part->text, '?') != NULL;
        if (is_in_query && is_variable && part->is_decoded) {
            check_add(check, DIAGNOSTIC_SITE_VARIABLE_IN_QUERY, target->node, field,
                      part_text(check->arena, part), NULL);
        }
    }
}

void template_check(struct check *check, const struct text_value *target, const char *regex,
                    bool is_internal, const char *field)
{
    struct template_part_list parts;
    const char *unknown = NULL;
    if (target->text == NULL) {
        return;
    }
    if (!template_read(check->arena, TEMPLATE_TARGET, target->text, &parts, &unknown)) {
        check_add(check, DIAGNOSTIC_SITE_VARIABLE_UNKNOWN, target->node, field, unknown,
                  variables_text(check->arena, TEMPLATE_TARGET));
        return;
    }
    check_captures(check, target, &parts, regex, field);
    const struct template_part *bad = NULL;
    (void)host_end(&parts, &bad);
    if (is_internal) {
        check_query(check, target, &parts, field);
    } else if (bad != NULL) {
        check_add(check, DIAGNOSTIC_SITE_VARIABLE_HOST, target->node, field,
                  part_text(check->arena, bad), NULL);
    }
}

void template_check_values(struct check *check, const struct text_map *values, const char *field)
{
    for (size_t i = 0; i < values->count; i++) {
        const struct text_value *value = &values->items[i].value;
        struct template_part_list parts;
        const char *unknown = NULL;
        if (!template_read(check->arena, TEMPLATE_VALUE, value->text, &parts, &unknown)) {
            check_add(check, DIAGNOSTIC_SITE_VALUE_VARIABLE, value->node, field, unknown,
                      variables_text(check->arena, TEMPLATE_VALUE));
        }
    }
}
