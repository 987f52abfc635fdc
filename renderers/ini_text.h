/* Text in the form of php.ini, which PHP-FPM's own files have too. */
#pragma once

#include "model/item.h"
#include "schemas/value.h"

struct ini_text;

struct ini_text *ini_text_make(struct arena *arena);
/* What following lines are said to come from; NULL: nobody. */
void ini_at(struct ini_text *ini, const struct node *node);
/* A fixed text of ours behind "; ". */
void ini_comment(struct ini_text *ini, const char *text);
void ini_section(struct ini_text *ini, const char *name);
/* key = "value" with any value without control characters; PHP expands nothing in it. */
void ini_value(struct ini_text *ini, const char *key, const char *value);
void ini_number(struct ini_text *ini, const char *key, int64_t number, const char *unit);
/* The text, after it was read back and found to say exactly what was put in (asserted). */
struct mapped_text ini_text_finish(struct ini_text *ini);

struct ini_setting {
    const char *key;
    const char *value;
};
VEC(ini_settings, struct ini_setting);
/* Reads what is written here; false: it is something else. */
bool ini_parse(struct arena *arena, struct str text, struct ini_settings *out);
