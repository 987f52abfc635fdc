/* Changes of a YAML file that touch nothing but what they are about: comments, quotes, indentation
 * and line ends of everything else stay as they are, byte for byte. The nodes are those of
 * yaml_parse of the same source. Each edit stands alone: after one is applied, the file is parsed
 * again. Pure. */
#pragma once

#include <stdbool.h>

#include "model/node.h"

/* The bytes from first to end become text. */
struct yaml_edit {
    size_t first;
    size_t end;
    const char *text;
};

struct str yaml_edit_apply(struct arena *arena, struct str content, const struct yaml_edit *edit);

/* The text as YAML of one line: plain where it is read back as it is, else quoted. */
enum yaml_place { YAML_IN_BLOCK, YAML_IN_FLOW };
const char *yaml_edit_scalar_text(struct arena *arena, const char *text, enum yaml_place place,
                                  bool is_quoted);
/* Where values of this mapping or list stand; NULL: the top of a file. */
enum yaml_place yaml_edit_place(const struct node *holder);

/* Each fills *out, or gives false where the form that stands there cannot take it. */

/* Another text for a scalar, in the quotes that it has; holder is what it stands in. */
bool yaml_edit_set_text(struct arena *arena, const struct node *holder, const struct node *scalar,
                        const char *text, struct yaml_edit *out);
/* YAML of one line in place of a value: a scalar, or a collection in brackets. */
bool yaml_edit_set_value(struct arena *arena, const struct node *value, const char *yaml,
                         struct yaml_edit *out);
/* An entry behind those of a mapping; both are YAML. */
bool yaml_edit_add_entry(struct arena *arena, const struct node *mapping, const char *key,
                         const char *value, struct yaml_edit *out);
/* An element before the one of this index, which may be the list's count. */
bool yaml_edit_add_element(struct arena *arena, const struct node *list, size_t index,
                           const char *value, struct yaml_edit *out);
/* The entry or element of this index, with a comment behind it. The last one that stands in lines
 * of its own cannot go: nothing would be left to say that the collection is empty. */
bool yaml_edit_remove(const struct node *holder, size_t index, struct yaml_edit *out);
