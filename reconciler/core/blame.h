/* Which line of YAML a line of a rendered file came from. Pure: what stands in the file, what the
 * documents make of it today, and what those of its generation make, are given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/language.h"
#include "base/text.h"
#include "core/desired.h"
#include "model/commit.h"

struct layout;

/* "/etc/nginx/reconcile/http/sites/shop.conf:12"; false: there is no line in it. */
bool blame_split(struct arena *arena, const char *words, const char **out_file, size_t *out_line);

/* The file of a host that a path means: itself, through STATE/current or STATE/generations/N, or a
 * copy of it below another folder (render --out). */
struct blame_place {
    const char *path;         /* as the host has it */
    unsigned long generation; /* whose folder was named; 0: none */
    bool is_live;             /* what the host uses now */
    bool is_copy;             /* below a folder that is no host's */
};
/* By the folders alone; path is absolute and below the host's root. False: it is none of a host. */
bool blame_place_on_host(struct arena *arena, const struct layout *layout, const char *path,
                         struct blame_place *out_place);
/* The longest end of the path that is a wanted file's own path; false: there is none. */
bool blame_place_copy(const struct desired *desired, const struct layout *layout,
                      struct arena *arena, const char *path, struct blame_place *out_place);

/* A file as a set of documents makes it. */
struct blame_side {
    const struct mapped_text *text; /* NULL: they make no such file */
    const struct document *document;
};
struct blame_side blame_side_of(const struct desired *desired, const struct layout *layout,
                                struct arena *arena, const char *path);

/* Whose answer it is. */
enum blame_basis {
    BLAME_DOCUMENTS,  /* the file is what the documents make today */
    BLAME_GENERATION, /* it is what its generation's documents made; today's say something else */
    BLAME_LINE,       /* the file differs from both, this line does not */
    BLAME_WANTED,     /* the line itself differs: the answer is about what is wanted in its place */
    BLAME_UNREAD,     /* the file could not be read: the answer is about what is wanted */
    BLAME_BASIS_COUNT,
};

struct blame {
    struct blame_place place;
    size_t line;
    enum blame_basis basis;
    struct str found;     /* the line as it stands in the file; or as it is wanted, where unread */
    struct str wanted;    /* what stands in its place, for BLAME_WANTED */
    struct span span;     /* SPAN_NONE: no line of YAML asks for it */
    bool is_default;      /* the span is the document's key: the line follows from a default */
    const char *document; /* "site:shop.example.com"; NULL: reconcile itself */
    bool hides_source;    /* the line of YAML may hold a secret */
    bool is_uncommitted;  /* it is in no commit yet */
    const struct commit *commit; /* that brought the line of YAML; NULL: not known */
};

struct blame_input {
    struct arena *arena;
    struct blame_place place;
    size_t line;
    const struct str *content; /* of the file; NULL: it could not be read */
    struct blame_side today;
    struct blame_side recorded; /* by the generation; text NULL: not known */
};
/* False: neither the file nor the documents have that line. */
bool blame_find(const struct blame_input *input, struct blame *out_blame);

void blame_write_text(const struct blame *blame, enum language language, struct text *out);
struct str blame_write_json(const struct blame *blame, struct arena *arena);
