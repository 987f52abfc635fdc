#include "providers/nginx_module.h"

#include "provider/sandbox.h"

static const char *configured; /* as nginx -V says it */

static bool answer(struct sandbox *sandbox, const struct process_options *options,
                   struct process_result *out_result)
{
    assert_string_equal(options->argv[1], "-V");
    out_result->errors = str_of(arena_printf(
        sandbox->arena, "nginx version: nginx/1.22.1\nconfigure arguments: %s\n", configured));
    return configured[0] != '\0';
}

static struct nginx_module find(struct sandbox *sandbox, const char *arguments)
{
    struct nginx_module module;
    configured = arguments;
    sandbox->program = answer;
    nginx_module_find(&sandbox->host, "stream", sandbox->arena, &module);
    return module;
}

static void test_nginx_module_built_in(void **state)
{
    struct nginx_module module = find(*state, "--with-stream --modules-path=/nowhere");
    assert_true(module.is_there);
    assert_null(module.path);
    assert_true(find(*state, "--modules-path=/nowhere --with-stream").is_there);
}

static void test_nginx_module_parts_are_not_the_whole(void **state)
{
    assert_false(find(*state, "--with-stream_ssl_module --with-stream_realip_module").is_there);
    assert_false(find(*state, "--without-stream x--with-stream").is_there);
    assert_false(find(*state, "").is_there);
}

static void test_nginx_module_is_a_file(void **state)
{
    struct sandbox *sandbox = *state;
    const char *folder = sandbox->folder->path;
    const char *arguments = arena_printf(
        sandbox->arena, "--modules-path=%s --with-stream_ssl_module --with-stream=dynamic", folder);
    assert_false(find(sandbox, arguments).is_there);
    test_folder_write(sandbox->folder, "ngx_stream_module.so", "");
    struct nginx_module module = find(sandbox, arguments);
    assert_true(module.is_there);
    assert_string_equal(module.path,
                        arena_printf(sandbox->arena, "%s/ngx_stream_module.so", folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_nginx_module_built_in),
        SANDBOX_TEST(test_nginx_module_parts_are_not_the_whole),
        SANDBOX_TEST(test_nginx_module_is_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
