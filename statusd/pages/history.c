/* What became of each version of the documents, the last one looked at first. */

#include <string.h>

#include "statusd/deliveries.h"
#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum {
    ROWS = 30,
    EVIDENCE_BYTES = 6 * 1024, /* of each; all of it is in the API */
};

static struct delivery_filter filter_of(const struct request *request)
{
    struct delivery_filter filter = deliveries_asked(request, ROWS);
    const char *before = request_parameter(request, "before");
    filter.page.is_backward = delivery_key_read(before, &filter);
    return filter;
}

static void form_write(struct page *page, const struct delivery_filter *filter)
{
    struct html *html = &page->html;
    html_put(html,
             "<form class=\"filter\" method=\"get\" action=\"/history\" role=\"search\">\n"
             "<label>%s <select name=\"fate\">",
             tr("What became of it"));
    option_write(html, "", tr("everything"), filter->fate < 0);
    for (int i = 0; i < DELIVERY_FATE_COUNT; i++) {
        option_write(html, delivery_fate_word((enum delivery_fate)i),
                     fate_name((enum delivery_fate)i), filter->fate == i);
    }
    html_put(html, "</select></label>\n");
    search_write(html, filter->search);
    if (filter->fate >= 0 || filter->search != NULL) {
        html_put(html, "<a href=\"/history\">%s</a>\n", tr("Show all"));
    }
    html_put(html, "</form>\n");
}

/* ---- One version ---- */

static void context_write(struct page *page, const struct delivery_record *delivery)
{
    struct html *html = &page->html;
    html_put(html, "<p class=\"age\">");
    if (delivery->author != NULL) {
        struct html age = age_piece(page->request, delivery->commit_at);
        struct html author = name_piece(page->request, delivery->author);
        html_fill(html, tr("written {0} by {1}"), &age, &author, NULL);
        html_put(html, " \xc2\xb7 ");
    }
    struct html first = age_piece(page->request, delivery->first_at);
    struct html last = age_piece(page->request, delivery->last_at);
    html_fill(html, tr("first seen {0}, last {1}"), &first, &last, NULL);
    if (delivery->generation > 0) {
        struct html number = number_piece(page->request, delivery->generation);
        html_put(html, " \xc2\xb7 ");
        html_fill(html, tr("generation {0}"), &number, NULL);
    }
    if (delivery->run > 0) {
        html_put(html, " \xc2\xb7 %s <a href=\"/runs/%lld\"><bdi dir=\"ltr\">#%lld</bdi></a>",
                 tr("Run"), (long long)delivery->run, (long long)delivery->run);
    }
    html_put(html, "</p>\n");
}

/* The evidence up to the end of a line that keeps within the limit. */
static const char *evidence_cut(struct arena *arena, const char *evidence)
{
    size_t length = strnlen(evidence, EVIDENCE_BYTES);
    while (evidence[length] != '\0' && length > 0 && evidence[length - 1] != '\n') {
        length--;
    }
    return arena_strndup(arena, evidence, length > 0 ? length : EVIDENCE_BYTES);
}

static void evidence_write(struct page *page, const struct delivery_record *delivery, bool is_open)
{
    struct html *html = &page->html;
    if (delivery->evidence == NULL) {
        return;
    }
    html_put(html, "<details id=\"evidence-%s\"", delivery->version);
    if (is_open) {
        html_put(html, " open");
    }
    html_put(html, "><summary>%s</summary>", tr("Evidence"));
    output_write(html, tr("Evidence"), evidence_cut(page->request->arena, delivery->evidence));
    html_put(html, "</details>");
}

static void row_write(struct page *page, const struct delivery_record *delivery, bool is_open)
{
    struct html *html = &page->html;
    const char *why = delivery_why(delivery);
    html_put(html, "<li><h2 class=\"version\">");
    fate_badge(html, delivery->fate);
    html_put(html, " ");
    delivery_title(page->request, html, delivery);
    html_put(html, "</h2>\n");
    context_write(page, delivery);
    if (why != NULL) {
        html_put(html, "<p class=\"detail\">%s</p>\n", why);
    }
    evidence_write(page, delivery, is_open);
    html_put(html, "</li>\n");
}

/* ---- The list ---- */

/* The newest version does not run: what does is said first. */
static bool last_good_write(struct page *page, const struct delivery_record *newest,
                            struct error *err)
{
    struct request *request = page->request;
    struct html *html = &page->html;
    struct delivery_record applied = {0};
    bool is_found = false;
    if (newest->fate != DELIVERY_REFUSED && newest->fate != DELIVERY_WAITING) {
        return true;
    }
    if (!store_read_applied(request->reader, request->arena, &is_found, &applied, err)) {
        return false;
    }
    if (is_found) {
        struct html title = html_make(request->arena);
        delivery_title(request, &title, &applied);
        html_put(html, "<p class=\"note\">");
        html_fill(html,
                  tr("The host keeps to the last good version, {0}. What is changed on the host is "
                     "still put back to it."),
                  &title, NULL);
        html_put(html, "</p>\n");
    }
    return true;
}

static const char *page_url(const struct request *request, const char *parameter,
                            const struct delivery_record *delivery)
{
    return pager_url(request, parameter, delivery_key(request->arena, delivery));
}

static bool list_write(struct page *page, const struct delivery_filter *filter,
                       const struct delivery_page *found, struct error *err)
{
    struct html *html = &page->html;
    const struct delivery_records *rows = &found->rows;
    struct html total = number_piece(page->request, found->total);
    html_put(html, "<section id=\"list\" data-live>\n");
    if (rows->count == 0) {
        html_put(html, "<p class=\"empty\">%s</p>\n</section>\n",
                 tr("No version of the documents is recorded here."));
        return true;
    }
    bool is_first_page = filter->key_version == NULL && filter->fate < 0 && filter->search == NULL;
    if (is_first_page && !last_good_write(page, &rows->items[0], err)) {
        return false;
    }
    html_put(html, "<p class=\"total\">");
    html_fill(html, ntr("{0} version", "{0} versions", found->total), &total, NULL);
    html_put(html, "</p>\n<ol class=\"actions\">\n");
    for (size_t i = 0; i < rows->count; i++) {
        row_write(page, &rows->items[i], i == 0);
    }
    html_put(html, "</ol>\n");
    pager_write(html, found->has_before ? page_url(page->request, "before", &rows->items[0]) : NULL,
                found->has_after ? page_url(page->request, "after", vec_last(rows)) : NULL);
    html_put(html, "</section>\n");
    return true;
}

bool history_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    struct delivery_page found = {0};
    struct delivery_filter filter = filter_of(request);
    if (!page_begin(&page, request, tr("Versions"), "/history", err)) {
        return false;
    }
    if (request->reader != NULL &&
        !store_read_deliveries(request->reader, request->arena, &filter, &found, err)) {
        return false;
    }
    html_put(&page.html, "<h1>%s</h1>\n", tr("Versions of the documents"));
    form_write(&page, &filter);
    if (!list_write(&page, &filter, &found, err)) {
        return false;
    }
    page_end(&page, out_response);
    return true;
}
