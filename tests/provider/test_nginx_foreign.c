/* What others configured beside us. */

#include "base/file.h"
#include "provider/sandbox.h"
#include "providers/nginx.h"

static const char debian_main[] =
    "user www-data;\ninclude /etc/nginx/modules-enabled/*.conf;\nevents { }\nhttp {\n"
    "    include mime.types;\n    include /etc/nginx/conf.d/*.conf;\n"
    "    include /etc/nginx/sites-enabled/*;\n}\n";

static void write_file(const struct sandbox *sandbox, const char *path, const char *text)
{
    struct error err;
    const char *slash = strrchr(path, '/');
    const char *parent = arena_strndup(sandbox->arena, path, (size_t)(slash - path));
    assert_true(file_make_directories(sandbox->host.root, parent, 0755, &err));
    test_folder_write(sandbox->folder, path, text);
}

static int setup(void **state)
{
    int result = sandbox_setup(state);
    struct sandbox *sandbox = *state;
    sandbox->layout = layout_debian12();
    write_file(sandbox, "etc/nginx/nginx.conf", debian_main);
    write_file(sandbox, "etc/nginx/mime.types", "types { text/html html; }\n");
    return result;
}

static struct nginx_foreign read_foreign(struct sandbox *sandbox)
{
    struct nginx_foreign foreign;
    nginx_foreign_read(&sandbox->host, sandbox->arena, &foreign);
    return foreign;
}

static void test_nginx_foreign_debian_has_our_entrance(void **state)
{
    struct nginx_foreign foreign = read_foreign(*state);
    assert_true(foreign.is_present);
    assert_true(foreign.has_entrance);
    assert_null(foreign.broken);
    assert_int_equal(foreign.names.count, 0);
}

static void test_nginx_foreign_entrance_counts_at_http_level_only(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/nginx.conf",
               "http { server { include /etc/nginx/conf.d/*.conf; } }\n");
    assert_false(read_foreign(sandbox).has_entrance);
    write_file(sandbox, "etc/nginx/nginx.conf", "http { include conf.d/re*.conf; }\n");
    assert_true(read_foreign(sandbox).has_entrance);
}

static void test_nginx_foreign_absent_is_no_trouble(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.nginx_directory = "/nowhere";
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_false(foreign.is_present);
    assert_null(foreign.broken);
}

static void test_nginx_foreign_names_have_a_place(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/shop",
               "# server_name no.example;\nserver {\n    listen 80;\n"
               "    server_name Shop.example www.shop.example\n        _ \"\";\n}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_int_equal(foreign.names.count, 2);
    const struct nginx_claim *claim = nginx_foreign_find(&foreign, "shop.EXAMPLE");
    assert_non_null(claim);
    assert_string_equal(claim->file, "/etc/nginx/sites-enabled/shop");
    assert_int_equal(claim->line, 4);
    assert_null(nginx_foreign_find(&foreign, "no.example"));
    assert_null(nginx_foreign_find(&foreign, "_"));
}

static void test_nginx_foreign_names_on_other_ports_are_free(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a",
               "server { listen 8080; server_name a.example; }\n"
               "server { listen [::]:443 ssl; server_name b.example; }\n"
               "server { server_name c.example; }\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_null(nginx_foreign_find(&foreign, "a.example"));
    assert_non_null(nginx_foreign_find(&foreign, "b.example"));
    assert_non_null(nginx_foreign_find(&foreign, "c.example"));
    sandbox->layout.http_port = 8080;
    foreign = read_foreign(sandbox);
    assert_non_null(nginx_foreign_find(&foreign, "a.example"));
    assert_null(nginx_foreign_find(&foreign, "c.example"));
}

static void test_nginx_foreign_defaults_are_addresses(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a",
               "server {\n    listen 80 default_server;\n    listen [::]:80 default_server;\n"
               "    listen 192.0.2.1:443 ssl default_server;\n    listen 8080;\n}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_int_equal(foreign.defaults.count, 3);
    assert_string_equal(foreign.defaults.items[0].text, "0.0.0.0:80");
    assert_string_equal(foreign.defaults.items[1].text, "[::]:80");
    assert_string_equal(foreign.defaults.items[2].text, "192.0.2.1:443");
    assert_int_equal(foreign.defaults.items[2].line, 4);
}

static void test_nginx_foreign_default_site_that_may_go_does_not_count(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-available/default",
               "server { listen 80 default_server; server_name _; }\n");
    write_file(sandbox, "etc/nginx/sites-enabled/other", "# nothing\n");
    test_folder_link(sandbox->folder, "etc/nginx/sites-enabled/default",
                     "/etc/nginx/sites-available/default");
    assert_int_equal(read_foreign(sandbox).defaults.count, 1);
    sandbox->layout.disables_default_site = true;
    assert_int_equal(read_foreign(sandbox).defaults.count, 0);
}

static void test_nginx_foreign_what_is_ours_is_not_read(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/conf.d/reconcile.conf",
               "server { listen 80 default_server; server_name ours.example; }\n");
    write_file(sandbox, "etc/nginx/modules-enabled/90-reconcile.conf", "}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_int_equal(foreign.names.count, 0);
    assert_int_equal(foreign.defaults.count, 0);
    assert_null(foreign.broken);
}

static void test_nginx_foreign_broken_text_has_a_place(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a", "server {\n    listen 80;\n}}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_non_null(foreign.broken);
    assert_string_equal(foreign.broken->file, "/etc/nginx/sites-enabled/a");
    assert_int_equal(foreign.broken->line, 3);
}

static void test_nginx_foreign_missing_include_has_a_place(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a", "server {\n    include missing.conf;\n}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_non_null(foreign.broken);
    assert_string_equal(foreign.broken->file, "/etc/nginx/sites-enabled/a");
    assert_int_equal(foreign.broken->line, 2);
    assert_non_null(strstr(foreign.broken->message, "/etc/nginx/missing.conf"));
}

static void test_nginx_foreign_circle_of_includes_ends(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a", "include /etc/nginx/sites-enabled/a;\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_non_null(foreign.broken);
    assert_non_null(strstr(foreign.broken->message, "circle"));
}

static void test_nginx_foreign_lua_is_not_called_broken(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/sites-enabled/a",
               "server {\n    server_name a.example;\n    location / {\n"
               "        content_by_lua_block {\n            ngx.say(\"it's; }\")\n        }\n"
               "    }\n}\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_null(foreign.broken);
    assert_non_null(nginx_foreign_find(&foreign, "a.example"));
}

static void test_nginx_foreign_stream_servers_have_no_host_names(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/nginx.conf",
               "stream { server { listen 80 default_server; server_name a.example; } }\n"
               "http { upstream b { server c.example:80; } }\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_int_equal(foreign.names.count, 0);
    assert_int_equal(foreign.defaults.count, 0);
}

static void test_nginx_foreign_modules_have_short_names(void **state)
{
    struct sandbox *sandbox = *state;
    write_file(sandbox, "etc/nginx/modules-enabled/50-mod-stream.conf",
               "load_module modules/ngx_stream_module.so;\n");
    struct nginx_foreign foreign = read_foreign(sandbox);
    assert_int_equal(foreign.modules.count, 1);
    assert_string_equal(foreign.modules.items[0].text, "stream");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_foreign_debian_has_our_entrance),
        TEST(test_nginx_foreign_entrance_counts_at_http_level_only),
        TEST(test_nginx_foreign_absent_is_no_trouble),
        TEST(test_nginx_foreign_names_have_a_place),
        TEST(test_nginx_foreign_names_on_other_ports_are_free),
        TEST(test_nginx_foreign_defaults_are_addresses),
        TEST(test_nginx_foreign_default_site_that_may_go_does_not_count),
        TEST(test_nginx_foreign_what_is_ours_is_not_read),
        TEST(test_nginx_foreign_broken_text_has_a_place),
        TEST(test_nginx_foreign_missing_include_has_a_place),
        TEST(test_nginx_foreign_circle_of_includes_ends),
        TEST(test_nginx_foreign_lua_is_not_called_broken),
        TEST(test_nginx_foreign_stream_servers_have_no_host_names),
        TEST(test_nginx_foreign_modules_have_short_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
