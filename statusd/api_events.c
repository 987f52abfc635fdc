/* The API of what happened beside the runs: changes on the host, versions, the source. */

#include "base/text.h"
#include "statusd/api.h"
#include "statusd/api_json.h"
#include "statusd/deliveries.h"

/* ---- /api/v1/events ---- */

/* null: unknown. */
static json_t *json_writer(struct arena *arena, const struct drift_record *drift)
{
    if (drift->program == NULL && drift->user == NULL && drift->unit == NULL) {
        return json_null();
    }
    json_t *object = json_object();
    json_set_text(arena, object, "program", drift->program);
    json_set_text(arena, object, "command", drift->command);
    json_set(object, "pid", drift->pid > 0 ? json_integer(drift->pid) : json_null());
    json_set_text(arena, object, "parents", drift->parents);
    json_set_text(arena, object, "user", drift->user);
    json_set_text(arena, object, "login", drift->login);
    json_set_text(arena, object, "unit", drift->unit);
    return object;
}

static json_t *json_drift(struct arena *arena, const struct drift_record *drift)
{
    json_t *object = json_object();
    json_set_number(object, "number", drift->number);
    json_set_number(object, "run", drift->run);
    json_set_moment(arena, object, "at", drift->at);
    json_set_text(arena, object, "path", drift->path);
    json_set_text(arena, object, "kind", drift->kind);
    json_set_text(arena, object, "name", drift->name);
    json_set_text(arena, object, "what", drift->what);
    json_set_text(arena, object, "answer", drift->answer);
    json_set_text(arena, object, "reason", drift->reason);
    json_set_number(object, "took_us", drift->took_us);
    json_set(object, "is_cosmetic", json_boolean(drift->is_cosmetic));
    json_set(object, "writer", json_writer(arena, drift));
    json_set_text(arena, object, "package", drift->package);
    json_set_text(arena, object, "replaced", drift->replaced);
    json_set_text(arena, object, "diff", drift->diff);
    return object;
}

bool api_events(struct request *request, struct response *out_response, struct error *err)
{
    struct drift_page page = {0};
    const struct drift_filter filter = {
        .kind = request_parameter(request, "kind"),
        .name = request_parameter(request, "name"),
        .answer = request_parameter(request, "answer"),
        .search = request_parameter(request, "q"),
        .key = request_number(request, "after", 1, INT64_MAX, 0),
        .page.limit = (size_t)request_number(request, "limit", 1, API_ROWS_MAX, API_ROWS),
    };
    if (request->reader != NULL &&
        !store_read_drifts(request->reader, request->arena, &filter, &page, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < page.rows.count; i++) {
        (void)json_array_append_new(list, json_drift(request->arena, &page.rows.items[i]));
    }
    bool has_next = page.has_after && page.rows.count > 0;
    const char *key =
        has_next ? api_number_key(request->arena, vec_last(&page.rows)->number) : NULL;
    api_answer_page(request, "events", list, page.total, key, out_response);
    return true;
}

/* ---- /api/v1/history ---- */

static json_t *json_optional(int64_t number)
{
    return number > 0 ? json_integer(number) : json_null();
}

static json_t *json_delivery(struct arena *arena, const struct delivery_record *delivery)
{
    json_t *object = json_object();
    json_set_text(arena, object, "version", delivery->version);
    json_set_text(arena, object, "source", delivery->source);
    json_set_text(arena, object, "commit", delivery->commit);
    json_set_text(arena, object, "subject", delivery->subject);
    json_set_text(arena, object, "author", delivery->author);
    json_set_moment(arena, object, "commit_at", delivery->commit_at);
    json_set_moment(arena, object, "first_at", delivery->first_at);
    json_set_moment(arena, object, "last_at", delivery->last_at);
    json_set_text(arena, object, "fate", delivery_fate_word(delivery->fate));
    json_set_text(arena, object, "stage", delivery->stage);
    json_set(object, "generation", json_optional(delivery->generation));
    json_set(object, "run", json_optional(delivery->run));
    json_set_text(arena, object, "evidence", delivery->evidence);
    return object;
}

bool api_history(struct request *request, struct response *out_response, struct error *err)
{
    struct delivery_page page = {0};
    const struct delivery_filter filter = deliveries_asked(
        request, (size_t)request_number(request, "limit", 1, API_ROWS_MAX, API_ROWS));
    if (request->reader != NULL &&
        !store_read_deliveries(request->reader, request->arena, &filter, &page, err)) {
        return false;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < page.rows.count; i++) {
        (void)json_array_append_new(list, json_delivery(request->arena, &page.rows.items[i]));
    }
    bool has_next = page.has_after && page.rows.count > 0;
    const char *key = has_next ? delivery_key(request->arena, vec_last(&page.rows)) : NULL;
    api_answer_page(request, "deliveries", list, page.total, key, out_response);
    return true;
}

/* ---- /api/v1/sources ---- */

static json_t *json_source(struct arena *arena, const struct source_record *source)
{
    json_t *object = json_object();
    json_set_text(arena, object, "url", source->url);
    json_set_text(arena, object, "branch", source->branch);
    json_set_text(arena, object, "folder", source->folder);
    json_set_moment(arena, object, "tried_at", source->tried_at);
    json_set_moment(arena, object, "fetched_at", source->fetched_at);
    json_set_moment(arena, object, "failing_at", source->failing_at);
    json_set_text(arena, object, "error", source->error);
    json_set_text(arena, object, "offered", source->offered);
    json_set_text(arena, object, "commit", source->commit);
    json_set_text(arena, object, "subject", source->subject);
    json_set_text(arena, object, "author", source->author);
    json_set_moment(arena, object, "commit_at", source->commit_at);
    json_set_moment(arena, object, "accepted_at", source->accepted_at);
    json_set_text(arena, object, "signature", source->signature);
    return object;
}

bool api_sources(struct request *request, struct response *out_response, struct error *err)
{
    struct source_record source = {0};
    struct delivery_record applied = {0};
    bool has_source = false;
    bool has_applied = false;
    if (request->reader != NULL &&
        (!store_read_source(request->reader, request->arena, &has_source, &source, err) ||
         !store_read_applied(request->reader, request->arena, &has_applied, &applied, err))) {
        return false;
    }
    json_t *list = json_array();
    if (has_source) {
        (void)json_array_append_new(list, json_source(request->arena, &source));
    }
    json_t *object = json_object();
    json_set(object, "sources", list);
    json_set(object, "applied",
             has_applied ? json_delivery(request->arena, &applied) : json_null());
    api_answer(request, object, out_response);
    return true;
}
