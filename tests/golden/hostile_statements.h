/* What rendered files say, read back: directives, settings and variables as statements that can be
 * compared with those of another document. */
#pragma once

#include <string.h>

#include "base/text.h"
#include "core/desired.h"
#include "model/nginx_syntax.h"
#include "renderers/environment_text.h"
#include "renderers/ini_text.h"
#include "renderers/systemd_text.h"

/* ---- What the files say ------------------------------------------------------------------------
 */

/* One directive or setting: its key must not depend on the text, its words may hold it. */
struct statement {
    const char *key;
    const char *whole; /* the value in one piece, where it may be one; else NULL */
    const char *const *words;
    size_t word_count;
    size_t literal_count; /* of the first words, in which nginx sees no variables */
};
VEC(statement_list, struct statement);

static inline const char *replaced(struct arena *arena, const char *text, const char *from,
                                   const char *to)
{
    struct text out = text_make(arena);
    const char *at = NULL;
    while (from[0] != '\0' && (at = strstr(text, from)) != NULL) {
        text_add_str(&out, (struct str){text, (size_t)(at - text)});
        text_add(&out, to);
        text = at + strlen(from);
    }
    text_add(&out, text);
    return out.data;
}

/* Blocks whose rows begin with a text. */
static inline bool is_table(const char *name)
{
    return strcmp(name, "map") == 0 || strcmp(name, "geo") == 0 || strcmp(name, "types") == 0;
}

/* How many of a directive's first words nginx takes as they are (measured). */
static inline size_t literal_words(const char *directive, size_t count)
{
    if (strcmp(directive, "location") == 0 || text_ends_with(directive, "_hide_header")) {
        return count;
    }
    bool has_name = strcmp(directive, "add_header") == 0 || strcmp(directive, "rewrite") == 0 ||
                    text_ends_with(directive, "_param") || text_ends_with(directive, "_set_header");
    return has_name ? 1 : 0;
}

static inline bool add_nginx(struct arena *arena, const struct desired_file *file,
                             struct statement_list *out)
{
    struct nginx_directives directives = {0};
    size_t line = 0;
    const char *block = "";
    size_t block_depth = 0;
    if (!nginx_parse(arena, file->content, &directives, &line)) {
        return false;
    }
    for (size_t i = 0; i < directives.count; i++) {
        const struct nginx_directive *row = &directives.items[i];
        bool is_row = is_table(block) && row->depth > block_depth;
        size_t count = 0;
        const char **words = arena_array(arena, row->argument_count + 1, sizeof(*words));
        if (is_row) {
            words[count++] = row->name;
        }
        for (size_t k = 0; k < row->argument_count; k++) {
            words[count++] = row->arguments[k];
        }
        const char *key = arena_printf(arena, "%s depth %zu: %s%s", file->path, row->depth,
                                       is_row ? "*" : row->name, row->opens_block ? " {" : "");
        vec_add(arena, out,
                (struct statement){.key = key,
                                   .words = words,
                                   .word_count = count,
                                   .literal_count = is_row ? 1 : literal_words(row->name, count)});
        block_depth = row->opens_block ? row->depth : block_depth;
        block = row->opens_block ? row->name : row->depth <= block_depth ? "" : block;
    }
    return true;
}

static inline bool add_unit(struct arena *arena, const struct desired_file *file,
                            struct statement_list *out)
{
    struct systemd_settings settings = {0};
    size_t line = 0;
    if (!systemd_parse(arena, file->content, &settings, &line)) {
        return false;
    }
    for (size_t i = 0; i < settings.count; i++) {
        const struct systemd_setting *row = &settings.items[i];
        bool is_command = strncmp(row->key, "Exec", 4) == 0;
        const char *key = arena_printf(arena, "%s [%s] %s", file->path, row->section, row->key);
        struct statement statement = {.key = key, .literal_count = SIZE_MAX};
        /* Lists and commands are quoted, single values are not, and a command of ours may name a
         * variable, which no text of a user can. */
        if (!systemd_unquote(arena, row->value, is_command, &statement.words,
                             &statement.word_count)) {
            statement.words = NULL;
        }
        if (!is_command || statement.words == NULL) {
            statement.whole = replaced(arena, row->value, "%%", "%");
        }
        vec_add(arena, out, statement);
    }
    return true;
}

static inline bool add_environment(struct arena *arena, const struct desired_file *file,
                                   struct statement_list *out)
{
    struct environment_variables variables = {0};
    size_t line = 0;
    if (!environment_parse(arena, file->content, &variables, &line)) {
        return false;
    }
    for (size_t i = 0; i < variables.count; i++) {
        const char **words = arena_array(arena, 2, sizeof(*words));
        words[0] = variables.items[i].name;
        words[1] = variables.items[i].value;
        vec_add(arena, out,
                (struct statement){
                    .key = file->path, .words = words, .word_count = 2, .literal_count = 2});
    }
    return true;
}

/* PHP's settings. */
static inline bool add_ini(struct arena *arena, const struct desired_file *file,
                           struct statement_list *out)
{
    struct ini_settings settings = {0};
    if (!ini_parse(arena, file->content, &settings)) {
        return false;
    }
    for (size_t i = 0; i < settings.count; i++) {
        const char **words = arena_array(arena, 2, sizeof(*words));
        words[0] = settings.items[i].key;
        words[1] = settings.items[i].value;
        vec_add(arena, out,
                (struct statement){
                    .key = file->path, .words = words, .word_count = 2, .literal_count = 2});
    }
    return true;
}

/* A page holds nobody's text: it is compared as a whole. */
static inline bool add_page(struct arena *arena, const struct desired_file *file,
                            struct statement_list *out)
{
    const char **words = arena_array(arena, 1, sizeof(*words));
    words[0] = file->content.data;
    vec_add(
        arena, out,
        (struct statement){.key = file->path, .words = words, .word_count = 1, .literal_count = 1});
    return true;
}

/* False with *out_path set to a file that cannot be read back. */
static inline bool statements_of(struct arena *arena, const struct outcome *outcome,
                                 struct statement_list *out, const char **out_path)
{
    static const struct {
        const char *ending;
        bool (*add)(struct arena *arena, const struct desired_file *file,
                    struct statement_list *out);
    } readers[] = {{".conf", add_nginx}, {".service", add_unit}, {".env", add_environment},
                   {".fpm", add_ini},    {".ini", add_ini},      {".html", add_page}};
    for (size_t i = 0; i < outcome->files.count; i++) {
        const struct desired_file *file = &outcome->files.items[i];
        bool is_read = false;
        for (size_t k = 0; k < sizeof(readers) / sizeof(readers[0]); k++) {
            is_read = is_read || (text_ends_with(file->path, readers[k].ending) &&
                                  readers[k].add(arena, file, out));
        }
        if (!is_read) {
            *out_path = file->path;
            return false;
        }
    }
    return true;
}
