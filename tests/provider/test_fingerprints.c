/* Fingerprints: they hold only while nothing changed, and doubt means reading again. */

#include "provider/sandbox.h"

#include <fcntl.h>
#include <stdio.h>

#include "providers/fingerprints.h"

#define STORED      "var/lib/reconcile/fingerprints"
#define DIGEST_OF_X "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "var/lib/reconcile");
    sandbox_mkdirs(sandbox, "etc/a");
    test_folder_write(sandbox->folder, "etc/a/x", "x");
    test_folder_write(sandbox->folder, "etc/y", "y");
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    return 0;
}

/* An hour after its reading, so that nothing is too near to the clock's tick. */
static void record(struct sandbox *sandbox, const char *path, enum fingerprint_type type,
                   const char *digest)
{
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, path + 1, &status, AT_SYMLINK_NOFOLLOW), 0);
    struct file_fingerprint seen = file_fingerprint_of(&status);
    int64_t read_at = seen.ctime_ns + INT64_C(3600000000000);
    fingerprints_record(&sandbox->host, path, type, &seen, digest, read_at);
}

static bool match(struct sandbox *sandbox, const char *path, const char *digest)
{
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, path + 1, &status, AT_SYMLINK_NOFOLLOW), 0);
    struct file_fingerprint now = file_fingerprint_of(&status);
    return fingerprints_match(&sandbox->host, path, FINGERPRINT_FILE, &now, digest);
}

static void save(struct sandbox *sandbox, const char *key)
{
    struct error err;
    fingerprints_set_key(sandbox->host.fingerprints, key);
    assert_true(fingerprints_save(&sandbox->host, sandbox->arena, &err));
}

static void load(struct sandbox *sandbox)
{
    sandbox->host.fingerprints = fingerprints_load(&sandbox->host, sandbox->arena);
}

static enum fingerprints_answer hold(struct sandbox *sandbox, const char *key)
{
    return fingerprints_hold(&sandbox->host, key, sandbox->arena, NULL);
}

static void record_all(struct sandbox *sandbox)
{
    record(sandbox, "/etc/a/x", FINGERPRINT_FILE, DIGEST_OF_X);
    record(sandbox, "/etc/y", FINGERPRINT_FILE, NULL);
    record(sandbox, "/etc/a", FINGERPRINT_DIRECTORY, NULL);
}

static void test_fingerprints_hold_while_nothing_changes(void **state)
{
    struct sandbox *sandbox = *state;
    record_all(sandbox);
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_UNKNOWN);
    save(sandbox, "inputs");
    load(sandbox);
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
    assert_int_equal(hold(sandbox, "other inputs"), FINGERPRINTS_UNKNOWN);
    assert_int_equal(hold(sandbox, NULL), FINGERPRINTS_UNKNOWN);
    /* A new file in a directory is no change of the directory itself. */
    test_folder_write(sandbox->folder, "etc/a/new", "x");
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
}

static void test_fingerprints_name_every_path_that_differs(void **state)
{
    struct sandbox *sandbox = *state;
    record_all(sandbox);
    save(sandbox, "inputs");
    load(sandbox);
    test_folder_write(sandbox->folder, "etc/y", "z");
    assert_int_equal(fchmodat(sandbox->host.root, "etc/a", 0700, 0), 0);
    struct path_list paths = {0};
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, &paths),
                     FINGERPRINTS_DIFFER);
    assert_int_equal(paths.count, 2);
    assert_string_equal(paths.items[0], "/etc/a");
    assert_string_equal(paths.items[1], "/etc/y");
}

static void test_fingerprints_see_every_sort_of_change(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const path = "etc/a/x";
    for (int sort = 0; sort < 5; sort++) {
        test_folder_write(sandbox->folder, path, "x");
        assert_int_equal(fchmodat(sandbox->host.root, path, 0644, 0), 0);
        sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
        record(sandbox, "/etc/a/x", FINGERPRINT_FILE, DIGEST_OF_X);
        save(sandbox, "inputs");
        load(sandbox);
        assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
        switch (sort) {
        case 0: /* the same size */
            (void)usleep(20000);
            test_folder_write(sandbox->folder, path, "z");
            break;
        case 1:
            assert_int_equal(fchmodat(sandbox->host.root, path, 0600, 0), 0);
            break;
        case 2:
            assert_int_equal(unlinkat(sandbox->host.root, path, 0), 0);
            break;
        case 3: /* the same content in another file */
            assert_true(file_replace(sandbox->host.root, path, STR("x"), 0644, FILE_OWNER_NONE,
                                     FILE_SYNC_LATER, NULL));
            break;
        default: /* the same file behind a link */
            assert_int_equal(renameat(sandbox->host.root, "etc/a", sandbox->host.root, "etc/b"), 0);
            test_folder_link(sandbox->folder, "etc/a", "b");
        }
        assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_DIFFER);
    }
}

static void test_fingerprints_match_content_and_path(void **state)
{
    struct sandbox *sandbox = *state;
    record_all(sandbox);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    assert_false(match(sandbox, "/etc/a/x", NULL));
    assert_false(match(sandbox, "/etc/y", DIGEST_OF_X));
    sandbox->host.fingerprints = NULL;
    assert_false(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    record(sandbox, "/etc/a/x", FINGERPRINT_FILE, DIGEST_OF_X);
    fingerprints_due(&sandbox->host, 1);
}

static void test_fingerprints_read_too_soon_are_settled_by_saving(void **state)
{
    struct sandbox *sandbox = *state;
    struct stat status;
    test_folder_write(sandbox->folder, "etc/a/x", "x");
    assert_int_equal(fstatat(sandbox->host.root, "etc/a/x", &status, 0), 0);
    struct file_fingerprint seen = file_fingerprint_of(&status);
    fingerprints_record(&sandbox->host, "/etc/a/x", FINGERPRINT_FILE, &seen, DIGEST_OF_X,
                        seen.ctime_ns);
    assert_false(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    save(sandbox, "inputs");
    load(sandbox);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
}

static void test_fingerprints_edit_that_hides_behind_the_tick_is_found(void **state)
{
    struct sandbox *sandbox = *state;
    struct stat status;
    test_folder_write(sandbox->folder, "etc/a/x", "y"); /* "x" was read, as the digest says */
    assert_int_equal(fstatat(sandbox->host.root, "etc/a/x", &status, 0), 0);
    struct file_fingerprint seen = file_fingerprint_of(&status);
    fingerprints_record(&sandbox->host, "/etc/a/x", FINGERPRINT_FILE, &seen, DIGEST_OF_X,
                        seen.ctime_ns);
    save(sandbox, "inputs");
    load(sandbox);
    assert_false(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_DIFFER);
}

static void test_fingerprints_not_met_again_are_forgotten(void **state)
{
    struct sandbox *sandbox = *state;
    record_all(sandbox);
    save(sandbox, "inputs");
    load(sandbox);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    save(sandbox, "inputs");
    assert_int_equal(unlinkat(sandbox->host.root, "etc/y", 0), 0);
    load(sandbox);
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
}

static void test_fingerprints_unchanged_are_not_written(void **state)
{
    struct sandbox *sandbox = *state;
    struct stat before;
    struct stat after;
    record(sandbox, "/etc/a/x", FINGERPRINT_FILE, DIGEST_OF_X);
    fingerprints_due(&sandbox->host, INT64_MAX);
    save(sandbox, "inputs");
    assert_int_equal(fstatat(sandbox->host.root, STORED, &before, 0), 0);
    load(sandbox);
    record(sandbox, "/etc/a/x", FINGERPRINT_FILE, DIGEST_OF_X);
    fingerprints_due(&sandbox->host, INT64_MAX);
    save(sandbox, "inputs");
    assert_int_equal(fstatat(sandbox->host.root, STORED, &after, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void test_fingerprints_carry_a_memo(void **state)
{
    struct sandbox *sandbox = *state;
    const struct str memo = {"any\0bytes", 9};
    record_all(sandbox);
    fingerprints_set_memo(sandbox->host.fingerprints, memo);
    save(sandbox, "inputs");
    load(sandbox);
    assert_true(str_equal(fingerprints_memo(sandbox->host.fingerprints), memo));
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);

    /* Another memo alone, without looking at any path again. */
    fingerprints_keep_all(sandbox->host.fingerprints);
    fingerprints_set_memo(sandbox->host.fingerprints, STR(""));
    save(sandbox, "inputs");
    load(sandbox);
    assert_int_equal(fingerprints_memo(sandbox->host.fingerprints).length, 0);
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
}

static void test_fingerprints_end_with_the_clock(void **state)
{
    struct sandbox *sandbox = *state;
    enum { START = 1800000000, DAY = 86400 };
    sandbox->now = START;
    record_all(sandbox);
    fingerprints_due(&sandbox->host, START + 5000);
    fingerprints_due(&sandbox->host, START + 1000);
    fingerprints_due(&sandbox->host, START + 9000);
    save(sandbox, "inputs");
    load(sandbox);
    sandbox->now = START + 999;
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_HOLD);
    sandbox->now = START + 1000;
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_UNKNOWN);
    sandbox->now = START - 1; /* the clock was set back */
    assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_UNKNOWN);

    sandbox->now = START + DAY - 1;
    load(sandbox);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    sandbox->now = START + DAY;
    load(sandbox);
    assert_false(match(sandbox, "/etc/a/x", DIGEST_OF_X));
}

static void test_fingerprints_full_reading_is_remembered_over_partial_ones(void **state)
{
    struct sandbox *sandbox = *state;
    enum { START = 1800000000, DAY = 86400 };
    sandbox->now = START;
    record_all(sandbox);
    save(sandbox, "inputs");
    sandbox->now = START + DAY / 2;
    load(sandbox);
    assert_true(match(sandbox, "/etc/a/x", DIGEST_OF_X));
    save(sandbox, "other inputs");
    sandbox->now = START + DAY;
    load(sandbox);
    assert_false(match(sandbox, "/etc/a/x", DIGEST_OF_X));
}

static void test_fingerprints_damaged_file_is_as_none(void **state)
{
    struct sandbox *sandbox = *state;
    struct str stored = {0};
    record_all(sandbox);
    save(sandbox, "inputs");
    assert_true(file_read(sandbox->host.root, STORED, 1 << 20, sandbox->arena, &stored, NULL));
    for (size_t length = 0; length < stored.length; length++) {
        assert_true(file_replace(sandbox->host.root, STORED, (struct str){stored.data, length},
                                 0600, FILE_OWNER_NONE, FILE_SYNC_LATER, NULL));
        load(sandbox);
        assert_int_equal(hold(sandbox, "inputs"), FINGERPRINTS_UNKNOWN);
    }
    for (size_t i = 0; i < stored.length; i++) { /* whatever a byte becomes, nothing breaks */
        char *changed = arena_strndup(sandbox->arena, stored.data, stored.length);
        changed[i] = (char)~changed[i];
        assert_true(file_replace(sandbox->host.root, STORED, (struct str){changed, stored.length},
                                 0600, FILE_OWNER_NONE, FILE_SYNC_LATER, NULL));
        load(sandbox);
        (void)hold(sandbox, "inputs");
    }
}

#define FINGERPRINTS_TEST(function)                                                                \
    cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FINGERPRINTS_TEST(test_fingerprints_hold_while_nothing_changes),
        FINGERPRINTS_TEST(test_fingerprints_name_every_path_that_differs),
        FINGERPRINTS_TEST(test_fingerprints_see_every_sort_of_change),
        FINGERPRINTS_TEST(test_fingerprints_match_content_and_path),
        FINGERPRINTS_TEST(test_fingerprints_read_too_soon_are_settled_by_saving),
        FINGERPRINTS_TEST(test_fingerprints_edit_that_hides_behind_the_tick_is_found),
        FINGERPRINTS_TEST(test_fingerprints_not_met_again_are_forgotten),
        FINGERPRINTS_TEST(test_fingerprints_unchanged_are_not_written),
        FINGERPRINTS_TEST(test_fingerprints_carry_a_memo),
        FINGERPRINTS_TEST(test_fingerprints_end_with_the_clock),
        FINGERPRINTS_TEST(test_fingerprints_full_reading_is_remembered_over_partial_ones),
        FINGERPRINTS_TEST(test_fingerprints_damaged_file_is_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
