/* The list of messages for authors, and the guess at what a misspelt word should have been. The
 * texts are put together where they are printed. */

#include "model/diagnostic.h"

#include <assert.h>
#include <stdarg.h>
#include <strings.h>

/* Longer words are never guessed at; no name that we know comes near. */
enum { WORD_MAX = 64 };

static const struct diagnostic_info infos[DIAGNOSTIC_COUNT] = {
#define DIAGNOSTIC(number_, name_, severity_, text_, help_, explanation_)                          \
    [DIAGNOSTIC_##name_] = {.number = #number_,                                                    \
                            .severity = severity_,                                                 \
                            .text = text_,                                                         \
                            .help = help_,                                                         \
                            .explanation = explanation_},
#include "model/diagnostics.def"
#undef DIAGNOSTIC
};

const struct diagnostic_info *diagnostic_info(enum diagnostic_code code)
{
    return &infos[code];
}

const struct diagnostic_info *diagnostic_find(const char *number)
{
    for (size_t i = 0; i < DIAGNOSTIC_COUNT; i++) {
        if (strcasecmp(infos[i].number, number) == 0) {
            return &infos[i];
        }
    }
    return NULL;
}

struct diagnostic *diagnostic_add(struct arena *arena, struct diagnostic_list *list,
                                  enum diagnostic_code code, struct span span, ...)
{
    struct diagnostic *diagnostic = vec_new(arena, list);
    *diagnostic = (struct diagnostic){.code = code, .span = span}; /* a list may be shortened */

    va_list arguments;
    va_start(arguments, span);
    const char *argument = va_arg(arguments, const char *);
    for (size_t i = 0; argument != NULL; i++) {
        assert(i < DIAGNOSTIC_ARGUMENTS);
        diagnostic->arguments[i] = argument;
        argument = va_arg(arguments, const char *);
    }
    va_end(arguments);
    return diagnostic;
}

bool diagnostics_have_errors_from(const struct diagnostic_list *list, size_t first)
{
    for (size_t i = first; i < list->count; i++) {
        if (infos[list->items[i].code].severity == SEVERITY_ERROR) {
            return true;
        }
    }
    return false;
}

void diagnostics_add_all(struct arena *arena, struct diagnostic_list *list,
                         const struct diagnostic_list *more)
{
    for (size_t i = 0; i < more->count; i++) {
        vec_add(arena, list, more->items[i]);
    }
}

bool diagnostics_have_errors(const struct diagnostic_list *list)
{
    return diagnostics_have_errors_from(list, 0);
}

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '-' ? '_' : c; /* rate-limit means rate_limit */
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn one word into the other: insert, delete, replace, swap two neighbours. Both are
 * at most WORD_MAX long. Keeps the last three rows of the usual table. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            bool is_same = fold(a[i - 1]) == fold(b[j - 1]);
            row[j] = least(above[j - 1] + (is_same ? 0 : 1), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = least(row[j], above_that[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

/* One is the beginning of the other: proxy_pass for proxy. */
static bool is_beginning(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t common = least(a_length, b_length);
    return common >= 4 && strncasecmp(a, b, common) == 0;
}

const char *diagnostic_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    if (length == 0 || length > WORD_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    const char *beginning = NULL;
    size_t best = (length < 3 ? 1 : length / 3) + 1; /* the first distance that is too far */
    if (best > 4) {
        best = 4;
    }
    for (size_t i = 0; i < count; i++) {
        size_t candidate = strlen(candidates[i]);
        if (candidate > WORD_MAX) {
            continue;
        }
        size_t distance = edit_distance(word, length, candidates[i], candidate);
        if (distance < best && distance < candidate) {
            best = distance;
            nearest = candidates[i];
        }
        if (beginning == NULL && is_beginning(word, length, candidates[i], candidate)) {
            beginning = candidates[i];
        }
    }
    return nearest != NULL ? nearest : beginning;
}
