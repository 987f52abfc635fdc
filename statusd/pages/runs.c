/* The runs, newest first; those that had nothing to do are left out unless asked for. */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum { ROWS = 40 };

static struct run_filter filter_of(const struct request *request)
{
    const char *shown = request_parameter(request, "show");
    struct run_filter filter = {
        .only_eventful = shown == NULL || strcmp(shown, "all") != 0,
        .page.limit = ROWS,
    };
    filter.key = request_number(request, "after", 1, INT64_MAX, 0);
    if (filter.key == 0) {
        filter.key = request_number(request, "before", 1, INT64_MAX, 0);
        filter.page.is_backward = filter.key != 0;
    }
    return filter;
}

static void count_write(const struct request *request, struct html *html, const char *sentence,
                        int64_t count)
{
    if (count > 0) {
        struct html number = number_piece(request, count);
        html_put(html, "<span class=\"tally\">");
        html_fill(html, sentence, &number, NULL);
        html_put(html, "</span> ");
    }
}

static void row_write(struct page *page, const struct run_record *run)
{
    struct html *html = &page->html;
    const struct run_counts *counts = &run->counts;
    struct html age = age_piece(page->request, run->ended_at);
    html_put(
        html,
        "<tr><th scope=\"row\"><a href=\"/runs/%lld\"><bdi dir=\"ltr\">#%lld</bdi></a></th><td>",
        (long long)run->number, (long long)run->number);
    run_badge(html, run->verdict);
    html_put(html, "</td><td class=\"what\">");
    count_write(page->request, html, tr("{0} changed"), counts->changed);
    count_write(page->request, html, tr("{0} failed"), counts->failed);
    count_write(page->request, html, tr("{0} skipped"), counts->skipped);
    count_write(page->request, html, tr("{0} drifted"), counts->drifted);
    count_write(page->request, html, tr("{0} removed"), counts->removed);
    bool says_nothing = counts->changed + counts->failed + counts->skipped == 0;
    bool has_trouble =
        run->verdict == RUN_VERDICT_FAILED || (run->verdict == RUN_VERDICT_PARTLY && says_nothing);
    if (has_trouble && run->message != NULL) {
        html_put(html, "<code dir=\"ltr\">");
        html_str(html, (struct str){run->message, strcspn(run->message, "\n")});
        html_put(html, "</code>");
    }
    if (run->commit_subject != NULL) {
        html_put(html, "<span class=\"summary\"><bdi>%s</bdi></span>", run->commit_subject);
    }
    html_put(html, "</td><td class=\"age\">");
    html_join(html, &age);
    html_put(html, "</td></tr>\n");
}

static void choices_write(struct page *page, bool only_eventful)
{
    static const struct {
        const char *url;
        const char *name;
        bool only_eventful;
    } choices[] = {
        {"/runs", MARK("Runs with changes"), true},
        {"/runs?show=all", MARK("All runs"), false},
    };
    html_put(&page->html, "<p class=\"choices\">");
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        html_put(&page->html, "<a href=\"%s\"", choices[i].url);
        if (choices[i].only_eventful == only_eventful) {
            html_put(&page->html, " aria-current=\"true\"");
        }
        html_put(&page->html, ">%s</a> ", tr(choices[i].name));
    }
    html_put(&page->html, "</p>\n");
}

static const char *page_url(const struct request *request, bool only_eventful,
                            const char *parameter, int64_t number)
{
    return arena_printf(request->arena, "/runs?%s%s=%lld", only_eventful ? "" : "show=all&",
                        parameter, (long long)number);
}

static void list_write(struct page *page, const struct run_page *found, bool only_eventful)
{
    struct html *html = &page->html;
    const struct run_records *rows = &found->rows;
    if (rows->count == 0) {
        html_put(html, "<p class=\"empty\">%s</p>\n", tr("No run is recorded yet."));
        return;
    }
    html_put(html,
             "<table class=\"runs\"><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
             "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead>\n<tbody>\n",
             tr("Run"), tr("Result"), tr("What it did"), tr("When"));
    for (size_t i = 0; i < rows->count; i++) {
        row_write(page, &rows->items[i]);
    }
    html_put(html, "</tbody></table>\n");
    pager_write(
        html,
        found->has_before ? page_url(page->request, only_eventful, "before", rows->items[0].number)
                          : NULL,
        found->has_after
            ? page_url(page->request, only_eventful, "after", rows->items[rows->count - 1].number)
            : NULL);
}

bool runs_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    struct run_page found = {0};
    struct run_filter filter = filter_of(request);
    if (request->reader != NULL &&
        !store_read_runs(request->reader, request->arena, &filter, &found, err)) {
        return false;
    }
    if (!page_begin(&page, request, tr("Runs"), "/runs", err)) {
        return false;
    }
    html_put(&page.html, "<h1>%s</h1>\n", tr("Runs"));
    choices_write(&page, filter.only_eventful);
    html_put(&page.html, "<section id=\"list\" data-live>\n");
    list_write(&page, &found, filter.only_eventful);
    html_put(&page.html, "</section>\n");
    page_end(&page, out_response);
    return true;
}
