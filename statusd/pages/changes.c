/* Differences, what programs said, and actions. */

#include <string.h>

#include "statusd/pages/parts.h"

static const char *line_class(struct str line)
{
    if (line.length >= 2 && (memcmp(line.data, "@@", 2) == 0)) {
        return "hunk";
    }
    if (line.length >= 4 &&
        (memcmp(line.data, "--- ", 4) == 0 || memcmp(line.data, "+++ ", 4) == 0)) {
        return "file";
    }
    if (line.length >= 1 && line.data[0] == '+') {
        return "added";
    }
    if (line.length >= 1 && line.data[0] == '-') {
        return "removed";
    }
    return "";
}

static void diff_line(struct html *html, struct str line)
{
    const char *class = line_class(line);
    if (class[0] == '\0') {
        html_str(html, line);
    } else {
        html_put(html, "<span class=\"%s\">", class);
        html_str(html, line);
        html_put(html, "</span>");
    }
    html_put(html, "\n");
}

static size_t lines_count(const char *text)
{
    size_t count = 0;
    for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(end + 1, '\n')) {
        count++;
    }
    return count;
}

void diff_write(struct html *html, const char *diff, size_t lines)
{
    if (diff == NULL) {
        return;
    }
    html_put(html,
             "<pre class=\"diff\" dir=\"ltr\" tabindex=\"0\" role=\"group\" "
             "aria-label=\"%s\"><code>",
             tr("Difference"));
    size_t shown = 0;
    while (*diff != '\0' && shown < lines) {
        size_t length = strcspn(diff, "\n");
        diff_line(html, (struct str){diff, length});
        diff += length + (diff[length] == '\n' ? 1 : 0);
        shown++;
    }
    html_put(html, "</code></pre>\n");
    if (*diff != '\0') {
        size_t left = lines_count(diff);
        struct html number = html_piece(html->text.arena, "%zu", left);
        html_put(html, "<p class=\"more\">");
        html_fill(html,
                  ntr("{0} more line is not shown here.", "{0} more lines are not shown here.",
                      (long long)left),
                  &number, NULL);
        html_put(html, "</p>\n");
    }
}

void output_write(struct html *html, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        html_put(html,
                 "<pre class=\"output\" dir=\"ltr\" tabindex=\"0\" role=\"group\" "
                 "aria-label=\"%s\">%s</pre>\n",
                 label, text);
    }
}

/* ---- Actions ---- */

/* What an action that was carried out did; other words are shown as they stand. */
static const char *action_name(const struct action_record *action)
{
    static const struct {
        const char *result;
        const char *verb;
        const char *name;
    } names[] = {
        {"changed", "create", MARK("created")},
        {"changed", "update", MARK("updated")},
        {"changed", "delete", MARK("removed")},
        {"changed", "notify", MARK("restarted or reloaded")},
        {"failed", NULL, MARK("failed")},
        {"skipped", NULL, MARK("skipped")},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(names[i].result, action->result) &&
            (names[i].verb == NULL || text_equal(names[i].verb, action->verb))) {
            return tr(names[i].name);
        }
    }
    return action->result;
}

static void action_badge(struct html *html, const struct action_record *action)
{
    if (text_equal(action->result, "unchanged")) { /* planned, but nobody did it */
        bool has_drifted = text_equal(action->cause, "drift");
        state_badge(html, has_drifted ? ITEM_STATE_DRIFTED : ITEM_STATE_PENDING);
        return;
    }
    enum verdict_tone tone = TONE_CALM;
    if (text_equal(action->result, "changed")) {
        tone = TONE_WELL;
    } else if (text_equal(action->result, "failed")) {
        tone = TONE_BAD;
    }
    badge_write(html, tone, action_name(action));
}

static void action_context(const struct request *request, struct html *html,
                           const struct action_record *action, const struct action_look *look)
{
    html_put(html, "<p class=\"age\">");
    if (look->has_run) {
        struct html age = age_piece(request, action->at);
        html_put(html, "<a href=\"/runs/%lld\"><bdi dir=\"ltr\">#%lld</bdi></a> ",
                 (long long)action->run, (long long)action->run);
        html_join(html, &age);
    }
    if (look->has_document) {
        html_put(html, "<span class=\"kind\">%s</span> ", kind_name(action->kind));
        document_link(request, html, action->kind, action->name);
    }
    if (text_equal(action->cause, "drift")) {
        html_put(html, " \xc2\xb7 %s", tr("it was changed on the host"));
    }
    if (action->place != NULL) {
        html_put(html, " \xc2\xb7 ");
        code_write(html, action->place);
    }
    if (action->took_us > 0) {
        struct html took = duration_piece(request, action->took_us);
        html_put(html, " \xc2\xb7 ");
        html_join(html, &took);
    }
    html_put(html, "</p>\n");
}

void action_write(const struct request *request, struct html *html,
                  const struct action_record *action, const struct action_look *look)
{
    html_put(html, "<li>");
    action_badge(html, action);
    html_put(html, " <span class=\"type\">%s</span> ", type_name(action->type));
    code_write(html, action->id);
    action_context(request, html, action, look);
    if (action->reason != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", action->reason);
    }
    if (action->error != NULL) {
        html_put(html, "<p class=\"detail error\"><bdi>%s</bdi></p>\n", action->error);
    }
    output_write(html, tr("What was found"), action->evidence);
    if (action->diff != NULL && look->diff_lines > 0) {
        html_put(html, "<details id=\"diff-%lld-%lld\"", (long long)action->run,
                 (long long)action->number);
        if (look->is_open) {
            html_put(html, " open");
        }
        html_put(html, "><summary>%s</summary>", tr("Difference"));
        diff_write(html, action->diff, look->diff_lines);
        html_put(html, "</details>");
    }
    html_put(html, "</li>\n");
}
