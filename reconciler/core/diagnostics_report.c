/* Puts the texts of diagnostics together and prints them. */

#include "core/diagnostics_report.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "core/excerpt.h"
#include "core/translate.h"
#include "model/json.h"

/* Longer arguments are cut: they are values from files. */
enum { ARGUMENT_MAX = 300 };

/* ---- Texts ---------------------------------------------------------------------------------- */

/* On one line, at most ARGUMENT_MAX bytes. */
static void add_argument(struct text *text, const char *argument)
{
    struct str bytes = str_of(argument);
    for (size_t offset = 0; offset < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (offset > ARGUMENT_MAX) {
            text_add(text, "…");
            return;
        }
        if (length == 0 || utf8_is_control(code) || utf8_is_bidi_control(code)) {
            text_add_char(text, length != 0 && code == '\n' ? ' ' : '?');
            offset += length == 0 ? 1 : length;
            continue;
        }
        text_add_str(text, (struct str){argument + offset, length});
        offset += length;
    }
}

/* Replaces {0} to {3} by the arguments, {t0} to {t3} by their translations. */
static const char *fill(struct arena *arena, const char *pattern,
                        const struct diagnostic *diagnostic)
{
    struct text text = text_make(arena);
    while (*pattern != '\0') {
        const char *at = pattern;
        bool is_translated = at[0] == '{' && at[1] == 't';
        at += is_translated ? 2 : 1;
        if (*pattern != '{' || *at < '0' || *at >= '0' + DIAGNOSTIC_ARGUMENTS || at[1] != '}') {
            text_add_char(&text, *pattern);
            pattern++;
            continue;
        }
        const char *argument = diagnostic->arguments[*at - '0'];
        if (argument != NULL) {
            add_argument(&text, is_translated ? translate(argument) : argument);
        }
        pattern = at + 2;
    }
    return text.data;
}

const char *diagnostic_message(struct arena *arena, const struct diagnostic *diagnostic)
{
    return fill(arena, translate(diagnostic_info(diagnostic->code)->text), diagnostic);
}

const char *diagnostic_help(struct arena *arena, const struct diagnostic *diagnostic)
{
    if (diagnostic->suggestion != NULL) {
        struct text word = text_make(arena);
        add_argument(&word, diagnostic->suggestion);
        struct text text = text_make(arena);
        text_addf(&text, TRANSLATED("did you mean \"%s\"?"), word.data);
        return text.data;
    }
    const char *help = diagnostic_info(diagnostic->code)->help;
    return *help == '\0' ? NULL : fill(arena, translate(help), diagnostic);
}

static const char *severity_word(enum severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return TRANSLATED("error");
    case SEVERITY_WARNING:
        return TRANSLATED("warning");
    default:
        return TRANSLATED("note");
    }
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* A diagnostic and the notes that were added behind it. */
struct group {
    const struct diagnostic *first;
    size_t count;
    size_t place; /* in the list: equal ones keep their order */
};
VEC(group_list, struct group);

static bool is_note(const struct diagnostic *diagnostic)
{
    return diagnostic_info(diagnostic->code)->severity == SEVERITY_NOTE;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_places(struct span a, struct span b)
{
    if (a.source == NULL || b.source == NULL) {
        return (a.source != NULL) - (b.source != NULL);
    }
    int order = strcmp(a.source->name, b.source->name);
    return order != 0 ? order : compare_sizes(a.first, b.first);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *left = a;
    const struct group *right = b;
    int order = compare_places(left->first->span, right->first->span);
    return order != 0 ? order : compare_sizes(left->place, right->place);
}

/* A mistake in a profile is found by every document that uses it. */
static bool is_same(const struct diagnostic *a, const struct diagnostic *b)
{
    if (a->code != b->code || compare_places(a->span, b->span) != 0 || a->span.source == NULL) {
        return false;
    }
    for (size_t i = 0; i < DIAGNOSTIC_ARGUMENTS; i++) {
        if (!text_equal(a->arguments[i], b->arguments[i])) {
            return false;
        }
    }
    return true;
}

static bool is_repeated(const struct group_list *groups, const struct group *group)
{
    for (size_t i = groups->count; i > 0; i--) {
        const struct diagnostic *before = groups->items[i - 1].first;
        if (compare_places(before->span, group->first->span) != 0) {
            return false;
        }
        if (is_same(before, group->first)) {
            return true;
        }
    }
    return false;
}

static struct group_list group_diagnostics(struct arena *arena,
                                           const struct diagnostic_list *diagnostics)
{
    struct group_list all = {0};
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *diagnostic = &diagnostics->items[i];
        if (is_note(diagnostic) && all.count > 0) {
            vec_last(&all)->count++;
        } else {
            vec_add(arena, &all, (struct group){diagnostic, 1, i});
        }
    }
    if (all.count > 1) {
        qsort(all.items, all.count, sizeof(*all.items), compare_groups);
    }
    struct group_list groups = {0};
    for (size_t i = 0; i < all.count; i++) {
        if (!is_repeated(&groups, &all.items[i])) {
            vec_add(arena, &groups, all.items[i]);
        }
    }
    return groups;
}

struct diagnostic_list diagnostics_sort(struct arena *arena,
                                        const struct diagnostic_list *diagnostics)
{
    struct diagnostic_list sorted = {0};
    struct group_list groups = group_diagnostics(arena, diagnostics);
    for (size_t i = 0; i < groups.count; i++) {
        for (size_t k = 0; k < groups.items[i].count; k++) {
            vec_add(arena, &sorted, groups.items[i].first[k]);
        }
    }
    return sorted;
}

/* ---- Text ----------------------------------------------------------------------------------- */

struct paint {
    const char *severity[SEVERITY_NOTE + 1];
    const char *frame;
    const char *strong;
    const char *end;
};

static const struct paint colors = {
    .severity = {[SEVERITY_ERROR] = "\033[1;31m",
                 [SEVERITY_WARNING] = "\033[1;33m",
                 [SEVERITY_NOTE] = "\033[1;36m"},
    .frame = "\033[34m",
    .strong = "\033[1m",
    .end = "\033[0m",
};

static const struct paint no_colors = {
    .severity = {"", "", ""}, .frame = "", .strong = "", .end = ""};

static int digits(size_t number)
{
    int count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static void write_excerpt(struct text *out, const struct paint *paint, struct span span,
                          enum severity severity, bool hides_source)
{
    if (span.source->content.length == 0) {
        return;
    }
    struct position position = source_position(span.source, span.first);
    int width = digits(position.line);
    text_line(out, "%s %*s |%s", paint->frame, width, "", paint->end);
    if (hides_source || excerpt_may_hold_secret(source_line(span.source, position.line))) {
        text_line(out, "%s %zu |%s (%s)", paint->frame, position.line, paint->end,
                  TRANSLATED("the line may hold a secret and is not shown"));
        return;
    }
    struct excerpt excerpt = excerpt_make(out->arena, span);
    text_line(out, "%s %zu |%s %s", paint->frame, position.line, paint->end, excerpt.line);
    text_line(out, "%s %*s |%s %s%s%s", paint->frame, width, "", paint->end,
              paint->severity[severity], excerpt.mark, paint->end);
}

/* The path names fields and documents, whose names are values from files. */
static void write_place(struct text *out, const struct paint *paint, const char *arrow,
                        struct span span, const char *path)
{
    text_addf(out, "  %s%s%s ", paint->frame, arrow, paint->end);
    add_argument(out, span_text(out->arena, span));
    if (path != NULL && *path != '\0') {
        text_add(out, " (");
        add_argument(out, path);
        text_add_char(out, ')');
    }
    text_add_char(out, '\n');
}

static void write_diagnostic(struct text *out, const struct paint *paint,
                             const struct diagnostic *diagnostic)
{
    const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
    text_line(out, "%s%s[%s]%s: %s%s%s", paint->severity[info->severity],
              severity_word(info->severity), info->number, paint->end, paint->strong,
              diagnostic_message(out->arena, diagnostic), paint->end);
    if (diagnostic->span.source != NULL) {
        write_place(out, paint, "-->", diagnostic->span, diagnostic->path);
        write_excerpt(out, paint, diagnostic->span, info->severity, diagnostic->hides_source);
    }
    if (diagnostic->second.source != NULL) {
        write_place(out, paint, ":::", diagnostic->second, NULL);
        write_excerpt(out, paint, diagnostic->second, SEVERITY_NOTE, diagnostic->hides_source);
    }
    const char *help = diagnostic_help(out->arena, diagnostic);
    if (help != NULL) {
        text_line(out, "%s%s:%s %s", paint->strong, TRANSLATED("help"), paint->end, help);
    }
}

static void write_count(struct text *out, const struct group_list *groups)
{
    size_t counts[SEVERITY_NOTE + 1] = {0};
    for (size_t i = 0; i < groups->count; i++) {
        counts[diagnostic_info(groups->items[i].first->code)->severity]++;
    }
    size_t errors = counts[SEVERITY_ERROR];
    size_t warnings = counts[SEVERITY_WARNING];
    struct text line = text_make(out->arena);
    if (errors > 0) {
        text_addf(&line, dngettext(TRANSLATION_DOMAIN, "%zu error", "%zu errors", errors), errors);
    }
    if (errors > 0 && warnings > 0) {
        text_add(&line, TRANSLATED(", "));
    }
    if (warnings > 0) {
        text_addf(&line, dngettext(TRANSLATION_DOMAIN, "%zu warning", "%zu warnings", warnings),
                  warnings);
    }
    text_line(out, "%s", line.data);
}

void diagnostics_write_text(const struct diagnostic_list *diagnostics, bool has_color,
                            struct text *out)
{
    const struct paint *paint = has_color ? &colors : &no_colors;
    struct group_list groups = group_diagnostics(out->arena, diagnostics);
    for (size_t i = 0; i < groups.count; i++) {
        for (size_t k = 0; k < groups.items[i].count; k++) {
            write_diagnostic(out, paint, &groups.items[i].first[k]);
        }
        text_add_char(out, '\n');
    }
    if (groups.count > 0) {
        write_count(out, &groups);
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void add_place_json(json_t *object, struct span span)
{
    if (span.source == NULL) {
        return;
    }
    struct position first = source_position(span.source, span.first);
    struct position end = source_position(span.source, span.end);
    (void)json_object_set_new(object, "file", json_text(span.source->name));
    (void)json_object_set_new(object, "line", json_integer((json_int_t)first.line));
    (void)json_object_set_new(object, "column", json_integer((json_int_t)first.column));
    (void)json_object_set_new(object, "end_line", json_integer((json_int_t)end.line));
    (void)json_object_set_new(object, "end_column", json_integer((json_int_t)end.column));
}

static json_t *diagnostic_json(struct arena *arena, const struct diagnostic *diagnostic)
{
    static const char *const severities[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};
    const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
    json_t *object = json_object();
    (void)json_object_set_new(object, "code", json_text(info->number));
    (void)json_object_set_new(object, "severity", json_text(severities[info->severity]));
    (void)json_object_set_new(object, "message", json_text(diagnostic_message(arena, diagnostic)));
    const char *help = diagnostic_help(arena, diagnostic);
    if (help != NULL) {
        (void)json_object_set_new(object, "help", json_text(help));
    }
    if (diagnostic->path != NULL) {
        (void)json_object_set_new(object, "path", json_text(diagnostic->path));
    }
    add_place_json(object, diagnostic->span);
    if (diagnostic->second.source != NULL) {
        json_t *other = json_object();
        add_place_json(other, diagnostic->second);
        (void)json_object_set_new(object, "other", other);
    }
    return object;
}

json_t *diagnostics_json(struct arena *arena, const struct diagnostic_list *diagnostics)
{
    json_t *list = json_array();
    struct group_list groups = group_diagnostics(arena, diagnostics);
    for (size_t i = 0; i < groups.count; i++) {
        for (size_t k = 0; k < groups.items[i].count; k++) {
            (void)json_array_append_new(list, diagnostic_json(arena, &groups.items[i].first[k]));
        }
    }
    return list;
}
