/* Puts the texts of diagnostics together and prints them. */

#include "core/diagnostics_report.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "core/excerpt.h"
#include "core/say.h"
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

#define WHY "{why}"

/* Where only the text is wanted, as for a list of codes, there is none. */
static void add_why(struct text *text, enum language language, const struct message *why)
{
    const char *words = why == NULL ? "..." : say_message(text->arena, language, why);
    text_add(text, say_line(text->arena, language, words));
}

/* The argument at a placeholder: {0} to {3} as it was written, apart from the sentence, {t0} to
 * {t3} in our words. Returns what the placeholder takes of the pattern; 0: there is none. */
static size_t fill_one(struct text *text, enum language language, const char *pattern,
                       const struct diagnostic *diagnostic)
{
    if (text_starts_with(pattern, WHY)) {
        add_why(text, language, diagnostic->why);
        return strlen(WHY);
    }
    size_t digit = pattern[0] == '{' && pattern[1] == 't' ? 2 : 1;
    if (pattern[0] != '{' || pattern[digit] < '0' || pattern[digit] >= '0' + DIAGNOSTIC_ARGUMENTS ||
        pattern[digit + 1] != '}') {
        return 0;
    }
    const char *argument = diagnostic->arguments[pattern[digit] - '0'];
    if (argument != NULL && digit == 2 && language != LANGUAGE_ENGLISH) {
        text_add(text, say_text(text->arena, language, argument));
    } else if (argument != NULL && digit == 2) {
        add_argument(text, argument);
    } else if (argument != NULL) {
        text_add(text, say_open(language));
        add_argument(text, argument);
        text_add(text, say_close(language));
    }
    return digit + 2;
}

static const char *fill(struct arena *arena, enum language language, const char *english,
                        const struct diagnostic *diagnostic)
{
    struct text text = text_make(arena);
    const char *pattern = say_text(arena, language, english);
    while (*pattern != '\0') {
        size_t taken = fill_one(&text, language, pattern, diagnostic);
        if (taken == 0) {
            text_add_char(&text, *pattern);
        }
        pattern += taken == 0 ? 1 : taken;
    }
    return text.data;
}

const char *diagnostic_message(struct arena *arena, enum language language,
                               const struct diagnostic *diagnostic)
{
    return fill(arena, language, diagnostic_info(diagnostic->code)->text, diagnostic);
}

const char *diagnostic_help(struct arena *arena, enum language language,
                            const struct diagnostic *diagnostic)
{
    if (diagnostic->suggestion != NULL) {
        struct text word = text_make(arena);
        add_argument(&word, diagnostic->suggestion);
        return say(arena, language, "did you mean \"%s\"?", word.data);
    }
    const char *help = diagnostic_info(diagnostic->code)->help;
    return *help == '\0' ? NULL : fill(arena, language, help, diagnostic);
}

static const char *severity_word(enum severity severity)
{
    static const char *const words[] = {[SEVERITY_ERROR] = N_("error"),
                                        [SEVERITY_WARNING] = N_("warning"),
                                        [SEVERITY_NOTE] = N_("note")};
    return words[severity];
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
    if ((a->why == NULL) != (b->why == NULL) ||
        (a->why != NULL && !message_is(a->why, b->why->text))) {
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

/* Where the text goes, and how it is to look. */
struct page {
    struct text *out;
    enum language language;
    const struct paint *paint;
};

static int digits(size_t number)
{
    int count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static void write_excerpt(const struct page *page, struct span span, enum severity severity,
                          bool hides_source)
{
    if (span.source->content.length == 0) {
        return;
    }
    const struct paint *paint = page->paint;
    struct position position = source_position(span.source, span.first);
    int width = digits(position.line);
    text_line(page->out, "%s %*s |%s", paint->frame, width, "", paint->end);
    if (hides_source || excerpt_may_hold_secret(source_line(span.source, position.line))) {
        const char *instead = say_text(page->out->arena, page->language,
                                       N_("the line may hold a secret and is not shown"));
        text_line(page->out, "%s %zu |%s (%s)", paint->frame, position.line, paint->end, instead);
        return;
    }
    struct excerpt excerpt = excerpt_make(page->out->arena, span);
    text_line(page->out, "%s %zu |%s %s", paint->frame, position.line, paint->end, excerpt.line);
    text_line(page->out, "%s %*s |%s %s%s%s", paint->frame, width, "", paint->end,
              paint->severity[severity], excerpt.mark, paint->end);
}

/* The path names fields and documents, whose names are values from files. */
static void write_place(const struct page *page, const char *arrow, struct span span,
                        const char *path)
{
    struct text *out = page->out;
    text_addf(out, "  %s%s%s ", page->paint->frame, arrow, page->paint->end);
    add_argument(out, span_text(out->arena, span));
    if (path != NULL && *path != '\0') {
        text_add(out, " (");
        add_argument(out, path);
        text_add_char(out, ')');
    }
    text_add_char(out, '\n');
}

/* "error[R012]: unknown field "prox"" */
static void write_head(const struct page *page, const struct diagnostic *diagnostic)
{
    const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
    struct arena *arena = page->out->arena;
    const char *number = arena_printf(arena, "%s[%s]%s", say_open(page->language), info->number,
                                      say_close(page->language));
    text_line(page->out, "%s%s%s%s: %s%s%s", page->paint->severity[info->severity],
              say_text(page->out->arena, page->language, severity_word(info->severity)), number,
              page->paint->end, page->paint->strong,
              diagnostic_message(arena, page->language, diagnostic), page->paint->end);
}

static void write_diagnostic(const struct page *page, const struct diagnostic *diagnostic)
{
    enum severity severity = diagnostic_info(diagnostic->code)->severity;
    write_head(page, diagnostic);
    if (diagnostic->span.source != NULL) {
        write_place(page, "-->", diagnostic->span, diagnostic->path);
        write_excerpt(page, diagnostic->span, severity, diagnostic->hides_source);
    }
    if (diagnostic->second.source != NULL) {
        write_place(page, ":::", diagnostic->second, NULL);
        write_excerpt(page, diagnostic->second, SEVERITY_NOTE, diagnostic->hides_source);
    }
    const char *help = diagnostic_help(page->out->arena, page->language, diagnostic);
    if (help != NULL) {
        text_line(page->out, "%s%s:%s %s", page->paint->strong,
                  say_text(page->out->arena, page->language, N_("help")), page->paint->end, help);
    }
}

static void write_count(const struct page *page, const struct group_list *groups)
{
    struct arena *arena = page->out->arena;
    size_t counts[SEVERITY_NOTE + 1] = {0};
    for (size_t i = 0; i < groups->count; i++) {
        counts[diagnostic_info(groups->items[i].first->code)->severity]++;
    }
    size_t errors = counts[SEVERITY_ERROR];
    size_t warnings = counts[SEVERITY_WARNING];
    if (errors > 0) {
        text_add(page->out,
                 say_number(arena, page->language, errors, N_("%zu error"), N_("%zu errors")));
    }
    if (errors > 0 && warnings > 0) {
        text_add(page->out, say_text(page->out->arena, page->language, N_(", ")));
    }
    if (warnings > 0) {
        text_add(page->out, say_number(arena, page->language, warnings, N_("%zu warning"),
                                       N_("%zu warnings")));
    }
    text_add_char(page->out, '\n');
}

void diagnostics_write_text(const struct diagnostic_list *diagnostics, enum language language,
                            bool has_color, struct text *out)
{
    const struct page page = {out, language, has_color ? &colors : &no_colors};
    struct group_list groups = group_diagnostics(out->arena, diagnostics);
    for (size_t i = 0; i < groups.count; i++) {
        for (size_t k = 0; k < groups.items[i].count; k++) {
            write_diagnostic(&page, &groups.items[i].first[k]);
        }
        text_add_char(out, '\n');
    }
    if (groups.count > 0) {
        write_count(&page, &groups);
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
    const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
    json_t *object = json_object();
    (void)json_object_set_new(object, "code", json_text(info->number));
    (void)json_object_set_new(object, "severity", json_text(severity_word(info->severity)));
    (void)json_object_set_new(object, "message",
                              json_text(diagnostic_message(arena, LANGUAGE_ENGLISH, diagnostic)));
    const char *help = diagnostic_help(arena, LANGUAGE_ENGLISH, diagnostic);
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
