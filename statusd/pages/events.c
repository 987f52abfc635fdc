/* Every change that the loop saw on the host, newest first: filter and page stand in the address.
 */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum {
    ROWS = 30,
    DIFF_LINES = 60,
    PAGE_BYTES = 80 * 1024, /* after which differences are left out */
};

static struct drift_filter filter_of(const struct request *request)
{
    struct drift_filter filter = {
        .kind = request_parameter(request, "kind"),
        .name = request_parameter(request, "name"),
        .answer = request_parameter(request, "answer"),
        .search = request_parameter(request, "q"),
        .page.limit = ROWS,
    };
    filter.key = request_number(request, "after", 1, INT64_MAX, 0);
    if (filter.key == 0) {
        filter.key = request_number(request, "before", 1, INT64_MAX, 0);
        filter.page.is_backward = filter.key != 0;
    }
    return filter;
}

static bool is_filtered(const struct drift_filter *filter)
{
    return filter->kind != NULL || filter->name != NULL || filter->answer != NULL ||
           filter->search != NULL;
}

static void answers_write(struct html *html, const struct answer_counts *counts, const char *chosen)
{
    html_put(html, "<label>%s <select name=\"answer\">", tr("What was done"));
    option_write(html, "", tr("everything"), chosen == NULL);
    for (size_t i = 0; i < counts->count; i++) {
        const char *answer = counts->items[i].answer;
        option_write(html, answer, drift_answer_name(answer), text_equal(answer, chosen));
    }
    html_put(html, "</select></label>\n");
}

static bool form_write(struct page *page, const struct drift_filter *filter, struct error *err)
{
    struct request *request = page->request;
    struct html *html = &page->html;
    struct kind_counts kinds = {0};
    struct answer_counts counts = {0};
    if (!store_read_kinds(request->reader, request->arena, &kinds, err) ||
        !store_read_drift_counts(request->reader, request->arena, &counts, err)) {
        return false;
    }
    html_put(html, "<form class=\"filter\" method=\"get\" action=\"/events\" role=\"search\">\n");
    kinds_write(html, &kinds, filter->kind);
    answers_write(html, &counts, filter->answer);
    if (filter->name != NULL) {
        html_put(html,
                 "<label>%s <input name=\"name\" value=\"%s\" maxlength=\"300\" "
                 "dir=\"auto\"></label>\n",
                 tr("Resource"), filter->name);
    }
    search_write(html, filter->search);
    if (is_filtered(filter)) {
        html_put(html, "<a href=\"/events\">%s</a>\n", tr("Show all"));
    }
    html_put(html, "</form>\n");
    return true;
}

static const char *page_url(const struct request *request, const char *parameter, int64_t number)
{
    return pager_url(request, parameter, arena_printf(request->arena, "%lld", (long long)number));
}

static void pager_of(struct page *page, const struct drift_page *found)
{
    const struct drift_records *rows = &found->rows;
    bool has_before = rows->count > 0 && found->has_before;
    bool has_after = rows->count > 0 && found->has_after;
    pager_write(
        &page->html, has_before ? page_url(page->request, "before", rows->items[0].number) : NULL,
        has_after ? page_url(page->request, "after", rows->items[rows->count - 1].number) : NULL);
}

static void list_write(struct page *page, const struct drift_filter *filter,
                       const struct drift_page *found)
{
    struct html *html = &page->html;
    struct html total = number_piece(page->request, found->total);
    html_put(html, "<section id=\"list\" data-live>\n");
    if (found->rows.count == 0) {
        html_put(html, "<p class=\"empty\">%s</p>\n",
                 is_filtered(filter)
                     ? tr("No recorded change is like that.")
                     : tr("Nobody has changed anything of ours on this host since it is watched."));
        html_put(html, "</section>\n");
        return;
    }
    html_put(html, "<p class=\"total\">");
    html_fill(html, ntr("{0} change", "{0} changes", found->total), &total, NULL);
    html_put(html, "</p>\n<ol class=\"actions\">\n");
    for (size_t i = 0; i < found->rows.count; i++) {
        const struct drift_look look = {
            .has_document = true,
            .is_open = i == 0,
            .diff_lines = html->text.length < PAGE_BYTES ? DIFF_LINES : 0,
        };
        drift_write(page->request, html, &found->rows.items[i], &look);
    }
    html_put(html, "</ol>\n");
    pager_of(page, found);
    html_put(html, "</section>\n");
}

bool events_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    struct drift_page found = {0};
    struct drift_filter filter = filter_of(request);
    if (!page_begin(&page, request, tr("Changes on the host"), "/events", err)) {
        return false;
    }
    html_put(&page.html, "<h1>%s</h1>\n", tr("Changes on the host"));
    if (request->reader != NULL &&
        (!store_read_drifts(request->reader, request->arena, &filter, &found, err) ||
         !form_write(&page, &filter, err))) {
        return false;
    }
    list_write(&page, &filter, &found);
    page_end(&page, out_response);
    return true;
}
