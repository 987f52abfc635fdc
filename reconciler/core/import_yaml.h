/* YAML that is written from nothing: maps, lists and texts with comments, in the order in which
 * they were put. Every text is quoted where it would be read as something else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/vec.h"

enum import_yaml_type { IMPORT_TEXT, IMPORT_NULL, IMPORT_LIST, IMPORT_MAP };

struct import_yaml;
struct import_entry {
    const char *key; /* NULL: an element of a list */
    struct import_yaml *value;
};
VEC(import_entries, struct import_entry);

struct import_yaml {
    enum import_yaml_type type;
    const char *text;
    const char *comment; /* lines that stand above the entry; NULL: none */
    struct import_entries entries;
};

struct import_yaml *import_text(struct arena *arena, const char *text);
struct import_yaml *import_null(struct arena *arena);
struct import_yaml *import_list(struct arena *arena);
struct import_yaml *import_map(struct arena *arena);

/* A later value of the same key takes the place of the earlier one. */
void import_put(struct arena *arena, struct import_yaml *map, const char *key,
                struct import_yaml *value);
void import_put_text(struct arena *arena, struct import_yaml *map, const char *key,
                     const char *text);
void import_add(struct arena *arena, struct import_yaml *list, struct import_yaml *value);
void import_add_text(struct arena *arena, struct import_yaml *list, const char *text);
void import_comment(struct arena *arena, struct import_yaml *value, const char *line);
struct import_yaml *import_get(const struct import_yaml *map, const char *key);
const char *import_get_text(const struct import_yaml *map, const char *key);
/* Every entry of map, put into out. */
void import_put_all(struct arena *arena, const struct import_yaml *map, struct import_yaml *out);
void import_remove(struct import_yaml *map, const char *key);
/* The same whatever their comments say. */
bool import_same(const struct import_yaml *a, const struct import_yaml *b);

/* The map as a whole file. */
void import_yaml_write(const struct import_yaml *map, struct text *out);
