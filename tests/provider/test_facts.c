#include "base/file.h"
#include "provider/sandbox.h"
#include "providers/facts_programs.h"

static const char nginx_answer[] =
    "nginx version: nginx/1.22.1\n"
    "built with OpenSSL 3.0.9 30 May 2023\n"
    "configure arguments: --with-cc-opt='-g -O2 -fPIC' --with-compat --with-threads "
    "--with-http_v2_module --with-http_ssl_module --with-mail=dynamic --with-mail_ssl_module "
    "--with-stream=dynamic --with-stream_ssl_module --with-http_geoip_module=dynamic\n";

static unsigned times_asked;

static bool answer(struct sandbox *sandbox, const struct process_options *options,
                   struct process_result *out_result)
{
    times_asked++;
    if (strcmp(options->argv[0], "systemctl") == 0) {
        out_result->output = STR("systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT\n");
    } else {
        out_result->errors = STR(nginx_answer);
    }
    return true;
}

static bool no_answer(struct sandbox *sandbox, const struct process_options *options,
                      struct process_result *out_result)
{
    return false;
}

static void make_directory(const struct sandbox *sandbox, const char *path)
{
    struct error err;
    assert_true(file_make_directories(sandbox->host.root, path, 0755, &err));
}

static int setup(void **state)
{
    int result = sandbox_setup(state);
    struct sandbox *sandbox = *state;
    sandbox->layout = layout_debian12();
    sandbox->layout.nginx_program = arena_printf(sandbox->arena, "%s/nginx", sandbox->folder->path);
    sandbox->program = answer;
    times_asked = 0;
    test_folder_write(sandbox->folder, "nginx", "program");
    make_directory(sandbox, "etc/nginx/sites-enabled");
    make_directory(sandbox, "var/lib/reconcile");
    return result;
}

static struct facts gather(struct sandbox *sandbox)
{
    struct error err;
    struct facts facts;
    assert_true(facts_gather(&sandbox->host, sandbox->arena, &facts, &err));
    return facts;
}

static void test_facts_programs_tell_versions_and_modules(void **state)
{
    struct facts facts = gather(*state);
    assert_int_equal(facts.nginx_version, 1022001);
    assert_string_equal(facts.nginx_modules, "http_ssl http_v2 threads");
    assert_int_equal(facts.systemd_version, 252);
    assert_true(facts.cpus > 0);
    assert_true(facts.memory_bytes > 0);
    assert_false(facts.is_assumed);
}

static void test_facts_modules_that_are_loaded_count(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/nginx/nginx.conf",
                      "load_module modules/ngx_stream_module.so;\nhttp {}\n");
    struct facts facts = gather(sandbox);
    assert_true(facts_nginx_has(&facts, "stream"));
    assert_true(facts_nginx_has(&facts, "http_v2"));
}

static void test_facts_built_in_stream_brings_its_parts(void **state)
{
    struct sandbox *sandbox = *state;
    struct program_facts facts = {0};
    program_facts_read_nginx(sandbox->arena,
                             "nginx version: nginx/1.25.3 (x)\nconfigure arguments: --with-stream "
                             "--with-stream_ssl_module --with-http_v3_module\n",
                             &facts);
    assert_int_equal(facts.nginx_version, 1025003);
    assert_string_equal(facts.nginx_modules, "http_v3 stream stream_ssl");
}

static void test_facts_absent_programs_have_no_version(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->program = no_answer;
    struct facts facts = gather(sandbox);
    assert_int_equal(facts.nginx_version, 0);
    assert_int_equal(facts.systemd_version, 0);
    assert_string_equal(facts.nginx_modules, "");
}

static void test_facts_remembered_programs_are_not_asked(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    assert_true(facts_remember(&sandbox->host, sandbox->arena, &err));
    times_asked = 0;
    struct facts facts = gather(sandbox);
    assert_int_equal(times_asked, 0);
    assert_int_equal(facts.nginx_version, 1022001);
    assert_int_equal(facts.systemd_version, 252);
    assert_string_equal(facts.nginx_modules, "http_ssl http_v2 threads");
}

static void test_facts_another_program_is_asked_again(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    assert_true(facts_remember(&sandbox->host, sandbox->arena, &err));
    test_folder_write(sandbox->folder, "nginx", "a newer program");
    times_asked = 0;
    assert_int_equal(gather(sandbox).nginx_version, 1022001);
    assert_int_equal(times_asked, 2);
}

static void test_facts_gathering_writes_nothing(void **state)
{
    struct sandbox *sandbox = *state;
    (void)gather(sandbox);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "");
}

static void test_facts_nameservers_are_in_the_form_of_nginx(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/resolv.conf",
                      "# nameserver 9.9.9.9\nsearch example.com\nnameserver 192.0.2.1\n"
                      "nameserver\t2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.9\n");
    assert_string_equal(gather(sandbox).nameservers, "192.0.2.1 [2001:db8::1]");
}

static void test_facts_nameservers_are_local_when_none_is_named(void **state)
{
    struct sandbox *sandbox = *state;
    assert_string_equal(gather(sandbox).nameservers, "127.0.0.1");
    test_folder_write(sandbox->folder, "etc/resolv.conf", "search example.com\n");
    assert_string_equal(gather(sandbox).nameservers, "127.0.0.1");
}

static void test_facts_name_foreign_default_servers(void **state)
{
    struct sandbox *sandbox = *state;
    assert_string_equal(gather(sandbox).foreign_default_servers, "");
    test_folder_write(sandbox->folder, "etc/nginx/nginx.conf",
                      "http { include /etc/nginx/sites-enabled/*; }\n");
    test_folder_write(sandbox->folder, "etc/nginx/sites-enabled/default",
                      "server { listen 80 default_server; listen [::]:80 default_server; }\n");
    assert_string_equal(gather(sandbox).foreign_default_servers,
                        "0.0.0.0:80=/etc/nginx/sites-enabled/default:1 "
                        "[::]:80=/etc/nginx/sites-enabled/default:1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_facts_programs_tell_versions_and_modules),
        TEST(test_facts_modules_that_are_loaded_count),
        TEST(test_facts_built_in_stream_brings_its_parts),
        TEST(test_facts_absent_programs_have_no_version),
        TEST(test_facts_remembered_programs_are_not_asked),
        TEST(test_facts_another_program_is_asked_again),
        TEST(test_facts_gathering_writes_nothing),
        TEST(test_facts_nameservers_are_in_the_form_of_nginx),
        TEST(test_facts_nameservers_are_local_when_none_is_named),
        TEST(test_facts_name_foreign_default_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
