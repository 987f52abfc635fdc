/* The ledger: what is put is found again after a crash at any moment, and nothing else is. */

#include "provider/sandbox.h"

#include "providers/ledger.h"

#define LEDGER "var/lib/reconcile/ledger"
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct ledger *load(struct sandbox *sandbox)
{
    struct ledger *ledger = NULL;
    struct error err;
    if (!ledger_load(&sandbox->host, sandbox->arena, &ledger, &err)) {
        fail_msg("%s", err.message);
    }
    return ledger;
}

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    const struct sandbox *sandbox = *state;
    test_folder_mkdir(sandbox->folder, "var");
    test_folder_mkdir(sandbox->folder, "var/lib");
    test_folder_mkdir(sandbox->folder, "var/lib/reconcile");
    return 0;
}

static void put(struct ledger *ledger, const char *type, const char *id)
{
    (void)ledger_put(ledger, &(struct ledger_entry){.type = type, .id = id});
}

static void test_ledger_absent_is_empty(void **state)
{
    struct sandbox *sandbox = *state;
    struct ledger *ledger = load(sandbox);
    assert_int_equal(ledger_count(ledger), 0);
    assert_null(ledger_find(ledger, "file", "/x"));
}

static void test_ledger_keeps_every_field(void **state)
{
    struct sandbox *sandbox = *state;
    struct ledger *ledger = load(sandbox);
    struct ledger_entry full = {
        .type = "file",
        .id = "/etc/shop.env",
        .document = "service:shop",
        .digest = DIGEST,
        .is_protected = true,
        .has_data = true,
        .is_begun = true,
    };
    (void)ledger_put(ledger, &full);
    (void)ledger_put(ledger, &(struct ledger_entry){.type = "user", .id = "shop"});
    struct error err;
    assert_true(ledger_save(&sandbox->host, ledger, &err));

    ledger = load(sandbox);
    assert_int_equal(ledger_count(ledger), 2);
    const struct ledger_entry *entry = ledger_find(ledger, "file", "/etc/shop.env");
    assert_non_null(entry);
    assert_string_equal(entry->document, "service:shop");
    assert_string_equal(entry->digest, DIGEST);
    assert_true(entry->is_protected);
    assert_true(entry->has_data);
    assert_true(entry->is_begun);
    entry = ledger_find(ledger, "user", "shop");
    assert_non_null(entry);
    assert_null(entry->document);
    assert_string_equal(entry->digest, "");
    assert_false(entry->is_protected);
    assert_false(entry->has_data);
    assert_false(entry->is_begun);
    assert_null(ledger_find(ledger, "user", "/etc/shop.env"));
}

static void test_ledger_keeps_hostile_names_apart(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"/a\tb",  "/a\nb", "/a\\tb", "/a\\",
                                        "/a\\\t", "/\n\n", "\\n"};
    struct ledger *ledger = load(sandbox);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put(ledger, "file", names[i]);
    }
    assert_true(ledger_save(&sandbox->host, ledger, NULL));
    ledger = load(sandbox);
    assert_int_equal(ledger_count(ledger), sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_non_null(ledger_find(ledger, "file", names[i]));
    }
}

static void test_ledger_removes_and_puts_back(void **state)
{
    struct sandbox *sandbox = *state;
    struct ledger *ledger = load(sandbox);
    put(ledger, "file", "/b");
    put(ledger, "file", "/a");
    assert_true(ledger_remove(ledger, "file", "/b"));
    assert_false(ledger_remove(ledger, "file", "/b"));
    assert_false(ledger_remove(ledger, "user", "/a"));
    assert_int_equal(ledger_count(ledger), 1);
    assert_null(ledger_find(ledger, "file", "/b"));
    put(ledger, "file", "/b");
    const struct ledger_entry *const *entries = ledger_entries(ledger, sandbox->arena);
    assert_int_equal(ledger_count(ledger), 2);
    assert_string_equal(entries[0]->id, "/a");
    assert_string_equal(entries[1]->id, "/b");
    assert_true(ledger_save(&sandbox->host, ledger, NULL));
    assert_int_equal(ledger_count(load(sandbox)), 2);
}

static void test_ledger_same_content_is_not_written(void **state)
{
    struct sandbox *sandbox = *state;
    struct ledger *ledger = load(sandbox);
    put(ledger, "file", "/a");
    assert_true(ledger_save(&sandbox->host, ledger, NULL));
    struct stat before;
    struct stat after;
    assert_int_equal(fstatat(sandbox->host.root, LEDGER, &before, 0), 0);
    ledger = load(sandbox);
    put(ledger, "file", "/a");
    assert_true(ledger_save(&sandbox->host, ledger, NULL));
    assert_int_equal(fstatat(sandbox->host.root, LEDGER, &after, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void test_ledger_damage_is_an_error_with_its_line(void **state)
{
    struct sandbox *sandbox = *state;
    static const struct {
        const char *content;
        const char *message;
    } cases[] = {
        {"", "version"},
        {"reconcile ledger 2\n", "version"},
        {"reconcile ledger 1", "middle of line 1"},
        {"reconcile ledger 1\nfile\t/a\t\t\t\nfile\t/b", "line 3"},
        {"reconcile ledger 1\nfile\t/a\t\t\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\t\t\t\t\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\t\tabc\t\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\t\t\tx\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\\q\t\t\t\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\\\n", "line 2"},
        {"reconcile ledger 1\n\t/a\t\t\t\n", "line 2"},
        {"reconcile ledger 1\n\nfile\t/a\t\t\t\n", "line 2"},
        {"reconcile ledger 1\nfile\t/a\t\t\t\nfile\t/a\t\t\t\n", "line 3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_folder_write(sandbox->folder, LEDGER, cases[i].content);
        struct ledger *ledger = NULL;
        struct error err = {0};
        assert_false(ledger_load(&sandbox->host, sandbox->arena, &ledger, &err));
        assert_int_equal(err.code, ERROR_FORMAT);
        assert_non_null(strstr(err.message, cases[i].message));
    }
}

static void test_ledger_through_a_link_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_link(sandbox->folder, LEDGER, "/etc/passwd");
    struct ledger *ledger = NULL;
    struct error err = {0};
    assert_false(ledger_load(&sandbox->host, sandbox->arena, &ledger, &err));
    assert_non_null(strstr(err.message, "symbolic link"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ledger_absent_is_empty, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_keeps_every_field, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_keeps_hostile_names_apart, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_removes_and_puts_back, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_same_content_is_not_written, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_damage_is_an_error_with_its_line, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_ledger_through_a_link_is_refused, setup,
                                        sandbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
