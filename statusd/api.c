/* The API. Every answer is made from the records that the pages read too. */

#include "statusd/api.h"

#include <string.h>

#include "base/text.h"
#include "statusd/api_json.h"
#include "statusd/verdict.h"

enum {
    ITEMS_MAX = 1000,
    ACTIONS_MAX = 100,
    ATTENTION_MAX = 50,
    CERTIFICATES_MAX = 20,
};

/* ---- Records ---- */

static json_t *json_counts(const struct state_counts *counts)
{
    json_t *object = json_object();
    json_set_number(object, "total", counts->total);
    for (size_t i = 0; i < ITEM_STATE_COUNT; i++) {
        json_set_number(object, item_state_word((enum item_state)i), counts->of[i]);
    }
    return object;
}

static json_t *json_document(struct arena *arena, const struct document_record *document)
{
    json_t *object = json_object();
    json_set_text(arena, object, "kind", document->kind);
    json_set_text(arena, object, "name", document->name);
    json_set_text(arena, object, "state", item_state_word(document->state));
    json_set_moment(arena, object, "since", document->since);
    json_set_moment(arena, object, "proven_at", document->proven_at);
    json_set_text(arena, object, "place", document->place);
    json_set_text(arena, object, "summary", document->summary);
    json_set_text(arena, object, "description", document->description);
    json_set_text(arena, object, "detail", document->detail);
    return object;
}

static json_t *json_item(struct arena *arena, const struct item_record *item)
{
    json_t *object = json_object();
    json_set_text(arena, object, "type", item->type);
    json_set_text(arena, object, "id", item->id);
    json_set_text(arena, object, "state", item_state_word(item->state));
    json_set_moment(arena, object, "since", item->since);
    json_set_moment(arena, object, "proven_at", item->proven_at);
    json_set_text(arena, object, "place", item->place);
    json_set_text(arena, object, "detail", item->detail);
    json_set_text(arena, object, "diff", item->diff);
    return object;
}

static json_t *json_action(struct arena *arena, const struct action_record *action)
{
    json_t *object = json_object();
    json_set_number(object, "run", action->run);
    json_set_number(object, "number", action->number);
    json_set_moment(arena, object, "at", action->at);
    json_set_text(arena, object, "verb", action->verb);
    json_set_text(arena, object, "cause", action->cause);
    json_set_text(arena, object, "result", action->result);
    json_set_text(arena, object, "type", action->type);
    json_set_text(arena, object, "id", action->id);
    json_set_text(arena, object, "kind", action->kind);
    json_set_text(arena, object, "name", action->name);
    json_set_text(arena, object, "place", action->place);
    json_set_text(arena, object, "diff", action->diff);
    json_set_text(arena, object, "reason", action->reason);
    json_set_text(arena, object, "error", action->error);
    json_set_text(arena, object, "evidence", action->evidence);
    json_set_number(object, "took_us", action->took_us);
    return object;
}

static json_t *json_run_counts(const struct run_counts *counts)
{
    json_t *object = json_object();
    json_set_number(object, "unchanged", counts->unchanged);
    json_set_number(object, "changed", counts->changed);
    json_set_number(object, "failed", counts->failed);
    json_set_number(object, "skipped", counts->skipped);
    json_set_number(object, "pending", counts->pending);
    json_set_number(object, "drifted", counts->drifted);
    json_set_number(object, "removed", counts->removed);
    return object;
}

static json_t *json_commit(struct arena *arena, const struct run_record *run)
{
    if (run->commit == NULL) {
        return json_null();
    }
    json_t *object = json_object();
    json_set_text(arena, object, "id", run->commit);
    json_set_text(arena, object, "subject", run->commit_subject);
    json_set_text(arena, object, "author", run->commit_author);
    json_set_moment(arena, object, "at", run->commit_at);
    return object;
}

static json_t *json_run(struct arena *arena, const struct run_record *run)
{
    json_t *object = json_object();
    json_set_number(object, "number", run->number);
    json_set_text(arena, object, "verdict", run_verdict_word(run->verdict));
    json_set_number(object, "exit_code", run->exit_code);
    json_set_moment(arena, object, "started_at", run->started_at);
    json_set_moment(arena, object, "ended_at", run->ended_at);
    json_set_text(arena, object, "trigger", run->trigger);
    json_set_text(arena, object, "mode", run->mode);
    json_set_text(arena, object, "version", run->version);
    json_set_text(arena, object, "host", run->host);
    json_set_text(arena, object, "environment", run->environment);
    json_set_text(arena, object, "source", run->source);
    json_set(object, "commit", json_commit(arena, run));
    json_set_text(arena, object, "desired_digest", run->desired_digest);
    json_set_number(object, "resources", run->document_count);
    json_set_number(object, "generation_before", run->generation_before);
    json_set_number(object, "generation_after", run->generation_after);
    json_set(object, "counts", json_run_counts(&run->counts));
    json_set_text(arena, object, "message", run->message);
    return object;
}

static json_t *json_certificate(struct arena *arena, const struct certificate_record *certificate)
{
    json_t *object = json_object();
    json_set_text(arena, object, "name", certificate->name);
    json_set_text(arena, object, "names", certificate->names);
    json_set_text(arena, object, "issuer", certificate->issuer);
    json_set_moment(arena, object, "not_before", certificate->not_before);
    json_set_moment(arena, object, "not_after", certificate->not_after);
    json_set_moment(arena, object, "renews_at", certificate->renews_at);
    json_set_text(arena, object, "alarm", certificate->alarm);
    json_set_text(arena, object, "because", certificate->because);
    json_set_moment(arena, object, "asked_at", certificate->asked_at);
    json_set_moment(arena, object, "proven_at", certificate->proven_at);
    json_set_moment(arena, object, "served_not_after", certificate->served_not_after);
    json_set_text(arena, object, "served_instead", certificate->served_instead);
    return object;
}

/* ---- /api/v1/status ---- */

static bool status_kinds(struct request *request, json_t *object, struct error *err)
{
    struct kind_counts kinds;
    if (!store_read_kinds(request->reader, request->arena, &kinds, err)) {
        return false;
    }
    json_t *list = json_object();
    for (size_t i = 0; i < kinds.count; i++) {
        json_set(list, kinds.items[i].kind, json_counts(&kinds.items[i].counts));
    }
    json_set(object, "kinds", list);
    return true;
}

static bool status_attention(struct request *request, json_t *object, struct error *err)
{
    struct document_records documents;
    if (!store_read_attention(request->reader, request->arena, ATTENTION_MAX, &documents, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < documents.count; i++) {
        (void)json_array_append_new(list, json_document(request->arena, &documents.items[i]));
    }
    json_set(object, "attention", list);
    return true;
}

static bool status_certificates(struct request *request, json_t *object, struct error *err)
{
    struct certificate_records certificates;
    if (!store_read_certificates(request->reader, request->arena, CERTIFICATES_MAX, &certificates,
                                 err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < certificates.count; i++) {
        (void)json_array_append_new(list, json_certificate(request->arena, &certificates.items[i]));
    }
    json_set(object, "certificates", list);
    return true;
}

bool api_status(struct request *request, struct response *out_response, struct error *err)
{
    struct store_overview overview = {0};
    struct state_counts items = {0};
    struct arena *arena = request->arena;
    AUTO_JSON object = json_object();
    if (request->reader != NULL &&
        (!store_read_overview(request->reader, arena, &overview, err) ||
         !store_read_item_counts(request->reader, &items, err) ||
         !status_kinds(request, object, err) || !status_attention(request, object, err) ||
         !status_certificates(request, object, err))) {
        return false;
    }
    struct verdict verdict = verdict_of(&overview);
    json_set_text(arena, object, "state", verdict_word(verdict.word));
    json_set(object, "is_stale", json_boolean(verdict.word == VERDICT_STALE));
    json_set_moment(arena, object, "now", request->now);
    json_set_moment(arena, object, "checked_at", overview.checked_at);
    json_set_moment(arena, object, "stale_at", overview.stale_at);
    json_set(object, "resources", json_counts(&overview.documents));
    json_set(object, "items", json_counts(&items));
    json_set(object, "last_run", overview.has_run ? json_run(arena, &overview.last) : json_null());
    json_set(object, "proving_run",
             overview.has_state ? json_run(arena, &overview.state) : json_null());
    api_answer(request, json_incref(object), out_response);
    return true;
}

/* ---- /api/v1/resources ---- */

static const char *resource_key(struct arena *arena, const struct document_record *document)
{
    return arena_printf(arena, "%s:%s", document->kind, document->name);
}

static struct document_filter resource_filter(const struct request *request)
{
    struct document_filter filter = {
        .kind = request_parameter(request, "kind"),
        .search = request_parameter(request, "q"),
        .state = -1,
        .page.limit = (size_t)request_number(request, "limit", 1, API_ROWS_MAX, API_ROWS),
    };
    enum item_state state;
    const char *word = request_parameter(request, "state");
    if (word != NULL && item_state_parse(word, &state)) {
        filter.state = (int)state;
    }
    const char *key = request_parameter(request, "after");
    const char *colon = key != NULL ? strchr(key, ':') : NULL;
    if (colon != NULL) {
        filter.key_kind = arena_strndup(request->arena, key, (size_t)(colon - key));
        filter.key_name = colon + 1;
    }
    return filter;
}

bool api_resources(struct request *request, struct response *out_response, struct error *err)
{
    struct document_page page = {0};
    struct document_filter filter = resource_filter(request);
    if (request->reader != NULL &&
        !store_read_documents(request->reader, request->arena, &filter, &page, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < page.rows.count; i++) {
        (void)json_array_append_new(list, json_document(request->arena, &page.rows.items[i]));
    }
    bool has_next = page.has_after && page.rows.count > 0;
    const char *key = has_next ? resource_key(request->arena, vec_last(&page.rows)) : NULL;
    api_answer_page(request, "resources", list, page.total, key, out_response);
    return true;
}

static bool resource_items(struct request *request, const struct document_record *document,
                           json_t *object, struct error *err)
{
    struct item_records items;
    struct item_filter filter = {
        .kind = document->kind, .name = document->name, .limit = ITEMS_MAX};
    if (!store_read_items(request->reader, request->arena, &filter, &items, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < items.count; i++) {
        (void)json_array_append_new(list, json_item(request->arena, &items.items[i]));
    }
    json_set(object, "items", list);
    return true;
}

static bool actions_add(struct request *request, const struct action_filter *filter, json_t *object,
                        struct error *err)
{
    struct action_page page;
    if (!store_read_actions(request->reader, request->arena, filter, &page, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < page.rows.count; i++) {
        (void)json_array_append_new(list, json_action(request->arena, &page.rows.items[i]));
    }
    json_set(object, "actions", list);
    bool has_next = filter->run != 0 && page.has_after;
    const char *key =
        has_next ? api_number_key(request->arena, vec_last(&page.rows)->number) : NULL;
    api_set_next(request, object, key);
    return true;
}

bool api_resource(struct request *request, struct response *out_response, struct error *err)
{
    bool is_found = false;
    struct document_record document = {0};
    const char *slash = strchr(request->rest, '/');
    if (request->reader == NULL || slash == NULL) {
        api_error(request, 404, out_response);
        return true;
    }
    const char *kind =
        arena_strndup(request->arena, request->rest, (size_t)(slash - request->rest));
    if (!store_read_document(request->reader, request->arena, kind, slash + 1, &is_found, &document,
                             err)) {
        return false;
    }
    if (!is_found) {
        api_error(request, 404, out_response);
        return true;
    }
    AUTO_JSON object = json_document(request->arena, &document);
    struct action_filter filter = {
        .kind = document.kind, .name = document.name, .limit = ACTIONS_MAX};
    if (!resource_items(request, &document, object, err) ||
        !actions_add(request, &filter, object, err)) {
        return false;
    }
    api_answer(request, json_incref(object), out_response);
    return true;
}

/* ---- /api/v1/runs ---- */

bool api_runs(struct request *request, struct response *out_response, struct error *err)
{
    struct run_page page = {0};
    const char *eventful = request_parameter(request, "eventful");
    struct run_filter filter = {
        .only_eventful = eventful != NULL && strcmp(eventful, "true") == 0,
        .key = request_number(request, "after", 1, INT64_MAX, 0),
        .page.limit = (size_t)request_number(request, "limit", 1, API_ROWS_MAX, API_ROWS),
    };
    if (request->reader != NULL &&
        !store_read_runs(request->reader, request->arena, &filter, &page, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < page.rows.count; i++) {
        (void)json_array_append_new(list, json_run(request->arena, &page.rows.items[i]));
    }
    bool has_next = page.has_after && page.rows.count > 0;
    const char *key =
        has_next ? api_number_key(request->arena, vec_last(&page.rows)->number) : NULL;
    api_answer_page(request, "runs", list, page.total, key, out_response);
    return true;
}

bool api_run(struct request *request, struct response *out_response, struct error *err)
{
    bool is_found = false;
    struct run_record run = {0};
    int64_t number = number_parse(request->rest, 1, INT64_MAX, 0);
    if (request->reader != NULL && number != 0 &&
        !store_read_run(request->reader, request->arena, number, &is_found, &run, err)) {
        return false;
    }
    if (!is_found) {
        api_error(request, 404, out_response);
        return true;
    }
    AUTO_JSON object = json_run(request->arena, &run);
    struct action_filter filter = {
        .run = number,
        .key = request_number(request, "after", 1, INT64_MAX, 0),
        .limit = ACTIONS_MAX,
    };
    if (!actions_add(request, &filter, object, err)) {
        return false;
    }
    api_answer(request, json_incref(object), out_response);
    return true;
}

/* ---- The rest ---- */

bool api_openapi(struct request *request, struct response *out_response, struct error *err)
{
    (void)request;
    (void)err;
    *out_response =
        (struct response){.status = 200, .type = "application/json", .body = openapi_document()};
    return true;
}

void api_error(struct request *request, unsigned status, struct response *out_response)
{
    json_t *object = json_object();
    json_set_text(request->arena, object, "type", "about:blank");
    json_set_text(request->arena, object, "title",
                  status == 404 ? "Not Found" : "Service Unavailable");
    json_set_number(object, "status", status);
    json_set_text(request->arena, object, "detail",
                  status == 404 ? "There is nothing at this address."
                                : "The store does not answer.");
    api_answer(request, object, out_response);
    out_response->status = status;
    out_response->type = "application/problem+json";
}
