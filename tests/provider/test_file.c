/* The file provider: sees what is there, makes exactly what is wanted, leaves everything else. */

#include "provider/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "model/file_item.h"
#include "providers/fingerprints.h"
#include "providers/staging.h"

#define UNIT "/etc/systemd/system/shop.service"

static struct file_item *want(struct sandbox *sandbox, const char *content, mode_t mode)
{
    struct file_item *wanted = arena_new(sandbox->arena, struct file_item);
    wanted->text.content = str_of(content);
    wanted->mode = mode;
    return wanted;
}

static const char *content_of(struct sandbox *sandbox, const char *path)
{
    return test_folder_read(sandbox->folder, path + 1);
}

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    sandbox_mkdirs(*state, "etc/systemd/system");
    return 0;
}

/* ---- Absent, same, different ---------------------------------------------------------------- */

static void test_file_absent_is_created(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "[Unit]\n", 0640));
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item),
                        "content mode owner group ");
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(content_of(sandbox, UNIT), "[Unit]\n");
    assert_int_equal(test_folder_mode(sandbox->folder, UNIT + 1), S_IFREG | 0640);
    assert_string_equal(test_folder_list(sandbox->folder, "etc/systemd/system"), "shop.service ");
}

static void test_file_same_is_left_alone(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "same\n", 0644));
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_UNCHANGED);
}

static void test_file_different_shows_both_contents(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "old\n");
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "new\n", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    assert_int_equal(action.changes.count, 1);
    assert_true(action.changes.items[0].is_text);
    assert_string_equal(action.changes.items[0].from, "old\n");
    assert_string_equal(action.changes.items[0].to, "new\n");
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &action).result, OUTCOME_CHANGED);
    assert_string_equal(content_of(sandbox, UNIT), "new\n");
}

static void test_file_mode_alone_is_a_difference(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "x");
    assert_int_equal(fchmodat(sandbox->host.root, UNIT + 1, 0666, 0), 0);
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "x", 0644));
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "mode ");
    (void)sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(test_folder_mode(sandbox->folder, UNIT + 1), S_IFREG | 0644);
}

static void test_file_owner_follows_the_names_of_the_root(void **state)
{
    struct sandbox *sandbox = *state;
    if (!sandbox_is_root()) {
        skip();
    }
    test_folder_write(sandbox->folder, "etc/passwd",
                      "root:x:0:0::/root:/bin/sh\nshop:x:4711:4712:Shop:/:/bin/false\n");
    test_folder_write(sandbox->folder, "etc/group", "root:x:0:\nshop:x:4712:\nweb:x:4713:shop\n");
    struct file_item *wanted = want(sandbox, "x", 0640);
    wanted->owner = "shop";
    wanted->group = "web";
    struct item item = sandbox_item(ITEM_FILE, UNIT, wanted);
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, UNIT + 1, &status, 0), 0);
    assert_int_equal(status.st_uid, 4711);
    assert_int_equal(status.st_gid, 4713);
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "");
    wanted->owner = NULL;
    wanted->group = "root";
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    assert_int_equal(action.changes.count, 2);
    assert_string_equal(action.changes.items[0].from, "shop");
    assert_string_equal(action.changes.items[0].to, "root");
    assert_string_equal(action.changes.items[1].from, "web");
}

static void test_file_unknown_owner_fails_with_its_name(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.manages_users = true;
    struct file_item *wanted = want(sandbox, "x", 0640);
    wanted->owner = "nobody-here";
    struct item item = sandbox_item(ITEM_FILE, UNIT, wanted);
    struct outcome outcome = sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "there is no user nobody-here"));
    assert_null(content_of(sandbox, UNIT));
}

static void test_file_owners_are_ignored_where_users_are_not_managed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.manages_users = false;
    struct file_item *wanted = want(sandbox, "x", 0640);
    wanted->owner = "shop";
    struct item item = sandbox_item(ITEM_FILE, UNIT, wanted);
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "");
}

static void test_file_secret_content_is_never_in_a_change(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "PASSWORD=old");
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "PASSWORD=new", 0644));
    item.is_secret = true;
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    assert_int_equal(action.changes.count, 1);
    assert_true(action.changes.items[0].is_secret);
    assert_string_equal(action.changes.items[0].from, "");
    assert_string_equal(action.changes.items[0].to, "");
}

static void test_file_bytes_that_are_no_text_are_only_counted(void **state)
{
    struct sandbox *sandbox = *state;
    int fd = openat(sandbox->host.root, UNIT + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "a\0b", 3), 3);
    (void)close(fd);
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "text", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    assert_false(action.changes.items[0].is_text);
    assert_string_equal(action.changes.items[0].from, "3 bytes that are no text");
}

static void test_file_is_deleted_alone(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "ours");
    test_folder_write(sandbox->folder, "etc/systemd/system/other.service", "theirs");
    struct item item = sandbox_item(ITEM_FILE, UNIT, NULL);
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(test_folder_list(sandbox->folder, "etc/systemd/system"), "other.service ");
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_UNCHANGED);
}

static void test_file_missing_directories_are_made(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item =
        sandbox_item(ITEM_FILE, "/etc/reconcile/environment/a.env", want(sandbox, "A=1\n", 0600));
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(content_of(sandbox, item.id), "A=1\n");
    assert_int_equal(test_folder_mode(sandbox->folder, "etc/reconcile"), S_IFDIR | 0755);
}

/* ---- Something else in its place --------------------------------------------------------------
 */

static void test_file_link_is_reported_and_replaced_not_followed(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/victim", "victim");
    test_folder_link(sandbox->folder, UNIT + 1, "../../victim");
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "ours", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    assert_string_equal(action.changes.items[0].field, "type");
    assert_string_equal(action.changes.items[0].from, "a symbolic link to ../../victim");
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &action).result, OUTCOME_CHANGED);
    assert_int_equal(test_folder_mode(sandbox->folder, UNIT + 1), S_IFREG | 0644);
    assert_string_equal(test_folder_read(sandbox->folder, "etc/victim"), "victim");
}

static void test_file_directory_in_its_place_is_never_removed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/systemd/system/shop.service");
    test_folder_write(sandbox->folder, "etc/systemd/system/shop.service/precious", "x");
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "ours", 0644));
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item),
                        "type content mode owner group ");
    struct outcome outcome = sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "a directory stands at " UNIT));
    item.wanted = NULL;
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_FAILED);
    assert_string_equal(test_folder_list(sandbox->folder, "etc/systemd/system/shop.service"),
                        "precious ");
    assert_string_equal(test_folder_list(sandbox->folder, "etc/systemd/system"), "shop.service ");
}

static void test_file_pipe_and_socket_do_not_hold_us_up(void **state)
{
    struct sandbox *sandbox = *state;
    assert_int_equal(mkfifoat(sandbox->host.root, UNIT + 1, 0644), 0);
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "ours", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    const struct file_item *there = found.found;
    assert_string_equal(there->instead, "a pipe");
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(content_of(sandbox, UNIT), "ours");
}

static void test_file_huge_one_is_not_read(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "");
    int fd = openat(sandbox->host.root, UNIT + 1, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)1 << 33), 0);
    (void)close(fd);
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "ours", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    const struct file_item *there = found.found;
    assert_string_equal(there->instead, "a file of 8589934592 bytes");
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(content_of(sandbox, UNIT), "ours");
}

/* ---- Hostile paths and owners --------------------------------------------------------------- */

static void test_file_below_a_linked_directory_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "elsewhere");
    test_folder_link(sandbox->folder, "etc/systemd/system/link", "/elsewhere");
    struct item item =
        sandbox_item(ITEM_FILE, "/etc/systemd/system/link/x", want(sandbox, "x", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "symbolic link"));
    struct action action = {.verb = ACTION_CREATE, .item = &item, .found = &found};
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &action).result, OUTCOME_FAILED);
    assert_string_equal(test_folder_list(sandbox->folder, "elsewhere"), "");
}

static void test_file_path_that_leads_up_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const paths[] = {
        "/etc/../../x", "/etc/../x", "/..",   "/.", "/etc//x", "/etc/./x",
        "/etc/",        "/",         "etc/x", "",   "../x",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct item item = sandbox_item(ITEM_FILE, paths[i], want(sandbox, "x", 0644));
        struct observation found = sandbox_observe(sandbox, &file_provider, &item);
        assert_non_null(found.trouble);
        struct action action = {.verb = ACTION_CREATE, .item = &item};
        assert_int_equal(sandbox_apply(sandbox, &file_provider, &action).result, OUTCOME_FAILED);
    }
    assert_string_equal(test_folder_list(sandbox->folder, "."), "etc var ");
}

static void test_file_root_writes_in_no_directory_of_others(void **state)
{
    struct sandbox *sandbox = *state;
    if (!sandbox_is_root()) {
        skip();
    }
    sandbox_mkdirs(sandbox, "home/bob");
    assert_int_equal(fchownat(sandbox->host.root, "home/bob", 4711, 4711, 0), 0);
    struct item item = sandbox_item(ITEM_FILE, "/home/bob/x", want(sandbox, "x", 0644));
    struct outcome outcome = sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "belongs to user 4711"));
    item.id = "/home/bob/sub/x";
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_FAILED);
    test_folder_write(sandbox->folder, "home/bob/y", "y");
    item = sandbox_item(ITEM_FILE, "/home/bob/y", NULL);
    assert_int_equal(sandbox_converge(sandbox, &file_provider, &item).result, OUTCOME_FAILED);
    assert_string_equal(test_folder_list(sandbox->folder, "home/bob"), "y ");
}

enum { NOBODY = 65534 };

/* Root becomes an ordinary user, who owns the sandbox. */
static void drop_rights(struct sandbox *sandbox)
{
    if (sandbox_is_root()) {
        assert_int_equal(fchown(sandbox->host.root, NOBODY, NOBODY), 0);
        assert_int_equal(seteuid(NOBODY), 0);
    }
}

static int teardown_as_root(void **state)
{
    if (getuid() == 0 && seteuid(0) != 0) {
        return -1;
    }
    return sandbox_teardown(state);
}

static void test_file_forbidden_one_is_an_error_of_its_item(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "y", 0644));
    struct item other = sandbox_item(ITEM_FILE, "/etc/other", want(sandbox, "y", 0644));
    sandbox->layout.manages_users = false;
    test_folder_write(sandbox->folder, UNIT + 1, "x");
    assert_int_equal(fchmodat(sandbox->host.root, UNIT + 1, 0, 0), 0);
    drop_rights(sandbox);
    const struct item *items[] = {&item, &other};
    struct observation found[2] = {{0}};
    assert_true(file_provider.observe(&sandbox->host, items, 2, sandbox->arena, found, NULL));
    assert_non_null(found[0].trouble);
    assert_non_null(strstr(found[0].trouble->text, "Permission denied"));
    assert_null(found[1].trouble);
    assert_false(found[1].exists);
}

static void test_file_in_a_forbidden_directory_is_not_written(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "y", 0644));
    sandbox->layout.manages_users = false;
    sandbox->layout.state = "/state";
    test_folder_write(sandbox->folder, UNIT + 1, "x");
    assert_int_equal(fchmodat(sandbox->host.root, "etc/systemd/system", 0555, 0), 0);
    drop_rights(sandbox);
    struct outcome outcome = sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "Permission denied"));
    assert_string_equal(content_of(sandbox, UNIT), "x");
    if (getuid() != 0) { /* so that it can be removed */
        assert_int_equal(fchmodat(sandbox->host.root, "etc/systemd/system", 0755, 0), 0);
    }
}

static void test_file_owner_of_others_needs_root(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, "/mine", want(sandbox, "y", 0644));
    sandbox->layout.manages_users = true; /* owner: root */
    sandbox->layout.state = "/state";
    drop_rights(sandbox);
    struct outcome outcome = sandbox_converge(sandbox, &file_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "Operation not permitted"));
    assert_null(content_of(sandbox, item.id));
}

/* ---- Changed between observe and apply ------------------------------------------------------ */

static void test_file_changed_since_observe_is_left_alone(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "old");
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "new", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    test_folder_write(sandbox->folder, UNIT + 1, "edited by hand");
    struct outcome outcome = sandbox_apply(sandbox, &file_provider, &action);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "has changed since the host was looked at"));
    assert_string_equal(content_of(sandbox, UNIT), "edited by hand");
    assert_string_equal(test_folder_list(sandbox->folder, "etc/systemd/system"), "shop.service ");
}

static void test_file_appeared_since_observe_is_left_alone(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "new", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    struct action action = sandbox_plan(sandbox, &file_provider, &item, &found);
    test_folder_write(sandbox->folder, UNIT + 1, "somebody's");
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &action).result, OUTCOME_FAILED);
    assert_string_equal(content_of(sandbox, UNIT), "somebody's");
}

static void test_file_vanished_since_observe(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, UNIT + 1, "old");
    struct item gone = sandbox_item(ITEM_FILE, UNIT, NULL);
    struct item wanted = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "new", 0644));
    struct observation found = sandbox_observe(sandbox, &file_provider, &gone);
    struct action removal = sandbox_plan(sandbox, &file_provider, &gone, &found);
    struct action update = sandbox_plan(sandbox, &file_provider, &wanted, &found);
    assert_int_equal(unlinkat(sandbox->host.root, UNIT + 1, 0), 0);
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &update).result, OUTCOME_FAILED);
    assert_int_equal(sandbox_apply(sandbox, &file_provider, &removal).result, OUTCOME_CHANGED);
    assert_null(content_of(sandbox, UNIT));
}

/* ---- Many, and killed in the middle --------------------------------------------------------- */

enum { MANY = 60 };

struct batch {
    struct item items[MANY];
    const struct item *pointers[MANY];
    struct observation found[MANY];
    struct action actions[MANY];
    const struct action *action_pointers[MANY];
};

static struct batch *make_batch(struct sandbox *sandbox, const char *content)
{
    struct batch *batch = arena_new(sandbox->arena, struct batch);
    for (size_t i = 0; i < MANY; i++) {
        const char *path = arena_printf(sandbox->arena, "/etc/d%zu/f%zu", i % 3, i);
        batch->items[i] = sandbox_item(ITEM_FILE, path, want(sandbox, content, 0640));
        batch->pointers[i] = &batch->items[i];
    }
    assert_true(file_provider.observe(&sandbox->host, batch->pointers, MANY, sandbox->arena,
                                      batch->found, NULL));
    for (size_t i = 0; i < MANY; i++) {
        batch->actions[i] =
            sandbox_plan(sandbox, &file_provider, &batch->items[i], &batch->found[i]);
        batch->action_pointers[i] = &batch->actions[i];
    }
    return batch;
}

static void apply_batch(struct sandbox *sandbox, const struct batch *batch)
{
    struct outcome *outcomes = arena_array(sandbox->arena, MANY, sizeof(*outcomes));
    file_provider.apply(&sandbox->host, batch->action_pointers, MANY, sandbox->arena, outcomes);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].result, OUTCOME_CHANGED);
    }
}

static void test_file_one_failure_does_not_stop_the_others(void **state)
{
    struct sandbox *sandbox = *state;
    struct batch *batch = make_batch(sandbox, "many\n");
    sandbox_mkdirs(sandbox, "etc/d1/f1");
    struct outcome *outcomes = arena_array(sandbox->arena, MANY, sizeof(*outcomes));
    file_provider.apply(&sandbox->host, batch->action_pointers, MANY, sandbox->arena, outcomes);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].result, i == 1 ? OUTCOME_FAILED : OUTCOME_CHANGED);
    }
    assert_string_equal(content_of(sandbox, "/etc/d2/f59"), "many\n");
}

/* Kills the batch after it has run for a while; returns whether it was still running. */
static bool kill_batch(struct sandbox *sandbox, const struct batch *batch, long delay_ns)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        apply_batch(sandbox, batch);
        _exit(0);
    }
    struct timespec delay = {.tv_nsec = delay_ns};
    (void)nanosleep(&delay, NULL);
    (void)kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
}

static void test_file_killed_apply_leaves_old_or_new(void **state)
{
    struct sandbox *sandbox = *state;
    apply_batch(sandbox, make_batch(sandbox, "old content\n"));
    size_t killed = 0;
    for (long trial = 0; trial < 40; trial++) {
        const char *content = trial % 2 == 0 ? "new content\n" : "old content\n";
        killed += kill_batch(sandbox, make_batch(sandbox, content), trial * 250000) ? 1 : 0;
        for (size_t i = 0; i < MANY; i++) {
            const char *path = arena_printf(sandbox->arena, "/etc/d%zu/f%zu", i % 3, i);
            const char *now = content_of(sandbox, path);
            assert_non_null(now);
            assert_true(strcmp(now, "old content\n") == 0 || strcmp(now, "new content\n") == 0);
            assert_int_equal(test_folder_mode(sandbox->folder, path + 1), S_IFREG | 0640);
        }
        struct error err;
        assert_true(staging_clean(&sandbox->host, sandbox->arena, &err));
        assert_null(strstr(test_folder_list(sandbox->folder, "etc/d0"), ".reconcile"));
        assert_null(strstr(test_folder_list(sandbox->folder, "etc/d1"), ".reconcile"));
        assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "");
        struct batch *batch = make_batch(sandbox, content);
        struct outcome *outcomes = arena_array(sandbox->arena, MANY, sizeof(*outcomes));
        file_provider.apply(&sandbox->host, batch->action_pointers, MANY, sandbox->arena, outcomes);
        assert_string_equal(content_of(sandbox, "/etc/d0/f0"), content);
        assert_string_equal(content_of(sandbox, "/etc/d2/f59"), content);
    }
    assert_true(killed > 5);
}

/* ---- Fingerprints --------------------------------------------------------------------------- */

static void save_and_load(struct sandbox *sandbox)
{
    sandbox_mkdirs(sandbox, "var/lib/reconcile");
    assert_true(fingerprints_save(&sandbox->host, sandbox->arena, NULL));
    sandbox->host.fingerprints = fingerprints_load(&sandbox->host, sandbox->arena);
}

static void test_file_known_one_is_not_read_again(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "content", 0644));
    (void)sandbox_converge(sandbox, &file_provider, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "");
    save_and_load(sandbox);
    struct observation found = sandbox_observe(sandbox, &file_provider, &item);
    const struct file_item *there = found.found;
    const struct file_item *wanted = item.wanted;
    assert_ptr_equal(there->text.content.data, wanted->text.content.data);
}

static void test_file_edit_of_a_known_one_is_seen(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "content", 0644));
    (void)sandbox_converge(sandbox, &file_provider, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    (void)sandbox_changes(sandbox, &file_provider, &item);
    save_and_load(sandbox);
    test_folder_write(sandbox->folder, UNIT + 1, "CONTENT");
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "content ");
}

static void test_file_new_wish_for_a_known_one_is_seen(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_FILE, UNIT, want(sandbox, "content", 0644));
    (void)sandbox_converge(sandbox, &file_provider, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    (void)sandbox_changes(sandbox, &file_provider, &item);
    save_and_load(sandbox);
    item.wanted = want(sandbox, "CONTENT", 0600);
    assert_string_equal(sandbox_changes(sandbox, &file_provider, &item), "content mode ");
}

#define UNPRIVILEGED_TEST(function)                                                                \
    cmocka_unit_test_setup_teardown(function, setup, teardown_as_root)
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_file_absent_is_created),
        FILE_TEST(test_file_same_is_left_alone),
        FILE_TEST(test_file_different_shows_both_contents),
        FILE_TEST(test_file_mode_alone_is_a_difference),
        FILE_TEST(test_file_owner_follows_the_names_of_the_root),
        FILE_TEST(test_file_unknown_owner_fails_with_its_name),
        FILE_TEST(test_file_owners_are_ignored_where_users_are_not_managed),
        FILE_TEST(test_file_secret_content_is_never_in_a_change),
        FILE_TEST(test_file_bytes_that_are_no_text_are_only_counted),
        FILE_TEST(test_file_is_deleted_alone),
        FILE_TEST(test_file_missing_directories_are_made),
        FILE_TEST(test_file_link_is_reported_and_replaced_not_followed),
        FILE_TEST(test_file_directory_in_its_place_is_never_removed),
        FILE_TEST(test_file_pipe_and_socket_do_not_hold_us_up),
        FILE_TEST(test_file_huge_one_is_not_read),
        FILE_TEST(test_file_below_a_linked_directory_is_refused),
        FILE_TEST(test_file_path_that_leads_up_is_refused),
        FILE_TEST(test_file_root_writes_in_no_directory_of_others),
        UNPRIVILEGED_TEST(test_file_forbidden_one_is_an_error_of_its_item),
        UNPRIVILEGED_TEST(test_file_in_a_forbidden_directory_is_not_written),
        UNPRIVILEGED_TEST(test_file_owner_of_others_needs_root),
        FILE_TEST(test_file_changed_since_observe_is_left_alone),
        FILE_TEST(test_file_appeared_since_observe_is_left_alone),
        FILE_TEST(test_file_vanished_since_observe),
        FILE_TEST(test_file_one_failure_does_not_stop_the_others),
        FILE_TEST(test_file_killed_apply_leaves_old_or_new),
        FILE_TEST(test_file_known_one_is_not_read_again),
        FILE_TEST(test_file_edit_of_a_known_one_is_seen),
        FILE_TEST(test_file_new_wish_for_a_known_one_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
