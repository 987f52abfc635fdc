/* Connections come in through libmicrohttpd, whose epoll descriptor is one source of our loop. Each
 * request gets an arena and a snapshot of the store; the answer is written at once. */

#include "statusd/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "statusd/answer.h"
#include "statusd/control.h"
#include "statusd/listen.h"
#include "statusd/pages/pages.h"
#include "statusd/posts.h"
#include "statusd/request.h"
#include "statusd/router.h"
#include "statusd/session.h"
#include "statusd/store_watch.h"
#include "statusd/streams.h"
#include "statusd/verdict.h"
#include "statusd/visitors.h"

enum {
    CONNECTION_MEMORY = 16 * 1024, /* also the most that a request's headers may have */
    PARAMETERS_MAX = 16,
};

struct server {
    struct server_options options;
    struct arena *arena;
    struct assets assets;
    bool has_languages;
    uint16_t port;
    struct MHD_Daemon *daemon;
    sd_event_source *ready;
    sd_event_source *again; /* the library asked to be run again */
    sd_event_source *aging; /* when the verdict becomes stale without anything being written */
    struct visitors *visitors;
    struct streams *streams;
    struct store_watch *watch;
    struct control *control;
    struct webhooks *webhooks; /* NULL: none are named */
    struct posts *posts;
    struct secret *key; /* of the forms' tokens */
    struct offer offer; /* what the loop lets us ask, as it said last */
    struct session session;
    char *token; /* of the verdict that the streams know */
};

/* ---- Running the library ---- */

static void library_run(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    (void)MHD_run(server->daemon); /* fails only for a daemon with threads of its own */
    int enabled = SD_EVENT_OFF;
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES) {
        (void)sd_event_source_set_time_relative(server->again, wait_ms * 1000);
        enabled = SD_EVENT_ONESHOT;
    }
    (void)sd_event_source_set_enabled(server->again, enabled);
}

static int library_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
    (void)source;
    (void)fd;
    (void)events;
    library_run(context);
    return 0;
}

static int library_again(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    library_run(context);
    return 0;
}

static void library_wake(void *context)
{
    library_run(context);
}

/* ---- The verdict ---- */

static void aging_arm(struct server *server, const struct store_overview *overview)
{
    if (!overview->has_state || overview->is_stale) {
        (void)sd_event_source_set_enabled(server->aging, SD_EVENT_OFF);
        return;
    }
    int64_t left = overview->stale_at - session_now();
    (void)sd_event_source_set_time_relative(server->aging, left > 0 ? (uint64_t)left : 0);
    (void)sd_event_source_set_enabled(server->aging, SD_EVENT_ONESHOT);
}

/* Tells the streams when the verdict is a new one. */
static void verdict_look(struct server *server)
{
    AUTO_ARENA arena = arena_create();
    struct store_overview overview = {0};
    struct store_reader *reader = NULL;
    struct error err;
    bool is_read = session_begin(&server->session, &reader, &err) &&
                   (reader == NULL || store_read_overview(reader, arena, &overview, &err));
    session_end(reader);
    if (!is_read) {
        log_event(LOG_LEVEL_WARNING, "the store does not answer", "error", err.message, NULL);
        return;
    }
    aging_arm(server, &overview);
    const char *token = verdict_token(arena, &overview);
    if (server->token != NULL && strcmp(server->token, token) == 0) {
        return;
    }
    free(server->token);
    server->token = strdup(token);
    streams_say(server->streams,
                arena_printf(arena,
                             "id: %s\nevent: verdict\ndata: {\"token\":\"%s\",\"run\":%lld,"
                             "\"state\":\"%s\"}\n\n",
                             token, token, (long long)overview.last.number,
                             verdict_word(verdict_of(&overview).word)));
}

static void loop_told(void *context, struct str answer)
{
    struct server *server = context;
    offer_read(answer, &server->offer);
}

/* The settings may be others since; a loop that is not there lets us ask nothing. */
static void offer_look(struct server *server)
{
    struct error err;
    if (!control_ask(server->control, "{\"ask\":\"status\"}", loop_told, server, &err)) {
        offer_read(STR(""), &server->offer);
        log_event(LOG_LEVEL_DEBUG, "the loop cannot be asked", "error", err.message, NULL);
    }
}

static void store_changed(void *context)
{
    verdict_look(context);
    offer_look(context);
}

static int verdict_aged(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    verdict_look(context);
    return 0;
}

/* ---- From the library's request to ours ---- */

static enum MHD_Result parameter_add(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct request *request = context;
    (void)kind;
    if (request->parameters.count < PARAMETERS_MAX) {
        vec_add(
            request->arena, &request->parameters,
            (struct parameter){.name = arena_strdup(request->arena, name),
                               .value = arena_strdup(request->arena, value != NULL ? value : "")});
    }
    return MHD_YES;
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The address decides, then the cookie that an earlier address set, then the browser. */
static enum language language_of(const struct server *server, const struct request *request,
                                 struct MHD_Connection *connection)
{
    enum language language = server->options.language;
    const char *asked = request_parameter(request, "lang");
    const char *kept = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "lang");
    if (!server->has_languages) {
        return LANGUAGE_ENGLISH;
    }
    if ((asked != NULL && language_parse(asked, &language)) ||
        (kept != NULL && language_parse(kept, &language))) {
        return language;
    }
    return language_accept(header_of(connection, "Accept-Language"), language);
}

/* Only where there is a form at all does a browser get a number. */
static void take_offer(const struct server *server, struct MHD_Connection *connection,
                       struct request *request)
{
    const struct offer *offer = &server->offer;
    if (!offer->check && !offer->suspend && !offer->resume) {
        return;
    }
    const char *kept = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "form");
    bool has_cookie = forms_cookie_is_one(kept);
    if (has_cookie || forms_cookie_make(request->cookie)) {
        request->offer = *offer;
        forms_token(server->key, has_cookie ? kept : request->cookie, request->offer.token);
    }
}

static struct request request_of(struct server *server, struct arena *arena, const char *url,
                                 struct MHD_Connection *connection)
{
    struct request request = {
        .arena = arena,
        .path = arena_strdup(arena, url),
        .rest = "",
        .has_languages = server->has_languages,
        .now = session_now(),
        .assets = &server->assets,
        .connections = visitors_count(server->visitors),
        .streams = streams_count(server->streams),
    };
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, parameter_add, &request);
    take_offer(server, connection, &request);
    request.language = language_of(server, &request, connection);
    language_use(request.language);
    return request;
}

/* ---- Answers ---- */

static enum MHD_Result stream_answer(struct server *server, struct MHD_Connection *connection,
                                     struct visitor *visitor)
{
    struct MHD_Response *response = streams_response(server->streams, connection, visitor);
    if (response == NULL) {
        return answer_refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL);
    }
    answer_header(response, "Content-Type", "text/event-stream; charset=utf-8");
    answer_header(response, "Cache-Control", "no-store");
    answer_header(response, "X-Accel-Buffering", "no"); /* or nginx would hold events back */
    return answer_queue(connection, MHD_HTTP_OK, response);
}

static void arena_release(void *context)
{
    arena_destroy(context);
}

static void language_keep(const struct server *server, const struct request *request,
                          struct MHD_Response *response)
{
    if (server->has_languages && request_parameter(request, "lang") != NULL) {
        answer_header(response, "Set-Cookie",
                      arena_printf(request->arena,
                                   "lang=%s; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
                                   language_info(request->language)->code));
    }
}

static void cookie_keep(const struct request *request, struct MHD_Response *response)
{
    if (request->cookie[0] != '\0') {
        answer_header(response, "Set-Cookie",
                      arena_printf(request->arena, "form=%s; Path=/; SameSite=Strict; HttpOnly",
                                   request->cookie));
    }
}

/* The arena goes with the answer: the body stays where it was written. */
static enum MHD_Result response_queue(const struct server *server,
                                      struct MHD_Connection *connection,
                                      const struct request *request, const struct response *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->body.length, (void *)(uintptr_t)answer->body.data, arena_release, request->arena);
    if (response == NULL) {
        arena_destroy(request->arena);
        return MHD_NO;
    }
    answer_header(response, "Content-Type", answer->type);
    answer_header(response, "Cache-Control", "no-store");
    language_keep(server, request, response);
    cookie_keep(request, response);
    return answer_queue(connection, answer->status, response);
}

static enum MHD_Result page_answer(struct server *server, struct MHD_Connection *connection,
                                   const char *url)
{
    struct request request = request_of(server, arena_create(), url, connection);
    struct response answer = {0};
    router_answer(&server->session, &request, &answer);
    return response_queue(server, connection, &request, &answer);
}

static enum MHD_Result page_refuse(void *context, struct MHD_Connection *connection,
                                   unsigned status, const char *detail)
{
    struct server *server = context;
    struct request request = request_of(server, arena_create(), "/", connection);
    struct response answer = {0};
    refusal_page(&request, status, detail, &answer);
    return response_queue(server, connection, &request, &answer);
}

/* ---- What the library calls ---- */

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static enum MHD_Result on_accept(void *context, const struct sockaddr *address, socklen_t length)
{
    const struct server *server = context;
    (void)length;
    return visitors_may_enter(server->visitors, address) ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context != NULL) {
            visitor_leave(server->visitors, *socket_context);
        }
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *socket_context = visitor_enter(server->visitors, fd->connect_fd, address->client_addr);
}

/* Sees the address as it came, before it is decoded and cut at a NUL. */
static void *on_address(void *context, const char *url, struct MHD_Connection *connection)
{
    struct visitor *visitor = visitor_of(connection);
    (void)context;
    if (visitor != NULL) {
        visitor->url_is_refused = strlen(url) > URL_BYTES_MAX || strstr(url, "%00") != NULL;
    }
    return NULL;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = context;
    struct visitor *visitor = visitor_of(connection);
    (void)code;
    posts_release(*request_context);
    *request_context = NULL;
    if (visitor != NULL) {
        visitor_expect(server->visitors, visitor, READ_SECONDS);
    }
}

struct host_headers {
    const char *first;
    size_t count;
};

static enum MHD_Result host_count(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct host_headers *hosts = context;
    (void)kind;
    if (strcasecmp(name, "Host") == 0) {
        hosts->first = hosts->count++ == 0 ? value : hosts->first;
    }
    return MHD_YES;
}

static unsigned request_check(const struct server *server, struct MHD_Connection *connection,
                              const struct visitor *visitor, const char *url, const char *method)
{
    struct host_headers hosts = {0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, host_count, &hosts);
    const char *length = header_of(connection, "Content-Length");
    struct request_line line = {
        .method = method,
        .url = url,
        .host = hosts.first,
        .host_headers = hosts.count,
        .has_body = (length != NULL && strcmp(length, "0") != 0) ||
                    header_of(connection, "Transfer-Encoding") != NULL,
        .takes_post = posts_are_at(server->posts, url),
    };
    unsigned refused = security_check(&server->options.security, &line);
    return refused == 0 && visitor->url_is_refused ? MHD_HTTP_URI_TOO_LONG : refused;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    struct server *server = context;
    struct visitor *visitor = visitor_of(connection);
    (void)version;
    if (visitor == NULL) {
        return MHD_NO; /* there was no memory to watch over it */
    }
    if (*request_context != NULL) {
        return posts_go_on(*request_context, connection, upload, upload_size);
    }
    visitor_expect(server->visitors, visitor, WRITE_SECONDS);
    unsigned refused = request_check(server, connection, visitor, url, method);
    bool takes_post = posts_are_at(server->posts, url);
    if (refused != 0) {
        return answer_refuse(connection, refused, security_methods(takes_post));
    }
    if (takes_post) {
        return posts_begin(server->posts, connection, visitor, url, request_context);
    }
    const struct asset *asset = asset_find(&server->assets, url);
    if (asset != NULL) {
        return answer_asset(connection, asset);
    }
    if (strcmp(url, "/events/stream") == 0 && strcmp(method, "GET") == 0) {
        return stream_answer(server, connection, visitor);
    }
    return page_answer(server, connection, url);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list arguments)
{
    AUTO_ARENA arena = arena_create();
    (void)context;
    log_event(LOG_LEVEL_DEBUG, "http", "message", arena_vprintf(arena, format, arguments), NULL);
}

/* ---- Making and ending ---- */

static bool daemon_start(struct server *server, struct error *err)
{
    int fd = listen_open(server->options.listen, &server->port, err);
    if (fd < 0) {
        return false;
    }
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept, server,
        on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)VISITORS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_URI_LOG_CALLBACK, on_address,
        server, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (server->daemon == NULL) {
        (void)close(fd);
        return error_errno(err, "start the HTTP server on %s", server->options.listen);
    }
    return true;
}

static bool sources_add(struct server *server, sd_event *event, struct error *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int result = info == NULL ? -EINVAL
                              : sd_event_add_io(event, &server->ready, info->epoll_fd, EPOLLIN,
                                                library_ready, server);
    if (result >= 0) {
        result =
            sd_event_add_time(event, &server->again, CLOCK_MONOTONIC, 0, 1, library_again, server);
    }
    if (result >= 0) {
        result =
            sd_event_add_time(event, &server->aging, CLOCK_MONOTONIC, 0, 0, verdict_aged, server);
    }
    if (result < 0) {
        errno = -result;
        return error_errno(err, "watch the HTTP server");
    }
    (void)sd_event_source_set_enabled(server->aging, SD_EVENT_OFF);
    return true;
}

static bool posts_open(struct server *server, sd_event *event, struct error *err)
{
    const struct server_options *options = &server->options;
    if (!forms_key_make(&server->key, err) ||
        !control_create(event, options->socket, &server->control, err) ||
        (options->webhooks.count > 0 &&
         !webhooks_create(&options->webhooks, options->secrets, &server->webhooks, err))) {
        return false;
    }
    const struct posts_options posts = {
        .visitors = server->visitors,
        .control = server->control,
        .webhooks = server->webhooks,
        .user_header = options->user_header,
        .key = server->key,
        .offer = &server->offer,
        .wake = library_wake,
        .refuse = page_refuse,
        .context = server,
    };
    return posts_create(&posts, &server->posts, err);
}

static bool server_begin(struct server *server, sd_event *event, struct error *err)
{
    if (!assets_make(server->arena, &server->assets, err) ||
        !visitors_create(event, &server->visitors, err) || !posts_open(server, event, err) ||
        !daemon_start(server, err) || !sources_add(server, event, err) ||
        !streams_create(event, server->visitors, library_wake, server, &server->streams, err) ||
        !store_watch_create(event, server->options.store, store_changed, server, &server->watch,
                            err)) {
        return false;
    }
    offer_look(server);
    /* The first look comes after the start: it is the streams that wait for it, and nobody can have
     * opened one yet. */
    (void)sd_event_source_set_time_relative(server->aging, 0);
    (void)sd_event_source_set_enabled(server->aging, SD_EVENT_ONESHOT);
    return true;
}

bool server_create(sd_event *event, const struct server_options *options,
                   struct server **out_server, struct error *err)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return error_set(err, ERROR_SYSTEM, "start the server: no memory");
    }
    *server = (struct server){
        .options = *options,
        .arena = arena_create(),
        .session = {.path = options->store},
        .has_languages = language_is_available(PAGES_DOMAIN, LANGUAGE_ARABIC),
    };
    if (!server_begin(server, event, err)) {
        server_destroy(server);
        return false;
    }
    *out_server = server;
    return true;
}

void server_destroy(struct server *server)
{
    if (server == NULL) {
        return;
    }
    store_watch_destroy(server->watch);
    if (server->streams != NULL) {
        streams_end(server->streams);
    }
    posts_end(server->posts);
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    streams_destroy(server->streams);
    posts_destroy(server->posts);
    webhooks_destroy(server->webhooks);
    control_destroy(server->control);
    secret_release(server->key);
    visitors_destroy(server->visitors);
    (void)sd_event_source_unref(server->ready); /* each returns NULL always */
    (void)sd_event_source_unref(server->again);
    (void)sd_event_source_unref(server->aging);
    session_close(&server->session);
    arena_destroy(server->arena);
    free(server->token);
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}
