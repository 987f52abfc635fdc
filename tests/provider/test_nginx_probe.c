/* Asking sites of the real nginx. */

#include <sys/wait.h>

#include "base/clock.h"
#include "provider/nginx_pair.h"

#define NAME "a.example"

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
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
    const char *evidence = NULL;
    struct probe patient = *probe;
    patient.timeout_ms = 30000; /* of which a machine at ease needs ten */
    if (!nginx_probe(&sandbox->host, &patient, sandbox->arena, &evidence, &err)) {
        fail_msg("%s", err.message);
    }
}

/* Gives the evidence, which may be NULL. */
static const char *expect_bad(struct sandbox *sandbox, const struct probe *probe, const char *word)
{
    struct error err = {0};
    const char *evidence = NULL;
    assert_false(nginx_probe(&sandbox->host, probe, sandbox->arena, &evidence, &err));
    if (strstr(err.message, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, err.message);
    }
    return evidence;
}

static void expect_evidence(struct sandbox *sandbox, const struct probe *probe, const char *word)
{
    const char *evidence = expect_bad(sandbox, probe, "");
    if (evidence == NULL || strstr(evidence, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, evidence == NULL ? "(nothing)" : evidence);
    }
}

static void test_nginx_probe_asks_the_site_by_its_name(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, "    location = /ok { return 204; }\n    location / { return 500; }\n");
    struct probe plain = probe_make(sandbox, false, "/ok");
    struct probe safe = probe_make(sandbox, true, "/ok");
    expect_well(sandbox, &plain);
    expect_well(sandbox, &safe);
    plain.host = "other.example";
    (void)expect_bad(sandbox, &plain, "answered 404");
}

static void test_nginx_probe_redirects_are_well_and_errors_are_not(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, "    location /r { return 302 http://nowhere.example/; }\n"
                       "    location /e { return 500; }\n");
    struct probe redirect = probe_make(sandbox, true, "/r");
    struct probe failure = probe_make(sandbox, true, "/e");
    expect_well(sandbox, &redirect);
    (void)expect_bad(sandbox, &failure, "/e answered 500");
    (void)expect_bad(sandbox, &failure, "within 3000 ms");
}

static void test_nginx_probe_wants_the_installed_certificate(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    expect_well(sandbox, &probe);
    (void)nginx_pair_install(sandbox, NAME, NAME); /* newer than what nginx has loaded */
    (void)expect_bad(sandbox, &probe, "certificate");
}

static void test_nginx_probe_wants_a_certificate_of_that_name(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, "b.example");
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    (void)expect_bad(sandbox, &probe, NAME);
}

static void test_nginx_probe_without_a_pair_trusts_the_system_alone(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, "    return 204;\n");
    struct probe probe = probe_make(sandbox, true, "/");
    probe.certificate = NULL;
    (void)expect_bad(sandbox, &probe, "certificate");
}

static void test_nginx_probe_says_when_nobody_listens(void **state)
{
    struct sandbox *sandbox = *state;
    struct probe probe = probe_make(sandbox, false, "/");
    int64_t begin = clock_ms();
    (void)expect_bad(sandbox, &probe, "within 3000 ms");
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
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, arena_printf(sandbox->arena,
                                    "    location / { proxy_pass http://127.0.0.1:%u;\n"
                                    "    proxy_buffering off; }\n",
                                    (unsigned)port));
    struct probe probe = probe_make(sandbox, true, "/");
    (void)expect_bad(sandbox, &probe, "answered 502");
    pid_t application = start_late(port);
    int64_t begin = clock_ms();
    expect_well(sandbox, &probe);
    int64_t took = clock_ms() - begin;
    (void)kill(application, SIGKILL);
    (void)waitpid(application, NULL, 0);
    assert_true(took >= 300 && took < 9000);
}

/* ---- Conditions ------------------------------------------------------------------------------ */

static const char conditions[] =
    "    location = /text { add_header X-State ready; return 200 \"all is well\"; }\n"
    "    location = /gone { return 404 \"no\\n\033[31msuch thing\"; }\n"
    "    location = /head { if ($request_method != HEAD) { return 405; } return 204; }\n"
    "    location = /error { root /nowhere; try_files /none =500; }\n"
    "    location = /missing { root /nowhere; }\n";

static void check_status_is_what_was_asked_for(struct sandbox *sandbox)
{
    struct probe_status statuses[] = {{404, 404}, {500, 599}};
    struct probe probe = probe_make(sandbox, false, "/gone");
    probe.timeout_ms = 500;
    (void)expect_bad(sandbox, &probe, "/gone answered 404");
    probe.statuses = (struct probe_statuses){.items = statuses, .count = 2};
    expect_well(sandbox, &probe);
    probe.path = "/error";
    expect_well(sandbox, &probe);
    probe.path = "/text";
    (void)expect_bad(sandbox, &probe, "/text answered 200");
}

static void check_answer_holds_a_text(struct sandbox *sandbox)
{
    struct probe probe = probe_make(sandbox, true, "/text");
    probe.timeout_ms = 500;
    probe.contains = "is well";
    expect_well(sandbox, &probe);
    probe.contains = "is bad";
    (void)expect_bad(sandbox, &probe, "/text does not hold \"is bad\"");
    expect_evidence(sandbox, &probe, "status: 200\nanswer: all is well\n");
}

static void check_answer_has_a_header(struct sandbox *sandbox)
{
    struct probe_header header = {"x-state", "ready"};
    struct probe probe = probe_make(sandbox, false, "/text");
    probe.timeout_ms = 500;
    probe.headers = (struct probe_headers){.items = &header, .count = 1};
    expect_well(sandbox, &probe);
    header.text = "";
    expect_well(sandbox, &probe);
    header.text = "busy";
    (void)expect_bad(sandbox, &probe, "without \"busy\" in the header x-state");
    header = (struct probe_header){"X-Other", ""};
    (void)expect_bad(sandbox, &probe, "without the header X-Other");
}

static void check_by_head(struct sandbox *sandbox)
{
    struct probe probe = probe_make(sandbox, false, "/head");
    probe.timeout_ms = 500;
    (void)expect_bad(sandbox, &probe, "answered 405");
    probe.is_head = true;
    expect_well(sandbox, &probe);
}

static void check_keeps_what_came_instead(struct sandbox *sandbox)
{
    struct probe probe = probe_make(sandbox, false, "/gone");
    probe.timeout_ms = 300;
    expect_evidence(sandbox, &probe, "status: 404\nanswer: no\n^[[31msuch thing\n");
    probe.path = "/missing";
    expect_evidence(sandbox, &probe, "error.log: ");
    expect_evidence(sandbox, &probe, "open() \"/nowhere/missing\" failed");
}

/* One nginx for all: it takes long to begin. */
static void test_nginx_probe_wants_each_condition(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox, conditions);
    check_status_is_what_was_asked_for(sandbox);
    check_answer_holds_a_text(sandbox);
    check_answer_has_a_header(sandbox);
    check_by_head(sandbox);
    check_keeps_what_came_instead(sandbox);
}

/* Answers well so many times, then never again in time. */
static pid_t start_tired(uint16_t port, int times)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(60);
        for (int i = 0; i < times; i++) {
            char request[4096];
            int fd = accept(listener, NULL, NULL);
            if (recv(fd, request, sizeof(request), 0) < 0 ||
                send(fd, answer, strlen(answer), 0) < 0) {
                _exit(1);
            }
            (void)close(fd);
        }
        (void)pause();
        _exit(0);
    }
    (void)close(listener);
    return pid;
}

static void test_nginx_probe_goes_on_to_ask_within_its_window(void **state)
{
    struct sandbox *sandbox = *state;
    uint16_t port = nginx_sandbox_port();
    (void)nginx_pair_install(sandbox, NAME, NAME);
    run_nginx(sandbox,
              arena_printf(sandbox->arena, "    location / { proxy_pass http://127.0.0.1:%u; }\n",
                           (unsigned)port));
    pid_t application = start_tired(port, 3);
    struct probe probe = probe_make(sandbox, false, "/");
    probe.within_ms = 1000;
    expect_well(sandbox, &probe);
    probe.window_ms = 20000;
    (void)expect_bad(sandbox, &probe, "ms of good answers");
    probe.within_ms = 200; /* it answers no more */
    probe.timeout_ms = 500;
    (void)expect_bad(sandbox, &probe, "timed out after 2");
    (void)kill(application, SIGKILL);
    (void)waitpid(application, NULL, 0);
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
        TEST(test_nginx_probe_wants_each_condition),
        TEST(test_nginx_probe_goes_on_to_ask_within_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
