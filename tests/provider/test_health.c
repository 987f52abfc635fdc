/* Health checks against small servers in processes of their own: who is well, who is not, how long
 * that is waited for, and what is told then. */

#include "provider/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "providers/health.h"

enum { NOBODY = 65534 };

struct server {
    pid_t process;
    int listening;
    uint16_t port; /* 0: a unix socket */
    struct sockaddr_un path;
};

static bool always(void *context)
{
    (void)context;
    return true;
}

static struct health_subject subject_of_now(void)
{
    return (struct health_subject){.started_ms = clock_ms(), .is_alive = always};
}

/* Answers each connection with the same bytes, the first ones with 503. */
static _Noreturn void serve(int listening, const char *answer, unsigned refusals)
{
    static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        char request[1024];
        ssize_t length = read(fd, request, sizeof(request));
        const char *say = refusals > 0 ? busy : answer;
        refusals -= refusals > 0;
        if (length > 0 && write(fd, say, strlen(say)) < 0) {
            _exit(1);
        }
        (void)close(fd);
    }
}

static struct server server_start(struct sandbox *sandbox, int family, const char *answer,
                                  unsigned refusals)
{
    struct server server = {.listening = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (family == AF_UNIX) {
        server.path.sun_family = AF_UNIX;
        const char *path = arena_printf(sandbox->arena, "%s/s", sandbox->folder->path);
        assert_true(strlen(path) < sizeof(server.path.sun_path));
        memcpy(server.path.sun_path, path, strlen(path));
        assert_int_equal(
            bind(server.listening, (struct sockaddr *)&server.path, sizeof(server.path)), 0);
    } else {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t length = sizeof(address);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(bind(server.listening, (struct sockaddr *)&address, length), 0);
        assert_int_equal(getsockname(server.listening, (struct sockaddr *)&address, &length), 0);
        server.port = ntohs(address.sin_port);
    }
    assert_int_equal(listen(server.listening, 16), 0);
    server.process = fork();
    assert_true(server.process >= 0);
    if (server.process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test does not leave it behind */
        serve(server.listening, answer, refusals);
    }
    return server;
}

static void server_stop(struct server *server)
{
    assert_int_equal(kill(server->process, SIGKILL), 0);
    assert_int_equal(waitpid(server->process, NULL, 0), server->process);
    assert_int_equal(close(server->listening), 0);
}

static struct health http_health(struct sandbox *sandbox, const struct server *server)
{
    return (struct health){
        .type = HEALTH_HTTP,
        .address = server->port == 0
                       ? arena_printf(sandbox->arena, "unix:%s", server->path.sun_path)
                       : arena_printf(sandbox->arena, "127.0.0.1:%u", server->port),
        .path = "/healthz",
        .timeout_ms = 3000,
    };
}

#define ANSWER(status) "HTTP/1.1 " status "\r\nContent-Length: 2\r\n\r\nok"

static bool is_well(struct sandbox *sandbox, const struct health *health, struct error *err)
{
    struct health_subject subject = subject_of_now();
    return health_wait(&sandbox->host, health, &subject, sandbox->arena, err);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void test_health_tcp_is_well_when_somebody_listens(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_INET, "", 0);
    struct health health = http_health(sandbox, &server);
    health.type = HEALTH_TCP;
    assert_true(is_well(sandbox, &health, NULL));
    server_stop(&server);
    struct error err = {0};
    health.timeout_ms = 200;
    assert_false(is_well(sandbox, &health, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_non_null(strstr(err.message, "not healthy after 0.2 s: connect to 127.0.0.1:"));
    assert_non_null(strstr(err.message, "refused"));
}

static void test_health_tcp_knows_unix_sockets(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_UNIX, "", 0);
    struct health health = http_health(sandbox, &server);
    health.type = HEALTH_TCP;
    assert_true(is_well(sandbox, &health, NULL));
    server_stop(&server);
}

static void test_health_addresses_that_make_no_sense_are_told(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "127.0.0.1:http:x", "[::1:3",
                                            "unix:", "nobody.invalid:80"};
    struct sandbox *sandbox = *state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const struct health health = {.type = HEALTH_TCP, .address = addresses[i], .timeout_ms = 1};
        struct error err = {0};
        assert_false(is_well(sandbox, &health, &err));
        assert_true(err.message[0] != '\0');
    }
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

static void test_health_http_wants_200_to_399(void **state)
{
    static const struct {
        const char *answer;
        bool is_well;
    } rows[] = {
        {ANSWER("200 OK"), true},      {ANSWER("204 None"), true},
        {ANSWER("302 Found"), true},   {ANSWER("404 Not Found"), false},
        {ANSWER("500 Broken"), false}, {"SSH-2.0-x\r\n", false},
        {"HTTP/1.1 2", false},
    };
    struct sandbox *sandbox = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server server = server_start(sandbox, AF_INET, rows[i].answer, 0);
        struct health health = http_health(sandbox, &server);
        health.timeout_ms = rows[i].is_well ? 3000 : 1;
        struct error err = {0};
        if (is_well(sandbox, &health, &err) != rows[i].is_well) {
            fail_msg("%s: %s", rows[i].answer, err.message);
        }
        server_stop(&server);
    }
}

static void test_health_http_goes_over_a_unix_socket(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_UNIX, ANSWER("200 OK"), 0);
    struct health health = http_health(sandbox, &server);
    assert_true(is_well(sandbox, &health, NULL));
    server_stop(&server);
}

static void test_health_path_makes_one_request_only(void **state)
{
    static const char *const paths[] = {"/a b", "/a\r\nHost: x", "/\x7f", "healthz", ""};
    struct sandbox *sandbox = *state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct health health = {
            .type = HEALTH_HTTP, .address = "127.0.0.1:9", .path = paths[i], .timeout_ms = 1};
        struct error err = {0};
        assert_false(is_well(sandbox, &health, &err));
        assert_non_null(strstr(err.message, "cannot be asked for"));
    }
}

static void test_health_of_a_server_that_says_nothing_has_an_end(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_INET, "", 0);
    assert_int_equal(kill(server.process, SIGSTOP), 0);
    struct health health = http_health(sandbox, &server);
    health.timeout_ms = 100;
    int64_t begun = clock_ms();
    struct error err = {0};
    assert_false(is_well(sandbox, &health, &err));
    assert_true(clock_ms() - begun < 20000);
    assert_non_null(strstr(err.message, "did not answer in time"));
    server_stop(&server);
}

static void test_health_is_asked_again_until_it_is_well(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_INET, ANSWER("200 OK"), 3);
    struct health health = http_health(sandbox, &server);
    struct error err = {0};
    if (!is_well(sandbox, &health, &err)) {
        fail_msg("%s", err.message);
    }
    server_stop(&server);
}

static void test_health_ignores_a_proxy_in_our_environment(void **state)
{
    struct sandbox *sandbox = *state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    struct server server = server_start(sandbox, AF_INET, ANSWER("200 OK"), 0);
    struct health health = http_health(sandbox, &server);
    health.timeout_ms = 500;
    assert_true(is_well(sandbox, &health, NULL));
    server_stop(&server);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

static void test_health_tells_the_last_answer(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_INET, ANSWER("500 Broken"), 0);
    struct health health = http_health(sandbox, &server);
    health.timeout_ms = 150;
    struct error err = {0};
    assert_false(is_well(sandbox, &health, &err));
    assert_non_null(strstr(err.message, "/healthz answered 500"));
    server_stop(&server);
}

/* ---- commands ------------------------------------------------------------------------------- */

static void test_health_command_is_well_with_status_0(void **state)
{
    static const char *const good[] = {"/bin/true", NULL};
    static const char *const bad[] = {"/bin/false", NULL};
    struct sandbox *sandbox = *state;
    struct health health = {.type = HEALTH_EXEC, .argv = good, .timeout_ms = 3000};
    assert_true(is_well(sandbox, &health, NULL));
    struct error err = {0};
    health.argv = bad;
    health.timeout_ms = 1;
    assert_false(is_well(sandbox, &health, &err));
    assert_non_null(strstr(err.message, "/bin/false ended with status 1"));
}

static void test_health_command_runs_as_the_service(void **state)
{
    if (!sandbox_is_root()) {
        skip(); /* there is nobody else that we could become */
    }
    static const char *const whoami[] = {"/bin/sh", "-c", "test $(id -u) = 65534", NULL};
    struct sandbox *sandbox = *state;
    pid_t service = fork();
    assert_true(service >= 0);
    if (service == 0) {
        if (setgid(NOBODY) == 0 && setuid(NOBODY) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
            (void)pause();
        }
        _exit(1);
    }
    struct health health = {.type = HEALTH_EXEC, .argv = whoami, .timeout_ms = 3000};
    struct health_subject subject = subject_of_now();
    subject.process = service;
    struct error err = {0};
    bool is_good = health_wait(&sandbox->host, &health, &subject, sandbox->arena, &err);
    assert_int_equal(kill(service, SIGKILL), 0);
    assert_int_equal(waitpid(service, NULL, 0), service);
    if (!is_good) {
        fail_msg("%s", err.message);
    }
}

static void test_health_command_never_runs_as_root_for_an_ordinary_service(void **state)
{
    if (!sandbox_is_root()) {
        skip();
    }
    static const char *const good[] = {"/bin/true", NULL};
    struct sandbox *sandbox = *state;
    struct health health = {.type = HEALTH_EXEC, .argv = good, .timeout_ms = 1};
    struct health_subject subject = subject_of_now();
    subject.process = getpid(); /* root, as a service is before it becomes its user */
    struct error err = {0};
    assert_false(health_wait(&sandbox->host, &health, &subject, sandbox->arena, &err));
    assert_non_null(strstr(err.message, "only being started"));
    subject.is_root = true;
    assert_true(health_wait(&sandbox->host, &health, &subject, sandbox->arena, &err));
}

/* ---- the subject ---------------------------------------------------------------------------- */

static bool three_times(void *context)
{
    unsigned *asked = context;
    return ++*asked <= 3;
}

static void test_health_wait_ends_when_the_subject_does(void **state)
{
    struct sandbox *sandbox = *state;
    const struct health health = {
        .type = HEALTH_TCP, .address = "127.0.0.1:9", .timeout_ms = 60000};
    unsigned asked = 0;
    struct health_subject subject = {
        .started_ms = clock_ms(), .is_alive = three_times, .context = &asked};
    struct error err = {0};
    assert_false(health_wait(&sandbox->host, &health, &subject, sandbox->arena, &err));
    assert_true(clock_ms() - subject.started_ms < 10000);
    assert_non_null(strstr(err.message, "ended before it was healthy"));
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* Somebody else holds the port and answers for a service that could not start. */
static void test_health_is_not_well_when_somebody_else_answers(void **state)
{
    struct sandbox *sandbox = *state;
    struct server server = server_start(sandbox, AF_INET, ANSWER("200 OK"), 0);
    struct health health = http_health(sandbox, &server);
    struct health_subject subject = {.started_ms = clock_ms(), .is_alive = never};
    assert_false(health_wait(&sandbox->host, &health, &subject, sandbox->arena, NULL));
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_health_tcp_is_well_when_somebody_listens),
        SANDBOX_TEST(test_health_tcp_knows_unix_sockets),
        SANDBOX_TEST(test_health_addresses_that_make_no_sense_are_told),
        SANDBOX_TEST(test_health_http_wants_200_to_399),
        SANDBOX_TEST(test_health_http_goes_over_a_unix_socket),
        SANDBOX_TEST(test_health_path_makes_one_request_only),
        SANDBOX_TEST(test_health_of_a_server_that_says_nothing_has_an_end),
        SANDBOX_TEST(test_health_is_asked_again_until_it_is_well),
        SANDBOX_TEST(test_health_ignores_a_proxy_in_our_environment),
        SANDBOX_TEST(test_health_tells_the_last_answer),
        SANDBOX_TEST(test_health_command_is_well_with_status_0),
        SANDBOX_TEST(test_health_command_runs_as_the_service),
        SANDBOX_TEST(test_health_command_never_runs_as_root_for_an_ordinary_service),
        SANDBOX_TEST(test_health_wait_ends_when_the_subject_does),
        SANDBOX_TEST(test_health_is_not_well_when_somebody_else_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
