/* All resources: filter and page stand in the address, the work is the store's. */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum { ROWS = 50 };

/* "KIND:NAME"; a kind never holds a colon. */
static bool key_parse(struct arena *arena, const char *key, struct document_filter *filter)
{
    const char *colon = key != NULL ? strchr(key, ':') : NULL;
    if (colon == NULL) {
        return false;
    }
    filter->key_kind = arena_strndup(arena, key, (size_t)(colon - key));
    filter->key_name = colon + 1;
    return true;
}

static struct document_filter filter_of(const struct request *request)
{
    struct document_filter filter = {
        .kind = request_parameter(request, "kind"),
        .search = request_parameter(request, "q"),
        .state = -1,
        .page.limit = ROWS,
    };
    const char *word = request_parameter(request, "state");
    enum item_state state;
    if (word != NULL && item_state_parse(word, &state)) {
        filter.state = (int)state;
    }
    filter.page.is_backward =
        key_parse(request->arena, request_parameter(request, "before"), &filter);
    if (!filter.page.is_backward) {
        (void)key_parse(request->arena, request_parameter(request, "after"), &filter);
    }
    return filter;
}

/* ---- The filter ---- */

static void states_write(struct html *html, const struct document_filter *filter)
{
    html_put(html, "<label>%s <select name=\"state\">", tr("State"));
    option_write(html, "", tr("every state"), filter->state < 0);
    for (int i = ITEM_STATE_COUNT - 1; i >= 0; i--) {
        option_write(html, item_state_word((enum item_state)i), state_name((enum item_state)i),
                     filter->state == i);
    }
    html_put(html, "</select></label>\n");
}

static bool form_write(struct page *page, const struct document_filter *filter, struct error *err)
{
    struct html *html = &page->html;
    struct kind_counts kinds;
    if (!store_read_kinds(page->request->reader, page->request->arena, &kinds, err)) {
        return false;
    }
    html_put(html,
             "<form class=\"filter\" method=\"get\" action=\"/resources\" role=\"search\">\n");
    kinds_write(html, &kinds, filter->kind);
    states_write(html, filter);
    search_write(html, filter->search);
    if (filter->kind != NULL || filter->search != NULL || filter->state >= 0) {
        html_put(html, "<a href=\"/resources\">%s</a>\n", tr("Show all"));
    }
    html_put(html, "</form>\n");
    return true;
}

/* ---- The list ---- */

static void row_write(struct page *page, const struct document_record *document)
{
    struct html *html = &page->html;
    struct html age = age_piece(page->request, document->since);
    html_put(html, "<tr><td class=\"state\">");
    state_badge(html, document->state);
    html_put(html, "</td><th scope=\"row\"><span class=\"kind\">%s</span> ",
             kind_name(document->kind));
    document_link(page->request, html, document->kind, document->name);
    if (document->summary != NULL) {
        html_put(html, " <span class=\"summary\"><bdi>%s</bdi></span>", document->summary);
    }
    html_put(html, "</th><td class=\"place\">");
    if (document->place != NULL) {
        code_write(html, document->place);
    }
    html_put(html, "</td><td class=\"age\">");
    html_join(html, &age);
    html_put(html, "</td></tr>\n");
}

static const char *page_url(const struct request *request, const char *parameter,
                            const struct document_record *document)
{
    return pager_url(request, parameter,
                     arena_printf(request->arena, "%s:%s", document->kind, document->name));
}

static void pager_of(struct page *page, const struct document_page *found)
{
    const struct document_records *rows = &found->rows;
    const char *before = NULL;
    const char *after = NULL;
    if (rows->count > 0 && found->has_before) {
        before = page_url(page->request, "before", &rows->items[0]);
    }
    if (rows->count > 0 && found->has_after) {
        after = page_url(page->request, "after", &rows->items[rows->count - 1]);
    }
    pager_write(&page->html, before, after);
}

static void list_write(struct page *page, const struct document_page *found)
{
    struct html *html = &page->html;
    struct html total = number_piece(page->request, found->total);
    html_put(html, "<section id=\"list\" data-live>\n<p class=\"total\">");
    html_fill(html, ntr("{0} resource", "{0} resources", found->total), &total, NULL);
    html_put(html, "</p>\n");
    if (found->rows.count > 0) {
        html_put(html,
                 "<table class=\"resources\"><thead><tr><th scope=\"col\">%s</th>"
                 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"place\">%s</th>"
                 "<th scope=\"col\">%s</th></tr></thead>\n<tbody>\n",
                 tr("State"), tr("Resource"), tr("Written in"), tr("Since"));
        for (size_t i = 0; i < found->rows.count; i++) {
            row_write(page, &found->rows.items[i]);
        }
        html_put(html, "</tbody></table>\n");
    }
    pager_of(page, found);
    html_put(html, "</section>\n");
}

bool resources_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    struct document_page found = {0};
    struct document_filter filter = filter_of(request);
    if (!page_begin(&page, request, tr("Resources"), "/resources", err)) {
        return false;
    }
    html_put(&page.html, "<h1>%s</h1>\n", tr("Resources"));
    if (request->reader != NULL) {
        if (!store_read_documents(request->reader, request->arena, &filter, &found, err) ||
            !form_write(&page, &filter, err)) {
            return false;
        }
    }
    list_write(&page, &found);
    page_end(&page, out_response);
    return true;
}
