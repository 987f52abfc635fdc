/* Where the documents come from, what the last fetch said, and what of it the host runs. */

#include <string.h>

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

struct sources {
    bool has_source; /* a repository; else a folder, or nothing yet */
    struct source_record source;
    bool has_newest;
    struct delivery_record newest; /* the version that was looked at last */
    bool has_applied;
    struct delivery_record applied; /* the version that the host runs */
    int64_t applied_at;             /* 0: that run is forgotten */
};

/* The run that applied it, not the one that saw it first. */
static bool applied_at_read(struct request *request, struct sources *out, struct error *err)
{
    bool is_found = false;
    struct run_record run = {0};
    if (!out->has_applied || out->applied.run <= 0) {
        return true;
    }
    if (!store_read_run(request->reader, request->arena, out->applied.run, &is_found, &run, err)) {
        return false;
    }
    out->applied_at = is_found ? run.ended_at : 0;
    return true;
}

static bool sources_read(struct request *request, struct sources *out, struct error *err)
{
    struct delivery_page page = {0};
    const struct delivery_filter newest = {.fate = -1, .page.limit = 1};
    if (!store_read_source(request->reader, request->arena, &out->has_source, &out->source, err) ||
        !store_read_deliveries(request->reader, request->arena, &newest, &page, err) ||
        !store_read_applied(request->reader, request->arena, &out->has_applied, &out->applied,
                            err)) {
        return false;
    }
    out->has_newest = page.rows.count > 0;
    if (out->has_newest) {
        out->newest = page.rows.items[0];
    }
    return applied_at_read(request, out, err);
}

/* ---- The three steps ---- */

static void commit_write(struct page *page, const char *commit, const char *subject)
{
    struct html piece = commit_piece(page->request, commit);
    html_put(&page->html, "<p>");
    html_join(&page->html, &piece);
    if (subject != NULL) {
        html_put(&page->html, " <bdi>%s</bdi>", subject);
    }
    html_put(&page->html, "</p>\n");
}

static void age_line(struct page *page, const char *sentence, int64_t at)
{
    struct html age = age_piece(page->request, at);
    html_put(&page->html, "<p class=\"age\">");
    html_fill(&page->html, sentence, &age, NULL);
    html_put(&page->html, "</p>\n");
}

static void step_source(struct page *page, const struct sources *sources)
{
    struct html *html = &page->html;
    const struct source_record *source = &sources->source;
    if (sources->has_source) {
        html_put(html, "<li><h3>%s</h3>\n<p class=\"what\">", tr("Git"));
        code_write(html, source->url != NULL ? source->url : "?");
        html_put(html, "</p>\n");
        if (source->commit != NULL) {
            commit_write(page, source->commit, source->subject);
        }
        age_line(page, tr("fetched {0}"), source->fetched_at);
        html_put(html, "</li>\n");
        return;
    }
    const struct run_record *run = &page->overview.last;
    html_put(html, "<li><h3>%s</h3>\n<p class=\"what\">", tr("Folder"));
    code_write(html, run->source != NULL ? run->source : "?");
    html_put(html, "</p>\n");
    age_line(page, tr("read {0}"), run->started_at);
    html_put(html, "</li>\n");
}

static void step_described(struct page *page, const struct sources *sources)
{
    struct html *html = &page->html;
    html_put(html, "<li><h3>%s</h3>\n<p>", tr("Described"));
    if (sources->has_newest) {
        fate_badge(html, sources->newest.fate);
        html_put(html, " ");
        delivery_title(page->request, html, &sources->newest);
    } else {
        html_text(html, tr("No version of the documents is recorded here."));
    }
    html_put(html, "</p>\n");
    const char *why = sources->has_newest ? delivery_why(&sources->newest) : NULL;
    if (why != NULL) {
        html_put(html, "<p>%s</p>\n", why);
    }
    if (sources->has_newest) {
        age_line(page, tr("looked at {0}"), sources->newest.last_at);
    }
    html_put(html, "</li>\n");
}

static void step_host(struct page *page, const struct sources *sources)
{
    struct html *html = &page->html;
    const struct run_record *last = &page->overview.last;
    html_put(html, "<li><h3>%s</h3>\n<p class=\"what\"><bdi>%s</bdi></p>\n<p>", tr("Host"),
             last->host != NULL ? last->host : "?");
    if (sources->has_applied) {
        delivery_title(page->request, html, &sources->applied);
    } else {
        html_text(html, tr("nothing was applied yet"));
    }
    html_put(html, "</p>\n");
    if (sources->applied_at != 0) {
        age_line(page, tr("applied {0}"), sources->applied_at);
    }
    html_put(html, "</li>\n");
}

/* ---- All that is known ---- */

static const char *signature_name(const char *signature)
{
    if (text_equal(signature, "verified")) {
        return tr("verified");
    }
    return text_equal(signature, "refused") ? tr("refused: nobody who may has signed it")
                                            : tr("none is asked for");
}

static void error_write(struct page *page, const struct source_record *source)
{
    if (source->error == NULL) {
        return;
    }
    struct html since = age_piece(page->request, source->failing_at);
    html_put(&page->html, "<div class=\"note\"><p>");
    html_fill(&page->html,
              tr("Fetching first failed {0} and fails still. The host keeps to what it has."),
              &since, NULL);
    html_put(&page->html, "</p>\n");
    output_write(&page->html, tr("What it said"), source->error);
    html_put(&page->html, "</div>\n");
}

/* An offered commit that does not count: unsigned, or of a history that was rewritten. */
static void offered_fact(struct page *page, const struct source_record *source)
{
    if (source->offered != NULL && !text_equal(source->offered, source->commit)) {
        fact_code(&page->html, tr("Offered, but not taken"), source->offered);
    }
}

static void facts_write(struct page *page, const struct sources *sources)
{
    const struct source_record *source = &sources->source;
    struct html *html = &page->html;
    struct html tried = age_piece(page->request, source->tried_at);
    struct html fetched = age_piece(page->request, source->fetched_at);
    struct html accepted = age_piece(page->request, source->accepted_at);
    html_put(html, "<section id=\"facts\" data-live>\n<h2>%s</h2>\n", tr("The last fetch"));
    error_write(page, source);
    html_put(html, "<dl class=\"facts\">\n");
    fact_piece(html, tr("Asked"), &tried);
    fact_piece(html, tr("Answered well"), &fetched);
    fact_code(html, tr("Branch"), source->branch);
    fact_code(html, tr("Folder"), source->folder);
    fact_code(html, tr("Commit"), source->commit);
    offered_fact(page, source);
    fact_text(html, tr("Author"), source->author);
    if (source->commit_at != 0) {
        struct html written = age_piece(page->request, source->commit_at);
        fact_piece(html, tr("Written"), &written);
    }
    fact_piece(html, tr("Taken"), &accepted);
    fact_text(html, tr("Signature"), signature_name(source->signature));
    html_put(html, "</dl>\n<p><a href=\"/history\">%s</a></p>\n</section>\n",
             tr("What became of each version"));
}

bool sources_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    struct sources sources = {0};
    if (!page_begin(&page, request, tr("Source"), "/sources", err)) {
        return false;
    }
    if (request->reader != NULL && !sources_read(request, &sources, err)) {
        return false;
    }
    html_put(&page.html, "<h1>%s</h1>\n", tr("Where the documents come from"));
    if (!sources.has_source && !page.has_overview) {
        html_put(&page.html, "<p class=\"empty\">%s</p>\n", tr("No run is recorded yet."));
        page_end(&page, out_response);
        return true;
    }
    html_put(&page.html,
             "<section id=\"flow\" data-live>\n<h2 class=\"quiet\">%s</h2>\n<ol class=\"flow\">\n",
             tr("From the description to the host"));
    step_source(&page, &sources);
    step_described(&page, &sources);
    step_host(&page, &sources);
    html_put(&page.html, "</ol></section>\n");
    if (sources.has_source) {
        facts_write(&page, &sources);
    }
    page_end(&page, out_response);
    return true;
}
