/* One run: what it was about, what it said, and each action with its difference. */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum {
    ACTIONS_MAX = 100,
    DIFF_LINES = 60,
    PAGE_BYTES = 70 * 1024, /* after which differences are left to the resource's page */
    OPEN_MAX = 5,           /* a run of few actions shows their differences at once */
};

static void commit_fact(struct page *page, const struct run_record *run)
{
    if (run->commit == NULL) {
        return;
    }
    struct html piece = commit_piece(page->request, run->commit);
    html_put(&piece, " <bdi>%s</bdi> <bdi>%s</bdi>", run->commit_subject, run->commit_author);
    fact_piece(&page->html, tr("Commit"), &piece);
}

static void generation_fact(struct page *page, const struct run_record *run)
{
    if (run->generation_after == 0) {
        return;
    }
    struct html piece =
        run->generation_before == run->generation_after
            ? number_piece(page->request, run->generation_after)
            : html_piece(page->request->arena, "<bdi dir=\"ltr\">%lld &rarr; %lld</bdi>",
                         (long long)run->generation_before, (long long)run->generation_after);
    fact_piece(&page->html, tr("Generation"), &piece);
}

static void counts_fact(struct page *page, const struct run_counts *counts)
{
    struct html *html = &page->html;
    const struct {
        const char *sentence;
        int64_t count;
    } rows[] = {
        {tr("{0} changed"), counts->changed}, {tr("{0} failed"), counts->failed},
        {tr("{0} skipped"), counts->skipped}, {tr("{0} removed"), counts->removed},
        {tr("{0} drifted"), counts->drifted}, {tr("{0} unchanged"), counts->unchanged},
    };
    if (counts->changed + counts->failed + counts->skipped + counts->removed + counts->drifted +
            counts->unchanged ==
        0) {
        return; /* nothing was looked at */
    }
    html_put(html, "<div><dt>%s</dt><dd>", tr("Items"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].count > 0) {
            struct html number = number_piece(page->request, rows[i].count);
            html_put(html, "<span class=\"tally\">");
            html_fill(html, rows[i].sentence, &number, NULL);
            html_put(html, "</span> ");
        }
    }
    html_put(html, "</dd></div>\n");
}

static void facts_write(struct page *page, const struct run_record *run)
{
    struct html *html = &page->html;
    struct html ended = time_piece(page->request, run->ended_at);
    struct html took = duration_piece(page->request, run->ended_at - run->started_at);
    html_put(html, "<section id=\"facts\">\n<dl class=\"facts\">\n<div><dt>%s</dt><dd>",
             tr("Result"));
    run_badge(html, run->verdict);
    html_put(html, "</dd></div>\n");
    counts_fact(page, &run->counts);
    fact_piece(html, tr("Ended"), &ended);
    fact_piece(html, tr("Took"), &took);
    fact_code(html, tr("Source"), run->source);
    commit_fact(page, run);
    generation_fact(page, run);
    fact_text(html, tr("Environment"), run->environment);
    fact_text(html, tr("Started by"), trigger_name(run->trigger));
    fact_text(html, tr("Mode"), mode_name(run->mode));
    fact_text(html, tr("Host"), run->host);
    fact_code(html, tr("Version"), run->version);
    html_put(html, "</dl>\n");
    output_write(html, tr("What it said"), run->message);
    html_put(html, "</section>\n");
}

static bool actions_write(struct page *page, const struct run_record *run, struct error *err)
{
    struct action_page actions;
    struct html *html = &page->html;
    struct action_filter filter = {.run = run->number, .limit = ACTIONS_MAX};
    filter.key = request_number(page->request, "after", 1, INT64_MAX, 0);
    if (!store_read_actions(page->request->reader, page->request->arena, &filter, &actions, err)) {
        return false;
    }
    html_put(html, "<section id=\"actions\">\n<h2>%s</h2>\n", tr("What was done"));
    if (actions.rows.count == 0) {
        html_put(html, "<p class=\"empty\">%s</p>\n</section>\n", tr("Nothing is recorded."));
        return true;
    }
    html_put(html, "<ol class=\"actions\" start=\"%lld\">\n",
             (long long)actions.rows.items[0].number);
    for (size_t i = 0; i < actions.rows.count; i++) {
        struct action_look look = {.has_document = true,
                                   .is_open = actions.rows.count <= OPEN_MAX,
                                   .diff_lines = html->text.length < PAGE_BYTES ? DIFF_LINES : 0};
        action_write(page->request, html, &actions.rows.items[i], &look);
    }
    html_put(html, "</ol>\n");
    const struct action_record *last = &actions.rows.items[actions.rows.count - 1];
    pager_write(html, filter.key > 0 ? request_url(page->request, "after", NULL) : NULL,
                actions.has_after ? request_url(page->request, "after",
                                                arena_printf(page->request->arena, "%lld",
                                                             (long long)last->number))
                                  : NULL);
    html_put(html, "</section>\n");
    return true;
}

bool run_page(struct request *request, struct response *out_response, struct error *err)
{
    bool is_found = false;
    struct run_record run = {0};
    int64_t number = number_parse(request->rest, 1, INT64_MAX, 0);
    if (request->reader == NULL || number == 0) {
        error_page(request, 404, out_response);
        return true;
    }
    if (!store_read_run(request->reader, request->arena, number, &is_found, &run, err)) {
        return false;
    }
    if (!is_found) {
        error_page(request, 404, out_response);
        return true;
    }
    struct page page;
    const char *title = arena_printf(request->arena, "%s #%lld", tr("Run"), (long long)number);
    struct html isolated =
        html_piece(request->arena, "<bdi dir=\"ltr\">#%lld</bdi>", (long long)number);
    if (!page_begin(&page, request, title, "/runs", err)) {
        return false;
    }
    html_put(&page.html, "<h1>");
    html_fill(&page.html, tr("Run {0}"), &isolated, NULL);
    html_put(&page.html, "</h1>\n");
    facts_write(&page, &run);
    if (!actions_write(&page, &run, err)) {
        return false;
    }
    page_end(&page, out_response);
    return true;
}
