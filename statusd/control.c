/* The client's side of the control socket. */

#include "statusd/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/frame.h"

#define SECOND ((uint64_t)1000000)

struct asking {
    struct control *control;
    int fd;
    sd_event_source *ready;
    sd_event_source *deadline;
    control_answered *answered;
    void *context;
    size_t length; /* of what came */
    unsigned char bytes[FRAME_HEAD + FRAME_MOST];
};

struct control {
    sd_event *event; /* borrowed */
    char *path;
    struct asking *askings[CONTROL_MOST]; /* NULL: free */
};

static void asking_close(struct asking *asking)
{
    struct control *control = asking->control;
    for (size_t i = 0; i < CONTROL_MOST; i++) {
        if (control->askings[i] == asking) {
            control->askings[i] = NULL;
        }
    }
    (void)sd_event_source_disable_unref(asking->ready); /* these return NULL always */
    (void)sd_event_source_disable_unref(asking->deadline);
    cleanup_fd(&asking->fd);
    free(asking);
}

static void asking_end(struct asking *asking, struct str answer)
{
    if (asking->answered != NULL) {
        asking->answered(asking->context, answer);
    }
    asking_close(asking);
}

static int asking_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct asking *asking = context;
    struct str answer = {0};
    (void)source;
    (void)events;
    ssize_t count = recv(fd, asking->bytes + asking->length, sizeof(asking->bytes) - asking->length,
                         MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    asking->length += count > 0 ? (size_t)count : 0;
    enum frame_state state = frame_read(asking->bytes, asking->length, &answer);
    if (count <= 0 || state != FRAME_PART) {
        asking_end(asking, state == FRAME_WHOLE ? answer : STR(""));
    }
    return 0;
}

static int asking_expired(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    asking_end(context, STR(""));
    return 0;
}

/* A question fits into the socket's buffer, so that nothing waits. */
static bool send_question(const struct control *control, int fd, const char *question,
                          struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned char head[FRAME_HEAD];
    size_t length = strlen(question);
    if (strlen(control->path) >= sizeof(address.sun_path) || length > FRAME_MOST) {
        return error_set(err, ERROR_LIMIT, "%s is too long", control->path);
    }
    memcpy(address.sun_path, control->path, strlen(control->path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return error_errno(err, "connect to the loop at %s", control->path);
    }
    frame_head(length, head);
    struct iovec parts[] = {{head, sizeof(head)}, {(void *)(uintptr_t)question, length}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent == (ssize_t)(sizeof(head) + length) ||
           error_errno(err, "ask the loop at %s", control->path);
}

static struct asking **slot_find(struct control *control)
{
    for (size_t i = 0; i < CONTROL_MOST; i++) {
        if (control->askings[i] == NULL) {
            return &control->askings[i];
        }
    }
    return NULL;
}

bool control_ask(struct control *control, const char *question, control_answered *answered,
                 void *context, struct error *err)
{
    struct asking **slot = slot_find(control);
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (slot == NULL) {
        return error_set(err, ERROR_LIMIT, "too much is asked of the loop already");
    }
    if (fd < 0) {
        return error_errno(err, "make a socket");
    }
    if (!send_question(control, fd, question, err)) {
        return false;
    }
    struct asking *asking = calloc(1, sizeof(*asking));
    if (asking == NULL) {
        return error_errno(err, "ask the loop");
    }
    *asking = (struct asking){
        .control = control, .fd = take_fd(&fd), .answered = answered, .context = context};
    *slot = asking;
    int result =
        sd_event_add_io(control->event, &asking->ready, asking->fd, EPOLLIN, asking_ready, asking);
    if (result >= 0) {
        result =
            sd_event_add_time_relative(control->event, &asking->deadline, CLOCK_MONOTONIC,
                                       CONTROL_SECONDS * SECOND, SECOND, asking_expired, asking);
    }
    if (result < 0) {
        asking_close(asking);
        errno = -result;
        return error_errno(err, "wait for the loop");
    }
    return true;
}

void control_forget(struct control *control, const void *context)
{
    for (size_t i = 0; i < CONTROL_MOST; i++) {
        if (control->askings[i] != NULL && control->askings[i]->context == context) {
            control->askings[i]->answered = NULL;
        }
    }
}

bool control_create(sd_event *event, const char *path, struct control **out_control,
                    struct error *err)
{
    struct control *control = calloc(1, sizeof(*control));
    char *own_path = strdup(path);
    if (control == NULL || own_path == NULL) {
        free(control);
        free(own_path);
        return error_set(err, ERROR_SYSTEM, "speak to the loop: no memory");
    }
    *control = (struct control){.event = event, .path = own_path};
    *out_control = control;
    return true;
}

void control_destroy(struct control *control)
{
    if (control == NULL) {
        return;
    }
    for (size_t i = 0; i < CONTROL_MOST; i++) {
        if (control->askings[i] != NULL) {
            asking_close(control->askings[i]);
        }
    }
    free(control->path);
    free(control);
}
