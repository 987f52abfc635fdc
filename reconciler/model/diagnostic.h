/* A message for the author of a document: a code with typed arguments and a place. Its text, in
 * English or Arabic, is made when it is printed (core/report). Codes are never reused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/vec.h"
#include "model/source.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

/* model/diagnostics.def has one row per code: DIAGNOSTIC(R012, UNKNOWN_FIELD, severity, text, help,
 * explanation). In text and help, {0} {1} {2} {3} stand for the arguments, {why} for why. */
enum diagnostic_code {
#define DIAGNOSTIC(number, name, severity, text, help, explanation) DIAGNOSTIC_##name,
#include "model/diagnostics.def"
#undef DIAGNOSTIC
    DIAGNOSTIC_COUNT
};

enum { DIAGNOSTIC_ARGUMENTS = 4 };

struct diagnostic {
    enum diagnostic_code code;
    struct span span;
    const char *path; /* inside the document, "site shop.example.com: paths./api.proxy"; or NULL */
    const char *arguments[DIAGNOSTIC_ARGUMENTS]; /* unused ones are NULL */
    const struct message *why;                   /* {why}: an error that led to it; or NULL */
    const char *suggestion; /* "did you mean ...": the nearest known name; or NULL */
    struct span second;     /* "first defined here"; SPAN_NONE when there is none */
    bool hides_source;      /* the line may hold a secret: no excerpt is shown */
};

VEC(diagnostic_list, struct diagnostic);

/* Static facts of a code. */
struct diagnostic_info {
    const char *number; /* "R012" */
    enum severity severity;
    const char *text;
    const char *help;        /* may be "" */
    const char *explanation; /* what `reconcile explain R012` tells, some sentences */
};
const struct diagnostic_info *diagnostic_info(enum diagnostic_code code);
/* By number, any case ("r012"); NULL when there is none. */
const struct diagnostic_info *diagnostic_find(const char *number);

/* Appends; the returned pointer (valid until the next append) takes suggestion, second, path.
 * Arguments end with NULL, at most DIAGNOSTIC_ARGUMENTS of them; they are kept by reference:
 *     diagnostic_add(arena, list, DIAGNOSTIC_UNKNOWN_FIELD, span, name, NULL); */
struct diagnostic *diagnostic_add(struct arena *arena, struct diagnostic_list *list,
                                  enum diagnostic_code code, struct span span, ...)
    __attribute__((sentinel));
/* Those of more, behind those of the list. */
void diagnostics_add_all(struct arena *arena, struct diagnostic_list *list,
                         const struct diagnostic_list *more);
bool diagnostics_have_errors(const struct diagnostic_list *list);
/* The same for those that were added when the list held `first` of them. */
bool diagnostics_have_errors_from(const struct diagnostic_list *list, size_t first);
/* The nearest of the candidates by edit distance, for "did you mean"; NULL when none is near. */
const char *diagnostic_nearest(const char *word, const char *const *candidates, size_t count);
