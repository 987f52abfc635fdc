/* The report for people at a terminal: the verdict first, then what differs with its place and
 * diff, nothing for what is unchanged. */
#include <string.h>

#include "base/parallel.h"
#include "base/visible.h"
#include "core/blast.h"
#include "core/excerpt.h"
#include "core/outlook.h"
#include "core/report_line.h"
#include "core/say.h"

static const char *const color_of_symbol[] = {
    ['+'] = "\033[32m",
    ['~'] = "\033[33m",
    ['-'] = "\033[31m",
    ['!'] = "\033[1;31m",
};

/* The line is visible as a whole. */
static void add_colored(struct text *out, const struct report_style *style, char symbol,
                        const char *line)
{
    if (style->has_color) {
        text_addf(out, "%s%s\033[0m\n", color_of_symbol[(unsigned char)symbol], line);
    } else {
        text_line(out, "%s", line);
    }
}

static const char *said(struct arena *arena, const struct report_style *style,
                        const struct message *message)
{
    return say_line(arena, style->language, say_message(arena, style->language, message));
}

/* Each line of a text four columns in; in color where it is a diff. */
static void add_indented(struct arena *arena, const struct report_style *style, const char *written,
                         struct text *out)
{
    const char *text = visible_text(arena, written);
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        struct str line = {text, (size_t)(end - text)};
        text_add_str(out, STR("    "));
        if (style->has_color && (*text == '+' || *text == '-')) {
            text_add(out, color_of_symbol[(unsigned char)*text]);
            text_add_str(out, line);
            text_add_str(out, STR("\033[0m"));
        } else {
            text_add_str(out, line);
        }
        text_add_char(out, '\n');
        text = *end == '\n' ? end + 1 : end;
    }
}

/* Lines of others stand as they are; a sentence of ours is put into words. */
static void add_evidence(struct text *out, const struct report_style *style,
                         const struct message *evidence)
{
    if (evidence->part_count == 0) {
        add_indented(out->arena, style, evidence->text, out);
    } else {
        text_line(out, "    %s", said(out->arena, style, evidence));
    }
}

/* The line of YAML that is to blame, with a mark below it. */
static void add_excerpt(struct text *out, struct span span)
{
    if (span.source == NULL || span.source->content.length == 0) {
        return;
    }
    struct position position = source_position(span.source, span.first);
    if (excerpt_may_hold_secret(source_line(span.source, position.line))) {
        return;
    }
    struct excerpt excerpt = excerpt_make(out->arena, span);
    const char *number = arena_printf(out->arena, "%zu", position.line);
    text_line(out, "    %s | %s", number, excerpt.line);
    text_line(out, "    %*s | %s", (int)strlen(number), "", excerpt.mark);
}

/* True when a held document says it already. */
static bool is_told(const struct report *report, const char *evidence)
{
    for (size_t i = 0; i < report->held.count; i++) {
        const struct message *told = report->held.items[i].evidence;
        if (told != NULL && message_is(told, evidence)) {
            return true;
        }
    }
    return false;
}

static bool is_told_as_held(const struct report *report, const struct finding *finding)
{
    for (size_t i = 0; i < report->held.count && finding->document != NULL; i++) {
        const struct held_document *held = &report->held.items[i];
        if (strcmp(document_id(report->arena, held->document), finding->document) == 0 &&
            strstr(held->because->text, finding->message->text) != NULL) {
            return true;
        }
    }
    return false;
}

static void write_line(const struct report *report, const struct report_line *line,
                       const struct report_style *style, struct text *out)
{
    struct arena *arena = report->arena;
    struct text head = text_make(arena);
    text_addf(&head, "%c %s", line->symbol, line->name);
    if (line->place != NULL) {
        text_addf(&head, "  (%s)", line->written);
    }
    struct text whole = text_make(arena);
    text_add(&whole, visible_line(arena, head.data));
    if (line->note != NULL) {
        text_addf(&whole, "  %s", said(arena, style, line->note));
    }
    add_colored(out, style, line->symbol, whole.data);
    for (size_t i = 0; i < line->details.count; i++) {
        const char *detail = report_detail(arena, style->language, &line->details.items[i]);
        text_line(out, "    %s", visible_line(arena, detail));
    }
    if (line->diff != NULL) {
        add_indented(arena, style, line->diff, out);
    }
    if (line->evidence != NULL && !is_told(report, line->evidence)) {
        add_indented(arena, style, line->evidence, out);
    }
}

static void write_findings(const struct report *report, const struct report_style *style,
                           struct text *out)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *finding = &report->findings.items[i];
        if (is_told_as_held(report, finding)) {
            continue;
        }
        const char *place = finding->span.source == NULL
                                ? (finding->document == NULL ? "" : finding->document)
                                : span_text(out->arena, finding->span);
        const char *head = arena_printf(out->arena, "! %s%s%s: %s", visible_line(out->arena, place),
                                        *place ? ": " : "", finding->tool,
                                        said(out->arena, style, finding->message));
        if (finding->is_error) {
            add_colored(out, style, '!', head);
        } else {
            text_line(out, "%s", head);
        }
    }
}

/* "! site:shop  (shop.yaml:2:3)  WHY", with what tells more about it. */
static void write_trouble(const struct held_document *trouble, const struct message *why,
                          const struct report_style *style, struct text *out)
{
    struct arena *arena = out->arena;
    struct span span = trouble->span.source == NULL ? trouble->document->span : trouble->span;
    const char *head = arena_printf(arena, "! %s  (%s)", document_id(arena, trouble->document),
                                    span_text(arena, span));
    add_colored(
        out, style, '!',
        arena_printf(arena, "%s  %s", visible_line(arena, head), said(out->arena, style, why)));
    add_excerpt(out, trouble->span);
    if (trouble->evidence != NULL) {
        add_evidence(out, style, trouble->evidence);
    }
}

static void write_held(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    for (size_t i = 0; i < report->held.count; i++) {
        const struct held_document *held = &report->held.items[i];
        const struct message *why =
            message_chain(out->arena, message_word(out->arena, N_("stays as it was")),
                          MESSAGE_COLON, held->because);
        write_trouble(held, why, style, out);
    }
}

static void write_unproven(const struct report *report, const struct report_style *style,
                           struct text *out)
{
    for (size_t i = 0; i < report->unproven.count; i++) {
        const struct held_document *unproven = &report->unproven.items[i];
        write_trouble(unproven, unproven->because, style, out);
    }
}

void report_write_problems(const struct report *report, const struct report_style *style,
                           struct text *out)
{
    write_findings(report, style, out);
    write_held(report, style, out);
    write_unproven(report, style, out);
}

static void write_documents(const struct report *report, const struct document_list *list,
                            const struct report_style *style, char symbol, struct text *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *line = arena_printf(report->arena, "%c %s  (%s)", symbol,
                                        document_id(report->arena, list->items[i]),
                                        span_text(report->arena, list->items[i]->span));
        add_colored(out, style, symbol, visible_line(out->arena, line));
    }
}

/* What it was compared with, beside the verdict. */
static void write_comparison(const struct report *report, const struct report_style *style,
                             struct text *out)
{
    const struct comparison *against = report->against;
    if (against->note != NULL) {
        text_line(out, "! %s", said(out->arena, style, against->note));
    }
    write_documents(report, &against->added, style, '+', out);
    write_documents(report, &against->removed, style, '-', out);
}

/* ---- Lines, several at once ------------------------------------------------------------------ */

enum {
    LINES_AT_ONCE = 256, /* so that few of them are in memory: they hold all files that change */
    LINES_LEAST = 16,    /* so many are worth a thread */
    PARTS_MOST = LINES_AT_ONCE / LINES_LEAST,
};

/* Some lines that follow each other; the room is used again for others. */
struct written {
    struct arena *arena; /* NULL: not used yet */
    struct text text;
};

struct writing {
    const struct report *report;
    const struct report_style *style;
    const struct report_subject *subjects; /* those that are written at once */
    size_t count;
    size_t parts;
    struct written written[PARTS_MOST];
};

static void write_part(void *context, size_t number)
{
    struct writing *writing = context;
    struct written *written = &writing->written[number];
    AUTO_ARENA scratch = arena_create();
    struct report report = *writing->report;
    report.arena = scratch;
    if (written->arena == NULL) {
        written->arena = arena_create();
        written->text = text_make(written->arena);
    }
    size_t end = parallel_first(writing->count, writing->parts, number + 1);
    for (size_t i = parallel_first(writing->count, writing->parts, number); i < end; i++) {
        struct arena_mark mark = arena_mark(scratch);
        struct report_line line = report_line_of(&report, &writing->subjects[i]);
        if (line.is_drift || !writing->style->only_drift) {
            write_line(&report, &line, writing->style, &written->text);
        }
        arena_rewind(scratch, mark);
    }
}

/* Gives them away in their order. */
static void write_some(struct writing *writing, struct text *out)
{
    const struct report_style *style = writing->style;
    writing->parts = parallel_parts(writing->count, LINES_LEAST);
    writing->parts = writing->parts < PARTS_MOST ? writing->parts : PARTS_MOST;
    parallel_run(writing->parts, write_part, writing);
    for (size_t i = 0; i < writing->parts; i++) {
        struct text *text = &writing->written[i].text;
        if (style->drain != NULL) {
            style->drain(style->drain_context, text);
        } else {
            text_add_str(out, text_str(text));
            text_truncate(text, 0);
        }
    }
}

static void write_actions(const struct report *report, const struct report_style *style,
                          struct text *out)
{
    struct report_subjects subjects = {0};
    struct writing writing = {.report = report, .style = style};
    report_list(report, &subjects);
    if (style->drain != NULL) {
        style->drain(style->drain_context, out);
    }
    for (size_t first = 0; first < subjects.count; first += writing.count) {
        size_t left = subjects.count - first;
        writing.subjects = &subjects.items[first];
        writing.count = left < LINES_AT_ONCE ? left : LINES_AT_ONCE;
        write_some(&writing, out);
    }
    for (size_t i = 0; i < PARTS_MOST; i++) {
        arena_destroy(writing.written[i].arena);
    }
}

void report_write_text(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    if (!style->hides_verdict) {
        const char *verdict = report_verdict(report, style->language);
        text_line(out, "%s", say_line(out->arena, style->language, verdict));
    }
    if (report->hold != NULL) {
        text_line(out, "! %s", said(out->arena, style, report->hold));
    }
    if (style->is_quiet) {
        return;
    }
    if (!style->hides_verdict) {
        blast_write_text(report, style->language, out);
        outlook_write_text(report, style->language, out);
    }
    if (report->against != NULL) {
        write_comparison(report, style, out);
    }
    write_findings(report, style, out);
    if (report->plan == NULL) {
        return;
    }
    write_held(report, style, out);
    write_unproven(report, style, out);
    write_actions(report, style, out);
}
