/* Metrics. Names and units follow Prometheus' conventions; the labels of a state are the seven
 * words, all of them always there, so that no alert depends on a series that may be absent. */

#include "statusd/metrics.h"

#include "base/text.h"
#include "statusd/verdict.h"

enum { CERTIFICATES_MAX = 500 };

static void help(struct text *text, const char *name, const char *words)
{
    text_addf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, words, name);
}

/* A label's value: backslash, quote and newline are escaped, nothing else may need it. */
static void label_add(struct text *text, const char *value)
{
    for (const char *c = value != NULL ? value : ""; *c != '\0'; c++) {
        if (*c == '\n') {
            text_add(text, "\\n");
            continue;
        }
        if (*c == '\\' || *c == '"') {
            text_add_char(text, '\\');
        }
        text_add_char(text, *c);
    }
}

static void seconds(struct text *text, const char *name, const char *words, int64_t microseconds)
{
    help(text, name, words);
    text_addf(text, "%s %lld.%03lld\n", name, (long long)(microseconds / 1000000),
              (long long)(microseconds / 1000 % 1000));
}

static void number(struct text *text, const char *name, const char *words, int64_t value)
{
    help(text, name, words);
    text_addf(text, "%s %lld\n", name, (long long)value);
}

static void verdict_lines(struct text *text, const struct store_overview *overview)
{
    struct verdict verdict = verdict_of(overview);
    help(text, "reconcile_verdict", "What can be said of the host: 1 for the one that holds.");
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        text_addf(text, "reconcile_verdict{state=\"%s\"} %d\n", verdict_word((enum verdict_word)i),
                  verdict.word == i);
    }
}

static void run_lines(struct text *text, const struct store_overview *overview)
{
    const struct run_record *last = &overview->last;
    number(text, "reconcile_last_run_number", "Number of the newest run.", last->number);
    seconds(text, "reconcile_last_run_timestamp_seconds", "When the newest run ended.",
            last->ended_at);
    seconds(text, "reconcile_last_run_duration_seconds", "How long the newest run took.",
            last->ended_at - last->started_at);
    number(text, "reconcile_last_run_failed", "1 when the newest run failed, wholly or in part.",
           last->verdict == RUN_VERDICT_FAILED || last->verdict == RUN_VERDICT_PARTLY);
    seconds(text, "reconcile_last_proof_timestamp_seconds",
            "When the whole host was last looked at.", overview->checked_at);
    number(text, "reconcile_stale", "1 when that is too long ago to be believed.",
           overview->is_stale);
    number(text, "reconcile_generation", "The generation that runs.",
           overview->state.generation_after);
}

static bool kind_lines(struct text *text, struct request *request, struct error *err)
{
    struct kind_counts kinds;
    if (!store_read_kinds(request->reader, request->arena, &kinds, err)) {
        return false;
    }
    help(text, "reconcile_resources", "Resources by kind and state.");
    for (size_t i = 0; i < kinds.count; i++) {
        for (size_t state = 0; state < ITEM_STATE_COUNT; state++) {
            text_add(text, "reconcile_resources{kind=\"");
            label_add(text, kinds.items[i].kind);
            text_addf(text, "\",state=\"%s\"} %lld\n", item_state_word((enum item_state)state),
                      (long long)kinds.items[i].counts.of[state]);
        }
    }
    return true;
}

static bool item_lines(struct text *text, struct request *request, struct error *err)
{
    struct state_counts items;
    if (!store_read_item_counts(request->reader, &items, err)) {
        return false;
    }
    help(text, "reconcile_items", "Things on the host by state.");
    for (size_t state = 0; state < ITEM_STATE_COUNT; state++) {
        text_addf(text, "reconcile_items{state=\"%s\"} %lld\n",
                  item_state_word((enum item_state)state), (long long)items.of[state]);
    }
    return true;
}

static bool certificate_lines(struct text *text, struct request *request, struct error *err)
{
    struct certificate_records found;
    if (!store_read_certificates(request->reader, request->arena, CERTIFICATES_MAX, &found, err)) {
        return false;
    }
    help(text, "reconcile_certificate_expiry_timestamp_seconds", "When a certificate expires.");
    for (size_t i = 0; i < found.count; i++) {
        text_add(text, "reconcile_certificate_expiry_timestamp_seconds{name=\"");
        label_add(text, found.items[i].name);
        text_addf(text, "\"} %lld\n", (long long)(found.items[i].not_after / 1000000));
    }
    return true;
}

static bool drift_lines(struct text *text, struct request *request, struct error *err)
{
    struct answer_counts counts = {0};
    if (!store_read_drift_counts(request->reader, request->arena, &counts, err)) {
        return false;
    }
    help(text, "reconcile_drift_events", "Recorded changes on the host by what was done.");
    for (size_t i = 0; i < counts.count; i++) {
        text_add(text, "reconcile_drift_events{answer=\"");
        label_add(text, counts.items[i].answer);
        text_addf(text, "\"} %lld\n", (long long)counts.items[i].count);
    }
    return true;
}

static bool delivery_lines(struct text *text, struct request *request, struct error *err)
{
    int64_t counts[DELIVERY_FATE_COUNT] = {0};
    if (!store_read_delivery_counts(request->reader, counts, err)) {
        return false;
    }
    help(text, "reconcile_deliveries", "Recorded versions of the documents by their fate.");
    for (size_t i = 0; i < DELIVERY_FATE_COUNT; i++) {
        text_addf(text, "reconcile_deliveries{fate=\"%s\"} %lld\n",
                  delivery_fate_word((enum delivery_fate)i), (long long)counts[i]);
    }
    return true;
}

static bool source_lines(struct text *text, struct request *request, struct error *err)
{
    struct source_record source = {0};
    bool is_found = false;
    if (!store_read_source(request->reader, request->arena, &is_found, &source, err)) {
        return false;
    }
    if (is_found) {
        seconds(text, "reconcile_source_last_fetch_timestamp_seconds",
                "When the source was last fetched well; 0: never.", source.fetched_at);
        number(text, "reconcile_source_failing", "1 while the source cannot be fetched.",
               source.error != NULL);
    }
    return true;
}

static void plain_answer(unsigned status, struct str body, struct response *out_response)
{
    *out_response =
        (struct response){.status = status, .type = "text/plain; charset=utf-8", .body = body};
}

bool metrics_answer(struct request *request, struct response *out_response, struct error *err)
{
    struct text text = text_make(request->arena);
    struct store_overview overview = {0};
    if (request->reader != NULL) {
        if (!store_read_overview(request->reader, request->arena, &overview, err) ||
            !kind_lines(&text, request, err) || !item_lines(&text, request, err) ||
            !certificate_lines(&text, request, err) || !drift_lines(&text, request, err) ||
            !delivery_lines(&text, request, err) || !source_lines(&text, request, err)) {
            return false;
        }
    }
    verdict_lines(&text, &overview);
    if (overview.has_run) {
        run_lines(&text, &overview);
    }
    number(&text, "statusd_connections", "Open connections to the status pages.",
           request->connections);
    number(&text, "statusd_event_streams", "Open event streams.", request->streams);
    plain_answer(200, text_str(&text), out_response);
    out_response->type = "text/plain; version=0.0.4; charset=utf-8";
    return true;
}

bool health_answer(struct request *request, struct response *out_response, struct error *err)
{
    (void)request;
    (void)err;
    plain_answer(200, STR("alive\n"), out_response);
    return true;
}

bool ready_answer(struct request *request, struct response *out_response, struct error *err)
{
    struct store_overview overview = {0};
    if (request->reader != NULL &&
        !store_read_overview(request->reader, request->arena, &overview, err)) {
        return false;
    }
    if (overview.has_run) {
        plain_answer(200, STR("ready\n"), out_response);
    } else {
        plain_answer(503, STR("no run is recorded yet\n"), out_response);
    }
    return true;
}
