/* The private view and the real nginx -t in it. */

#include "provider/nginx_sandbox.h"

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct nginx_test_result test_candidate(struct sandbox *sandbox,
                                               const struct nginx_candidate *candidate)
{
    struct error err;
    struct nginx_test_result result;
    if (!nginx_test(&sandbox->host, candidate, sandbox->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    return result;
}

static struct nginx_test_result test_members(struct sandbox *sandbox, const char *const *members)
{
    nginx_sandbox_generation(sandbox, 1, members);
    return test_candidate(sandbox,
                          &(struct nginx_candidate){
                              .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 1)});
}

static void expect_accepted(const struct nginx_test_result *result)
{
    if (result->verdict == NGINX_UNTESTED) {
        print_message("untested: %s\n", result->untested_because);
    }
    if (result->verdict != NGINX_ACCEPTED) {
        fail_msg("not accepted: %s", result->output);
    }
    assert_int_equal(result->complaints.count, 0);
}

static const char *site(struct sandbox *sandbox, const char *name)
{
    const char *certificates = sandbox->layout.certificates;
    return arena_printf(sandbox->arena,
                        "server {\n    listen 80;\n    listen [::]:443 ssl;\n"
                        "    server_name %s;\n"
                        "    ssl_certificate %s/%s/fullchain.pem;\n"
                        "    ssl_certificate_key %s/%s/key.pem;\n"
                        "    access_log %s/%s.log;\n    return 204;\n}\n",
                        name, certificates, name, certificates, name, sandbox->layout.nginx_log,
                        name);
}

static void test_nginx_test_accepts_what_has_no_certificate_yet(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result =
        test_members(sandbox, MEMBERS("http/sites/a.conf", site(sandbox, "a.example")));
    expect_accepted(&result);
    assert_true(result.took_us > 0);
}

static void test_nginx_test_names_the_live_file_and_line(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result = test_members(
        sandbox, MEMBERS("http/sites/a.conf", site(sandbox, "a.example"), "http/sites/b.conf",
                         "server {\n    listen 80;\n    lisen 81;\n}\n"));
    assert_int_equal(result.verdict, NGINX_REFUSED);
    assert_int_equal(result.complaints.count, 1);
    const struct nginx_complaint *complaint = &result.complaints.items[0];
    assert_string_equal(complaint->level, "emerg");
    assert_string_equal(complaint->message, "unknown directive \"lisen\"");
    assert_string_equal(complaint->file,
                        nginx_sandbox_path(sandbox, "nginx/reconcile/http/sites/b.conf"));
    assert_int_equal(complaint->line, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_test_accepts_what_has_no_certificate_yet),
        TEST(test_nginx_test_names_the_live_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
