/* Writes files in the form of php.ini, and reads them back. PHP puts variables in place of ${...},
 * also within quotes and without a way to escape it: so the dollar stands in quotes of its own,
 * and PHP joins quoted texts that follow each other. */

#include "renderers/ini_text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

struct ini_text {
    struct arena *arena;
    struct text text;
    struct span span;
    VEC(, struct span) lines;
    struct ini_settings wanted;
};

static const char apart[] = "$\"\"{"; /* what "${" is written as */

struct ini_text *ini_text_make(struct arena *arena)
{
    struct ini_text *ini = arena_new(arena, struct ini_text);
    ini->arena = arena;
    ini->text = text_make(arena);
    ini->span = SPAN_NONE;
    return ini;
}

void ini_at(struct ini_text *ini, const struct node *node)
{
    ini->span = node == NULL ? SPAN_NONE : node->span;
}

static void line_end(struct ini_text *ini)
{
    text_add_char(&ini->text, '\n');
    vec_add(ini->arena, &ini->lines, ini->span);
}

void ini_comment(struct ini_text *ini, const char *text)
{
    text_addf(&ini->text, "; %s", text);
    line_end(ini);
}

void ini_section(struct ini_text *ini, const char *name)
{
    text_addf(&ini->text, "[%s]", name);
    line_end(ini);
}

static void quoted_add(struct text *text, const char *value)
{
    text_add_char(text, '"');
    for (const char *c = value; *c != '\0'; c++) {
        if (text_starts_with(c, "${")) {
            text_add(text, apart);
            c++;
            continue;
        }
        if (*c == '"' || *c == '\\') {
            text_add_char(text, '\\');
        }
        text_add_char(text, *c);
    }
    text_add_char(text, '"');
}

void ini_value(struct ini_text *ini, const char *key, const char *value)
{
    text_addf(&ini->text, "%s = ", key);
    quoted_add(&ini->text, value);
    line_end(ini);
    vec_add(ini->arena, &ini->wanted, (struct ini_setting){key, value});
}

void ini_number(struct ini_text *ini, const char *key, int64_t number, const char *unit)
{
    ini_value(ini, key, arena_printf(ini->arena, "%" PRId64 "%s", number, unit));
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* line: behind the first quote. */
static bool value_read(struct arena *arena, const char *line, const char **out)
{
    struct text value = text_make(arena);
    for (const char *c = line; *c != '\0'; c++) {
        if (text_starts_with(c, "${")) {
            return false;
        }
        if (text_starts_with(c, apart)) {
            text_add(&value, "${");
            c += strlen(apart) - 1;
        } else if (*c == '"') {
            *out = value.data;
            return c[1] == '\0';
        } else {
            c += *c == '\\';
            text_add_char(&value, *c);
        }
    }
    return false;
}

static bool line_read(struct arena *arena, char *line, struct ini_settings *out)
{
    static const char begin[] = " = \"";
    if (*line == ';' || *line == '[') {
        return true;
    }
    char *equals = strstr(line, begin);
    struct ini_setting setting = {.key = line};
    if (equals == NULL || !value_read(arena, equals + strlen(begin), &setting.value)) {
        return false;
    }
    *equals = '\0';
    vec_add(arena, out, setting);
    return true;
}

bool ini_parse(struct arena *arena, struct str text, struct ini_settings *out)
{
    *out = (struct ini_settings){0};
    char *state = NULL;
    char *copy = arena_strndup(arena, text.data, text.length);
    for (char *line = strtok_r(copy, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        if (!line_read(arena, line, out)) {
            return false;
        }
    }
    return true;
}

static bool reads_back(const struct ini_text *ini)
{
    struct ini_settings found;
    if (!ini_parse(ini->arena, text_str(&ini->text), &found) || found.count != ini->wanted.count) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        if (strcmp(found.items[i].key, ini->wanted.items[i].key) != 0 ||
            strcmp(found.items[i].value, ini->wanted.items[i].value) != 0) {
            return false;
        }
    }
    return true;
}

struct mapped_text ini_text_finish(struct ini_text *ini)
{
    bool is_same = reads_back(ini);
    assert(is_same);
    (void)is_same; /* where assertions are compiled out */
    return (struct mapped_text){
        .content = text_str(&ini->text),
        .lines = ini->lines.items,
        .line_count = ini->lines.count,
    };
}
