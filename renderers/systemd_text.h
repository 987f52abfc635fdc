/* systemd unit text: sections, settings, escaping. A value ending in a backslash would swallow the
 * next line, % expands, $ expands in commands: nothing written by a user gets there unescaped. */
#pragma once

#include "model/item.h"

struct systemd_text;

struct systemd_text *systemd_text_make(struct arena *arena);
void systemd_at(struct systemd_text *systemd, struct span span);
struct mapped_text systemd_text_finish(struct systemd_text *systemd);

void systemd_section(struct systemd_text *systemd, const char *name);
/* key=word with a fixed text of ours (specifiers work). */
void systemd_line(struct systemd_text *systemd, const char *key, const char *word);
void systemd_linef(struct systemd_text *systemd, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* key=text of a user: % doubled; the schema has refused line breaks and a trailing backslash. */
void systemd_value(struct systemd_text *systemd, const char *key, const char *text);
/* Exec lines: each word quoted, % and $ doubled. prefix: "", "-", "+", ... */
void systemd_command(struct systemd_text *systemd, const char *key, const char *prefix,
                     const char *const *words);
/* Environment="NAME=value". */
void systemd_environment(struct systemd_text *systemd, const char *name, const char *value);
/* A list of quoted words (paths) as one setting. */
void systemd_words(struct systemd_text *systemd, const char *key, const char *const *words);

struct systemd_setting {
    const char *section;
    const char *key;
    const char *value; /* as systemd sees it after joining lines; still quoted and % doubled */
    size_t line;
};
VEC(systemd_settings, struct systemd_setting);
bool systemd_parse(struct arena *arena, struct str text, struct systemd_settings *out_settings,
                   size_t *out_line);
/* Unquotes one Exec or Environment value into words, undoing %% and (for commands) $$. */
bool systemd_unquote(struct arena *arena, const char *value, bool is_command,
                     const char *const **out_words, size_t *out_count);
