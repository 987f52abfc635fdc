#include "providers/generation.h"

#include "base/file.h"
#include "provider/sandbox.h"
#include "providers/nginx_process.h"
#include "providers/tree_link.h"

#define STATE "var/lib/reconcile/"
#define DAY   ((int64_t)24 * 60 * 60)

static int setup(void **state)
{
    int result = sandbox_setup(state);
    struct sandbox *sandbox = *state;
    sandbox->layout = layout_debian12();
    sandbox->now = 1700000000;
    return result;
}

static void make_directory(const struct sandbox *sandbox, const char *path)
{
    struct error err;
    assert_true(file_make_directories(sandbox->host.root, path, 0755, &err));
}

static void write_one(struct sandbox *sandbox, unsigned long number, const char *text)
{
    struct error err;
    struct generation_files files = {0};
    vec_add(sandbox->arena, &files,
            (struct generation_file){"/etc/nginx/reconcile/http/sites/b.conf", str_of(text), 0644,
                                     NULL});
    vec_add(
        sandbox->arena, &files,
        (struct generation_file){"/etc/systemd/system/a.service", STR("[Service]\n"), 0640, NULL});
    assert_true(
        generation_write(&sandbox->host, number, &files, "made for a test", sandbox->arena, &err));
}

static void test_generation_write_makes_plain_files(void **state)
{
    struct sandbox *sandbox = *state;
    write_one(sandbox, 1, "server {}\n");
    const struct test_folder *folder = sandbox->folder;
    assert_string_equal(
        test_folder_read(folder, STATE "generations/1/etc/nginx/reconcile/http/sites/b.conf"),
        "server {}\n");
    assert_int_equal(
        test_folder_mode(folder, STATE "generations/1/etc/systemd/system/a.service") & 07777, 0640);
    assert_int_equal(test_folder_mode(folder, STATE "generations/1/manifest") & 07777, 0600);
    assert_string_equal(test_folder_list(folder, STATE "generations"), "1 ");
}

static void test_generation_numbered_files_include_their_own_generation(void **state)
{
    struct sandbox *sandbox = *state;
    write_one(sandbox, 7, "server {}\n");
    const char *tree = STATE "generations/7/etc/nginx/reconcile/";
    const char *main =
        test_folder_read(sandbox->folder, arena_printf(sandbox->arena, "%shttp/main.conf", tree));
    const char *proof =
        test_folder_read(sandbox->folder, arena_printf(sandbox->arena, "%shttp/proof.conf", tree));
    assert_string_equal(
        main, "# Generation 7.\n"
              "include \"/var/lib/reconcile/generations/7/etc/nginx/reconcile/http/proof.conf\";\n"
              "include \"/var/lib/reconcile/generations/7/etc/nginx/reconcile/http/sites/b.conf\";"
              "\n");
    assert_non_null(strstr(proof, "listen 127.82.67.78:80;"));
    assert_non_null(strstr(proof, "return 200 \"reconcile 7 $pid\\n\";"));
    assert_string_equal(
        test_folder_read(sandbox->folder, arena_printf(sandbox->arena, "%smain/main.conf", tree)),
        "# Generation 7.\n");
}

static void test_generation_streams_stand_in_one_block(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    static const char *const paths[] = {"stream/sites/b.conf", "stream/00-shared.conf",
                                        "stream/main.conf", "http/a.conf", "main/c.conf"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *path = arena_printf(sandbox->arena, "/etc/nginx/reconcile/%s", paths[i]);
        vec_add(sandbox->arena, &files, (struct generation_file){path, STR(""), 0644, NULL});
    }
    assert_true(generation_write(&sandbox->host, 7, &files, "", sandbox->arena, &err));
    const char *tree = "/var/lib/reconcile/generations/7/etc/nginx/reconcile";
    assert_string_equal(
        test_folder_read(sandbox->folder, STATE "generations/7/etc/nginx/reconcile/main/main.conf"),
        arena_printf(sandbox->arena,
                     "# Generation 7.\n"
                     "include \"%s/main/c.conf\";\n"
                     "stream {\n"
                     "    include \"%s/stream/00-shared.conf\";\n"
                     "    include \"%s/stream/sites/b.conf\";\n"
                     "}\n",
                     tree, tree, tree));
    assert_null(strstr(
        test_folder_read(sandbox->folder, STATE "generations/7/etc/nginx/reconcile/http/main.conf"),
        "stream"));
}

static void test_generation_include_of_a_star_is_no_pattern(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    vec_add(sandbox->arena, &files,
            (struct generation_file){"/etc/nginx/reconcile/http/*.example.com.conf", STR(""), 0644,
                                     NULL});
    assert_true(generation_write(&sandbox->host, 1, &files, "", sandbox->arena, &err));
    const char *main =
        test_folder_read(sandbox->folder, STATE "generations/1/etc/nginx/reconcile/http/main.conf");
    assert_non_null(strstr(main, "/http/\\\\*.example.com.conf\";"));
}

static void test_generation_without_a_tree_has_no_numbered_files(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    vec_add(sandbox->arena, &files,
            (struct generation_file){"/etc/systemd/system/a.service", STR("x"), 0644, NULL});
    assert_true(generation_write(&sandbox->host, 1, &files, "", sandbox->arena, &err));
    assert_string_equal(test_folder_list(sandbox->folder, STATE "generations/1/etc"), "systemd ");
}

static void test_generation_read_gives_what_was_written(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    write_one(sandbox, 1, "server {}\n");
    test_folder_write(sandbox->folder, STATE "generations/1/etc/nginx/reconcile/http/sites/b.conf",
                      "edited by hand");
    assert_true(generation_read(&sandbox->host, 1, sandbox->arena, &files, &err));
    assert_int_equal(files.count, 2);
    assert_string_equal(files.items[0].path, "/etc/nginx/reconcile/http/sites/b.conf");
    assert_string_equal(files.items[0].content.data, "server {}\n");
    assert_int_equal(files.items[0].mode, 0644);
    assert_string_equal(files.items[1].path, "/etc/systemd/system/a.service");
    assert_int_equal(files.items[1].mode, 0640);
}

static void test_generation_read_keeps_bytes(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    static const char bytes[] = "a\0b\n\n0644 3 /x\n\xff";
    struct generation_files files = {0};
    struct generation_files found = {0};
    vec_add(sandbox->arena, &files, (struct generation_file){"/empty", STR(""), 0600, NULL});
    vec_add(sandbox->arena, &files, (struct generation_file){"/bytes", STR(bytes), 0600, NULL});
    assert_true(generation_write(&sandbox->host, 1, &files, "", sandbox->arena, &err));
    assert_true(generation_read(&sandbox->host, 1, sandbox->arena, &found, &err));
    assert_string_equal(found.items[0].path, "/bytes");
    assert_true(str_equal(found.items[0].content, STR(bytes)));
    assert_int_equal(found.items[1].content.length, 0);
}

static void test_generation_read_refuses_a_damaged_manifest(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    const char *path = STATE "generations/1/manifest";
    write_one(sandbox, 1, "server {}\n");
    char *text = arena_strdup(sandbox->arena, test_folder_read(sandbox->folder, path));
    *strstr(text, "server") = 'S';
    test_folder_write(sandbox->folder, path, text);
    assert_false(generation_read(&sandbox->host, 1, sandbox->arena, &files, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    text[strlen(text) / 2] = '\0';
    test_folder_write(sandbox->folder, path, text);
    assert_false(generation_read(&sandbox->host, 1, sandbox->arena, &files, &err));
}

static void test_generation_digest_tells_trees_apart(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation first;
    struct generation same;
    struct generation other;
    write_one(sandbox, 1, "server {}\n");
    sandbox->now += DAY;
    write_one(sandbox, 2, "server {}\n");
    write_one(sandbox, 3, "server { }\n");
    struct arena *arena = sandbox->arena;
    assert_true(generation_find(&sandbox->host, 1, arena, &first, &err));
    assert_true(generation_find(&sandbox->host, 2, arena, &same, &err));
    assert_true(generation_find(&sandbox->host, 3, arena, &other, &err));
    assert_string_equal(first.digest, same.digest);
    assert_string_equal(first.tree_digest, same.tree_digest);
    assert_string_not_equal(first.digest, other.digest);
    assert_string_not_equal(first.tree_digest, other.tree_digest);
    assert_string_not_equal(first.digest, first.tree_digest);
    assert_int_equal(same.created_at - first.created_at, DAY);
    assert_string_equal(first.summary, "made for a test");
}

static void test_generation_summary_stays_on_its_line(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    struct generation generation;
    char *longest = arena_alloc(sandbox->arena, 5001);
    memset(longest, 'x', 5000);
    vec_add(sandbox->arena, &files, (struct generation_file){"/a", STR(""), 0600, NULL});
    struct arena *arena = sandbox->arena;
    assert_true(generation_write(&sandbox->host, 1, &files, "two\nlines", arena, &err));
    assert_true(generation_write(&sandbox->host, 2, &files, longest, arena, &err));
    assert_true(generation_find(&sandbox->host, 1, arena, &generation, &err));
    assert_string_equal(generation.summary, "two lines");
    assert_true(generation_find(&sandbox->host, 2, arena, &generation, &err));
    assert_int_equal(strlen(generation.summary), 1000);
}

static void test_generation_switch_names_the_current_one(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    unsigned long current = 9;
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, 0);
    write_one(sandbox, 1, "one");
    write_one(sandbox, 2, "two");
    assert_true(generation_switch(&sandbox->host, 1, &err));
    assert_true(generation_switch(&sandbox->host, 2, &err));
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, 2);
    assert_string_equal(test_folder_read(sandbox->folder, STATE "current"), "generations/2");
}

static void test_generation_switch_wants_a_complete_one(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    write_one(sandbox, 1, "one");
    assert_true(generation_switch(&sandbox->host, 1, &err));
    make_directory(sandbox, STATE "generations/2.new");
    assert_false(generation_switch(&sandbox->host, 2, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_string_equal(test_folder_read(sandbox->folder, STATE "current"), "generations/1");
}

static void test_generation_current_refuses_a_strange_link(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    unsigned long current = 0;
    make_directory(sandbox, "var/lib/reconcile");
    test_folder_link(sandbox->folder, STATE "current", "../../../etc");
    assert_false(generation_current(&sandbox->host, &current, &err));
    assert_non_null(strstr(err.message, "../../../etc"));
}

static void expect_next(struct sandbox *sandbox, unsigned long wanted)
{
    struct error err;
    unsigned long number = 0;
    assert_true(generation_next_number(&sandbox->host, &number, &err));
    assert_int_equal(number, wanted);
}

static void test_generation_next_number_is_higher_than_all_that_were_seen(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    expect_next(sandbox, 1);
    write_one(sandbox, 1, "one");
    write_one(sandbox, 12, "twelve");
    expect_next(sandbox, 13);
    make_directory(sandbox, STATE "generations/30.new");
    expect_next(sandbox, 13);
    assert_true(nginx_loaded_record(&sandbox->host, 20, &err));
    expect_next(sandbox, 21);
    assert_true(generation_remove(&sandbox->host, 12, &err));
    expect_next(sandbox, 21);
}

static void test_generation_remove_keeps_the_current_one(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    write_one(sandbox, 1, "one");
    write_one(sandbox, 2, "two");
    assert_true(generation_switch(&sandbox->host, 2, &err));
    assert_false(generation_remove(&sandbox->host, 2, &err));
    assert_true(generation_remove(&sandbox->host, 1, &err));
    assert_string_equal(test_folder_list(sandbox->folder, STATE "generations"), "2 ");
}

static void test_generation_write_replaces_what_a_killed_run_left(void **state)
{
    struct sandbox *sandbox = *state;
    make_directory(sandbox, STATE "generations/1.new/etc");
    test_folder_write(sandbox->folder, STATE "generations/1.new/etc/half", "half");
    write_one(sandbox, 1, "one");
    assert_string_equal(test_folder_list(sandbox->folder, STATE "generations/1/etc"),
                        "nginx systemd ");
    assert_string_equal(test_folder_list(sandbox->folder, STATE "generations"), "1 ");
}

static void test_generation_write_never_overwrites(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    write_one(sandbox, 1, "one");
    vec_add(sandbox->arena, &files, (struct generation_file){"/a", STR("x"), 0644, NULL});
    assert_false(generation_write(&sandbox->host, 1, &files, "", sandbox->arena, &err));
    assert_true(generation_read(&sandbox->host, 1, sandbox->arena, &files, &err));
    assert_int_equal(files.count, 2);
}

static void test_generation_prune_keeps_ten_and_what_is_needed(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    for (unsigned long number = 1; number <= 16; number++) {
        write_one(sandbox, number, "x");
    }
    assert_true(generation_switch(&sandbox->host, 2, &err));
    assert_true(nginx_loaded_record(&sandbox->host, 3, &err));
    make_directory(sandbox, STATE "generations/17.new");
    make_directory(sandbox, STATE "generations/5.gone");
    assert_true(generation_prune(&sandbox->host, 4, sandbox->arena, &err));
    struct generation_list list = {0};
    assert_true(generation_list(&sandbox->host, sandbox->arena, &list, &err));
    assert_int_equal(list.count, 16); /* all are young */
    sandbox->now += 8 * DAY;
    assert_true(generation_prune(&sandbox->host, 4, sandbox->arena, &err));
    assert_string_equal(test_folder_list(sandbox->folder, STATE "generations"),
                        "10 11 12 13 14 15 16 2 3 4 7 8 9 ");
    assert_true(generation_list(&sandbox->host, sandbox->arena, &list, &err));
    assert_int_equal(list.items[0].number, 2);
    assert_int_equal(vec_last(&list)->number, 16);
}

static void test_generation_of_an_unknown_number_is_unavailable(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    assert_false(generation_read(&sandbox->host, 5, sandbox->arena, &files, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

static void test_generation_refuses_a_path_of_two_lines(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    struct generation_files files = {0};
    vec_add(sandbox->arena, &files, (struct generation_file){"/a\nb", STR(""), 0644, NULL});
    assert_false(generation_write(&sandbox->host, 1, &files, "", sandbox->arena, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
}

static void test_generation_owed_reload_survives_until_it_is_proven(void **state)
{
    struct error err;
    struct sandbox *sandbox = *state;
    assert_false(nginx_reload_is_owed(&sandbox->host));
    assert_int_equal(nginx_loaded(&sandbox->host), 0);
    assert_true(nginx_loaded_record(&sandbox->host, 4, &err));
    assert_true(nginx_reload_owe(&sandbox->host, &err));
    assert_false(nginx_reload_is_owed(&sandbox->host)); /* nginx has nothing of ours */
    make_directory(sandbox, "etc/nginx");
    assert_true(tree_link_make(&sandbox->host, sandbox->arena, &err));
    assert_true(nginx_reload_owe(&sandbox->host, &err));
    assert_true(nginx_reload_owe(&sandbox->host, &err));
    assert_true(nginx_reload_is_owed(&sandbox->host));
    assert_int_equal(nginx_loaded(&sandbox->host), 4);
    assert_true(nginx_loaded_record(&sandbox->host, 5, &err));
    assert_false(nginx_reload_is_owed(&sandbox->host));
    assert_int_equal(nginx_loaded(&sandbox->host), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_generation_write_makes_plain_files),
        TEST(test_generation_numbered_files_include_their_own_generation),
        TEST(test_generation_streams_stand_in_one_block),
        TEST(test_generation_include_of_a_star_is_no_pattern),
        TEST(test_generation_without_a_tree_has_no_numbered_files),
        TEST(test_generation_read_gives_what_was_written),
        TEST(test_generation_read_keeps_bytes),
        TEST(test_generation_read_refuses_a_damaged_manifest),
        TEST(test_generation_digest_tells_trees_apart),
        TEST(test_generation_summary_stays_on_its_line),
        TEST(test_generation_switch_names_the_current_one),
        TEST(test_generation_switch_wants_a_complete_one),
        TEST(test_generation_current_refuses_a_strange_link),
        TEST(test_generation_next_number_is_higher_than_all_that_were_seen),
        TEST(test_generation_remove_keeps_the_current_one),
        TEST(test_generation_write_replaces_what_a_killed_run_left),
        TEST(test_generation_write_never_overwrites),
        TEST(test_generation_prune_keeps_ten_and_what_is_needed),
        TEST(test_generation_of_an_unknown_number_is_unavailable),
        TEST(test_generation_refuses_a_path_of_two_lines),
        TEST(test_generation_owed_reload_survives_until_it_is_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
