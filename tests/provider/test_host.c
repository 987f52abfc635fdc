/* The real host, and the table of providers. */

#include "provider/sandbox.h"

static void test_host_runs_programs_and_knows_the_time(void **state)
{
    struct sandbox *sandbox = *state;
    struct host host;
    struct error err;
    static const char *const argv[] = {"echo", "here", NULL};
    assert_true(host_open(sandbox->folder->path, &sandbox->layout, &sandbox->facts, &host, &err));
    const struct process_options options = {
        .argv = argv, .timeout_ms = 10000, .output_limit = 100, .directory = host.root};
    struct process_result result;
    assert_true(host.run(&host, &options, sandbox->arena, &result, &err));
    assert_int_equal(result.status, 0);
    assert_true(str_equal(result.output, STR("here\n")));
    int64_t before = time(NULL);
    int64_t now = host.now(&host);
    assert_true(before <= now && now <= time(NULL));
    assert_null(host.fingerprints);
    host_close(&host);
    host_close(&host);
}

static void test_host_without_its_root_is_an_error(void **state)
{
    struct sandbox *sandbox = *state;
    struct host host;
    struct error err = {0};
    const char *path = arena_printf(sandbox->arena, "%s/none", sandbox->folder->path);
    assert_false(host_open(path, &sandbox->layout, &sandbox->facts, &host, &err));
    assert_non_null(strstr(err.message, path));
    test_folder_write(sandbox->folder, "none", "a file");
    assert_false(host_open(path, &sandbox->layout, &sandbox->facts, &host, &err));
}

static void test_host_path_loses_its_slashes(void **state)
{
    assert_string_equal(host_path("/etc/x"), "etc/x");
    assert_string_equal(host_path("//etc/x"), "etc/x");
    assert_string_equal(host_path("/"), "");
}

static void test_providers_are_complete_and_in_order(void **state)
{
    assert_true(provider_count() >= 6);
    for (size_t i = 0; i < provider_count(); i++) {
        const struct provider *provider = provider_at(i);
        assert_ptr_equal(provider_find(provider->type), provider);
        assert_int_equal(provider_rank(provider->type), i);
        assert_non_null(provider->observe);
        assert_non_null(provider->digest);
        assert_non_null(provider->diff);
        assert_non_null(provider->apply);
    }
    assert_null(provider_at(provider_count()));
    assert_null(provider_find("nothing"));
    assert_true(provider_rank("user") < provider_rank("directory"));
    assert_true(provider_rank("directory") < provider_rank("certificate"));
    assert_true(provider_rank("file") < provider_rank("unit"));
    assert_true(provider_rank("certificate") < provider_rank("tree"));
    assert_true(provider_rank("unit") < provider_rank("tree"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_host_runs_programs_and_knows_the_time),
        SANDBOX_TEST(test_host_without_its_root_is_an_error),
        SANDBOX_TEST(test_host_path_loses_its_slashes),
        SANDBOX_TEST(test_providers_are_complete_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
