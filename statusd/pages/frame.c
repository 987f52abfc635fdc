/* The frame around each page: head, header with the navigation, footer. */

#include <string.h>

#include "statusd/pages/parts.h"

static const struct {
    const char *url;
    const char *name;
} sections[] = {
    {"/", MARK("Overview")},        {"/resources", MARK("Resources")},
    {"/runs", MARK("Runs")},        {"/events", MARK("Changes on the host")},
    {"/history", MARK("Versions")}, {"/sources", MARK("Source")},
};

static void head_write(struct page *page, const char *title)
{
    struct request *request = page->request;
    const struct language_info *language = language_info(request->language);
    const char *token = verdict_token(request->arena, page->has_overview ? &page->overview : NULL);
    html_put(&page->html,
             "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\" data-token=\"%s\">\n<head>\n"
             "<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<title>%s \xc2\xb7 %s</title>\n",
             language->code, language->direction, token, title,
             page->has_overview && page->overview.last.host != NULL ? page->overview.last.host
                                                                    : "reconcile");
    html_put(&page->html,
             "<link rel=\"stylesheet\" href=\"%s\">\n"
             "<link rel=\"icon\" type=\"image/svg+xml\" href=\"%s\">\n"
             "<script src=\"%s\" defer></script>\n</head>\n",
             request->assets->of[ASSET_STYLE].url, request->assets->of[ASSET_ICON].url,
             request->assets->of[ASSET_SCRIPT].url);
}

static void navigation_write(struct page *page, const char *section)
{
    html_put(&page->html, "<nav aria-label=\"%s\"><ul>", tr("Main"));
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        bool is_here = section != NULL && strcmp(section, sections[i].url) == 0;
        html_put(&page->html, "<li><a href=\"%s\"", sections[i].url);
        if (is_here) {
            html_put(&page->html, " aria-current=\"page\"");
        }
        html_put(&page->html, ">%s</a></li>", tr(sections[i].name));
    }
    html_put(&page->html, "</ul></nav>\n");
}

static void languages_write(struct page *page)
{
    struct request *request = page->request;
    for (size_t i = 0; request->has_languages && i < LANGUAGE_COUNT; i++) {
        const struct language_info *language = language_info((enum language)i);
        if (i == request->language) {
            continue;
        }
        html_put(&page->html,
                 "<a class=\"language\" lang=\"%s\" hreflang=\"%s\" href=\"%s\">%s</a>",
                 language->code, language->code, request_url(request, "lang", language->code),
                 language->own_name);
    }
}

static void header_write(struct page *page, const char *section)
{
    struct html *html = &page->html;
    html_put(html, "<body>\n<a class=\"skip\" href=\"#main\">%s</a>\n<header>\n",
             tr("Skip to the content"));
    html_put(html, "<p class=\"brand\"><a href=\"/\" class=\"tone-%s\" id=\"brand\" data-live>",
             verdict_tone_word(page->verdict.tone));
    icon_write(html, page->verdict.tone);
    html_put(html, "<span dir=\"ltr\">reconcile</span></a>");
    if (page->has_overview && page->overview.last.host != NULL) {
        html_put(html, "<span class=\"host\"><bdi>%s</bdi></span>", page->overview.last.host);
    }
    html_put(html, "</p>\n");
    languages_write(page);
    navigation_write(page, section);
    html_put(html,
             "</header>\n<p id=\"connection\" role=\"status\" hidden>%s</p>\n<main id=\"main\">\n",
             tr("Connection lost. This page shows the last state that was received."));
}

bool page_begin(struct page *page, struct request *request, const char *title, const char *section,
                struct error *err)
{
    *page = (struct page){.request = request, .html = html_make(request->arena)};
    if (request->reader != NULL) {
        if (!store_read_overview(request->reader, request->arena, &page->overview, err)) {
            return false;
        }
        page->has_overview = page->overview.has_run;
    }
    page->verdict = verdict_of(page->has_overview ? &page->overview : NULL);
    head_write(page, title);
    header_write(page, section);
    return true;
}

void page_end(struct page *page, struct response *out_response)
{
    struct html moment = time_piece(page->request, page->request->now);
    html_put(&page->html, "</main>\n<footer id=\"footer\" data-live>\n<p>");
    html_fill(&page->html, tr("As of {0}."), &moment, NULL);
    html_put(&page->html, " <span dir=\"ltr\">reconcile " RECONCILE_VERSION "</span></p>\n"
                          "</footer>\n</body>\n</html>\n");
    *out_response = (struct response){
        .status = 200, .type = "text/html; charset=utf-8", .body = text_str(&page->html.text)};
}
