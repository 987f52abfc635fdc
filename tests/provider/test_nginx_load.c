/* What a reload of the real nginx would meet. */

#include <netinet/in.h>
#include <sys/socket.h>

#include "model/nginx_load.h"
#include "provider/nginx_sandbox.h"

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
}

static struct nginx_load look(struct sandbox *sandbox)
{
    struct nginx_load load = {0};
    nginx_load_read(&sandbox->host, sandbox->arena, &load);
    return load;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* A worker accepts some time after the kernel does. */
static void expect_clients(struct sandbox *sandbox, size_t count)
{
    static const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 500 && look(sandbox).clients != count; i++) {
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(look(sandbox).clients, count);
}

static void test_nginx_load_counts_clients_and_nothing_else(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    assert_false(look(sandbox).is_running);
    nginx_sandbox_generation(
        sandbox, 1,
        (const char *const[]){"http/sites/a.conf",
                              arena_printf(sandbox->arena,
                                           "server { listen 127.0.0.1:%u; return 204; }\n",
                                           (unsigned)sandbox->layout.http_port),
                              NULL});
    if (!nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
    expect_clients(sandbox, 0);
    int first = connect_to(sandbox->layout.http_port);
    int second = connect_to(sandbox->layout.http_port);
    expect_clients(sandbox, 2);
    struct nginx_load load = look(sandbox);
    assert_true(load.is_running && load.knows_clients);
    assert_true(load.workers > 0);
    (void)close(first);
    expect_clients(sandbox, 1);
    (void)close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nginx_load_counts_clients_and_nothing_else,
                                        nginx_sandbox_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
