/* The private view and the real nginx -t in it. */

#include <dirent.h>

#include "base/clock.h"
#include "provider/nginx_sandbox.h"
#include "providers/nginx_module.h"

/* test_nginx_supervised.c brings another. */
#ifndef TEST_GROUP_SETUP
#define TEST_GROUP_SETUP NULL
#endif

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
        print_message("untested: %s\n", result->untested_because->text);
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

static const struct nginx_complaint *expect_refused(const struct nginx_test_result *result)
{
    if (result->verdict != NGINX_REFUSED) {
        fail_msg("verdict %d: %s %s", (int)result->verdict, result->output,
                 result->untested_because == NULL ? "" : result->untested_because->text);
    }
    for (size_t i = 0; i < result->complaints.count; i++) {
        if (strcmp(result->complaints.items[i].level, "emerg") == 0) {
            return &result->complaints.items[i];
        }
    }
    fail_msg("no complaint in: %s", result->output);
    return NULL;
}

static void expect_text(const char *text, const char *word)
{
    if (text == NULL || strstr(text, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, text);
    }
}

/* ---- Nothing outside changes ---- */

/* Names, types, sizes and times of everything below a directory. */
static void list_tree(struct text *text, int parent, const char *name)
{
    struct stat status;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            text_line(text, "%s/%s %o %lld %lld.%ld", name, entry->d_name, status.st_mode,
                      (long long)status.st_size, (long long)status.st_ctim.tv_sec,
                      status.st_ctim.tv_nsec);
        }
        list_tree(text, fd, entry->d_name);
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

static const char *list_outside(struct sandbox *sandbox)
{
    static const char *const places[] = {"/etc/nginx", "/var/log/nginx", "/var/lib/nginx",
                                         "/var/cache/nginx"};
    struct text text = text_make(sandbox->arena);
    list_tree(&text, AT_FDCWD, sandbox->folder->path);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        list_tree(&text, AT_FDCWD, places[i]);
    }
    return text.data;
}

static void test_nginx_test_leaves_no_trace(void **state)
{
    struct sandbox *sandbox = *state;
    nginx_sandbox_write(sandbox, "elsewhere/x", "x");
    const char *member = arena_printf(
        sandbox->arena,
        "proxy_cache_path %s/pages keys_zone=pages:1m;\nproxy_cache_path %s/elsewhere/cache "
        "keys_zone=more:1m;\nserver {\n    listen 80;\n    access_log %s/elsewhere/a.log;\n"
        "    error_log %s/new.log;\n    client_body_temp_path %s/elsewhere/body;\n}\n",
        sandbox->layout.nginx_cache, sandbox->folder->path, sandbox->folder->path,
        sandbox->layout.nginx_log, sandbox->folder->path);
    nginx_sandbox_generation(sandbox, 1, MEMBERS("http/a.conf", member));
    const char *before = list_outside(sandbox);
    struct nginx_test_result result = test_candidate(
        sandbox, &(struct nginx_candidate){
                     .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 1)});
    expect_accepted(&result);
    assert_string_equal(list_outside(sandbox), before);
}

/* ---- What stands where ---- */

static void test_nginx_test_looks_at_the_candidate_and_not_at_what_is_live(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    nginx_sandbox_generation(sandbox, 1, MEMBERS("http/a.conf", "live_is_broken;\n"));
    assert_true(generation_switch(&sandbox->host, 1, &err));
    test_folder_link(sandbox->folder, "nginx/reconcile",
                     nginx_sandbox_path(sandbox, arena_printf(sandbox->arena, "state/current%s",
                                                              sandbox->layout.nginx_tree)));
    nginx_sandbox_generation(sandbox, 2, MEMBERS("http/b.conf", "server { listen 80; }\n"));
    const char *tree = generation_tree_path(sandbox->arena, &sandbox->layout, 2);
    struct nginx_test_result result =
        test_candidate(sandbox, &(struct nginx_candidate){.tree = tree});
    expect_accepted(&result);
    tree = generation_tree_path(sandbox->arena, &sandbox->layout, 1);
    result = test_candidate(sandbox, &(struct nginx_candidate){.tree = tree});
    expect_text(expect_refused(&result)->message, "live_is_broken");
}

static void test_nginx_test_does_not_mind_a_link_that_leads_nowhere(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_link(sandbox->folder, "nginx/reconcile", "/nowhere");
    struct nginx_test_result result = test_members(sandbox, MEMBERS("http/a.conf", "lisen 80;\n"));
    expect_text(expect_refused(&result)->file, "/nginx/reconcile/http/a.conf");
}

static void test_nginx_test_reads_main_level_members(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result = test_members(
        sandbox, MEMBERS("main/main-level.conf", "worker_shutdown_timeout 5;\nlisen;\n"));
    const struct nginx_complaint *complaint = expect_refused(&result);
    expect_text(complaint->file, "/nginx/reconcile/main/main-level.conf");
    assert_int_equal(complaint->line, 2);
}

static void test_nginx_test_brings_the_entrances_along(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    assert_true(file_remove_all(sandbox->folder->fd, "nginx/conf.d/reconcile.conf", &err));
    assert_true(file_remove_all(sandbox->folder->fd, "nginx/modules-enabled", &err));
    struct nginx_test_result result =
        test_members(sandbox, MEMBERS("http/a.conf", "lisen 80;\n", "main/b.conf", ""));
    expect_text(expect_refused(&result)->message, "lisen");
}

static void test_nginx_test_refuses_a_main_file_that_would_not_read_ours(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "nginx/nginx.conf",
                      "events {}\nhttp { server { listen 80; } }\n");
    struct nginx_test_result result = test_members(sandbox, MEMBERS("http/a.conf", "lisen;\n"));
    const struct nginx_complaint *complaint = expect_refused(&result);
    expect_text(complaint->message, "conf.d/reconcile.conf");
    expect_text(complaint->file, "/nginx/nginx.conf");
}

static void test_nginx_test_warns_when_main_level_would_not_be_read(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "nginx/nginx.conf",
                      "events {}\nhttp { include conf.d/*.conf; }\n");
    struct nginx_test_result result = test_members(sandbox, MEMBERS("http/a.conf", ""));
    expect_accepted(&result);
    nginx_sandbox_generation(sandbox, 2, MEMBERS("main/a.conf", "worker_shutdown_timeout 5;\n"));
    result = test_candidate(sandbox,
                            &(struct nginx_candidate){
                                .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 2)});
    assert_int_equal(result.verdict, NGINX_ACCEPTED);
    assert_int_equal(result.complaints.count, 1);
    assert_string_equal(result.complaints.items[0].level, "warn");
    expect_text(result.complaints.items[0].message, "modules-enabled/90-reconcile.conf");
}

static void test_nginx_test_refuses_streams_that_would_not_be_read(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "nginx/nginx.conf",
                      "events {}\nhttp { include conf.d/*.conf; }\n");
    struct nginx_test_result result =
        test_members(sandbox, MEMBERS("http/a.conf", "", "stream/sites/a.conf", ""));
    expect_text(expect_refused(&result)->message, "modules-enabled/90-reconcile.conf");
}

static void test_nginx_test_knows_one_block_of_streams(void **state)
{
    struct sandbox *sandbox = *state;
    const char *members[] = {"http/a.conf", "", "stream/sites/a.conf", "", NULL};
    test_folder_write(
        sandbox->folder, "nginx/nginx.conf",
        "include modules-enabled/*.conf;\nevents {}\nhttp { include conf.d/*.conf; }\n"
        "stream {\n}\n");
    struct nginx_test_result result = test_members(sandbox, members);
    const struct nginx_complaint *complaint = expect_refused(&result);
    expect_text(complaint->message, "one block of streams");
    expect_text(complaint->file, "/nginx/nginx.conf");
    assert_int_equal(complaint->line, 4);
}

static void test_nginx_test_warnings_come_with_acceptance(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result =
        test_members(sandbox, MEMBERS("http/a.conf", "server { listen 80; server_name a; }\n",
                                      "http/b.conf", "server { listen 80; server_name a; }\n"));
    assert_int_equal(result.verdict, NGINX_ACCEPTED);
    assert_int_equal(result.complaints.count, 1);
    assert_string_equal(result.complaints.items[0].level, "warn");
    expect_text(result.complaints.items[0].message, "conflicting server name \"a\"");
}

static void test_nginx_test_of_ours_only_placeholders_are_loaded(void **state)
{
    struct sandbox *sandbox = *state;
    nginx_sandbox_write(sandbox, "state/certificates/a.example/fullchain.pem", "broken");
    nginx_sandbox_write(sandbox, "state/certificates/a.example/key.pem", "broken");
    struct nginx_test_result result =
        test_members(sandbox, MEMBERS("http/a.conf", site(sandbox, "a.example")));
    expect_accepted(&result);
}

/* ---- What others wrote ---- */

static struct nginx_test_result test_beside(struct sandbox *sandbox, const char *foreign)
{
    nginx_sandbox_write(sandbox, "nginx/sites-enabled/other", foreign);
    return test_members(sandbox, MEMBERS("http/a.conf", "server { listen 80 default_server; }\n"));
}

static void test_nginx_test_names_the_file_of_others(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result = test_beside(sandbox, "server {\n    lisen 80;\n}\n");
    const struct nginx_complaint *complaint = expect_refused(&result);
    assert_string_equal(complaint->file, nginx_sandbox_path(sandbox, "nginx/sites-enabled/other"));
    assert_int_equal(complaint->line, 2);
}

static void test_nginx_test_sees_two_default_servers(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_test_result result =
        test_beside(sandbox, "server { listen 80 default_server; }\n");
    expect_text(expect_refused(&result)->message, "duplicate default server");
}

static void test_nginx_test_hides_the_default_site_that_will_go(void **state)
{
    struct sandbox *sandbox = *state;
    nginx_sandbox_write(sandbox, "nginx/sites-available/default",
                        "server { listen 80 default_server; }\n");
    test_folder_link(sandbox->folder, "nginx/sites-enabled/default",
                     nginx_sandbox_path(sandbox, "nginx/sites-available/default"));
    struct nginx_test_result result = test_beside(sandbox, "");
    (void)expect_refused(&result);
    sandbox->layout.disables_default_site = true;
    nginx_sandbox_generation(sandbox, 2,
                             MEMBERS("http/a.conf", "server { listen 80 default_server; }\n"));
    result = test_candidate(sandbox,
                            &(struct nginx_candidate){
                                .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 2)});
    expect_accepted(&result);
}

static void test_nginx_test_names_of_others_resolve_and_ours_must_not_need_it(void **state)
{
    struct sandbox *sandbox = *state;
    static const char foreign[] = "upstream u { server u.invalid:80; }\n"
                                  "server { listen 81; location / { proxy_pass http://p.invalid; }"
                                  " error_log syslog:server=l.invalid; }\n";
    struct nginx_test_result result = test_beside(sandbox, foreign);
    expect_accepted(&result);
    nginx_sandbox_generation(sandbox, 2,
                             MEMBERS("http/a.conf",
                                     "server {\n    listen 80;\n    location / {\n"
                                     "        proxy_pass http://ours.invalid;\n    }\n}\n"));
    struct nginx_candidate candidate = {
        .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 2)};
    int64_t begin = clock_ms();
    result = test_candidate(sandbox, &candidate);
    assert_true(clock_ms() - begin < 5000);
    const struct nginx_complaint *complaint = expect_refused(&result);
    expect_text(complaint->message, "host not found in upstream \"ours.invalid\"");
    assert_int_equal(complaint->line, 4);
    candidate.extra_hosts = (const char *const[]){"ours.invalid", NULL};
    result = test_candidate(sandbox, &candidate);
    expect_accepted(&result);
}

static void test_nginx_test_logs_of_others_need_their_folder(void **state)
{
    struct sandbox *sandbox = *state;
    const char *missing =
        arena_printf(sandbox->arena, "server { listen 81; access_log %s/missing/a.log; }\n",
                     sandbox->folder->path);
    struct nginx_test_result result = test_beside(sandbox, missing);
    expect_text(expect_refused(&result)->message, "/missing/a.log\" failed");
    nginx_sandbox_write(sandbox, "missing/a.log", "old\n");
    result = test_candidate(sandbox,
                            &(struct nginx_candidate){
                                .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 1)});
    expect_accepted(&result);
    assert_string_equal(test_folder_read(sandbox->folder, "missing/a.log"), "old\n");
}

static void test_nginx_test_certificates_of_others_count_as_they_are(void **state)
{
    struct sandbox *sandbox = *state;
    const char *foreign =
        arena_printf(sandbox->arena,
                     "server {\n    listen 444 ssl;\n    ssl_certificate %s/pair.pem;\n"
                     "    ssl_certificate_key %s/pair.pem;\n}\n",
                     sandbox->folder->path, sandbox->folder->path);
    struct nginx_test_result result = test_beside(sandbox, foreign);
    expect_text(expect_refused(&result)->message, "pair.pem");
    nginx_sandbox_write(sandbox, "pair.pem", "broken");
    struct nginx_candidate candidate = {
        .tree = generation_tree_path(sandbox->arena, &sandbox->layout, 1)};
    result = test_candidate(sandbox, &candidate);
    expect_text(expect_refused(&result)->message, "pair.pem");
    /* What we may not read is not judged; root may read everything. */
    assert_int_equal(fchmodat(sandbox->folder->fd, "pair.pem", 0, 0), 0);
    result = test_candidate(sandbox, &candidate);
    assert_int_equal(result.verdict, geteuid() == 0 ? NGINX_REFUSED : NGINX_ACCEPTED);
}

static void test_nginx_test_says_when_it_may_not_read_what_others_wrote(void **state)
{
    struct sandbox *sandbox = *state;
    nginx_sandbox_write(sandbox, "nginx/sites-enabled/other", "");
    assert_int_equal(fchmodat(sandbox->folder->fd, "nginx/sites-enabled/other", 0, 0), 0);
    struct nginx_test_result result = test_members(sandbox, MEMBERS("http/a.conf", ""));
    assert_int_equal(result.verdict, geteuid() == 0 ? NGINX_ACCEPTED : NGINX_UNTESTED);
    if (result.verdict == NGINX_UNTESTED) {
        expect_text(result.untested_because->text, "may not be read");
    }
}

/* ---- Without a host ---- */

/* A candidate in a folder of its own, for a layout of which nothing exists. */
static struct nginx_candidate offline_candidate(struct sandbox *sandbox, const char *const *members)
{
    struct error err;
    struct generation_files files = {0};
    sandbox->layout = layout_debian12();
    sandbox->layout.state = "/var/lib/reconcile-of-a-test";
    sandbox->layout.certificates = "/var/lib/reconcile-of-a-test/certificates";
    for (; *members != NULL; members += 2) {
        const char *path = arena_printf(sandbox->arena, "/etc/nginx/reconcile/%s", members[0]);
        vec_add(sandbox->arena, &files,
                (struct generation_file){path, str_of(members[1]), 0644, NULL});
    }
    assert_true(file_make_directories(sandbox->folder->fd, "candidate", 0755, &err));
    int directory = openat(sandbox->folder->fd, "candidate", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_true(generation_write_candidate(&sandbox->host, directory, "/etc/nginx/reconcile",
                                           &files, sandbox->arena, &err));
    (void)close(directory);
    return (struct nginx_candidate){
        .tree = nginx_sandbox_path(sandbox, "candidate/etc/nginx/reconcile"),
        .is_offline = true,
    };
}

static void test_nginx_test_offline_needs_nothing_of_the_host(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_candidate candidate = offline_candidate(
        sandbox,
        MEMBERS("http/a.conf",
                "server {\n    listen 80 default_server;\n    listen [::]:443 ssl;\n"
                "    ssl_certificate /srv/nowhere/cert.pem;\n"
                "    ssl_certificate_key /var/lib/reconcile-of-a-test/certificates/x/key.pem;\n"
                "    access_log /var/log/nginx/a/b.log;\n}\n"));
    const char *before = list_outside(sandbox);
    struct nginx_test_result result = test_candidate(sandbox, &candidate);
    expect_accepted(&result);
    assert_string_equal(list_outside(sandbox), before);
    assert_int_not_equal(access("/var/lib/reconcile-of-a-test", F_OK), 0);
}

static void test_nginx_test_offline_main_file_is_like_that_of_debian(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_candidate candidate =
        offline_candidate(sandbox, MEMBERS("http/a.conf", "# one\ngzip on;\n"));
    struct nginx_test_result result = test_candidate(sandbox, &candidate);
    const struct nginx_complaint *complaint = expect_refused(&result);
    assert_string_equal(complaint->message, "\"gzip\" directive is duplicate");
    assert_string_equal(complaint->file, "/etc/nginx/reconcile/http/a.conf");
    assert_int_equal(complaint->line, 2);
}

/* Whether the nginx of this machine has streams or not. */
static void test_nginx_test_offline_loads_streams(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_module module;
    struct nginx_candidate candidate = offline_candidate(
        sandbox,
        MEMBERS("http/a.conf", "", "stream/sites/a.conf",
                "server {\n    listen 2222;\n    proxy_pass 10.0.0.5:22;\n    lisen;\n}\n"));
    struct nginx_test_result result = test_candidate(sandbox, &candidate);
    nginx_module_find(&sandbox->host, "stream", sandbox->arena, &module);
    if (!module.is_there) {
        assert_int_equal(result.verdict, NGINX_UNTESTED);
        expect_text(result.untested_because->text, "libnginx-mod-stream");
        return;
    }
    const struct nginx_complaint *complaint = expect_refused(&result);
    expect_text(complaint->message, "lisen");
    assert_string_equal(complaint->file, "/etc/nginx/reconcile/stream/sites/a.conf");
    assert_int_equal(complaint->line, 4);
}

static void test_nginx_test_without_nginx_is_untested(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.nginx_program = "/nowhere/nginx";
    struct nginx_test_result result = test_members(sandbox, MEMBERS("http/a.conf", ""));
    assert_int_equal(result.verdict, NGINX_UNTESTED);
    assert_string_equal(result.untested_because->text, "/nowhere/nginx cannot be run");
}

static void test_nginx_test_of_another_root_reads_its_files(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    struct host host;
    sandbox->layout = layout_debian12();
    nginx_sandbox_write(sandbox, "etc/nginx/nginx.conf",
                        nginx_main_text(sandbox->arena, &sandbox->layout));
    nginx_sandbox_write(sandbox, "etc/nginx/sites-enabled/other",
                        "server {\n    listen 80;\n    lisen;\n}\n");
    assert_true(host_open(sandbox->folder->path, &sandbox->layout, &sandbox->facts, &host, &err));
    struct host machine = sandbox->host;
    sandbox->host = host;
    nginx_sandbox_generation(sandbox, 1, MEMBERS("http/a.conf", "# nothing\n"));
    const char *tree = arena_printf(sandbox->arena, "%s%s", sandbox->folder->path,
                                    generation_tree_path(sandbox->arena, &sandbox->layout, 1));
    struct nginx_candidate candidate = {.tree = tree};
    struct nginx_test_result result = test_candidate(sandbox, &candidate);
    assert_string_equal(expect_refused(&result)->file, "/etc/nginx/sites-enabled/other");
    assert_int_equal(expect_refused(&result)->line, 3);
    nginx_sandbox_write(sandbox, "etc/nginx/sites-enabled/other", "");
    result = test_candidate(sandbox, &candidate);
    expect_accepted(&result);
    host_close(&host);
    sandbox->host = machine;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_test_accepts_what_has_no_certificate_yet),
        TEST(test_nginx_test_names_the_live_file_and_line),
        TEST(test_nginx_test_leaves_no_trace),
        TEST(test_nginx_test_looks_at_the_candidate_and_not_at_what_is_live),
        TEST(test_nginx_test_does_not_mind_a_link_that_leads_nowhere),
        TEST(test_nginx_test_reads_main_level_members),
        TEST(test_nginx_test_brings_the_entrances_along),
        TEST(test_nginx_test_refuses_a_main_file_that_would_not_read_ours),
        TEST(test_nginx_test_warns_when_main_level_would_not_be_read),
        TEST(test_nginx_test_refuses_streams_that_would_not_be_read),
        TEST(test_nginx_test_knows_one_block_of_streams),
        TEST(test_nginx_test_warnings_come_with_acceptance),
        TEST(test_nginx_test_of_ours_only_placeholders_are_loaded),
        TEST(test_nginx_test_names_the_file_of_others),
        TEST(test_nginx_test_sees_two_default_servers),
        TEST(test_nginx_test_hides_the_default_site_that_will_go),
        TEST(test_nginx_test_names_of_others_resolve_and_ours_must_not_need_it),
        TEST(test_nginx_test_logs_of_others_need_their_folder),
        TEST(test_nginx_test_certificates_of_others_count_as_they_are),
        TEST(test_nginx_test_says_when_it_may_not_read_what_others_wrote),
        TEST(test_nginx_test_offline_needs_nothing_of_the_host),
        TEST(test_nginx_test_offline_main_file_is_like_that_of_debian),
        TEST(test_nginx_test_offline_loads_streams),
        TEST(test_nginx_test_without_nginx_is_untested),
        TEST(test_nginx_test_of_another_root_reads_its_files),
    };
    return cmocka_run_group_tests(tests, TEST_GROUP_SETUP, NULL);
}
