/* Puts a value at a place of a document: which file it goes to, and what changes in its bytes.
 * Where the document itself (its entry in some layer) sets the value, it is changed there; what
 * comes from defaults, a profile or a preset is set in the document, so that no other changes.
 * Pure. */
#pragma once

#include "core/accept_place.h"
#include "core/decode.h"
#include "core/yaml_edit.h"

enum accept_action {
    ACCEPT_SET,    /* another value, also where none is written */
    ACCEPT_REMOVE, /* what is written goes */
    ACCEPT_CLEAR,  /* null: what stands below does not shine through */
    ACCEPT_INSERT, /* an element into a list, an entry into a map of texts */
    ACCEPT_RENAME, /* another key */
};

struct accept_change {
    enum accept_action action;
    const struct accept_place *place;
    const char *text; /* of ACCEPT_SET, ACCEPT_RENAME, ACCEPT_INSERT, where NULL is null */
    const char *key;  /* of an entry that is inserted */
    size_t index;     /* of an element that is inserted */
    bool is_quoted;   /* the type wants quotes */
};

struct accept_edit {
    size_t source; /* of the list */
    struct yaml_edit edit;
};
VEC(accept_edits, struct accept_edit);

/* The ways to do it, the best one first; none where the form that is written cannot take it. The
 * sources are parsed. */
void accept_edits_list(struct arena *arena, const struct decode_sources *sources,
                       const struct document *document, const struct accept_change *change,
                       struct accept_edits *out);
