/* systemd unit text: sections, settings, escaping. A value ending in a backslash would swallow the
 * next line, % expands, $ expands in commands: nothing written by a user gets there unescaped. */
#pragma once

#include "model/item.h"

struct systemd_text;

/* The text is written on scratch, and when it is finished stands on arena; both may be the same. */
struct systemd_text *systemd_text_make(struct arena *arena, struct arena *scratch);
/* What following lines are said to come from. */
void systemd_at(struct systemd_text *systemd, struct span span);
/* The text, after it was parsed back and found to say exactly what was put in (asserted). */
struct mapped_text systemd_text_finish(struct systemd_text *systemd);

/* A fixed text of ours behind "# ". */
void systemd_comment(struct systemd_text *systemd, const char *text);
void systemd_section(struct systemd_text *systemd, const char *name);
/* key=word with a fixed text of ours (specifiers work). */
void systemd_line(struct systemd_text *systemd, const char *key, const char *word);
void systemd_linef(struct systemd_text *systemd, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* key=text of a user: % doubled; systemd_can_hold(text) is the schema's business. */
void systemd_value(struct systemd_text *systemd, const char *key, const char *text);
/* Exec lines: each word quoted, % and $ doubled. prefix: "", "-", "+", ... */
void systemd_command(struct systemd_text *systemd, const char *key, const char *prefix,
                     const char *const *words);
/* A list of words (paths, units) as one setting: quoted where needed, % doubled. Words hold no
 * control characters: for paths systemd knows no escape for them. */
void systemd_words(struct systemd_text *systemd, const char *key, const char *const *words);

/* A list of unit names as one setting. systemd takes their backslashes as they are (dev-a\x2db), so
 * nothing is quoted; names hold nothing that would need it. */
void systemd_units(struct systemd_text *systemd, const char *key, const char *const *names);

/* True when an unquoted value can say exactly this text: no control characters, no space at an
 * end, no backslash at the end. */
bool systemd_can_hold(const char *text);

struct systemd_setting {
    const char *section;
    const char *key;
    const char *value; /* as systemd sees it after joining lines; still quoted and % doubled */
    size_t line;       /* from 1: where the setting begins */
};
VEC(systemd_settings, struct systemd_setting);
/* False with out_line set when the text is not well formed. */
bool systemd_parse(struct arena *arena, struct str text, struct systemd_settings *out_settings,
                   size_t *out_line);
/* Unquotes one Exec or list value into words, undoing %% and (for commands) $$. False when it is
 * not well formed, or holds a specifier or variable: those are never a user's text. */
bool systemd_unquote(struct arena *arena, const char *value, bool is_command,
                     const char *const **out_words, size_t *out_count);
