/* The report for people at a terminal: the verdict first, then what differs with its place and
 * diff, nothing for what is unchanged. */
#include <string.h>

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

static const char *said(struct text *out, const struct report_style *style,
                        const struct message *message)
{
    return say_line(out->arena, style->language, say_message(out->arena, style->language, message));
}

/* Each line of a text four columns in; in color where it is a diff. */
static void add_indented(struct text *out, const struct report_style *style, const char *written)
{
    const char *text = visible_text(out->arena, written);
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        char first = *text;
        bool is_marked = style->has_color && (first == '+' || first == '-');
        text_add(out, "    ");
        text_add(out, is_marked ? color_of_symbol[(unsigned char)first] : "");
        text_add_str(out, (struct str){text, (size_t)(end - text)});
        text_add(out, is_marked ? "\033[0m\n" : "\n");
        text = *end == '\n' ? end + 1 : end;
    }
}

/* Lines of others stand as they are; a sentence of ours is put into words. */
static void add_evidence(struct text *out, const struct report_style *style,
                         const struct message *evidence)
{
    if (evidence->part_count == 0) {
        add_indented(out, style, evidence->text);
    } else {
        text_line(out, "    %s", said(out, style, evidence));
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
    struct text head = text_make(out->arena);
    text_addf(&head, "%c %s", line->symbol, line->name);
    if (line->place != NULL) {
        text_addf(&head, "  (%s)", line->written);
    }
    struct text whole = text_make(out->arena);
    text_add(&whole, visible_line(out->arena, head.data));
    if (line->note != NULL) {
        text_addf(&whole, "  %s", said(out, style, line->note));
    }
    add_colored(out, style, line->symbol, whole.data);
    for (size_t i = 0; i < line->details.count; i++) {
        const char *detail = report_detail(out->arena, style->language, &line->details.items[i]);
        text_line(out, "    %s", visible_line(out->arena, detail));
    }
    if (line->diff != NULL) {
        add_indented(out, style, line->diff);
    }
    if (line->evidence != NULL && !is_told(report, line->evidence)) {
        add_indented(out, style, line->evidence);
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
        const char *head =
            arena_printf(out->arena, "! %s%s%s: %s", visible_line(out->arena, place),
                         *place ? ": " : "", finding->tool, said(out, style, finding->message));
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
    add_colored(out, style, '!',
                arena_printf(arena, "%s  %s", visible_line(arena, head), said(out, style, why)));
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
        text_line(out, "! %s", said(out, style, against->note));
    }
    write_documents(report, &against->added, style, '+', out);
    write_documents(report, &against->removed, style, '-', out);
}

struct writing {
    const struct report *report;
    const struct report_style *style;
    struct text *out;
};

/* What is needed to write the line stands apart from the growing text. */
static void visit_line(void *context, const struct report_line *line)
{
    enum { PART = 64 * 1024 };
    const struct writing *writing = context;
    const struct report_style *style = writing->style;
    struct text *out = writing->out;
    if (style->only_drift && !line->is_drift) {
        return;
    }
    struct text written = text_make(writing->report->arena);
    write_line(writing->report, line, style, &written);
    text_add_str(out, text_str(&written));
    if (style->drain != NULL && out->length >= PART) {
        style->drain(style->drain_context, out);
    }
}

static void write_actions(const struct report *report, const struct report_style *style,
                          struct text *out)
{
    AUTO_ARENA scratch = arena_create();
    struct report part = *report;
    part.arena = scratch;
    report_visit(&part, visit_line, &(struct writing){&part, style, out});
}

void report_write_text(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    if (!style->hides_verdict) {
        const char *verdict = report_verdict(report, style->language);
        text_line(out, "%s", say_line(out->arena, style->language, verdict));
    }
    if (report->hold != NULL) {
        text_line(out, "! %s", said(out, style, report->hold));
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
