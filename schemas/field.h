/* Field rows: each names a field once; decoding, defaults, limits, error texts, `explain`, the
 * reference pages and the JSON Schema come from it. The row's type is taken from the struct member
 * by _Generic, so a row cannot disagree with its member.
 *
 *     static const struct field fields[] = {
 *         FIELD(struct site_spec, body_max, .fallback = "16m", .least = 0,
 *               .help = "Largest request body."),
 *         ...
 *     };
 */
#pragma once

#include <stddef.h>

#include "model/diagnostic.h"
#include "model/document.h"
#include "schemas/value.h"

enum field_type {
    FIELD_TEXT,
    FIELD_BOOLEAN,
    FIELD_INTEGER,
    FIELD_PORT,
    FIELD_SIZE,
    FIELD_DURATION,
    FIELD_RATE,
    FIELD_MODE,
    FIELD_CHOICE,
    FIELD_ARGV,
    FIELD_TEXT_LIST,
    FIELD_TEXT_MAP,
    FIELD_OBJECT,      /* a nested struct, or a pointer to a const one, which is shared where
                          nothing is written; never NULL. object names its schema */
    FIELD_OBJECT_LIST, /* struct object_list */
    FIELD_TYPE_COUNT
};

/* What an object_list is written as. */
enum field_shape { SHAPE_LIST, SHAPE_MAP };

/* Of a row of something that lies inside another of its sort, as a path lies in a site: whether it
 * has the outer one's value where it says nothing itself. */
enum field_inheritance {
    FIELD_INHERITED,
    FIELD_INHERITED_WITH_HANDLER, /* only where it has no handler of its own, either */
    FIELD_OWN,
};

struct facts;
struct layout;
struct schema;

struct field {
    const char *name; /* as written in YAML; from the member's name */
    enum field_type type;
    size_t offset, size;
    enum field_inheritance inheritance;
    bool is_required;
    bool hides_source;           /* its line may hold a secret: never shown in an excerpt */
    bool is_raw;                 /* goes to its target as it is: only where the host allows raw */
    const char *fallback;        /* YAML text of the default: "16m", "true", "[GET, HEAD]" */
    const char *fallback_note;   /* where the default is worked out: "2 x CPUs + 1" */
    int64_t least, most;         /* limits in the type's unit (bytes, ms); both 0: none */
    size_t count_most;           /* lists and maps: most entries; 0: 1,000 */
    const char *const *choices;  /* FIELD_CHOICE: NULL-terminated */
    const struct syntax *syntax; /* text, and elements and values of lists and maps; NULL: line */
    const struct syntax *key_syntax; /* keys of maps; NULL: name */
    const struct schema *object;     /* FIELD_OBJECT, FIELD_OBJECT_LIST */
    enum field_shape shape; /* FIELD_OBJECT_LIST: list, or map whose keys are kept in order; a
                               scalar instead of the map is one entry without a key (object.key is
                               NULL) where the object has a shorthand: rate_limit: 10/s */
    const char *reference;  /* text or text list: "service" makes "service:NAME" a relation and
                               leaves other text to syntax; "*" wants KIND:NAME */
    bool is_reference_only; /* text without the reference's prefix is an error */
    const char *help;       /* one or two sentences, ends in a full stop */
    const char *example;    /* YAML of a document that shows it, without its last newline: the field
                               first, others that it needs below; NULL: made from the row where
                               the row says enough */
};

// clang-format off
#define FIELD_TYPE_OF(member)                       \
    _Generic((member),                              \
        struct text_value: FIELD_TEXT,              \
        struct boolean_value: FIELD_BOOLEAN,        \
        struct integer_value: FIELD_INTEGER,        \
        struct port_value: FIELD_PORT,              \
        struct size_value: FIELD_SIZE,              \
        struct duration_value: FIELD_DURATION,      \
        struct rate_value: FIELD_RATE,              \
        struct mode_value: FIELD_MODE,              \
        struct choice_value: FIELD_CHOICE,          \
        struct argv_value: FIELD_ARGV,              \
        struct text_list: FIELD_TEXT_LIST,          \
        struct text_map: FIELD_TEXT_MAP,            \
        struct object_list: FIELD_OBJECT_LIST,      \
        default: FIELD_OBJECT)

#define FIELD_NAMED(type_, member_, name_, ...) \
    { .name = (name_), .type = FIELD_TYPE_OF(((type_ *)0)->member_), \
      .offset = offsetof(type_, member_), .size = sizeof(((type_ *)0)->member_), __VA_ARGS__ }
#define FIELD(type_, member_, ...) FIELD_NAMED(type_, member_, #member_, __VA_ARGS__)
// clang-format on

struct check;

/* Something that can exist only once on the host: a host name, a port. */
struct claim {
    const char *what; /* "host name" */
    const char *text; /* "shop.example.com", in the one spelling that is compared */
    const struct document *document;
    struct span span; /* where it is claimed */
};
VEC(claim_list, struct claim);

struct schema {
    const char *name;   /* "site"; for nested ones "site.rate_limit" */
    const char *plural; /* "sites": the top-level key; NULL for nested ones */
    size_t size;        /* of the struct that it fills */
    const struct field *fields;
    size_t field_count;
    const struct schema *base;       /* rows that it shares; their struct is its first member */
    const char *shorthand;           /* the field that a scalar or list written instead of a mapping
                                        fills: run: "cmd" is run: {start: cmd}; NULL: none */
    const struct syntax *key_syntax; /* of the documents' names; NULL for nested ones */
    const char *help;
    const char *example;      /* the fields of a small document, as YAML; NULL for nested ones */
    const char *example_name; /* of that document; NULL where documents have none */
    /* The document's own checks, after its fields were read: adds diagnostics, fills members that
     * follow from others. May be NULL. */
    void (*check)(struct check *check, void *spec);
    /* Adds what a checked document claims (claim_add); two claims of the same thing are an error
     * that shows both places, found by core/resolve. May be NULL. */
    void (*claims)(struct arena *arena, const struct document *document, struct claim_list *claims);
    /* Values below everything that people write, as YAML text: the lowest overlay. name is what
     * `preset:` says; NULL when there is no such preset. The list is for messages. May be NULL. */
    const char *(*preset)(const char *name, const struct facts *facts, struct arena *arena);
    const char *const *preset_names; /* NULL-terminated */
};

/* What an object of the schema holds where nothing is written. */
struct schema_defaults {
    const struct schema *schema;
    const void *spec;
};

VEC(field_defaults, struct schema_defaults);

/* What a check may see and add to. */
struct check {
    struct arena *arena;
    struct field_defaults *defaults; /* of the schemas met so far; on the same arena. NULL: read
                                        anew for each object */
    struct diagnostic_list *diagnostics;
    struct document *document;
    const struct facts *facts;
    const struct layout *layout;
};

/* Appends a diagnostic with the document's path; field may be NULL. Returns it. */
struct diagnostic *check_add(struct check *check, enum diagnostic_code code,
                             const struct node *node, const char *field, const char *argument,
                             const char *second_argument);

/* What messages call a field in another: "paths./api" and "root" make "paths./api.root"; of the
 * document itself, which is "", its own name. Built for each check whether it complains or not. */
const char *field_below(struct check *check, const char *field, const char *name);

/* Appends a claim; node is the value that makes it, NULL: the document itself. text is kept by
 * reference. */
void claim_add(struct arena *arena, struct claim_list *claims, const struct document *document,
               const char *what, const char *text, const struct node *node);

/* Fills spec (schema->size bytes, zeroed by the caller) from a mapping (NULL: nothing is written):
 * defaults first, then the written values; unknown fields, wrong types and values out of range
 * become diagnostics, all of them. References are appended to the document. Does not call
 * schema->check. */
void field_decode(struct check *check, const struct schema *schema, const struct node *mapping,
                  void *spec);
/* The written form of a default, as a tree without places; NULL when the row has none. Reads plain
 * and "quoted" scalars, [a, b] and {a: b}. */
const struct node *field_fallback(struct arena *arena, const struct field *field);
/* A document's tree with its shorthands written out (run: {start: cmd}), so that merging it with
 * others replaces no more than was written. Nodes that need no change are shared. */
const struct node *field_spell_out(struct arena *arena, const struct schema *schema,
                                   const struct node *node);
/* The node that set the row's member of spec; NULL where it has its default, or none. */
const struct node *field_origin(const struct field *field, const void *spec);
/* By name, in the schema and its base; NULL when unknown. */
const struct field *field_find(const struct schema *schema, const char *name);
/* The type in words for people, "a size such as 16m": one of the catalogue's texts. */
const char *field_type_text(struct arena *arena, const struct field *field);
/* The limits as people write them: "1", "65535"; *out_most is NULL where only a least one is. False
 * when there are none. */
bool field_limits(struct arena *arena, const struct field *field, const char **out_least,
                  const char **out_most);
/* The choices in words: "enforce, observe, hold". */
const char *field_choices_text(struct arena *arena, const struct field *field);
/* The field as somebody would write it, YAML that ends in a newline; NULL when neither the row has
 * an example nor one follows from it. */
const char *field_example_text(struct arena *arena, const struct field *field);
