/* One resource: its state, what it consists of on the host, and what was done to it last. */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

enum {
    ITEMS_MAX = 200,
    ACTIONS_MAX = 20,
    DRIFTS_MAX = 5, /* the rest is on the page of all changes */
    ITEM_DIFF_LINES = 400,
    ACTION_DIFF_LINES = 60,
    PAGE_BYTES = 80 * 1024, /* after which differences are left out */
};

/* Splits "KIND/NAME"; a name may hold slashes. */
static bool rest_split(const struct request *request, const char **out_kind, const char **out_name)
{
    const char *slash = strchr(request->rest, '/');
    if (slash == NULL || slash == request->rest || slash[1] == '\0') {
        return false;
    }
    *out_kind = arena_strndup(request->arena, request->rest, (size_t)(slash - request->rest));
    *out_name = slash + 1;
    return true;
}

static void facts_write(struct page *page, const struct document_record *document)
{
    struct html *html = &page->html;
    struct html since = age_piece(page->request, document->since);
    struct html proven = age_piece(page->request, document->proven_at);
    html_put(html, "<section id=\"facts\" data-live>\n<dl class=\"facts\">\n<div><dt>%s</dt><dd>",
             tr("State"));
    state_badge(html, document->state);
    html_put(html, "</dd></div>\n");
    fact_piece(html, tr("Since"), &since);
    fact_piece(html, tr("Last proven"), &proven);
    fact_text(html, tr("What it is"), document->summary);
    fact_text(html, tr("Description"), document->description);
    fact_code(html, tr("Written in"), document->place);
    html_put(html, "</dl>\n");
    if (document->detail != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", document->detail);
    }
    html_put(html, "</section>\n");
}

/* ---- Certificates ---- */

static void certificate_write(struct page *page, const struct certificate_record *certificate)
{
    struct html *html = &page->html;
    struct html end = until_piece(page->request, certificate->not_after);
    struct html served_end = until_piece(page->request, certificate->served_not_after);
    struct html proven = age_piece(page->request, certificate->proven_at);
    struct html asked = age_piece(page->request, certificate->asked_at);
    html_put(html, "<h2>%s <bdi>%s</bdi> ", tr("Certificate"), certificate->name);
    alarm_badge(html, certificate);
    html_put(html, "</h2>\n<dl class=\"facts\">\n");
    fact_text(html, tr("Names"), certificate->names);
    fact_text(html, tr("Issued by"), certificate->issuer);
    fact_piece(html, tr("Ends, on disk"), &end);
    if (certificate->asked_at != 0) {
        fact_piece(html, tr("Ends, as it is shown to visitors"), &served_end);
        fact_piece(html, tr("Last proven by handshakes"), &proven);
        fact_piece(html, tr("Last asked"), &asked);
    }
    html_put(html, "</dl>\n");
    if (certificate->because != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", certificate->because);
    }
    if (certificate->served_instead != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>\n", certificate->served_instead);
    }
}

static bool certificates_write(struct page *page, const struct document_record *document,
                               struct error *err)
{
    struct certificate_records certificates;
    if (!store_read_certificates_of(page->request->reader, page->request->arena, document->kind,
                                    document->name, &certificates, err)) {
        return false;
    }
    if (certificates.count > 0) {
        html_put(&page->html, "<section id=\"certificates\" data-live>\n");
        for (size_t i = 0; i < certificates.count; i++) {
            certificate_write(page, &certificates.items[i]);
        }
        html_put(&page->html, "</section>\n");
    }
    return true;
}

/* ---- Items ---- */

static void item_write(struct page *page, const struct item_record *item)
{
    struct html *html = &page->html;
    struct html age = age_piece(page->request, item->since);
    html_put(html, "<li>");
    state_badge(html, item->state);
    html_put(html, " <span class=\"type\">%s</span> ", type_name(item->type));
    code_write(html, item->id);
    html_put(html, " <span class=\"age\">");
    html_join(html, &age);
    html_put(html, "</span>");
    if (item->detail != NULL) {
        html_put(html, "<p class=\"detail\"><bdi>%s</bdi></p>", item->detail);
    }
    if (html->text.length < PAGE_BYTES) {
        diff_write(html, item->diff, ITEM_DIFF_LINES);
    }
    html_put(html, "</li>\n");
}

static bool items_write(struct page *page, const struct document_record *document,
                        struct error *err)
{
    struct item_records items;
    struct item_filter filter = {
        .kind = document->kind, .name = document->name, .limit = ITEMS_MAX};
    if (!store_read_items(page->request->reader, page->request->arena, &filter, &items, err)) {
        return false;
    }
    html_put(&page->html, "<section id=\"items\" data-live>\n<h2>%s</h2>\n", tr("On the host"));
    if (items.count == 0) {
        html_put(&page->html, "<p class=\"empty\">%s</p>\n",
                 tr("Nothing of its own: it is part of what is shared, such as the nginx "
                    "configuration."));
    } else {
        html_put(&page->html, "<ul class=\"items\">\n");
        for (size_t i = 0; i < items.count; i++) {
            item_write(page, &items.items[i]);
        }
        html_put(&page->html, "</ul>\n");
    }
    html_put(&page->html, "</section>\n");
    return true;
}

/* ---- Actions ---- */

static bool history_write(struct page *page, const struct document_record *document,
                          struct error *err)
{
    struct action_page actions;
    struct action_filter filter = {
        .kind = document->kind, .name = document->name, .limit = ACTIONS_MAX};
    struct html *html = &page->html;
    if (!store_read_actions(page->request->reader, page->request->arena, &filter, &actions, err)) {
        return false;
    }
    html_put(html, "<section id=\"actions\" data-live>\n<h2>%s</h2>\n", tr("What was done"));
    if (actions.rows.count == 0) {
        html_put(html, "<p class=\"empty\">%s</p>\n", tr("Nothing is recorded."));
    }
    html_put(html, "<ol class=\"actions\">\n");
    for (size_t i = 0; i < actions.rows.count; i++) {
        const struct action_record *action = &actions.rows.items[i];
        struct action_look look = {.has_run = true,
                                   .is_open = i == 0,
                                   .diff_lines =
                                       html->text.length < PAGE_BYTES ? ACTION_DIFF_LINES : 0};
        action_write(page->request, html, action, &look);
    }
    html_put(html, "</ol>\n</section>\n");
    return true;
}

/* ---- What others changed ---- */

static bool drifts_write(struct page *page, const struct document_record *document,
                         struct error *err)
{
    struct html *html = &page->html;
    struct drift_page found = {0};
    const struct drift_filter filter = {
        .kind = document->kind, .name = document->name, .page.limit = DRIFTS_MAX};
    if (!store_read_drifts(page->request->reader, page->request->arena, &filter, &found, err)) {
        return false;
    }
    if (found.rows.count == 0) {
        return true;
    }
    html_put(html, "<section id=\"changes\" data-live>\n<h2>%s</h2>\n<ol class=\"actions\">\n",
             tr("Changes on the host"));
    for (size_t i = 0; i < found.rows.count; i++) {
        const struct drift_look look = {.diff_lines =
                                            html->text.length < PAGE_BYTES ? ACTION_DIFF_LINES : 0};
        drift_write(page->request, html, &found.rows.items[i], &look);
    }
    html_put(html, "</ol>\n");
    if (found.has_after) {
        html_put(html, "<p class=\"more\"><a href=\"/events?kind=%s&amp;name=%s\">%s</a></p>\n",
                 url_part(page->request->arena, document->kind),
                 url_part(page->request->arena, document->name), tr("All changes to it"));
    }
    html_put(html, "</section>\n");
    return true;
}

bool resource_page(struct request *request, struct response *out_response, struct error *err)
{
    const char *kind = NULL;
    const char *name = NULL;
    bool is_found = false;
    struct document_record document = {0};
    if (request->reader == NULL || !rest_split(request, &kind, &name)) {
        error_page(request, 404, out_response);
        return true;
    }
    if (!store_read_document(request->reader, request->arena, kind, name, &is_found, &document,
                             err)) {
        return false;
    }
    if (!is_found) {
        error_page(request, 404, out_response);
        return true;
    }
    struct page page;
    if (!page_begin(&page, request, document.name, "/resources", err)) {
        return false;
    }
    html_put(&page.html, "<h1><span class=\"kind\">%s</span> <bdi>%s</bdi></h1>\n",
             kind_name(document.kind), document.name);
    offer_done_write(&page);
    facts_write(&page, &document);
    offer_document_write(&page, &document);
    if (!certificates_write(&page, &document, err) || !items_write(&page, &document, err) ||
        !drifts_write(&page, &document, err) || !history_write(&page, &document, err)) {
        return false;
    }
    page_end(&page, out_response);
    return true;
}
