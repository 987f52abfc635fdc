/* What is not in sync, the most urgent first, each with the difference. */

#include "statusd/pages/parts.h"

enum {
    DOCUMENTS_MAX = 20,
    ITEMS_MAX = 5,          /* of each document */
    DIFF_LINES = 24,        /* of each item */
    PAGE_BYTES = 40 * 1024, /* after which differences are left to the resource's page */
};

/* said is what the document says already. */
static void attention_item(struct page *page, const struct item_record *item, const char *said)
{
    struct html *html = &page->html;
    html_put(html, "<li>");
    state_badge(html, item->state);
    html_put(html, " <span class=\"type\">%s</span> ", type_name(item->type));
    code_write(html, item->id);
    if (item->detail != NULL && !text_equal(item->detail, said)) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>", item->detail);
    }
    if (item->diff != NULL && html->text.length < PAGE_BYTES) {
        html_put(html, "<details id=\"diff-%s-%s\"><summary>%s</summary>", item->type, item->id,
                 tr("Difference"));
        diff_write(html, item->diff, DIFF_LINES);
        html_put(html, "</details>");
    }
    html_put(html, "</li>\n");
}

static bool attention_items(struct page *page, const char *kind, const char *name, const char *said,
                            struct error *err)
{
    struct item_records items;
    struct item_filter filter = {
        .kind = kind, .name = name, .needs_attention = true, .limit = ITEMS_MAX};
    if (!store_read_items(page->request->reader, page->request->arena, &filter, &items, err)) {
        return false;
    }
    if (items.count == 0) {
        return true;
    }
    html_put(&page->html, "<ul class=\"items\">\n");
    for (size_t i = 0; i < items.count; i++) {
        attention_item(page, &items.items[i], said);
    }
    html_put(&page->html, "</ul>\n");
    return true;
}

static bool attention_document(struct page *page, const struct document_record *document,
                               struct error *err)
{
    struct html *html = &page->html;
    struct html age = age_piece(page->request, document->since);
    html_put(html, "<li class=\"card\"><h3>");
    state_badge(html, document->state);
    html_put(html, " <span class=\"kind\">%s</span> ", kind_name(document->kind));
    document_link(page->request, html, document->kind, document->name);
    html_put(html, "</h3>\n<p class=\"age\">");
    html_fill(html, tr("first seen {0}"), &age, NULL);
    if (document->place != NULL) {
        html_put(html, " \xc2\xb7 ");
        code_write(html, document->place);
    }
    html_put(html, "</p>\n");
    if (document->detail != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", document->detail);
    }
    bool is_read = attention_items(page, document->kind, document->name, document->detail, err);
    html_put(html, "</li>\n");
    return is_read;
}

/* How many are recorded as something else than in sync; while everything is stale, that is how
 * those in sync read. */
static int64_t unsettled_count(const struct page *page, const struct state_counts *counts)
{
    return counts->total -
           counts->of[page->overview.is_stale ? ITEM_STATE_STALE : ITEM_STATE_IN_SYNC];
}

static void attention_more(struct page *page, size_t shown)
{
    int64_t left = unsettled_count(page, &page->overview.documents) - (int64_t)shown;
    if (left > 0) {
        struct html number = number_piece(page->request, left);
        html_put(&page->html, "<p class=\"more\"><a href=\"/resources\">");
        html_fill(&page->html, ntr("and {0} more", "and {0} more", left), &number, NULL);
        html_put(&page->html, "</a></p>\n");
    }
}

/* Items of the engine itself, such as the nginx tree. */
static bool attention_own(struct page *page, struct error *err)
{
    html_put(&page->html, "<li class=\"card\"><h3>%s</h3>\n", tr("reconcile itself"));
    bool is_read = attention_items(page, NULL, NULL, NULL, err);
    html_put(&page->html, "</li>\n");
    return is_read;
}

bool attention_write(struct page *page, struct error *err)
{
    struct document_records documents;
    if (!store_read_attention(page->request->reader, page->request->arena, DOCUMENTS_MAX,
                              &documents, err)) {
        return false;
    }
    html_put(&page->html, "<section id=\"attention\" data-live>\n<h2>%s</h2>\n",
             tr("Needs attention"));
    bool has_own = unsettled_count(page, &page->overview.own_items) > 0;
    if (documents.count == 0 && !has_own) {
        html_put(&page->html, "<p class=\"empty\">%s</p>\n</section>\n",
                 tr("Nothing is recorded as out of sync."));
        return true;
    }
    html_put(&page->html, "<ul class=\"cards\">\n");
    for (size_t i = 0; i < documents.count; i++) {
        if (!attention_document(page, &documents.items[i], err)) {
            return false;
        }
    }
    if (has_own && !attention_own(page, err)) {
        return false;
    }
    html_put(&page->html, "</ul>\n");
    attention_more(page, documents.count);
    html_put(&page->html, "</section>\n");
    return true;
}
