/* The control socket: one question and one answer for each connection, each a frame of a length
 * (four bytes, most significant first) and that many bytes of JSON. Root, and whoever runs the
 * loop, may ask everything; the status program may ask for what the settings allow. Who asked is
 * told by the kernel (SO_PEERCRED), and written down. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/text.h"
#include "base/visible.h"
#include "model/json.h"
#include "providers/lock.h"
#include "providers/overrides.h"
#include "watch_parts.h"

enum {
    CONNECTIONS_MOST = 16,
    BACKLOG = 8,
    DEADLINE_SECONDS = 5, /* from connecting to the end of the answer */
    ERRAND_SECONDS = 65,  /* the same where a run has to end first */
    SOCKET_MODE = 0660,
    DIRECTORY_MODE = 0755,
};

struct connection {
    struct watch *watch;
    int fd;
    uid_t user;
    pid_t pid;
    sd_event_source *ready;
    sd_event_source *deadline;
    size_t length; /* of what was read */
    unsigned char bytes[FRAME_HEAD + FRAME_MOST];
};

struct watch_socket {
    int listener;
    char *path;
    sd_event_source *ready;
    size_t count;
    struct connection *connections[CONNECTIONS_MOST]; /* NULL: free */
};

/* --- questions ------------------------------------------------------------------------------ */

enum access {
    ACCESS_ALL,
    ACCESS_SETTING, /* root, and others where status.actions names it */
    ACCESS_ROOT,
};

/* NULL: the answer comes later. */
typedef json_t *answer_function(struct connection *connection, const json_t *question);

struct question {
    const char *name;
    enum access access;
    answer_function *answer;
};

static bool is_ours(const struct connection *connection)
{
    return connection->user == 0 || connection->user == geteuid();
}

static json_t *yes(void)
{
    return json_pack("{s:b}", "ok", 1);
}

static json_t *no(const char *why)
{
    return json_pack("{s:b, s:o}", "ok", 0, "error", json_text(why));
}

static json_t *allowed_actions(const struct connection *connection);

static json_t *answer_status(struct connection *connection, const json_t *question)
{
    const struct watch *watch = connection->watch;
    (void)question;
    return json_pack("{s:b, s:b, s:o, s:i, s:I, s:s, s:o}", "ok", 1, "is_running",
                     (int)watch_is_running(watch), "verdict", json_text(watch->last_verdict),
                     "code", watch->last_code, "ended_at", (json_int_t)watch->last_ended_at,
                     "version", RECONCILE_VERSION, "actions", allowed_actions(connection));
}

static json_t *answer_fetch(struct connection *connection, const json_t *question)
{
    (void)question;
    watch_fetch(connection->watch);
    return yes();
}

static json_t *answer_reload(struct connection *connection, const json_t *question)
{
    (void)connection;
    (void)question;
    /* The answer must be out before this socket is made anew. */
    return kill(getpid(), SIGHUP) == 0 ? yes() : no("no signal could be sent");
}

/* --- what is written down --- */

/* A word of whoever asks, for the record: short, and nothing that moves a line. */
static const char *told(struct arena *arena, const json_t *question, const char *key)
{
    enum { TOLD_MOST = 200 };
    const char *text = json_string_value(json_object_get(question, key));
    if (text == NULL || text[0] == '\0') {
        return NULL;
    }
    return visible_line(arena, arena_strndup(arena, text, strnlen(text, TOLD_MOST)));
}

static const char *account_of(struct arena *arena, uid_t user)
{
    const struct passwd *entry = getpwuid(user);
    return entry == NULL ? arena_printf(arena, "user %u", (unsigned)user)
                         : arena_strdup(arena, entry->pw_name);
}

/* Who asks is told by the kernel; on whose behalf, by who asks: both are kept apart. */
static void take_names(struct arena *arena, const struct connection *connection,
                       const json_t *question, struct watch_errand_order *order)
{
    const char *account = account_of(arena, connection->user);
    const char *who = told(arena, question, "who");
    const char *from = told(arena, question, "from");
    order->who = who == NULL ? account : arena_printf(arena, "%s (as told by %s)", who, account);
    order->from =
        arena_printf(arena, "%s%ssocket, user %u, process %d", from == NULL ? "" : from,
                     from == NULL ? "" : ", ", (unsigned)connection->user, (int)connection->pid);
}

static json_t *answer_check(struct connection *connection, const json_t *question)
{
    AUTO_ARENA arena = arena_create();
    struct watch_errand_order order = {.sort = ERRAND_CHECK};
    take_names(arena, connection, question, &order);
    if (!watch_errand_run(connection->watch, &order)) {
        return no("too much is asked already");
    }
    watch_ask(connection->watch, WATCH_REQUEST, 0);
    return yes();
}

static void errand_done(void *context, const char *why);

/* What it is about is looked at where it is carried out; a reason and an end are owed by whoever is
 * not root. */
static json_t *run_suspension(struct connection *connection, const json_t *question,
                              enum watch_errand_sort sort)
{
    AUTO_ARENA arena = arena_create();
    const char *scope = json_string_value(json_object_get(question, "scope"));
    struct watch_errand_order order = {
        .sort = sort,
        .scope = scope == NULL ? "" : scope,
        .until = told(arena, question, "until"),
        .why = told(arena, question, "why"),
        .done = errand_done,
        .context = connection,
    };
    bool begins = sort == ERRAND_SUSPEND;
    if (begins && order.why == NULL) {
        return no("a suspension needs a reason");
    }
    if (begins && order.until == NULL && !is_ours(connection)) {
        return no("a suspension needs an end");
    }
    take_names(arena, connection, question, &order);
    if (!watch_errand_run(connection->watch, &order)) {
        return no("too much is asked already");
    }
    (void)sd_event_source_set_time_relative(connection->deadline,
                                            ERRAND_SECONDS * WATCH_US_A_SECOND);
    (void)sd_event_source_set_enabled(connection->ready, SD_EVENT_OFF);
    return NULL;
}

static json_t *answer_suspend(struct connection *connection, const json_t *question)
{
    return run_suspension(connection, question, ERRAND_SUSPEND);
}

static json_t *answer_resume(struct connection *connection, const json_t *question)
{
    return run_suspension(connection, question, ERRAND_RESUME);
}

static const struct question questions[] = {
    {"check", ACCESS_SETTING, answer_check}, {"fetch", ACCESS_ALL, answer_fetch},
    {"reload", ACCESS_ROOT, answer_reload},  {"resume", ACCESS_SETTING, answer_resume},
    {"status", ACCESS_ALL, answer_status},   {"suspend", ACCESS_SETTING, answer_suspend},
};
enum { QUESTION_COUNT = sizeof(questions) / sizeof(*questions) };

static bool may_ask(const struct connection *connection, const struct question *question)
{
    const struct settings *settings = connection->watch->look.settings;
    return is_ours(connection) || question->access == ACCESS_ALL ||
           (question->access == ACCESS_SETTING && settings_allow_action(settings, question->name));
}

static json_t *allowed_actions(const struct connection *connection)
{
    json_t *list = json_array();
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        if (questions[i].access == ACCESS_SETTING && may_ask(connection, &questions[i])) {
            (void)json_array_append_new(list, json_string(questions[i].name));
        }
    }
    return list;
}

static void audit(const struct connection *from, const char *question, bool is_allowed)
{
    AUTO_ARENA arena = arena_create();
    log_event(LOG_LEVEL_INFO, "asked over the socket", "question", question, "user",
              arena_printf(arena, "%u", (unsigned)from->user), "process",
              arena_printf(arena, "%d", (int)from->pid), "allowed", is_allowed ? "yes" : "no",
              NULL);
}

/* NULL: the answer comes later. */
static json_t *answer(struct connection *connection, struct str frame)
{
    AUTO_JSON question = json_loadb(frame.data, frame.length, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(question, "ask"));
    for (size_t i = 0; name != NULL && i < QUESTION_COUNT; i++) {
        if (strcmp(questions[i].name, name) != 0) {
            continue;
        }
        bool is_allowed = may_ask(connection, &questions[i]);
        audit(connection, questions[i].name, is_allowed);
        if (is_allowed) {
            return questions[i].answer(connection, question);
        }
        return no(questions[i].access == ACCESS_ROOT
                      ? "only root may ask this"
                      : "the settings do not allow this (status.actions)");
    }
    return no("no such question");
}

/* --- connections ---------------------------------------------------------------------------- */

static void connection_close(struct connection *connection)
{
    struct watch_socket *socket = connection->watch->socket;
    watch_errands_drop(connection->watch, connection);
    for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
        if (socket->connections[i] == connection) {
            socket->connections[i] = NULL;
            socket->count--;
        }
    }
    (void)sd_event_source_disable_unref(connection->ready); /* these return NULL always */
    (void)sd_event_source_disable_unref(connection->deadline);
    cleanup_fd(&connection->fd);
    free(connection);
}

/* An answer fits into the socket's buffer; whoever does not take it has lost it. */
static void send_answer(struct connection *connection, const json_t *json)
{
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        return;
    }
    size_t length = strlen(text);
    unsigned char head[FRAME_HEAD];
    frame_head(length, head);
    struct iovec parts[] = {{head, sizeof(head)}, {text, length}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    (void)sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* False when the connection has come to its end. */
static bool take_bytes(struct connection *connection)
{
    struct str frame = {0};
    ssize_t count = recv(connection->fd, connection->bytes + connection->length,
                         sizeof(connection->bytes) - connection->length, MSG_DONTWAIT);
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    connection->length += (size_t)count;
    enum frame_state state = frame_read(connection->bytes, connection->length, &frame);
    if (state == FRAME_PART) {
        return true;
    }
    AUTO_JSON json = state == FRAME_TOO_LONG ? no("a question has at most 65,536 bytes")
                                             : answer(connection, frame);
    if (json == NULL) {
        return true;
    }
    send_answer(connection, json);
    return false;
}

static void errand_done(void *context, const char *why)
{
    struct connection *connection = context;
    AUTO_JSON json = why == NULL ? yes() : no(why);
    send_answer(connection, json);
    connection_close(connection);
}

static int connection_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct connection *connection = context;
    (void)source;
    (void)fd;
    (void)events;
    if (!take_bytes(connection)) {
        connection_close(connection);
    }
    return 0;
}

static int connection_expired(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    connection_close(context);
    return 0;
}

static void connection_open(struct watch *watch, int fd)
{
    struct watch_socket *socket = watch->socket;
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    struct connection *connection = NULL;
    if (socket->count < CONNECTIONS_MOST &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        connection = calloc(1, sizeof(*connection));
    }
    if (connection == NULL) {
        (void)close(fd); /* nothing was said */
        return;
    }
    connection->watch = watch;
    connection->fd = fd;
    connection->user = peer.uid;
    connection->pid = peer.pid;
    for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
        if (socket->connections[i] == NULL) {
            socket->connections[i] = connection;
            socket->count++;
            break;
        }
    }
    if (sd_event_add_io(watch->event, &connection->ready, fd, EPOLLIN, connection_ready,
                        connection) < 0 ||
        sd_event_add_time_relative(watch->event, &connection->deadline, CLOCK_MONOTONIC,
                                   (uint64_t)DEADLINE_SECONDS * WATCH_US_A_SECOND,
                                   WATCH_US_A_SECOND, connection_expired, connection) < 0) {
        connection_close(connection);
    }
}

static int socket_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct watch *watch = context;
    (void)source;
    (void)events;
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) {
        connection_open(watch, accepted);
    }
    return 0;
}

/* --- the socket ----------------------------------------------------------------------------- */

/* What a loop that was killed left behind is replaced; one that still answers is not. */
static bool clear_path(const char *path, const struct sockaddr_un *address, struct error *err)
{
    AUTO_FD probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat status;
    if (probe < 0) {
        return error_errno(err, "make a socket");
    }
    if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0) {
        return error_set(err, ERROR_LOCKED, "another loop answers at %s already", path);
    }
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && unlink(path) != 0) {
        return error_errno(err, "remove the former %s", path);
    }
    return true;
}

static bool make_parent(const char *path, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    const char *slash = strrchr(path, '/');
    const char *parent = arena_strndup(arena, path, (size_t)(slash - path));
    if (parent[0] != '\0' && mkdir(parent, DIRECTORY_MODE) != 0 && errno != EEXIST) {
        return error_errno(err, "make %s", parent);
    }
    return true;
}

static bool listen_at(const char *path, const char *group_name, int *out_listener,
                      struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(err, ERROR_LIMIT, "%s is too long for a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!make_parent(path, err) || !clear_path(path, &address, err)) {
        return false;
    }
    AUTO_FD listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || fchmod(listener, SOCKET_MODE) != 0 ||
        bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, SOCKET_MODE) != 0 || listen(listener, BACKLOG) != 0) {
        return error_errno(err, "listen at %s", path);
    }
    const struct group *group = group_name == NULL ? NULL : getgrnam(group_name);
    if (group_name != NULL && group == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "there is no group \"%s\" (setting watch.group)",
                         group_name);
    }
    if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) != 0) {
        return error_errno(err, "give %s to the group %s", path, group_name);
    }
    *out_listener = take_fd(&listener);
    return true;
}

/* Only root may make something below /run. */
static const char *socket_path(struct watch *watch)
{
    const char *path = watch->look.settings->watch.socket.text;
    if (path != NULL) {
        return path;
    }
    return geteuid() == 0 && strcmp(watch->options->root, "/") == 0
               ? "/run/reconcile/control.sock"
               : arena_printf(watch->arena, "%s%s/control.sock",
                              strcmp(watch->options->root, "/") == 0 ? "" : watch->options->root,
                              watch->look.layout.state);
}

bool watch_socket_begin(struct watch *watch, struct error *err)
{
    const struct settings_watch *settings = &watch->look.settings->watch;
    const char *path = socket_path(watch);
    watch->socket = calloc(1, sizeof(*watch->socket));
    if (watch->socket == NULL) {
        return error_errno(err, "listen at %s", path);
    }
    watch->socket->listener = -1;
    if (!listen_at(path, settings->group.text, &watch->socket->listener, err)) {
        return false;
    }
    watch->socket->path = strdup(path);
    int result = sd_event_add_io(watch->event, &watch->socket->ready, watch->socket->listener,
                                 EPOLLIN, socket_ready, watch);
    return result >= 0 || watch_error(err, result, "listen");
}

void watch_socket_end(struct watch *watch)
{
    struct watch_socket *socket = watch->socket;
    if (socket == NULL) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
        if (socket->connections[i] != NULL) {
            connection_close(socket->connections[i]);
        }
    }
    (void)sd_event_source_disable_unref(socket->ready); /* returns NULL always */
    cleanup_fd(&socket->listener);
    if (socket->path != NULL) {
        (void)unlink(socket->path); /* the next loop would replace it */
    }
    free(socket->path);
    free(socket);
    watch->socket = NULL;
}
