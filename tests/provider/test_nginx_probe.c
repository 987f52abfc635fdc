/* Asking sites of the real nginx. */

#include <sys/wait.h>

#include "base/clock.h"
#include "provider/nginx_sandbox.h"
#include "providers/authority.h"

#define NAME "a.example"

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
}

static bool write_secret(const void *bytes, size_t length, void *context)
{
    const int *fd = context;
    return write(*fd, bytes, length) == (ssize_t)length;
}

/* A pair for this name where that of a.example is installed. */
static void install_pair(struct sandbox *sandbox, const char *name)
{
    struct error err;
    struct str chain;
    const char *const names[] = {name, NULL};
    const struct authority_request request = {
        .names = names,
        .name_count = 1,
        .key_type = "ecdsa-p256",
        .lifetime_seconds = 86400,
        .now = time(NULL),
    };
    AUTO_AUTHORITY authority = NULL;
    assert_true(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    AUTO_PAIR pair = authority_issue(authority, &request, &err);
    AUTO_SECRET key = NULL;
    assert_non_null(pair);
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, &err));
    assert_true(pair_write_key(pair, &key, &err));
    nginx_sandbox_write(sandbox, "state/certificates/" NAME "/fullchain.pem", chain.data);
    int fd = openat(sandbox->folder->fd, "state/certificates/" NAME "/key.pem",
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(secret_use(key, write_secret, &fd));
    (void)close(fd);
}

static const char *server(struct sandbox *sandbox, const char *body)
{
    const char *directory = arena_printf(sandbox->arena, "%s/" NAME, sandbox->layout.certificates);
    return arena_printf(sandbox->arena,
                        "server {\n    listen 127.0.0.1:%u;\n    listen 127.0.0.1:%u ssl;\n"
                        "    server_name " NAME ";\n    ssl_certificate %s/fullchain.pem;\n"
                        "    ssl_certificate_key %s/key.pem;\n%s}\n"
                        "server { listen 127.0.0.1:%u default_server; return 404; }\n",
                        (unsigned)sandbox->layout.http_port, (unsigned)sandbox->layout.https_port,
                        directory, directory, body, (unsigned)sandbox->layout.http_port);
}

static void run_nginx(struct sandbox *sandbox, const char *body)
{
    struct error err;
    nginx_sandbox_generation(
        sandbox, 1, (const char *const[]){"http/sites/a.conf", server(sandbox, body), NULL});
    if (!nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static struct probe probe_make(struct sandbox *sandbox, bool uses_tls, const char *path)
{
    return (struct probe){
        .host = NAME,
        .path = path,
        .port = uses_tls ? sandbox->layout.https_port : sandbox->layout.http_port,
        .uses_tls = uses_tls,
        .timeout_ms = 3000,
        .certificate = arena_printf(sandbox->arena, "%s/" NAME, sandbox->layout.certificates),
    };
}

static void expect_well(struct sandbox *sandbox, const struct probe *probe)
{
    struct error err;
    struct probe patient = *probe;
    patient.timeout_ms = 30000; /* of which a machine at ease needs ten */
    if (!nginx_probe(&sandbox->host, &patient, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static void expect_bad(struct sandbox *sandbox, const struct probe *probe, const char *word)
{
    struct error err = {0};
    assert_false(nginx_probe(&sandbox->host, probe, sandbox->arena, &err));
    if (strstr(err.message, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, err.message);
    }
}

static void test_nginx_probe_asks_the_site_by_its_name(void **state)
{
    struct sandbox *sandbox = *state;
    install_pair(sandbox, NAME);
    run_nginx(sandbox, "    location = /ok { return 204; }\n    location / { return 500; }\n");
    struct probe plain = probe_make(sandbox, false, "/ok");
    struct probe safe = probe_make(sandbox, true, "/ok");
    expect_well(sandbox, &plain);
    expect_well(sandbox, &safe);
    plain.host = "other.example";
    expect_bad(sandbox, &plain, "answered 404");
}

static void test_nginx_probe_redirects_are_well_and_errors_are_not(void **state)
{
    struct sandbox *sandbox = *state;
    install_pair(sandbox, NAME);
    run_nginx(sandbox, "    location /r { return 302 http://nowhere.example/; }\n"
                       "    location /e { return 500; }\n");
    struct probe redirect = probe_make(sandbox, true, "/r");
    struct probe failure = probe_make(sandbox, true, "/e");
    expect_well(sandbox, &redirect);
    expect_bad(sandbox, &failure, "/e answered 500");
    expect_bad(sandbox, &failure, "within 3000 ms");
}

static void test_nginx_probe_wants_the_installed_certificate(void **state)
{
    struct sandbox *sandbox = *state;
    install_pair(sandbox, NAME);
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    expect_well(sandbox, &probe);
    install_pair(sandbox, NAME); /* newer than what nginx has loaded */
    expect_bad(sandbox, &probe, "certificate");
}

static void test_nginx_probe_wants_a_certificate_of_that_name(void **state)
{
    struct sandbox *sandbox = *state;
    install_pair(sandbox, "b.example");
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    expect_bad(sandbox, &probe, NAME);
}

static void test_nginx_probe_without_a_pair_trusts_the_system_alone(void **state)
{
    struct sandbox *sandbox = *state;
    install_pair(sandbox, NAME);
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    probe.certificate = NULL;
    expect_bad(sandbox, &probe, "certificate");
}

static void test_nginx_probe_says_when_nobody_listens(void **state)
{
    struct sandbox *sandbox = *state;
    struct probe probe = probe_make(sandbox, false, "/");
    int64_t begin = clock_ms();
    expect_bad(sandbox, &probe, "within 3000 ms");
    assert_true(clock_ms() - begin < 6000);
}

/* An application that begins to listen late, answers once, and never ends its answer. */
static pid_t start_late(uint16_t port)
{
    pid_t pid = fork();
    if (pid != 0) {
        assert_true(pid > 0);
        return pid;
    }
    static const struct timespec late = {.tv_nsec = 600000000};
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)nanosleep(&late, NULL);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 1) != 0) {
        _exit(1);
    }
    int fd = accept(listener, NULL, NULL);
    if (send(fd, answer, strlen(answer), 0) < 0) {
        _exit(1);
    }
    (void)alarm(20);
    (void)pause();
    _exit(0);
}

static void test_nginx_probe_waits_for_the_application_and_not_for_its_body(void **state)
{
    struct sandbox *sandbox = *state;
    uint16_t port = nginx_sandbox_port();
    install_pair(sandbox, NAME);
    run_nginx(sandbox, arena_printf(sandbox->arena,
                                    "    location / { proxy_pass http://127.0.0.1:%u;\n"
                                    "    proxy_buffering off; }\n",
                                    (unsigned)port));
    struct probe probe = probe_make(sandbox, true, "/");
    expect_bad(sandbox, &probe, "answered 502");
    pid_t application = start_late(port);
    int64_t begin = clock_ms();
    expect_well(sandbox, &probe);
    int64_t took = clock_ms() - begin;
    (void)kill(application, SIGKILL);
    (void)waitpid(application, NULL, 0);
    assert_true(took >= 300 && took < 9000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_probe_asks_the_site_by_its_name),
        TEST(test_nginx_probe_redirects_are_well_and_errors_are_not),
        TEST(test_nginx_probe_wants_the_installed_certificate),
        TEST(test_nginx_probe_wants_a_certificate_of_that_name),
        TEST(test_nginx_probe_without_a_pair_trusts_the_system_alone),
        TEST(test_nginx_probe_says_when_nobody_listens),
        TEST(test_nginx_probe_waits_for_the_application_and_not_for_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
