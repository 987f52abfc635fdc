/* The control socket: one question and one answer for each connection, each a frame of a length
 * (four bytes, most significant first) and that many bytes of JSON. Root, and whoever runs the
 * loop, may ask everything; the status program may ask for what the settings allow. Who asked is
 * told by the kernel (SO_PEERCRED), and written down. */
#include <arpa/inet.h>
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
#include "base/log.h"
#include "base/text.h"
#include "model/json.h"
#include "providers/lock.h"
#include "providers/overrides.h"
#include "watch_parts.h"

enum {
    FRAME_MOST = 64 * 1024,
    HEAD_SIZE = 4,
    CONNECTIONS_MOST = 16,
    BACKLOG = 8,
    DEADLINE_SECONDS = 5, /* from connecting to the end of the answer */
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
    unsigned char bytes[HEAD_SIZE + FRAME_MOST];
};

struct watch_socket {
    int listener;
    char *path;
    sd_event_source *ready;
    size_t count;
    struct connection *connections[CONNECTIONS_MOST]; /* NULL: free */
};

/* --- questions ------------------------------------------------------------------------------ */

enum access { ACCESS_ALL, ACCESS_ROOT };

struct question {
    const char *name;
    enum access access;
    json_t *(*answer)(struct watch *watch, const struct connection *from, const json_t *question);
};

static json_t *yes(void)
{
    return json_pack("{s:b}", "ok", 1);
}

static json_t *no(const char *why)
{
    return json_pack("{s:b, s:o}", "ok", 0, "error", json_text(why));
}

static json_t *answer_status(struct watch *watch, const struct connection *from,
                             const json_t *question)
{
    (void)from;
    (void)question;
    return json_pack("{s:b, s:b, s:o, s:i, s:I, s:s}", "ok", 1, "is_running",
                     (int)watch_is_running(watch), "verdict", json_text(watch->last_verdict),
                     "code", watch->last_code, "ended_at", (json_int_t)watch->last_ended_at,
                     "version", RECONCILE_VERSION);
}

static json_t *answer_check(struct watch *watch, const struct connection *from,
                            const json_t *question)
{
    (void)from;
    (void)question;
    watch_ask(watch, WATCH_REQUEST, 0);
    return yes();
}

static json_t *answer_fetch(struct watch *watch, const struct connection *from,
                            const json_t *question)
{
    (void)from;
    (void)question;
    watch_fetch(watch);
    return yes();
}

static json_t *answer_reload(struct watch *watch, const struct connection *from,
                             const json_t *question)
{
    (void)watch;
    (void)from;
    (void)question;
    /* The answer must be out before this socket is made anew. */
    return kill(getpid(), SIGHUP) == 0 ? yes() : no("no signal could be sent");
}

static const struct question questions[] = {
    {"check", ACCESS_ALL, answer_check},
    {"fetch", ACCESS_ALL, answer_fetch},
    {"reload", ACCESS_ROOT, answer_reload},
    {"status", ACCESS_ALL, answer_status},
};

static bool may_ask(const struct connection *connection, const struct question *question)
{
    return connection->user == 0 || connection->user == geteuid() || question->access == ACCESS_ALL;
}

static void audit(const struct connection *from, const char *question, bool is_allowed)
{
    AUTO_ARENA arena = arena_create();
    log_event(LOG_LEVEL_INFO, "asked over the socket", "question", question, "user",
              arena_printf(arena, "%u", (unsigned)from->user), "process",
              arena_printf(arena, "%d", (int)from->pid), "allowed", is_allowed ? "yes" : "no",
              NULL);
}

static json_t *answer(struct connection *connection, struct str frame)
{
    AUTO_JSON question = json_loadb(frame.data, frame.length, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(question, "ask"));
    for (size_t i = 0; name != NULL && i < sizeof(questions) / sizeof(*questions); i++) {
        if (strcmp(questions[i].name, name) != 0) {
            continue;
        }
        bool is_allowed = may_ask(connection, &questions[i]);
        audit(connection, questions[i].name, is_allowed);
        return is_allowed ? questions[i].answer(connection->watch, connection, question)
                          : no("only root may ask this");
    }
    return no("no such question");
}

/* --- connections ---------------------------------------------------------------------------- */

static void connection_close(struct connection *connection)
{
    struct watch_socket *socket = connection->watch->socket;
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
    uint32_t head = htonl((uint32_t)length);
    struct iovec parts[] = {{&head, sizeof(head)}, {text, length}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    (void)sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* False when the connection has come to its end. */
static bool take_bytes(struct connection *connection)
{
    uint32_t head = 0;
    ssize_t count = recv(connection->fd, connection->bytes + connection->length,
                         sizeof(connection->bytes) - connection->length, MSG_DONTWAIT);
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    connection->length += (size_t)count;
    if (connection->length < HEAD_SIZE) {
        return true;
    }
    memcpy(&head, connection->bytes, sizeof(head));
    size_t wanted = ntohl(head);
    if (wanted > FRAME_MOST) {
        AUTO_JSON refusal = no("a question has at most 65,536 bytes");
        send_answer(connection, refusal);
        return false;
    }
    if (connection->length - HEAD_SIZE < wanted) {
        return true;
    }
    AUTO_JSON json =
        answer(connection, (struct str){(const char *)connection->bytes + HEAD_SIZE, wanted});
    send_answer(connection, json);
    return false;
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
