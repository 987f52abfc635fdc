/* The first page: the verdict, how wish and host came to stand as they do, and what asks for
 * attention. */

#include <string.h>

#include "statusd/chart.h"
#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum {
    CERTIFICATES_MAX = 5,
    RUNS_MAX = 6,
};

/* ---- The verdict ---- */

static void verdict_sentence(struct page *page)
{
    static const struct {
        const char *one;
        const char *many;
    } sentences[VERDICT_COUNT] = {
        [VERDICT_NOTHING_RECORDED] = {MARK("No run is recorded yet."), NULL},
        [VERDICT_NEVER_LOOKED] = {MARK("Nothing is known of this host: no run has looked at it."),
                                  NULL},
        [VERDICT_STALE] = {MARK("The last proof is too old to be believed."), NULL},
        [VERDICT_REFUSED] = {MARK("The last run failed. The host runs what it ran before."), NULL},
        [VERDICT_FAILED] = {MARK_PLURAL("{0} resource has failed.", "{0} resources have failed.")},
        [VERDICT_DRIFTED] = {MARK_PLURAL("{0} resource was changed on the host.",
                                         "{0} resources were changed on the host.")},
        [VERDICT_PENDING] = {MARK_PLURAL("{0} resource waits for its change.",
                                         "{0} resources wait for their change.")},
        [VERDICT_HELD] = {MARK_PLURAL(
            "{0} change is held back. Everything else runs as described.",
            "{0} changes are held back. Everything else runs as described.")},
        [VERDICT_SUSPENDED] = {MARK_PLURAL(
            "{0} resource is left alone. Everything else runs as described.",
            "{0} resources are left alone. Everything else runs as described.")},
        [VERDICT_EMPTY] = {MARK("Nothing is described: there is nothing to keep."), NULL},
        [VERDICT_IN_SYNC] = {MARK("Everything runs as described."), NULL},
    };
    struct html number = number_piece(page->request, page->verdict.count);
    const char *one = sentences[page->verdict.word].one;
    const char *many = sentences[page->verdict.word].many;
    html_fill(&page->html, many == NULL ? tr(one) : ntr(one, many, page->verdict.count), &number,
              NULL);
}

static struct html run_link(const struct request *request, int64_t number)
{
    return html_piece(request->arena, "<a href=\"/runs/%lld\"><bdi dir=\"ltr\">#%lld</bdi></a>",
                      (long long)number, (long long)number);
}

static void proof_write(struct page *page)
{
    const struct store_overview *overview = &page->overview;
    struct html age = age_piece(page->request, overview->checked_at);
    struct html run = run_link(page->request, overview->state.number);
    struct html until = until_piece(page->request, overview->stale_at);
    const char *sentence = tr("Looked at {0} by run {1}. Becomes too old {2}.");
    if (overview->is_stale) {
        sentence = tr("Last proven {0} by run {1}. That became too old {2}.");
    } else if (page->verdict.word == VERDICT_IN_SYNC) {
        sentence = tr("Proven {0} by run {1}. Becomes too old {2}.");
    }
    html_put(&page->html, "<p class=\"proof\">");
    html_fill(&page->html, sentence, &age, &run, &until, NULL);
    html_put(&page->html, "</p>\n");
}

/* Only the first line of what a failed run said; the rest is on its page. */
static void refusal_write(struct page *page)
{
    const struct run_record *last = &page->overview.last;
    if (last->verdict != RUN_VERDICT_FAILED && last->verdict != RUN_VERDICT_PARTLY) {
        return;
    }
    struct html run = run_link(page->request, last->number);
    struct html age = age_piece(page->request, last->ended_at);
    html_put(&page->html, "<p>");
    html_fill(&page->html, tr("Run {0}, {1}:"), &run, &age, NULL);
    if (last->message != NULL) {
        html_put(&page->html, " <code class=\"message\" dir=\"ltr\">");
        html_str(&page->html, (struct str){last->message, strcspn(last->message, "\n")});
        html_put(&page->html, "</code>");
    }
    html_put(&page->html, "</p>\n");
}

static void verdict_write(struct page *page)
{
    struct html *html = &page->html;
    html_put(html,
             "<section id=\"verdict\" class=\"verdict tone-%s\" aria-live=\"polite\" data-live>\n",
             verdict_tone_word(page->verdict.tone));
    icon_write(html, page->verdict.tone);
    html_put(html, "<div><h1>");
    verdict_sentence(page);
    html_put(html, "</h1>\n");
    if (page->has_overview && page->overview.has_state) {
        proof_write(page);
    }
    if (page->has_overview) {
        refusal_write(page);
    } else {
        html_put(html, "<p>%s <code dir=\"ltr\">reconcile apply FOLDER</code></p>\n",
                 tr("The first run fills this page:"));
    }
    html_put(html, "</div></section>\n");
}

/* ---- From the source to the host ---- */

static void flow_source(struct page *page)
{
    const struct run_record *run = &page->overview.last;
    struct html *html = &page->html;
    html_put(html, "<li><h3>%s</h3>\n<p class=\"what\">",
             run->commit != NULL ? tr("Git") : tr("Folder"));
    code_write(html, run->source != NULL ? run->source : "?");
    html_put(html, "</p>\n");
    if (run->commit != NULL) {
        struct html age = age_piece(page->request, run->commit_at);
        struct html commit = commit_piece(page->request, run->commit);
        html_put(html, "<p>");
        html_join(html, &commit);
        html_put(html, " <bdi>%s</bdi></p>\n<p class=\"age\">", run->commit_subject);
        html_join(html, &age);
        html_put(html, "</p>\n");
    } else {
        struct html age = age_piece(page->request, run->started_at);
        html_put(html, "<p class=\"age\">");
        html_fill(html, tr("read {0}"), &age, NULL);
        html_put(html, "</p>\n");
    }
    html_put(html, "</li>\n");
}

static void flow_desired(struct page *page)
{
    const struct run_record *run = &page->overview.last;
    struct html *html = &page->html;
    struct html count = number_piece(page->request, run->document_count);
    struct html age = age_piece(page->request, run->ended_at);
    html_put(html, "<li><h3>%s</h3>\n<p class=\"what\">", tr("Described"));
    html_fill(html, ntr("{0} resource", "{0} resources", run->document_count), &count, NULL);
    html_put(html, "</p>\n<p>");
    run_badge(html, run->verdict);
    html_put(html, "</p>\n<p class=\"age\">");
    html_fill(html, tr("last run {0}"), &age, NULL);
    html_put(html, "</p></li>\n");
}

static void flow_host(struct page *page)
{
    const struct store_overview *overview = &page->overview;
    struct html *html = &page->html;
    struct html age = age_piece(page->request, overview->checked_at);
    html_put(html, "<li><h3>%s</h3>\n<p class=\"what\"><bdi>%s</bdi></p>\n<p>", tr("Host"),
             overview->last.host != NULL ? overview->last.host : "?");
    if (overview->state.generation_after > 0) {
        struct html number = number_piece(page->request, overview->state.generation_after);
        html_fill(html, tr("generation {0}"), &number, NULL);
    } else {
        html_text(html, tr("no generation yet"));
    }
    html_put(html, "</p>\n<p class=\"age\">");
    html_fill(html, tr("looked at {0}"), &age, NULL);
    html_put(html, "</p></li>\n");
}

static void flow_write(struct page *page)
{
    html_put(&page->html,
             "<section id=\"flow\" data-live>\n<h2 class=\"quiet\">%s</h2>\n<ol "
             "class=\"flow\">\n",
             tr("From the description to the host"));
    flow_source(page);
    flow_desired(page);
    flow_host(page);
    html_put(&page->html, "</ol></section>\n");
}

/* ---- Counts ---- */

static const char *resources_url(struct arena *arena, const char *kind, int state)
{
    return arena_printf(arena, "/resources?kind=%s%s%s", url_part(arena, kind),
                        state >= 0 ? "&state=" : "",
                        state >= 0 ? item_state_word((enum item_state)state) : "");
}

static void kind_row(struct page *page, const struct kind_count *kind)
{
    struct html *html = &page->html;
    struct arena *arena = page->request->arena;
    html_put(
        html, "<tr><th scope=\"row\"><a href=\"%s\">%s</a></th><td class=\"count\">%lld</td><td>",
        resources_url(arena, kind->kind, -1), kind_name(kind->kind), (long long)kind->counts.total);
    for (int i = ITEM_STATE_COUNT - 1; i >= 0; i--) {
        if (kind->counts.of[i] > 0) {
            html_put(html, "<a class=\"tally\" href=\"%s\">", resources_url(arena, kind->kind, i));
            state_badge(html, (enum item_state)i);
            html_put(html, " <span class=\"number\">%lld</span></a> ",
                     (long long)kind->counts.of[i]);
        }
    }
    html_put(html, "</td></tr>\n");
}

static bool counts_write(struct page *page, struct error *err)
{
    struct kind_counts kinds;
    if (!store_read_kinds(page->request->reader, page->request->arena, &kinds, err)) {
        return false;
    }
    html_put(&page->html,
             "<section id=\"counts\" data-live>\n<h2>%s</h2>\n<table class=\"counts\">"
             "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\" class=\"count\">%s</th>"
             "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
             tr("Resources"), tr("Kind"), tr("Total"), tr("State"));
    for (size_t i = 0; i < kinds.count; i++) {
        kind_row(page, &kinds.items[i]);
    }
    html_put(&page->html, "</tbody></table></section>\n");
    return true;
}

/* ---- History ---- */

static const struct range {
    const char *word; /* in the address */
    const char *name;
    const char *title;
    int64_t width;
    size_t count;
} ranges[] = {
    {"24h", MARK("24 hours"), MARK("Runs of the last 24 hours"), 15 * MINUTE, 96},
    {"7d", MARK("7 days"), MARK("Runs of the last 7 days"), 2 * HOUR, 84},
    {"30d", MARK("30 days"), MARK("Runs of the last 30 days"), 8 * HOUR, 90},
    {"90d", MARK("90 days"), MARK("Runs of the last 90 days"), DAY, 90},
};
enum { RANGE_COUNT = sizeof(ranges) / sizeof(ranges[0]) };

static const struct range *range_of(const struct request *request)
{
    const char *word = request_parameter(request, "range");
    for (size_t i = 0; word != NULL && i < RANGE_COUNT; i++) {
        if (strcmp(word, ranges[i].word) == 0) {
            return &ranges[i];
        }
    }
    return &ranges[0];
}

static void ranges_write(struct page *page, const struct range *here)
{
    html_put(&page->html, "<p class=\"choices\">");
    for (size_t i = 0; i < RANGE_COUNT; i++) {
        html_put(&page->html, "<a href=\"%s#history\"",
                 request_url(page->request, "range", ranges[i].word));
        if (&ranges[i] == here) {
            html_put(&page->html, " aria-current=\"true\"");
        }
        html_put(&page->html, ">%s</a> ", tr(ranges[i].name));
    }
    html_put(&page->html, "</p>\n");
}

static bool history_write(struct page *page, struct error *err)
{
    struct request *request = page->request;
    const struct range *range = range_of(request);
    struct history_slot *slots = arena_array(request->arena, range->count, sizeof(*slots));
    /* Slots begin at whole multiples of their width, so that the picture stands still. */
    int64_t end = (request->now / range->width + 1) * range->width;
    if (!store_read_history(request->reader, end, range->width, range->count, slots, err)) {
        return false;
    }
    html_put(&page->html, "<section id=\"history\" data-live>\n<h2>%s</h2>\n", tr(range->title));
    ranges_write(page, range);
    struct history_chart chart = {
        .slots = slots,
        .count = range->count,
        .width = range->width,
        .stale_after = page->overview.stale_at - page->overview.checked_at,
        .label = tr(range->title),
    };
    chart_history(request, &page->html, &chart);
    html_put(&page->html, "</section>\n");
    return true;
}

/* ---- Certificates and runs ---- */

static bool certificates_write(struct page *page, struct error *err)
{
    struct certificate_records certificates;
    struct html *html = &page->html;
    if (!store_read_certificates(page->request->reader, page->request->arena, CERTIFICATES_MAX,
                                 &certificates, err)) {
        return false;
    }
    if (certificates.count == 0) {
        return true;
    }
    html_put(html, "<section id=\"certificates\" data-live>\n<h2>%s</h2>\n<ul class=\"lines\">\n",
             tr("Next to expire"));
    for (size_t i = 0; i < certificates.count; i++) {
        const struct certificate_record *certificate = &certificates.items[i];
        struct html until = until_piece(page->request, certificate->not_after);
        bool is_close = certificate->not_after - page->request->now < 7 * DAY;
        html_put(html, "<li><span class=\"main\"><bdi>%s</bdi> ", certificate->name);
        alarm_badge(html, certificate);
        html_put(html, "</span> <span class=\"age%s\">", is_close ? " close" : "");
        html_join(html, &until);
        html_put(html, "</span></li>\n");
    }
    html_put(html, "</ul></section>\n");
    return true;
}

static bool runs_write(struct page *page, struct error *err)
{
    struct run_page runs;
    struct run_filter filter = {.only_eventful = true, .page.limit = RUNS_MAX};
    struct html *html = &page->html;
    if (!store_read_runs(page->request->reader, page->request->arena, &filter, &runs, err)) {
        return false;
    }
    html_put(html, "<section id=\"latest\" data-live>\n<h2>%s</h2>\n<ul class=\"lines\">\n",
             tr("Latest changes"));
    for (size_t i = 0; i < runs.rows.count; i++) {
        const struct run_record *run = &runs.rows.items[i];
        struct html link = run_link(page->request, run->number);
        struct html age = age_piece(page->request, run->ended_at);
        html_put(html, "<li><span class=\"main\">");
        html_join(html, &link);
        html_put(html, " ");
        run_badge(html, run->verdict);
        html_put(html, "</span> <span class=\"age\">");
        html_join(html, &age);
        html_put(html, "</span></li>\n");
    }
    html_put(html, "</ul></section>\n");
    return true;
}

/* ---- The page ---- */

bool overview_page(struct request *request, struct response *out_response, struct error *err)
{
    struct page page;
    if (!page_begin(&page, request, tr("Overview"), "/", err)) {
        return false;
    }
    offer_done_write(&page);
    verdict_write(&page);
    offer_check_write(&page);
    if (page.has_overview) {
        flow_write(&page);
        html_put(&page.html, "<div class=\"columns\">\n<div>\n");
        if (!attention_write(&page, err) || !history_write(&page, err)) {
            return false;
        }
        html_put(&page.html, "</div>\n<div>\n");
        if (!counts_write(&page, err) || !certificates_write(&page, err) ||
            !runs_write(&page, err)) {
            return false;
        }
        html_put(&page.html, "</div>\n</div>\n");
    }
    page_end(&page, out_response);
    return true;
}
