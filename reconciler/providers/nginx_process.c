/* Finds the running nginx: its master through the pid file, its workers through /proc, what they
 * have loaded by asking one. */

#include "providers/nginx_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "providers/nginx_files.h"

enum {
    DECIMAL = 10,
    ANSWER_MAX = 1024, /* head and body of the proof page */
    PROC_MAX = 1 << 20,
    PID_FILE_MAX = 64,
};

/* ---- Processes ------------------------------------------------------------------------------- */

/* A short file below /proc/PID; "" when it is not there. The argument list reads as the title that
 * nginx gives itself. */
static const char *proc_read(struct arena *arena, pid_t pid, const char *name)
{
    struct str content;
    const char *path = arena_printf(arena, "/proc/%d/%s", (int)pid, name);
    return file_read(AT_FDCWD, path, PROC_MAX, arena, &content, NULL) ? content.data : "";
}

static bool is_master(struct arena *arena, pid_t pid)
{
    return text_starts_with(proc_read(arena, pid, "cmdline"), "nginx: master process");
}

bool nginx_master(struct host *host, struct arena *arena, pid_t *out_master, struct error *err)
{
    struct str content;
    struct error why;
    *out_master = 0;
    if (!nginx_file_read(host, host->layout->nginx_pid, PID_FILE_MAX, arena, &content, &why)) {
        return why.number == ENOENT ? true : error_copy(err, &why);
    }
    long pid = strtol(content.data, NULL, DECIMAL);
    if (pid > 0 && pid <= INT_MAX && is_master(arena, (pid_t)pid)) {
        *out_master = (pid_t)pid;
    }
    return true;
}

/* For kernels without the list of children: everybody's parent is looked at. */
static void children_search(pid_t master, struct arena *arena, struct pid_list *children)
{
    AUTO_DIRECTORY directory = opendir("/proc");
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        long pid = strtol(entry->d_name, NULL, DECIMAL);
        if (pid <= 0) {
            continue;
        }
        const char *status = proc_read(arena, (pid_t)pid, "stat");
        /* "PID (NAME) STATE PARENT ...", and the name may hold anything. */
        const char *name_end = strrchr(status, ')');
        if (name_end != NULL && strlen(name_end) > strlen(") S ") &&
            strtol(name_end + strlen(") S "), NULL, DECIMAL) == master) {
            vec_add(arena, children, (pid_t)pid);
        }
    }
}

void nginx_children(pid_t master, struct arena *arena, struct pid_list *out_children)
{
    const char *path = arena_printf(arena, "/proc/%d/task/%d/children", (int)master, (int)master);
    struct str content;
    *out_children = (struct pid_list){0};
    if (!file_read(AT_FDCWD, path, PROC_MAX, arena, &content, NULL)) {
        children_search(master, arena, out_children);
        return;
    }
    const char *at = content.data;
    for (;;) {
        char *end = NULL;
        long pid = strtol(at, &end, DECIMAL);
        if (end == at) {
            return;
        }
        vec_add(arena, out_children, (pid_t)pid);
        at = end;
    }
}

bool nginx_is_leaving(pid_t child)
{
    AUTO_ARENA arena = arena_create();
    const char *title = proc_read(arena, child, "cmdline");
    return title[0] == '\0' || strstr(title, "shutting down") != NULL;
}

/* ---- The proof page -------------------------------------------------------------------------- */

static bool wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int64_t left = deadline - clock_ms();
    return left > 0 && poll(&poll_fd, 1, (int)left) == 1;
}

static bool connect_proof(int fd, uint16_t port, int64_t deadline)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int status = 0;
    socklen_t size = sizeof(status);
    if (inet_pton(AF_INET, NGINX_PROOF_ADDRESS, &address.sin_addr) != 1) {
        return false;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return true;
    }
    return errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size) == 0 && status == 0;
}

/* Everything up to the end of the connection, as far as it fits. */
static bool receive(int fd, char *out_text, size_t size, int64_t deadline)
{
    size_t length = 0;
    while (length + 1 < size && wait_for(fd, POLLIN, deadline)) {
        ssize_t count = recv(fd, out_text + length, size - 1 - length, 0);
        if (count <= 0) {
            out_text[length] = '\0';
            return count == 0;
        }
        length += (size_t)count;
    }
    return false;
}

/* "reconcile GENERATION PID" behind the head of a 200. */
static bool answer_parse(const char *text, struct nginx_answer *out_answer)
{
    static const char word[] = NGINX_PROOF_WORD " ";
    const char *body = strstr(text, "\r\n\r\n");
    if (!text_starts_with(text, "HTTP/1.1 200 ") || body == NULL ||
        !text_starts_with(body + strlen("\r\n\r\n"), word)) {
        return false;
    }
    char *end = NULL;
    out_answer->generation = strtoul(body + strlen("\r\n\r\n") + strlen(word), &end, DECIMAL);
    out_answer->worker = (pid_t)strtol(end, NULL, DECIMAL);
    return out_answer->generation > 0 && out_answer->worker > 0;
}

bool nginx_ask(const struct layout *layout, int timeout_ms, struct nginx_answer *out_answer)
{
    static const char question[] = "GET / HTTP/1.0\r\nHost: " NGINX_PROOF_ADDRESS "\r\n\r\n";
    char text[ANSWER_MAX];
    int64_t deadline = clock_ms() + timeout_ms;
    AUTO_FD fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect_proof(fd, layout->http_port, deadline) &&
           send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question) &&
           receive(fd, text, sizeof(text), deadline) && answer_parse(text, out_answer);
}
