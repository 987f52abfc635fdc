/* Changes that the loop saw on the host: what, by whom, and what was done about them. */

#include <string.h>

#include "statusd/pages/parts.h"

/* ---- Words ---- */

static const struct answer {
    const char *answer;
    const char *name;
    enum verdict_tone tone;
} answers[] = {
    {"restored", MARK("put back"), TONE_WELL},
    {"reported", MARK("left as it is"), TONE_WARNING},
    {"fight", MARK("left alone: a fight"), TONE_BAD},
    {"handed", MARK("handed to a run"), TONE_CALM},
    {"failed", MARK("could not be put back"), TONE_BAD},
};

static const struct answer *answer_find(const char *word)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (text_equal(answers[i].answer, word)) {
            return &answers[i];
        }
    }
    return NULL;
}

const char *drift_answer_name(const char *word)
{
    const struct answer *answer = answer_find(word);
    return answer != NULL ? tr(answer->name) : word;
}

static const char *what_name(const char *what)
{
    static const struct {
        const char *what;
        const char *name;
    } names[] = {
        {"written", MARK("written")},
        {"replaced", MARK("replaced")},
        {"removed", MARK("removed")},
        {"attributes", MARK("owner or mode changed")},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(names[i].what, what)) {
            return tr(names[i].name);
        }
    }
    return what;
}

/* ---- The writer ---- */

static bool is_known(const struct drift_record *drift)
{
    return drift->program != NULL || drift->user != NULL || drift->unit != NULL;
}

/* A piece of what is known; nothing where it is not. */
static void tag_write(struct html *html, const char *label, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        html_put(html, "<div><dt>%s</dt><dd>", label);
        code_write(html, value);
        html_put(html, "</dd></div>\n");
    }
}

static void writer_write(const struct request *request, struct html *html,
                         const struct drift_record *drift)
{
    html_put(html, "<dl class=\"tags\">\n");
    if (!is_known(drift)) {
        html_put(html, "<div><dt>%s</dt><dd>%s</dd></div>\n", tr("Changed by"), tr("unknown"));
    }
    tag_write(html, tr("Process"), drift->program);
    if (drift->pid > 0) {
        tag_write(html, tr("Number"), arena_printf(request->arena, "%lld", (long long)drift->pid));
    }
    tag_write(html, tr("User"), drift->user);
    tag_write(html, tr("Logged in as"), drift->login);
    tag_write(html, tr("Unit"), drift->unit);
    tag_write(html, tr("Started by"), drift->parents);
    tag_write(html, tr("Command"), drift->command);
    tag_write(html, tr("Package manager"), drift->package);
    html_put(html, "</dl>\n");
}

/* ---- One change ---- */

static void context_write(const struct request *request, struct html *html,
                          const struct drift_record *drift, const struct drift_look *look)
{
    struct html age = age_piece(request, drift->at);
    html_put(html, "<p class=\"age\">");
    html_join(html, &age);
    if (look->has_document) {
        html_put(html, " \xc2\xb7 <span class=\"kind\">%s</span> ",
                 drift->kind != NULL ? kind_name(drift->kind) : "");
        document_link(request, html, drift->kind, drift->name);
    }
    if (drift->took_us > 0) {
        struct html took = duration_piece(request, drift->took_us);
        html_put(html, " \xc2\xb7 ");
        html_fill(html, tr("answered within {0}"), &took, NULL);
    }
    if (drift->is_cosmetic) {
        html_put(html, " \xc2\xb7 %s", tr("only comments or spacing differ"));
    }
    html_put(html, "</p>\n");
}

static void difference_write(struct html *html, const struct drift_record *drift,
                             const struct drift_look *look)
{
    if (drift->diff == NULL || look->diff_lines == 0) {
        return;
    }
    html_put(html, "<details id=\"drift-%lld\"", (long long)drift->number);
    if (look->is_open) {
        html_put(html, " open");
    }
    html_put(html, "><summary>%s</summary>\n<p class=\"legend\">%s</p>\n", tr("Difference"),
             tr("With a minus what stood on the host, with a plus what is described."));
    diff_write(html, drift->diff, look->diff_lines);
    if (drift->replaced != NULL) {
        html_put(html, "<p class=\"legend\">%s ", tr("What stood there is kept on the host:"));
        code_write(html, drift->replaced);
        html_put(html, "</p>\n");
    }
    html_put(html, "</details>");
}

void drift_write(const struct request *request, struct html *html, const struct drift_record *drift,
                 const struct drift_look *look)
{
    const struct answer *answer = answer_find(drift->answer);
    html_put(html, "<li>");
    badge_write(html, answer != NULL ? answer->tone : TONE_UNKNOWN,
                drift_answer_name(drift->answer));
    html_put(html, " <span class=\"type\">%s</span> ", what_name(drift->what));
    code_write(html, drift->path != NULL ? drift->path : "?");
    context_write(request, html, drift, look);
    writer_write(request, html, drift);
    if (drift->reason != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", drift->reason);
    }
    difference_write(html, drift, look);
    html_put(html, "</li>\n");
}

/* ---- In a sentence ---- */

static void author_write(const struct request *request, struct html *html,
                         const struct drift_record *drift)
{
    struct html age = age_piece(request, drift->at);
    struct html program = name_piece(request, drift->program);
    const char *person = drift->login != NULL ? drift->login : drift->user;
    struct html user = name_piece(request, person);
    if (drift->package != NULL) {
        struct html package = name_piece(request, drift->package);
        html_fill(html, tr("Changed on the host {0} by the package manager: {1}."), &age, &package,
                  NULL);
    } else if (!is_known(drift)) {
        html_fill(html, tr("Changed on the host {0}, by whom is unknown."), &age, NULL);
    } else if (person == NULL) {
        html_fill(html, tr("Changed on the host {0} by {1}."), &age, &program, NULL);
    } else if (drift->program == NULL) {
        html_fill(html, tr("Changed on the host {0} by {1}."), &age, &user, NULL);
    } else {
        html_fill(html, tr("Changed on the host {0} by {1}, with {2}."), &age, &user, &program,
                  NULL);
    }
}

bool last_drift_write(struct page *page, const char *kind, const char *name, struct error *err)
{
    struct request *request = page->request;
    struct html *html = &page->html;
    struct drift_record drift = {0};
    bool is_found = false;
    if (!store_read_last_drift(request->reader, request->arena, NULL, kind, name, &is_found, &drift,
                               err)) {
        return false;
    }
    if (!is_found) {
        return true;
    }
    html_put(html, "<p class=\"author\">");
    author_write(request, html, &drift);
    if (kind != NULL && name != NULL) {
        html_put(html, " <a href=\"/events?kind=%s&amp;name=%s\">%s</a>",
                 url_part(request->arena, kind), url_part(request->arena, name),
                 tr("All changes to it"));
    }
    html_put(html, "</p>\n");
    return true;
}
