/* The report as a comment for a pull request, in the Markdown that GitHub, GitLab, Gitea and
 * Forgejo read. Text that people wrote stands in two places only: inside <code>, each of its signs
 * a character reference, and inside a fence that is longer than any in it. So it cannot become a
 * heading, a link, a mention, a command, or the end of the comment's own parts. What does not fit
 * is cut from the end of its part, and the last line says how much that was. */
#include <string.h>

#include "base/visible.h"
#include "core/blast.h"
#include "core/diagnostics_report.h"
#include "core/outlook.h"
#include "core/report_line.h"
#include "core/report_problem.h"

enum {
    COMMENT_MOST = 65536, /* characters of a comment on GitHub; bytes here, which are no fewer */
    NOTICE_ROOM = 512,    /* kept for the line that says what was cut */
    HEAD_MOST = 2048,     /* bytes of the verdict */
    CELL_MOST = 1024,     /* bytes of what one cell says */
    DIFF_LEAST = 1024,    /* a diff is not begun where there is no room for this much of it */
    PROBLEMS_SHARE = 2,   /* of what room there is, one half */
    CHANGES_SHARE = 2,    /* of what is left */
    FENCE_LEAST = 3,
};

struct comment {
    const struct report *report;
    struct text *out;
    size_t problems_cut;
    size_t changes_cut;
    size_t diffs_cut;
};

/* --- what people wrote ---------------------------------------------------------------------- */

/* The longest beginning of text that is at most so many bytes, and whole characters. */
static size_t cut_length(const char *text, size_t most)
{
    size_t length = strlen(text);
    if (length <= most) {
        return length;
    }
    while (most > 0 && ((unsigned char)text[most] & 0xc0U) == 0x80U) {
        most--;
    }
    return most;
}

/* What means something to Markdown or HTML inside of a line, or would make a link of an address. */
static bool has_meaning(const char *text, size_t at)
{
    char c = text[at];
    bool begins_address = c == ':' && text[at + 1] == '/' && text[at + 2] == '/';
    bool is_web_name = c == '.' && at > 0 && (text[at - 1] == 'w' || text[at - 1] == 'W');
    return strchr("\\`*_{}[]#!|<>&~@$\"", c) != NULL || begins_address || is_web_name;
}

/* A line end would end a row of a table. References are decoded before mail addresses are looked
 * for: the empty comment parts them. */
static void add_references(struct text *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\n' || c == '\t') {
            text_add_char(out, ' ');
        } else if (has_meaning(text, i)) {
            text_addf(out, "&#%d;%s", c, c == '@' ? "<!-- -->" : "");
        } else {
            text_add_char(out, c);
        }
    }
}

static void add_code(struct text *out, const char *text, size_t most)
{
    const char *shown = visible_text(out->arena, text);
    size_t length = cut_length(shown, most);
    text_add(out, "<code>");
    add_references(out, shown, length);
    text_add(out, shown[length] == '\0' ? "</code>" : "…</code>");
}

static size_t longest_fence(const char *text)
{
    size_t longest = 0;
    for (const char *at = strchr(text, '`'); at != NULL; at = strchr(at, '`')) {
        size_t run = strspn(at, "`");
        longest = run > longest ? run : longest;
        at += run;
    }
    return longest;
}

static void add_fence(struct text *out, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        text_add_char(out, '`');
    }
}

/* How much of text fits into room: all, or whole lines and a last one that tells how many more. */
static size_t whole_lines(const char *text, size_t room)
{
    size_t length = strlen(text);
    if (length <= room) {
        return length;
    }
    while (room > 0 && text[room - 1] != '\n') {
        room--;
    }
    return room;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; count++) {
        at = strchrnul(at, '\n');
        at += *at != '\0';
    }
    return count;
}

/* False when some of it had to be cut. */
static bool add_fenced(struct text *out, const char *language, const char *text, size_t room)
{
    const char *shown = visible_text(out->arena, text);
    size_t fence = longest_fence(shown) + 1;
    fence = fence < FENCE_LEAST ? FENCE_LEAST : fence;
    size_t length = whole_lines(shown, room);
    add_fence(out, fence);
    text_line(out, "%s", language);
    text_add_str(out, (struct str){shown, length});
    if (length > 0 && shown[length - 1] != '\n') {
        text_add_char(out, '\n');
    }
    add_fence(out, fence);
    text_add_char(out, '\n');
    if (shown[length] != '\0') {
        text_line(out, "\n%zu more lines are not shown.", count_lines(shown + length));
    }
    return shown[length] == '\0';
}

/* --- room ----------------------------------------------------------------------------------- */

static size_t room_left(const struct comment *comment)
{
    size_t used = comment->out->length + NOTICE_ROOM;
    return used < COMMENT_MOST ? COMMENT_MOST - used : 0;
}

/* --- the head ------------------------------------------------------------------------------- */

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* CI finds the comment that it wrote earlier by this line: one for each environment and host. */
static void add_marker(struct text *out, const char *word)
{
    for (const char *at = word == NULL ? "" : word; *at != '\0'; at++) {
        text_add_char(out, is_letter_or_digit(*at) || *at == '.' ? *at : '_');
    }
}

static void write_head(struct comment *comment)
{
    const struct report *report = comment->report;
    struct text *out = comment->out;
    text_add(out, "<!-- reconcile:");
    add_marker(out, report->environment);
    text_add_char(out, ':');
    add_marker(out, report->host);
    text_add(out, " -->\n### reconcile");
    const char *const places[] = {report->environment, report->host};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i] != NULL) {
            text_add_char(out, ' ');
            add_code(out, places[i], CELL_MOST);
        }
    }
    text_add(out, "\n\n");
    bool is_bad = report_exit_code(report, false) != EXIT_CODE_SUCCESS;
    text_add(out, is_bad ? "❌ " : "✅ ");
    add_code(out, report_verdict(report, LANGUAGE_ENGLISH), HEAD_MOST);
    text_add(out, "\n");
    if (report->hold != NULL) {
        text_add(out, "\n⚠️ ");
        add_code(out, report->hold->text, HEAD_MOST);
        text_add(out, "\n");
    }
}

/* --- problems ------------------------------------------------------------------------------- */

static bool is_diagnostic(const struct problem *problem)
{
    return diagnostic_find(problem->rule) != NULL;
}

static void add_problem(struct text *out, const struct report *report,
                        const struct problem *problem)
{
    text_addf(out, "%s[%s]: %s\n", problem_severity_word(problem->severity), problem->rule,
              problem->message);
    if (problem->span.source != NULL) {
        text_line(out, "  --> %s", span_text(report->arena, problem->span));
    }
    if (problem->evidence != NULL) {
        text_line(out, "%s", problem->evidence);
    }
}

/* As people read it at a terminal, in one fence. Diagnostics have a printer of their own, which
 * shows the line with a mark below it. */
static void write_problems(struct comment *comment)
{
    const struct report *report = comment->report;
    struct problem_list problems = {0};
    struct text all = text_make(comment->out->arena);
    report_problems(report, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        if (!is_diagnostic(&problems.items[i])) {
            add_problem(&all, report, &problems.items[i]);
        }
    }
    const struct diagnostic_list *const lists[] = {report->refused, report->diagnostics};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (lists[i] != NULL) {
            diagnostics_write_text(lists[i], LANGUAGE_ENGLISH, false, &all);
        }
    }
    if (all.length == 0) {
        return;
    }
    text_add(comment->out, "\n");
    size_t room = room_left(comment) / PROBLEMS_SHARE;
    comment->problems_cut = add_fenced(comment->out, "text", all.data, room) ? 0 : 1;
}

/* --- changes -------------------------------------------------------------------------------- */

static const char *change_word(char symbol)
{
    switch (symbol) {
    case '+':
        return "add";
    case '-':
        return "remove";
    case '!':
        return "failed";
    default:
        return "change";
    }
}

/* "mode: 0644 -> 0600", the note: each on a line of its own. */
static void add_what(struct text *out, const struct report_line *line)
{
    size_t before = out->length;
    if (line->note != NULL) {
        add_code(out, line->note->text, CELL_MOST);
    }
    for (size_t i = 0; i < line->details.count; i++) {
        text_add(out, out->length > before ? "<br>" : "");
        add_code(out, report_detail(out->arena, LANGUAGE_ENGLISH, &line->details.items[i]),
                 CELL_MOST);
    }
}

static void add_row(struct text *out, const struct report_line *line)
{
    text_addf(out, "| %s | ", change_word(line->symbol));
    add_code(out, line->name, CELL_MOST);
    text_add(out, " | ");
    if (line->place != NULL) {
        add_code(out, line->written, CELL_MOST);
    }
    text_add(out, " | ");
    add_what(out, line);
    text_add(out, " |\n");
}

/* Who will notice. */
static void write_reach(struct comment *comment)
{
    struct text lines = text_make(comment->out->arena);
    blast_write_text(comment->report, LANGUAGE_ENGLISH, &lines);
    outlook_write_text(comment->report, LANGUAGE_ENGLISH, &lines);
    text_add(comment->out, lines.length > 0 ? "\n" : "");
    for (char *rest = lines.data, *line = strsep(&rest, "\n"); rest != NULL;
         line = strsep(&rest, "\n")) {
        text_add(comment->out, "- ");
        add_code(comment->out, line + strspn(line, " "), CELL_MOST);
        text_add(comment->out, "\n");
    }
}

static void write_changes(struct comment *comment, const struct report_lines *lines)
{
    static const char head[] = "\n| | what | written at | |\n| --- | --- | --- | --- |\n";
    size_t room = room_left(comment) / CHANGES_SHARE;
    struct text table = text_make(comment->out->arena);
    text_add(&table, head);
    for (size_t i = 0; i < lines->count; i++) {
        size_t before = table.length;
        add_row(&table, &lines->items[i]);
        if (table.length > room) {
            text_truncate(&table, before);
            comment->changes_cut = lines->count - i;
            break;
        }
    }
    if (lines->count > 0) {
        text_add_str(comment->out, text_str(&table));
    }
}

/* Documents, where another revision was compared with. */
static void write_documents(struct comment *comment, const char *word,
                            const struct document_list *list)
{
    size_t room = room_left(comment) / CHANGES_SHARE;
    struct text line = text_make(comment->out->arena);
    for (size_t i = 0; i < list->count && line.length < room; i++) {
        text_add(&line, i == 0 ? "" : ", ");
        add_code(&line, document_id(line.arena, list->items[i]), CELL_MOST);
    }
    if (list->count > 0) {
        text_addf(comment->out, "\n%s: %s%s\n", word, line.data, line.length < room ? "" : ", …");
    }
}

/* --- diffs ---------------------------------------------------------------------------------- */

/* What the tags around one diff take. */
enum { DIFF_FRAME = 256 };

static bool write_diff(struct comment *comment, const struct report_line *line)
{
    struct text head = text_make(comment->out->arena);
    text_add(&head, "\n<details><summary>");
    add_code(&head, line->id, CELL_MOST);
    text_add(&head, "</summary>\n\n");
    size_t frame = head.length + DIFF_FRAME + 2 * longest_fence(line->diff);
    size_t room = room_left(comment);
    if (room < frame + DIFF_LEAST && room < frame + strlen(line->diff)) {
        return false;
    }
    text_add_str(comment->out, text_str(&head));
    bool is_whole = add_fenced(comment->out, "diff", line->diff, room - frame);
    text_add(comment->out, "\n</details>\n");
    return is_whole;
}

static void write_diffs(struct comment *comment, const struct report_lines *lines)
{
    bool is_full = false;
    for (size_t i = 0; i < lines->count; i++) {
        if (lines->items[i].diff == NULL || lines->items[i].diff[0] == '\0') {
            continue;
        }
        is_full = is_full || !write_diff(comment, &lines->items[i]);
        comment->diffs_cut += is_full;
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static void write_notice(struct comment *comment)
{
    if (comment->problems_cut + comment->changes_cut + comment->diffs_cut == 0) {
        return;
    }
    text_add(comment->out, "\n**This comment was cut**: it may hold 65,536 characters. ");
    if (comment->problems_cut > 0) {
        text_add(comment->out, "Some problems, ");
    }
    text_addf(comment->out, "%zu %s and %zu %s are not shown whole; the job's log has them.\n",
              comment->changes_cut, comment->changes_cut == 1 ? "change" : "changes",
              comment->diffs_cut, comment->diffs_cut == 1 ? "diff" : "diffs");
}

void report_write_markdown(const struct report *report, const struct report_style *style,
                           struct text *out)
{
    (void)style; /* a comment has no colors */
    struct comment comment = {.report = report, .out = out};
    struct report_lines lines = {0};
    if (report->plan != NULL) {
        report_collect(report, &lines);
    }
    write_head(&comment);
    write_problems(&comment);
    if (report->against != NULL) {
        write_documents(&comment, "Added", &report->against->added);
        write_documents(&comment, "Removed", &report->against->removed);
    }
    write_reach(&comment);
    write_changes(&comment, &lines);
    write_diffs(&comment, &lines);
    write_notice(&comment);
}
