/* What reconcile-acme is asked besides accounts. */

#include <fcntl.h>

#include "base/text.h"
#include "providers/acme_parts.h"

enum {
    QUESTION_TIMEOUT_MS = 60 * 1000,
    NAME_TIMEOUT_MS = 5 * 1000, /* each is given more, and eight are asked at once */
};

/* So many certificates or names, of which each takes its time. */
static struct acme_errand errand_about(const char *const *writable, size_t count)
{
    return (struct acme_errand){.writable = writable,
                                .folder = AT_FDCWD,
                                .timeout_ms =
                                    QUESTION_TIMEOUT_MS + (unsigned)count * NAME_TIMEOUT_MS};
}

/* ---- Renewal information -------------------------------------------------------------------- */

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool acme_client_ask_windows(const struct acme_client *client, const char *directory_url,
                             struct acme_window *windows, size_t count, struct arena *arena,
                             struct error *err)
{
    AUTO_JSON ids = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(ids, json_string(windows[i].id)); /* then not asked */
    }
    const char *const writable[] = {"/dev/null", NULL};
    AUTO_JSON question = json_pack("{s:s, s:O}", "directory", directory_url, "certificates", ids);
    AUTO_JSON answer =
        acme_ask(client, "windows", question, NULL, errand_about(writable, count), arena, err);
    for (size_t i = 0; answer != NULL && i < count; i++) {
        const json_t *window = json_object_get(json_object_get(answer, "windows"), windows[i].id);
        windows[i].start = number_of(window, "start");
        windows[i].end = number_of(window, "end");
        windows[i].ask_after = number_of(window, "ask_after");
    }
    return answer != NULL;
}

/* ---- Before an order ------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

/* NULL: there are none. */
static const char *joined(const json_t *list, struct arena *arena)
{
    size_t index = 0;
    const json_t *each = NULL;
    struct text text = text_make(arena);
    json_array_foreach(list, index, each)
    {
        text_addf(&text, "%s%s", index == 0 ? "" : ", ", json_string_value(each));
    }
    return text.length == 0 ? NULL : text.data;
}

static enum preflight_answer answer_of(const json_t *seen)
{
    if (json_object_get(seen, "silence") != NULL) {
        return PREFLIGHT_SILENCE;
    }
    if (json_object_get(seen, "status") == NULL) {
        return PREFLIGHT_NOT_ASKED;
    }
    return json_is_true(json_object_get(seen, "is_ours")) ? PREFLIGHT_OURS : PREFLIGHT_OTHER;
}

static void read_name(const json_t *seen, const struct acme_preflight *preflight,
                      struct arena *arena, struct preflight_name *out)
{
    size_t index = 0;
    const json_t *record = NULL;
    out->is_over_http = preflight->challenge == CERTIFICATE_OVER_HTTP;
    out->lookup_error = text_of(seen, "lookup", arena);
    out->addresses = joined(json_object_get(seen, "addresses"), arena);
    out->is_here = json_is_true(json_object_get(seen, "is_here"));
    out->answer = answer_of(seen);
    out->status = (long)number_of(seen, "status");
    out->silence = text_of(seen, "silence", arena);
    json_array_foreach(json_object_get(seen, "caa"), index, record)
    {
        const char *tag = text_of(record, "tag", arena);
        const char *value = text_of(record, "value", arena);
        if (tag != NULL && value != NULL) {
            vec_add(arena, &out->caa,
                    (struct preflight_caa){json_is_true(json_object_get(record, "critical")), tag,
                                           value});
        }
    }
}

static const char *const *identities_of(const json_t *list, struct arena *arena)
{
    size_t index = 0;
    const json_t *each = NULL;
    VEC(identity_list, const char *) identities = {0};
    json_array_foreach(list, index, each)
    {
        if (json_is_string(each)) {
            vec_add(arena, &identities, arena_strdup(arena, json_string_value(each)));
        }
    }
    vec_add(arena, &identities, NULL);
    return identities.items;
}

bool acme_client_preflight(const struct acme_client *client, struct acme_preflight *preflight,
                           struct arena *arena, struct error *err)
{
    AUTO_JSON names = json_array();
    for (size_t i = 0; i < preflight->count; i++) {
        (void)json_array_append_new(names, json_string(preflight->names[i].name));
    }
    bool is_over_http = preflight->challenge == CERTIFICATE_OVER_HTTP;
    AUTO_JSON question =
        json_pack("{s:s, s:O, s:b, s:b}", "directory", preflight->directory_url, "names", names,
                  "over_http", is_over_http, "asks", is_over_http && preflight->asks);
    const char *const writable[] = {client->host->layout->acme_challenges, "/dev/null", NULL};
    AUTO_JSON answer = acme_ask(client, "preflight", question, NULL,
                                errand_about(writable, preflight->count), arena, err);
    if (answer == NULL) {
        return false;
    }
    int64_t date = number_of(answer, "date");
    preflight->authority = (struct preflight_authority){
        .identities = identities_of(json_object_get(answer, "identities"), arena),
        .clock_difference = date == 0 ? 0 : client->host->now(client->host) - date,
    };
    for (size_t i = 0; i < preflight->count; i++) {
        const char *name = preflight->names[i].name;
        read_name(json_object_get(json_object_get(answer, "names"), name), preflight, arena,
                  &preflight->names[i]);
    }
    return true;
}
