/* Requests with a body. Webhooks are answered at once; a form waits, suspended in the library,
 * until the loop has answered. */

#include "statusd/posts.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "statusd/answer.h"
#include "statusd/html.h"
#include "statusd/limiter.h"
#include "statusd/security.h"

#define WEBHOOKS_AT "/webhooks/"
#define ACTIONS_AT  "/actions/"

enum {
    BODIES_MOST = 16 * 1024 * 1024,   /* of all requests together */
    DISCARDED_MOST = 4 * 1024 * 1024, /* of a body that is too long, before it is cut off */
    BODY_FIRST = 4 * 1024,
    REFUSALS_AT_ONCE = 30,
    REFUSALS_A_MINUTE = 60,
};

struct posts {
    struct posts_options options;
    size_t bytes; /* of all bodies that are being read */
    struct limiter refusals;
    struct post *waiting; /* for the loop */
};

static const struct action {
    const char *name;
    bool is_about_resource;
    bool is_begin; /* of a suspension: it has a reason and an end */
} actions[] = {
    {"check", false, false},
    {"suspend", true, true},
    {"resume", true, false},
};

struct post {
    struct posts *posts;
    struct visitor *visitor;
    struct MHD_Connection *connection;
    const struct action *action; /* NULL: a webhook */
    char *id;                    /* of the webhook, as it was asked for */
    char *bytes;
    size_t length;
    size_t room;
    size_t discarded;
    bool is_too_long;
    bool has_no_room; /* for the bodies of all */
    /* Of an action: */
    struct post *next; /* among those that wait */
    bool is_waiting;
    bool is_answered;
    bool is_done;
    char *refusal;  /* what the loop said instead; NULL: nothing */
    char *location; /* where to go on */
};

static int64_t now_monotonic(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool posts_create(const struct posts_options *options, struct posts **out_posts, struct error *err)
{
    struct posts *posts = calloc(1, sizeof(*posts));
    if (posts == NULL) {
        return error_set(err, ERROR_SYSTEM, "take requests: no memory");
    }
    *posts = (struct posts){
        .options = *options,
        .refusals = {.burst = REFUSALS_AT_ONCE, .a_minute = REFUSALS_A_MINUTE},
    };
    *out_posts = posts;
    return true;
}

void posts_destroy(struct posts *posts)
{
    free(posts);
}

static const struct action *action_at(const char *url)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (text_starts_with(url, ACTIONS_AT) &&
            strcmp(url + strlen(ACTIONS_AT), actions[i].name) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

bool posts_are_at(const struct posts *posts, const char *url)
{
    return (posts->options.webhooks != NULL && text_starts_with(url, WEBHOOKS_AT)) ||
           action_at(url) != NULL;
}

/* ---- Answers ---- */

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *result)
{
    AUTO_ARENA arena = arena_create();
    char *body = arena_printf(arena, "{\"result\": \"%s\"}\n", result);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        answer_header(response, "Content-Type", "application/json");
        answer_header(response, "Cache-Control", "no-store");
    }
    return answer_queue(connection, status, response);
}

/* ---- Webhooks ---- */

static const char *header_of(void *context, const char *name)
{
    return MHD_lookup_connection_value(context, MHD_HEADER_KIND, name);
}

static void loop_answered(void *context, struct str answer)
{
    (void)context;
    if (answer.length == 0) {
        log_event(LOG_LEVEL_WARNING, "the loop did not answer", "asked", "fetch", NULL);
    }
}

/* It waits for nothing: the fetch is the loop's business. */
static bool ask_for_fetch(struct posts *posts)
{
    struct error err;
    if (control_ask(posts->options.control, "{\"ask\":\"fetch\"}", loop_answered, posts, &err)) {
        return true;
    }
    log_event(LOG_LEVEL_WARNING, "the loop cannot be asked", "asked", "fetch", "error", err.message,
              NULL);
    return false;
}

static unsigned status_of(enum webhook_result result)
{
    static const unsigned statuses[] = {
        [WEBHOOK_TRIGGERS] = MHD_HTTP_ACCEPTED,
        [WEBHOOK_KNOWN] = MHD_HTTP_OK,
        [WEBHOOK_IGNORED] = MHD_HTTP_OK,
        [WEBHOOK_REFUSED] = MHD_HTTP_FORBIDDEN,
        [WEBHOOK_MALFORMED] = MHD_HTTP_BAD_REQUEST,
    };
    return statuses[result];
}

static enum MHD_Result webhook_decide(struct post *post, struct MHD_Connection *connection)
{
    struct posts *posts = post->posts;
    struct webhook_mark mark = {.of_body = ""};
    const struct webhook_call call = {
        .id = post->id,
        .body = {post->length > 0 ? post->bytes : "", post->length},
        .header = header_of,
        .context = connection,
    };
    enum webhook_result result = webhooks_receive(posts->options.webhooks, &call, &mark);
    log_event(LOG_LEVEL_INFO, "webhook", "id", post->id, "result", webhook_result_word(result),
              NULL);
    if (result == WEBHOOK_REFUSED) {
        limiter_take(&posts->refusals, &post->visitor->address, now_monotonic());
        return answer_refuse(connection, MHD_HTTP_FORBIDDEN, NULL);
    }
    if (result == WEBHOOK_TRIGGERS && !ask_for_fetch(posts)) {
        webhooks_forget(posts->options.webhooks, post->id, &mark);
        return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the loop does not answer");
    }
    return say(connection, status_of(result), webhook_result_word(result));
}

/* ---- Forms ---- */

static void json_release(json_t **json)
{
    json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_release) json_t *

static bool is_offered(const struct offer *offer, const struct action *action)
{
    return strcmp(action->name, "check") == 0     ? offer->check
           : strcmp(action->name, "suspend") == 0 ? offer->suspend
                                                  : offer->resume;
}

/* Sent by a form of ours, in the same browser. */
static bool is_from_our_page(const struct post *post, struct arena *arena)
{
    struct MHD_Connection *connection = post->connection;
    const struct str body = {post->length > 0 ? post->bytes : "", post->length};
    const char *cookie = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "form");
    return security_is_same_origin(header_of(connection, "Origin"),
                                   header_of(connection, "Sec-Fetch-Site"),
                                   header_of(connection, "Host")) &&
           forms_token_is_right(post->posts->options.key, cookie,
                                forms_value(arena, body, "token"));
}

/* Who a proxy on this machine says that it is, and from where; others are not believed. */
static void add_names(const struct post *post, struct arena *arena, json_t *question)
{
    char address[INET6_ADDRSTRLEN] = "?";
    const char *user_header = post->posts->options.user_header;
    bool is_near = visitor_is_local(post->visitor);
    const char *user =
        is_near && user_header != NULL ? header_of(post->connection, user_header) : NULL;
    const char *path = is_near ? header_of(post->connection, "X-Forwarded-For") : NULL;
    const char *last = path == NULL ? NULL : strrchr(path, ',');
    (void)inet_ntop(AF_INET6, &post->visitor->address, address, sizeof(address)); /* it fits */
    const char *from = path == NULL ? address : last == NULL ? path : last + 1;
    from += strspn(from, " ");
    if (user != NULL && user[0] != '\0') {
        (void)json_object_set_new(question, "who", json_string(user));
    }
    (void)json_object_set_new(question, "from",
                              json_string(arena_printf(arena, "status pages, %s", from)));
}

/* NULL when something is missing. */
static char *question_of(struct post *post, struct arena *arena)
{
    const struct action *action = post->action;
    const struct str body = {post->length > 0 ? post->bytes : "", post->length};
    const char *kind = forms_value(arena, body, "kind");
    const char *name = forms_value(arena, body, "name");
    const char *why = forms_value(arena, body, "why");
    const char *until = forms_value(arena, body, "until");
    AUTO_JSON question = json_pack("{s:s}", "ask", action->name);
    if ((action->is_about_resource && (kind == NULL || name == NULL)) ||
        (action->is_begin && (why == NULL || until == NULL))) {
        return NULL;
    }
    if (action->is_about_resource) {
        (void)json_object_set_new(question, "scope",
                                  json_string(arena_printf(arena, "%s:%s", kind, name)));
    }
    if (action->is_begin) {
        (void)json_object_set_new(question, "why", json_string(why));
        (void)json_object_set_new(question, "until", json_string(until));
    }
    add_names(post, arena, question);
    const char *page =
        action->is_about_resource
            ? arena_printf(arena, "/r/%s/%s", url_part(arena, kind), url_part(arena, name))
            : "/";
    post->location = strdup(arena_printf(arena, "%s?done=%s", page, action->name));
    return post->location == NULL ? NULL : json_dumps(question, JSON_COMPACT);
}

static void waiting_leave(struct post *post)
{
    for (struct post **at = &post->posts->waiting; *at != NULL; at = &(*at)->next) {
        if (*at == post) {
            *at = post->next;
            return;
        }
    }
}

/* Back to the library, which calls once more. */
static void post_resume(struct post *post)
{
    waiting_leave(post);
    post->is_waiting = false;
    post->is_answered = true;
    MHD_resume_connection(post->connection);
    post->posts->options.wake(post->posts->options.context);
}

static void action_answered(void *context, struct str answer)
{
    struct post *post = context;
    AUTO_JSON json = answer.length == 0 ? NULL : json_loadb(answer.data, answer.length, 0, NULL);
    const char *why = json_string_value(json_object_get(json, "error"));
    post->is_done = json_is_true(json_object_get(json, "ok"));
    post->refusal = why == NULL ? NULL : strdup(why);
    post_resume(post);
}

static enum MHD_Result action_refuse(struct post *post, unsigned status, const char *detail)
{
    const struct posts_options *options = &post->posts->options;
    return options->refuse(options->context, post->connection, status, detail);
}

static enum MHD_Result action_ask(struct post *post, const char *question)
{
    struct posts *posts = post->posts;
    struct error err;
    if (!control_ask(posts->options.control, question, action_answered, post, &err)) {
        log_event(LOG_LEVEL_WARNING, "the loop cannot be asked", "asked", post->action->name,
                  "error", err.message, NULL);
        return action_refuse(post, MHD_HTTP_SERVICE_UNAVAILABLE, err.message);
    }
    post->next = posts->waiting;
    posts->waiting = post;
    post->is_waiting = true;
    visitor_expect(posts->options.visitors, post->visitor, 0); /* the question has a deadline */
    MHD_suspend_connection(post->connection);
    return MHD_YES;
}

static enum MHD_Result action_begin(struct post *post)
{
    AUTO_ARENA arena = arena_create();
    if (!is_offered(post->posts->options.offer, post->action)) {
        return action_refuse(post, MHD_HTTP_FORBIDDEN, NULL);
    }
    if (!is_from_our_page(post, arena)) {
        limiter_take(&post->posts->refusals, &post->visitor->address, now_monotonic());
        return action_refuse(post, MHD_HTTP_FORBIDDEN, NULL);
    }
    CLEANUP(cleanup_free) char *question = question_of(post, arena);
    return question == NULL ? action_refuse(post, MHD_HTTP_CONFLICT, NULL)
                            : action_ask(post, question);
}

/* After the answer the browser asks for a page: to load that again sends nothing again. */
static enum MHD_Result action_finish(struct post *post)
{
    if (!post->is_done) {
        return action_refuse(
            post, post->refusal != NULL ? MHD_HTTP_CONFLICT : MHD_HTTP_SERVICE_UNAVAILABLE,
            post->refusal);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(0, (void *)(uintptr_t) "", NULL);
    if (response != NULL) {
        answer_header(response, "Location", post->location);
        answer_header(response, "Cache-Control", "no-store");
    }
    return answer_queue(post->connection, MHD_HTTP_SEE_OTHER, response);
}

void posts_end(struct posts *posts)
{
    while (posts != NULL && posts->waiting != NULL) {
        post_resume(posts->waiting);
    }
}

/* ---- The body ---- */

/* What the sender says of it is only good for refusing early. */
static bool says_too_much(struct MHD_Connection *connection)
{
    const char *length = header_of(connection, "Content-Length");
    size_t digits = length == NULL ? 0 : strspn(length, "0123456789");
    return digits > 9 || (digits > 0 && strtol(length, NULL, 10) > WEBHOOK_BODY_MOST);
}

static bool make_room(struct post *post, size_t more)
{
    size_t room = post->room == 0 ? BODY_FIRST : post->room;
    while (room < post->length + more) {
        room *= 2;
    }
    room = room > WEBHOOK_BODY_MOST ? WEBHOOK_BODY_MOST : room;
    if (room == post->room) {
        return true;
    }
    char *bytes =
        post->posts->bytes + (room - post->room) > BODIES_MOST ? NULL : realloc(post->bytes, room);
    if (bytes == NULL) {
        return false;
    }
    post->posts->bytes += room - post->room;
    post->bytes = bytes;
    post->room = room;
    return true;
}

/* False when the sender does not stop. */
static bool take_part(struct post *post, const char *part, size_t length)
{
    post->is_too_long = post->is_too_long || length > WEBHOOK_BODY_MOST - post->length;
    post->has_no_room = post->has_no_room || (!post->is_too_long && !make_room(post, length));
    if (post->is_too_long || post->has_no_room) {
        post->discarded += length;
        return post->discarded <= DISCARDED_MOST;
    }
    memcpy(post->bytes + post->length, part, length);
    post->length += length;
    return true;
}

enum MHD_Result posts_begin(struct posts *posts, struct MHD_Connection *connection,
                            struct visitor *visitor, const char *url, void **request_context)
{
    if (!limiter_allows(&posts->refusals, &visitor->address, now_monotonic())) {
        return answer_refuse(connection, MHD_HTTP_TOO_MANY_REQUESTS, NULL);
    }
    if (says_too_much(connection)) {
        return answer_refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL);
    }
    struct post *post = calloc(1, sizeof(*post));
    const struct action *action = action_at(url);
    char *id = strdup(action != NULL ? "" : url + strlen(WEBHOOKS_AT));
    if (post == NULL || id == NULL) {
        free(post);
        free(id);
        return MHD_NO;
    }
    *post = (struct post){
        .posts = posts, .visitor = visitor, .connection = connection, .action = action, .id = id};
    *request_context = post;
    visitor_expect(posts->options.visitors, visitor, READ_SECONDS);
    return MHD_YES;
}

enum MHD_Result posts_go_on(void *request_context, struct MHD_Connection *connection,
                            const char *upload, size_t *upload_size)
{
    struct post *post = request_context;
    if (*upload_size > 0) {
        bool goes_on = take_part(post, upload, *upload_size);
        *upload_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    visitor_expect(post->posts->options.visitors, post->visitor, WRITE_SECONDS);
    if (post->is_too_long) {
        return answer_refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL);
    }
    if (post->has_no_room) {
        return answer_refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL);
    }
    if (post->action == NULL) {
        return webhook_decide(post, connection);
    }
    return post->is_answered ? action_finish(post) : action_begin(post);
}

void posts_release(void *request_context)
{
    struct post *post = request_context;
    if (post != NULL) {
        if (post->is_waiting) {
            waiting_leave(post);
            control_forget(post->posts->options.control, post);
        }
        post->posts->bytes -= post->room;
        free(post->refusal);
        free(post->location);
        free(post->bytes);
        free(post->id);
        free(post);
    }
}
