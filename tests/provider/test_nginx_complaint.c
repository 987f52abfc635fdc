#include "provider/sandbox.h"
#include "providers/nginx_complaint.h"

static const char *const places[] = {"/var/lib/reconcile/generations/7/etc/nginx/reconcile", NULL};

static struct nginx_complaints read_text(struct sandbox *sandbox, const char *text)
{
    struct nginx_complaints complaints;
    nginx_complaints_read(sandbox->arena, str_of(text), places, "/etc/nginx/reconcile",
                          &complaints);
    return complaints;
}

static void expect(const struct nginx_complaint *complaint, const char *level, const char *message,
                   const char *file, size_t line)
{
    assert_string_equal(complaint->level, level);
    assert_string_equal(complaint->message, message);
    assert_true(text_equal(complaint->file, file));
    assert_int_equal(complaint->line, line);
}

/* A site that says the type of an ending means it; what others say twice is told. */
static void test_nginx_complaint_leaves_out_what_is_meant(void **state)
{
    struct nginx_complaints found = read_text(
        *state, "nginx: [warn] duplicate extension \"md\", content type: \"a/b\", previous content "
                "type: \"c/d\" in /etc/nginx/reconcile/http/sites/a.conf:3\n"
                "nginx: [warn] duplicate extension \"md\", content type: \"a/b\", previous content "
                "type: \"c/d\" in /etc/nginx/mime.types:9\n");
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].file, "/etc/nginx/mime.types");
}

static void test_nginx_complaint_short_and_long_lines_are_the_same(void **state)
{
    struct nginx_complaints found = read_text(
        *state,
        "nginx: [emerg] unknown directive \"x\" in /etc/nginx/a.conf:3\n"
        "2024/01/31 12:00:00 [emerg] 12#12: unknown directive \"x\" in /etc/nginx/a.conf:3\n"
        "2024/01/31 12:00:00 [error] 12#34: *5 open() failed\n");
    assert_int_equal(found.count, 3);
    expect(&found.items[0], "emerg", "unknown directive \"x\"", "/etc/nginx/a.conf", 3);
    expect(&found.items[1], "emerg", "unknown directive \"x\"", "/etc/nginx/a.conf", 3);
    expect(&found.items[2], "error", "*5 open() failed", NULL, 0);
}

static void test_nginx_complaint_only_warnings_and_worse_count(void **state)
{
    struct nginx_complaints found = read_text(
        *state, "2024/01/31 12:00:00 [notice] 1#1: using the \"epoll\" event method\n"
                "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
                "nginx: [warn] the \"user\" directive makes sense only if the master process runs "
                "with super-user privileges, ignored in /etc/nginx/nginx.conf:1\n"
                "nginx: [warn] conflicting server name \"a\" on 0.0.0.0:80, ignored\n\n");
    assert_int_equal(found.count, 1);
    expect(&found.items[0], "warn", "conflicting server name \"a\" on 0.0.0.0:80, ignored", NULL,
           0);
}

static void test_nginx_complaint_paths_are_those_of_the_live_tree(void **state)
{
    struct nginx_complaints found = read_text(
        *state,
        "nginx: [emerg] a in /var/lib/reconcile/generations/7/etc/nginx/reconcile/http/a.conf:1\n"
        "nginx: [emerg] b in /var/lib/reconcile/generations/7/etc/nginx/reconciled/a.conf:2\n");
    expect(&found.items[0], "emerg", "a", "/etc/nginx/reconcile/http/a.conf", 1);
    expect(&found.items[1], "emerg", "b",
           "/var/lib/reconcile/generations/7/etc/nginx/reconciled/a.conf", 2);
}

static void test_nginx_complaint_words_that_look_like_a_place_are_none(void **state)
{
    struct nginx_complaints found = read_text(
        *state, "nginx: [emerg] host not found in upstream \"b in /x:1\" in /etc/nginx/a.conf:9\n"
                "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n"
                "nginx: [emerg] invalid host in upstream \"a:\"\n");
    expect(&found.items[0], "emerg", "host not found in upstream \"b in /x:1\"",
           "/etc/nginx/a.conf", 9);
    assert_null(found.items[1].file);
    assert_null(found.items[2].file);
}

static void test_nginx_complaint_text_names_the_place(void **state)
{
    struct sandbox *sandbox = *state;
    struct nginx_complaint complaint = {.level = "emerg", .message = "m", .file = "/a", .line = 4};
    assert_string_equal(nginx_complaint_text(sandbox->arena, &complaint), "m in /a:4");
    complaint.file = NULL;
    assert_string_equal(nginx_complaint_text(sandbox->arena, &complaint), "m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_nginx_complaint_short_and_long_lines_are_the_same),
        SANDBOX_TEST(test_nginx_complaint_leaves_out_what_is_meant),
        SANDBOX_TEST(test_nginx_complaint_only_warnings_and_worse_count),
        SANDBOX_TEST(test_nginx_complaint_paths_are_those_of_the_live_tree),
        SANDBOX_TEST(test_nginx_complaint_words_that_look_like_a_place_are_none),
        SANDBOX_TEST(test_nginx_complaint_text_names_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
