/* Sees what an authority would see: RFC 8555, section 8.3, and RFC 8659. */

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/base64url.h"
#include "acme/challenge.h"
#include "acme/directory.h"
#include "acme/names.h"
#include "acme/verbs.h"
#include "base/parallel.h"

enum { NAMES_AT_ONCE = 8, NAME_TIMEOUT_MS = 10 * 1000, TOKEN_BYTES = 24, GOOD = 200 };

struct view {
    const char *name;
    bool is_over_http;
    const char *token;   /* NULL: nobody is asked for it */
    struct arena *arena; /* of the thread that looks */
    json_t *seen;
};

static void look_up(const struct view *view)
{
    struct error err = {0};
    struct name_addresses addresses = {0};
    if (!names_addresses(view->name, view->arena, &addresses, &err)) {
        (void)json_object_set_new(view->seen, "lookup", json_text(err.message));
        return;
    }
    if (addresses.count == 0) {
        (void)json_object_set_new(view->seen, "lookup", json_null());
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < addresses.count; i++) {
        (void)json_array_append_new(list, json_text(addresses.items[i]));
    }
    (void)json_object_set_new(view->seen, "addresses", list);
    (void)json_object_set_new(view->seen, "is_here",
                              json_boolean(names_are_here(&addresses, view->arena)));
}

/* The token is its own answer: nobody else could guess it. */
static void ask_for_token(const struct view *view)
{
    struct error err = {0};
    struct web_answer answer = {0};
    AUTO_WEB web = web_open(&err);
    const struct web_request request = {
        .url = arena_printf(view->arena, "http://%s/.well-known/acme-challenge/%s", view->name,
                            view->token),
        .timeout_ms = NAME_TIMEOUT_MS,
        .is_plain = true};
    if (web == NULL || !web_ask(web, &request, view->arena, &answer, &err)) {
        (void)json_object_set_new(view->seen, "silence", json_text(err.message));
        return;
    }
    bool is_ours = answer.status == GOOD && str_equal(answer.body, str_of(view->token));
    (void)json_object_set_new(view->seen, "status", json_integer(answer.status));
    (void)json_object_set_new(view->seen, "is_ours", json_boolean(is_ours));
}

static void look_at_caa(const struct view *view)
{
    struct caa_records records = {0};
    const char *name = text_starts_with(view->name, "*.") ? view->name + 2 : view->name;
    if (!names_caa(name, view->arena, &records, NULL)) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < records.count; i++) {
        const struct caa_record *record = &records.items[i];
        (void)json_array_append_new(
            list, json_pack("{s:b, s:o, s:o}", "critical", record->is_critical, "tag",
                            json_text(record->tag), "value", json_text(record->value)));
    }
    (void)json_object_set_new(view->seen, "caa", list);
}

static void look(void *context, size_t number)
{
    const struct view *view = &((struct view *)context)[number];
    if (view->is_over_http) {
        look_up(view);
    }
    if (view->token != NULL && json_object_get(view->seen, "addresses") != NULL) {
        ask_for_token(view);
    }
    look_at_caa(view);
}

/* NULL with err filled. */
static const char *make_token(struct arena *arena, struct error *err)
{
    char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        (void)error_errno(err, "draw a token");
        return NULL;
    }
    return base64url(arena, (struct str){bytes, sizeof(bytes)});
}

static json_t *look_at_all(const json_t *asked, const char *token, struct arena *arena)
{
    const json_t *names = json_object_get(asked, "names");
    size_t count = json_array_size(names);
    struct view *views = arena_array(arena, count, sizeof(*views));
    json_t *seen = json_object();
    for (size_t i = 0; i < count; i++) {
        views[i] = (struct view){.name = json_string_value(json_array_get(names, i)),
                                 .is_over_http = json_is_true(json_object_get(asked, "over_http")),
                                 .token = token,
                                 .arena = arena_create(),
                                 .seen = json_object()};
    }
    parallel_wait(NAMES_AT_ONCE, count, look, views);
    for (size_t i = 0; i < count; i++) {
        (void)json_object_set_new(seen, views[i].name, views[i].seen);
        arena_destroy(views[i].arena);
    }
    return seen;
}

/* NULL with err filled. */
static json_t *look_and_ask(const json_t *asked, struct arena *arena, struct error *err)
{
    const struct challenge_means means = challenge_means();
    const char *token = make_token(arena, err);
    const struct challenge challenge = {
        .type = "http-01", .identifier = "", .token = token, .answer = token};
    if (token == NULL || !challenge_show(&means, &challenge, arena, err)) {
        return NULL;
    }
    json_t *seen = look_at_all(asked, token, arena);
    bool is_gone = challenge_take_back(&means, &challenge, arena, NULL);
    (void)is_gone; /* a file too many, of which nobody knows the name */
    return seen;
}

json_t *verb_preflight(const struct question *question, struct arena *arena, struct error *err)
{
    struct web_answer answer = {0};
    const json_t *asked = question->asked;
    const char *url = json_string_value(json_object_get(asked, "directory"));
    AUTO_WEB web = web_open(err);
    AUTO_JSON directory = web == NULL ? NULL : directory_read(web, url, arena, &answer, err);
    if (directory == NULL) {
        return NULL;
    }
    json_t *identities = json_object_get(json_object_get(directory, "meta"), "caaIdentities");
    json_t *seen = json_is_true(json_object_get(asked, "asks")) ? look_and_ask(asked, arena, err)
                                                                : look_at_all(asked, NULL, arena);
    return seen == NULL ? NULL
                        : json_pack("{s:I, s:O*, s:o}", "date", (json_int_t)answer.date,
                                    "identities", identities, "names", seen);
}
