/* A machine of its own for nginx in the folder of one test: main file, logs, state and ports. The
 * root is "/", so that the real nginx can be run. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/text.h"
#include "provider/sandbox.h"
#include "providers/generation.h"
#include "providers/nginx.h"
#include "providers/nginx_process.h"

/* Listens on a port of 127.0.0.1 that nobody had, below those that the kernel gives to outgoing
 * connections (ip_local_port_range, 32768 and up): one of these would take it once it is free. */
static inline int nginx_sandbox_listen(uint16_t *out_port)
{
    enum { LEAST = 10000, COUNT = 20000 };
    for (;;) {
        uint16_t number = 0;
        assert_int_equal(getrandom(&number, sizeof(number), 0), sizeof(number));
        uint16_t port = (uint16_t)(LEAST + number % COUNT);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0) {
            *out_port = port;
            return fd;
        }
        assert_int_equal(errno, EADDRINUSE);
        (void)close(fd);
    }
}

/* A port that nobody has at this moment. */
static inline uint16_t nginx_sandbox_port(void)
{
    uint16_t port = 0;
    (void)close(nginx_sandbox_listen(&port));
    return port;
}

static inline int nginx_sandbox_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* The body of "GET /". */
static inline const char *nginx_sandbox_get(struct sandbox *sandbox, uint16_t port)
{
    static const char question[] = "GET / HTTP/1.0\r\nHost: test\r\n\r\n";
    int fd = nginx_sandbox_connect(port);
    struct text text = text_make(sandbox->arena);
    char part[4096];
    ssize_t count = send(fd, question, strlen(question), MSG_NOSIGNAL);
    while (count > 0 && (count = recv(fd, part, sizeof(part), 0)) > 0) {
        text_add_str(&text, (struct str){part, (size_t)count});
    }
    (void)close(fd);
    const char *body = strstr(text.data, "\r\n\r\n");
    return body == NULL ? "" : body + 4;
}

static inline const char *nginx_sandbox_path(struct sandbox *sandbox, const char *name)
{
    return arena_printf(sandbox->arena, "%s/%s", sandbox->folder->path, name);
}

/* path is below the folder; folders above it are made. */
static inline void nginx_sandbox_write(struct sandbox *sandbox, const char *path, const char *text)
{
    struct error err;
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        const char *parent = arena_strndup(sandbox->arena, path, (size_t)(slash - path));
        assert_true(file_make_directories(sandbox->folder->fd, parent, 0755, &err));
    }
    test_folder_write(sandbox->folder, path, text);
}

static inline int nginx_sandbox_setup(void **state)
{
    struct error err;
    (void)sandbox_setup(state); /* asserts by itself */
    struct sandbox *sandbox = *state;
    host_close(&sandbox->host);
    struct layout layout = layout_debian12();
    layout.state = nginx_sandbox_path(sandbox, "state");
    layout.nginx_directory = nginx_sandbox_path(sandbox, "nginx");
    layout.nginx_tree = nginx_sandbox_path(sandbox, "nginx/reconcile");
    layout.nginx_pid = nginx_sandbox_path(sandbox, "run/nginx.pid");
    layout.nginx_log = nginx_sandbox_path(sandbox, "log");
    layout.nginx_cache = nginx_sandbox_path(sandbox, "cache");
    layout.nginx_service = NULL;
    layout.certificates = nginx_sandbox_path(sandbox, "state/certificates");
    layout.authority = nginx_sandbox_path(sandbox, "state/authority");
    layout.http_port = nginx_sandbox_port();
    layout.https_port = nginx_sandbox_port();
    sandbox->layout = layout;
    assert_true(host_open("/", &sandbox->layout, &sandbox->facts, &sandbox->host, &err));
    static const char *const folders[] = {"run",
                                          "log",
                                          "cache",
                                          "state",
                                          "nginx/conf.d",
                                          "nginx/modules-enabled",
                                          "nginx/sites-enabled"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        assert_true(file_make_directories(sandbox->folder->fd, folders[i], 0755, &err));
    }
    test_folder_write(sandbox->folder, "nginx/nginx.conf",
                      nginx_main_text(sandbox->arena, &sandbox->layout));
    for (int level = 0; level < TREE_LEVEL_COUNT; level++) {
        struct tree_entrance entrance =
            tree_entrance(sandbox->arena, &sandbox->layout, (enum tree_level)level);
        nginx_sandbox_write(sandbox, entrance.path + strlen(sandbox->folder->path) + 1,
                            entrance.text);
    }
    return 0;
}

/* The members of a tree: pairs of path and text, ended by NULL. Writes generation number. */
static inline void nginx_sandbox_generation(struct sandbox *sandbox, unsigned long number,
                                            const char *const *members)
{
    struct error err;
    struct generation_files files = {0};
    for (; *members != NULL; members += 2) {
        const char *path =
            arena_printf(sandbox->arena, "%s/%s", sandbox->layout.nginx_tree, members[0]);
        vec_add(sandbox->arena, &files,
                (struct generation_file){path, str_of(members[1]), 0644, NULL});
    }
    if (!generation_write(&sandbox->host, number, &files, "test", sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static inline void nginx_sandbox_wait_gone(pid_t pid)
{
    static const struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
        (void)nanosleep(&pause, NULL);
    }
}

/* Without anything of ours to prove. */
static inline void nginx_sandbox_start(struct sandbox *sandbox)
{
    struct error err;
    if (!nginx_reload(&sandbox->host, 0, 0, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static inline void nginx_sandbox_stop(struct sandbox *sandbox)
{
    struct nginx_state state;
    if (nginx_observe(&sandbox->host, sandbox->arena, &state, NULL) && state.is_running) {
        (void)kill(state.master, SIGCONT); /* a test may have stopped it */
        (void)kill(state.master, SIGTERM);
        nginx_sandbox_wait_gone(state.master);
    }
}
