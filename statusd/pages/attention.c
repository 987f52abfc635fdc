/* What is not in sync, the most urgent first, each with the difference. */

#include <string.h>

#include "statusd/pages/parts.h"

enum {
    DOCUMENTS_MAX = 20,
    ITEMS_MAX = 5,          /* of each document */
    DIFF_LINES = 24,        /* of each item */
    REFUSAL_LINES = 30,     /* of what a failed run said; all of it is on its page */
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

/* What the run that looked meant to do here and did not, with the difference: held, failed, or only
 * observed. */
static bool attention_actions(struct page *page, const char *kind, const char *name,
                              bool *out_has_any, struct error *err)
{
    struct action_page actions;
    struct action_filter filter = {.run = page->overview.state.number,
                                   .is_of_one = true,
                                   .is_unfinished = true,
                                   .kind = kind,
                                   .name = name,
                                   .limit = ITEMS_MAX};
    if (!store_read_actions(page->request->reader, page->request->arena, &filter, &actions, err)) {
        return false;
    }
    *out_has_any = actions.rows.count > 0;
    if (*out_has_any) {
        html_put(&page->html, "<ul class=\"items\">\n");
        for (size_t i = 0; i < actions.rows.count; i++) {
            bool has_room = page->html.text.length < PAGE_BYTES;
            struct action_look look = {.diff_lines = has_room ? DIFF_LINES : 0};
            action_write(page->request, &page->html, &actions.rows.items[i], &look);
        }
        html_put(&page->html, "</ul>\n");
    }
    return true;
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

/* The actions say more; without any, the items are all there is. */
static bool attention_parts(struct page *page, const char *kind, const char *name, const char *said,
                            struct error *err)
{
    bool has_actions = false;
    return attention_actions(page, kind, name, &has_actions, err) &&
           (has_actions || attention_items(page, kind, name, said, err));
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
    bool has_drifted = document->state == ITEM_STATE_DRIFTED;
    bool is_read = (!has_drifted || last_drift_write(page, document->kind, document->name, err)) &&
                   attention_parts(page, document->kind, document->name, document->detail, err);
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
    bool is_read = attention_parts(page, NULL, NULL, NULL, err);
    html_put(&page->html, "</li>\n");
    return is_read;
}

/* What a refused input or a lost nginx said, below its first line; NULL when there is no more. */
static const char *refusal_text(const struct page *page)
{
    const struct run_record *last = &page->overview.last;
    if (last->verdict != RUN_VERDICT_FAILED || last->message == NULL) {
        return NULL;
    }
    const char *rest = strchr(last->message, '\n');
    return rest == NULL || rest[1] == '\0' ? NULL : rest + 1;
}

static void attention_refusal(struct page *page, const char *text)
{
    struct html *html = &page->html;
    const struct run_record *last = &page->overview.last;
    html_put(html, "<li class=\"card\"><h3>");
    run_badge(html, last->verdict);
    html_put(html, " %s <a href=\"/runs/%lld\"><bdi dir=\"ltr\">#%lld</bdi></a></h3>\n", tr("Run"),
             (long long)last->number, (long long)last->number);
    const char *end = text;
    for (size_t i = 0; i < REFUSAL_LINES && *end != '\0'; i++) {
        end += strcspn(end, "\n");
        end += *end == '\n';
    }
    output_write(html, tr("What it said"),
                 arena_strndup(page->request->arena, text, (size_t)(end - text)));
    html_put(html, "</li>\n");
}

/* A source that cannot be fetched: nothing new arrives, whoever pushes. */
static void attention_source(struct page *page, const struct source_record *source)
{
    struct html *html = &page->html;
    struct html since = age_piece(page->request, source->failing_at);
    html_put(html, "<li class=\"card\"><h3>");
    badge_write(html, TONE_WARNING, tr("not fetched"));
    html_put(html, " <a href=\"/sources\">%s</a></h3>\n<p class=\"age\">", tr("Source"));
    html_fill(html, tr("first failed {0}"), &since, NULL);
    html_put(html, "</p>\n");
    output_write(html, tr("What it said"), source->error);
    html_put(html, "</li>\n");
}

bool attention_write(struct page *page, struct error *err)
{
    const char *refusal = refusal_text(page);
    struct document_records documents;
    struct source_record source = {0};
    bool has_source = false;
    if (!store_read_attention(page->request->reader, page->request->arena, DOCUMENTS_MAX,
                              &documents, err) ||
        !store_read_source(page->request->reader, page->request->arena, &has_source, &source,
                           err)) {
        return false;
    }
    bool is_failing = has_source && source.error != NULL;
    html_put(&page->html, "<section id=\"attention\" data-live>\n<h2>%s</h2>\n",
             tr("Needs attention"));
    bool has_own = unsettled_count(page, &page->overview.own_items) > 0;
    if (documents.count == 0 && !has_own && refusal == NULL && !is_failing) {
        html_put(&page->html, "<p class=\"empty\">%s</p>\n</section>\n",
                 tr("Nothing is recorded as out of sync."));
        return true;
    }
    html_put(&page->html, "<ul class=\"cards\">\n");
    if (is_failing) {
        attention_source(page, &source);
    }
    if (refusal != NULL) {
        attention_refusal(page, refusal);
    }
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
