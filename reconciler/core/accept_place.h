/* The places of a document where a value stands or could stand: its kind's rows, walked over what
 * is written. Pure. */
#pragma once

#include "model/document.h"
#include "schemas/field.h"

enum accept_step_type { STEP_FIELD, STEP_KEY, STEP_INDEX };

/* One step down from a document's map. */
struct accept_step {
    enum accept_step_type type;
    const char *name;            /* of a field or key */
    size_t index;                /* of an element */
    const struct schema *schema; /* whose field it is; the field may be its shorthand */
};

struct accept_path {
    const struct accept_step *steps;
    size_t count;
};

enum accept_place_type {
    PLACE_VALUE,  /* one value: a field, an element of a list, an entry of a map of texts */
    PLACE_LIST,   /* a list of texts as a whole, to which one may be added */
    PLACE_MAP,    /* a map of texts, the same */
    PLACE_KEY,    /* the key of an entry */
    PLACE_OBJECT, /* an object or an entry of a map of objects as a whole, which may go */
};

struct accept_place {
    enum accept_place_type type;
    const struct field *field; /* of an element or entry: the row of the whole */
    struct accept_path path;
    const struct node *node;      /* what is written there or stands below; NULL: nothing */
    const struct node *owner;     /* of an element: its list, of an entry: its map; else NULL */
    const struct node *entry_key; /* of the entry of a map of objects that it lies in (a path of a
                                     site), and the entry; NULL: in none */
    const struct node *entry;
    const char *name; /* for people: "paths./api.timeout" */
};
VEC(accept_places, struct accept_place);

void accept_places_list(struct arena *arena, const struct document *document,
                        struct accept_places *out);
