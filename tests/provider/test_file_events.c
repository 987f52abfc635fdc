/* What the one interface promises, by both back ends: every way to change a file is told, a watch
 * follows its path, nothing is lost without a word, and an idle watch costs nothing. */

#include "provider/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "providers/file_events.h"

enum {
    PATIENCE_MS = 5000, /* for an event that must come */
    QUIET_MS = 300,     /* without any after which none is on its way */
    RACES = 40,
};

static struct sandbox *sandbox;
static enum file_events_backend backend;
static struct file_events *events;

/* ---- Fixture --------------------------------------------------------------------------------- */

static bool names_writers(void)
{
    return file_events_name_writers(events, NULL);
}

static void reopen(size_t queue_limit)
{
    struct error err = {0};
    file_events_close(events);
    events = NULL;
    struct file_events_options options = {.backend = backend, .queue_limit = queue_limit};
    if (!file_events_open(&sandbox->host, &options, &events, &err) ||
        !file_events_add(events, "/marker", &err)) {
        fail_msg("%s", err.message);
    }
}

static int setup(void **state, enum file_events_backend wanted)
{
    (void)sandbox_setup(state);
    sandbox = *state;
    backend = wanted;
    sandbox_mkdirs(sandbox, "marker");
    reopen(0);
    sandbox_mkdirs(sandbox, "srv/watched");
    sandbox_mkdirs(sandbox, "srv/other");
    return 0;
}

static int setup_best(void **state)
{
    return setup(state, FILE_EVENTS_BEST);
}

static int setup_inotify(void **state)
{
    return setup(state, FILE_EVENTS_INOTIFY);
}

static int teardown(void **state)
{
    file_events_close(events);
    events = NULL;
    return sandbox_teardown(state);
}

static void add(const char *path)
{
    struct error err = {0};
    if (!file_events_add(events, path, &err)) {
        fail_msg("%s", err.message);
    }
}

static unsigned kinds_of(const struct file_event_list *list, const char *directory,
                         const char *name)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct file_event *event = &list->items[i];
        if (strcmp(event->directory, directory) == 0 && strcmp(event->name, name) == 0) {
            kinds |= event->kinds;
        }
    }
    return kinds;
}

static const struct file_event *last_of(const struct file_event_list *list, const char *name)
{
    const struct file_event *last = NULL;
    for (size_t i = 0; i < list->count; i++) {
        last = strcmp(list->items[i].name, name) == 0 ? &list->items[i] : last;
    }
    assert_non_null(last);
    return last;
}

static void print_list(const struct file_event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct file_event *event = &list->items[i];
        print_message("told: %s/%s %#x\n", event->directory, event->name, event->kinds);
    }
}

static void assert_kinds(const struct file_event_list *list, const char *directory,
                         const char *name, unsigned wanted)
{
    unsigned kinds = kinds_of(list, directory, name);
    if ((kinds & wanted) != wanted) {
        print_list(list);
        fail_msg("%s/%s: told %#x, wanted %#x", directory, name, kinds, wanted);
    }
}

/* ---- Edits, by other processes ----------------------------------------------------------------
 */

static pid_t start(const char *const *argv)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fchdir(sandbox->host.root) == 0) {
            (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        }
        _exit(127);
    }
    return pid;
}

static void finish(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static pid_t run(const char *const *argv)
{
    pid_t pid = start(argv);
    finish(pid);
    return pid;
}

static pid_t run_shell(const char *script)
{
    return run((const char *const[]){"sh", "-c", script, NULL});
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void read_more(struct file_event_list *all, size_t *overflows)
{
    struct file_event_list list = {0};
    bool is_overflow = false;
    struct error err = {0};
    if (!file_events_read(events, sandbox->arena, &list, &is_overflow, &err)) {
        fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < list.count; i++) {
        vec_add(sandbox->arena, all, list.items[i]);
    }
    *overflows += is_overflow ? 1 : 0;
}

/* Everything up to now: what came before the marker was told before it. */
static struct file_event_list read_all(void)
{
    static int number;
    const char *name = arena_printf(sandbox->arena, "m%d", number++);
    struct file_event_list all = {0};
    struct file_event_list rest = {0};
    struct pollfd wait = {.fd = file_events_fd(events), .events = POLLIN};
    size_t overflows = 0;
    run_shell(arena_printf(sandbox->arena, "echo > marker/%s", name));
    while ((kinds_of(&all, "/marker", name) & FILE_EVENT_WRITTEN) == 0) {
        if (poll(&wait, 1, PATIENCE_MS) != 1) {
            print_list(&all);
            fail_msg("the marker was not told");
        }
        read_more(&all, &overflows);
    }
    assert_int_equal(overflows, 0);
    for (size_t i = 0; i < all.count; i++) {
        if (strcmp(all.items[i].directory, "/marker") != 0) {
            vec_add(sandbox->arena, &rest, all.items[i]);
        }
    }
    return rest;
}

/* Where markers may be lost: everything until nothing came for a while. *out_overflows counts the
 * calls that told of one. */
static struct file_event_list read_until_quiet(size_t *out_overflows)
{
    struct file_event_list all = {0};
    struct pollfd wait = {.fd = file_events_fd(events), .events = POLLIN};
    *out_overflows = 0;
    while (poll(&wait, 1, QUIET_MS) > 0) {
        read_more(&all, out_overflows);
    }
    return all;
}

struct edit {
    const char *argv[5];
    const char *program; /* what the path of the writer ends in; NULL: a shell or what it starts */
    const char *name;
    unsigned kinds;
};

#define PYTHON(script)                                                                             \
    {                                                                                              \
        "python3", "-c", script, NULL                                                              \
    }

/* clang-format off */
static const struct edit edits[] = {
    {{"cp", "srv/other/new", "srv/watched/file", NULL}, "/cp", "file", FILE_EVENT_WRITTEN},
    {{"cp", "srv/other/new", "srv/watched/added", NULL}, "/cp", "added", FILE_EVENT_MADE | FILE_EVENT_WRITTEN},
    {{"mv", "srv/other/moved", "srv/watched/file", NULL}, "/mv", "file", FILE_EVENT_MOVED_IN},
    {{"mv", "srv/watched/beside", "srv/watched/file", NULL}, "/mv", "file", FILE_EVENT_MOVED_IN},
    {{"mv", "srv/watched/file", "srv/other/away", NULL}, "/mv", "file", FILE_EVENT_REMOVED},
    {{"sed", "-i", "s/old/new/", "srv/watched/file", NULL}, "/sed", "file", FILE_EVENT_MOVED_IN},
    {{"chmod", "0600", "srv/watched/file", NULL}, "/chmod", "file", FILE_EVENT_ATTRIBUTES},
    {{"touch", "srv/watched/file", NULL}, "/touch", "file", FILE_EVENT_ATTRIBUTES},
    {{"truncate", "-s", "0", "srv/watched/file", NULL}, "/truncate", "file", FILE_EVENT_WRITTEN},
    {{"rm", "srv/watched/file", NULL}, "/rm", "file", FILE_EVENT_REMOVED},
    {{"ln", "srv/other/new", "srv/watched/hard", NULL}, "/ln", "hard", FILE_EVENT_MADE},
    {{"ln", "-sfn", "nowhere", "srv/watched/link", NULL}, "/ln", "link", FILE_EVENT_MOVED_IN},
    {{"mkdir", "srv/watched/folder", NULL}, "/mkdir", "folder", FILE_EVENT_MADE},
    {{"rmdir", "srv/watched/empty", NULL}, "/rmdir", "empty", FILE_EVENT_REMOVED},
    {{"sh", "-c", "echo new > srv/watched/file", NULL}, NULL, "file", FILE_EVENT_WRITTEN},
    {{"sh", "-c", "echo new >> srv/watched/file", NULL}, NULL, "file", FILE_EVENT_WRITTEN},
    {PYTHON("import os\nopen('srv/watched/t', 'w').write('x')\nos.replace('srv/watched/t', 'srv/watched/file')"),
     NULL, "file", FILE_EVENT_MOVED_IN},
    /* as vim does: the old file goes aside, a new one is written, the old one goes */
    {PYTHON("import os\nos.rename('srv/watched/file', 'srv/watched/file~')\n"
            "open('srv/watched/file', 'w').write('x')\nos.unlink('srv/watched/file~')"),
     NULL, "file", FILE_EVENT_REMOVED | FILE_EVENT_MADE | FILE_EVENT_WRITTEN},
    {PYTHON("import os\nf = os.open('srv/watched/file', os.O_WRONLY)\nos.ftruncate(f, 0)\n"
            "os.pwrite(f, b'yy', 0)\nos.close(f)"),
     NULL, "file", FILE_EVENT_WRITTEN},
    {PYTHON("import mmap\nf = open('srv/watched/file', 'r+b')\nm = mmap.mmap(f.fileno(), 3)\n"
            "m[0] = 65\nm.close()\nf.close()"),
     NULL, "file", FILE_EVENT_WRITTEN},
    {{"dd", "if=/dev/null", "of=srv/watched/file", "status=none", NULL}, "/dd", "file", FILE_EVENT_WRITTEN},
};
/* clang-format on */

static void prepare_edit(void)
{
    run_shell("rm -rf srv/watched/* srv/other/*; for n in watched/file watched/beside other/new "
              "other/moved; do echo old > srv/$n; done; mkdir srv/watched/empty; "
              "ln -s elsewhere srv/watched/link");
}

static void check_writer(const struct edit *edit, const struct file_event *event, pid_t pid)
{
    const struct file_writer *writer = event->writer;
    if (!names_writers()) {
        assert_null(writer);
        return;
    }
    assert_non_null(writer);
    if (!writer->is_known) {
        print_message("%s: its writer was gone\n", edit->argv[0]);
        return;
    }
    assert_int_equal(writer->pid, pid);
    if (writer->program != NULL && edit->program != NULL &&
        !text_ends_with(writer->program, edit->program + (writer->is_partial ? 1 : 0))) {
        fail_msg("%s was named %s", edit->argv[0], writer->program);
    }
    if (!writer->is_partial) {
        assert_int_equal(writer->user, geteuid());
        assert_true(writer->is_own);
        assert_int_equal(writer->ancestors[0].pid, getpid());
    }
}

static void test_every_edit_is_told(void **state)
{
    add("/srv/watched");
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        const struct edit *edit = &edits[i];
        prepare_edit();
        (void)read_all();
        pid_t pid = run(edit->argv);
        struct file_event_list list = read_all();
        assert_kinds(&list, "/srv/watched", edit->name, edit->kinds);
        check_writer(edit, last_of(&list, edit->name), pid);
        int64_t age = (int64_t)time(NULL) - last_of(&list, edit->name)->at_us / 1000000;
        assert_in_range(age + 1, 0, 60);
    }
}

static void test_what_is_closed_is_no_longer_being_written(void **state)
{
    add("/srv/watched");
    /* The script waits to be killed with the file open. */
    pid_t pid = start((const char *const[]){
        "python3", "-c",
        "import time\nf = open('srv/watched/file', 'w')\nf.write('x')\nf.flush()\n"
        "open('srv/watched/done', 'w').close()\ntime.sleep(60)",
        NULL});
    struct file_event_list list = {0};
    unsigned seen = 0;
    for (int64_t end = clock_ms() + PATIENCE_MS;
         clock_ms() < end && (seen & FILE_EVENT_WRITING) == 0;) {
        list = read_all();
        seen = kinds_of(&list, "/srv/watched", "file");
    }
    assert_kinds(&list, "/srv/watched", "file", FILE_EVENT_WRITING);
    assert_int_equal(seen & FILE_EVENT_WRITTEN, 0);
    if (names_writers()) {
        const struct file_writer *writer = last_of(&list, "file")->writer;
        assert_int_equal(writer->pid, pid);
        assert_true(writer->is_known);
        assert_false(writer->is_partial);
        assert_non_null(strstr(writer->program, "/python3"));
        assert_non_null(strstr(writer->command, "python3 -c import time?f = open("));
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    list = read_all();
    assert_kinds(&list, "/srv/watched", "file", FILE_EVENT_WRITTEN);
    assert_int_equal(kinds_of(&list, "/srv/watched", "file") & FILE_EVENT_WRITING, 0);
}

static void test_writers_of_one_file_are_kept_apart(void **state)
{
    if (!names_writers()) {
        return;
    }
    add("/srv/watched");
    static const char writing[] =
        "import time; open('srv/watched/file', 'a').close(); time.sleep(0.05)";
    run((const char *const[]){"python3", "-c", writing, NULL});
    run_shell("echo x > srv/watched/file; sleep 0.05; :");
    run((const char *const[]){"python3", "-c", writing, NULL});
    struct file_event_list list = read_all();
    const char *order = "";
    pid_t last = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct file_writer *writer = list.items[i].writer;
        if (writer->pid != last && writer->program != NULL) {
            const char *name = strstr(writer->program, "python") != NULL ? "python" : "other";
            order = arena_printf(sandbox->arena, "%s%s ", order, name);
            last = writer->pid;
        }
    }
    assert_string_equal(order, "python other python ");
}

static void test_own_writes(void **state)
{
    add("/srv/watched");
    test_folder_write(sandbox->folder, "srv/watched/mine", "x");
    struct file_event_list list = read_all();
    if (names_writers()) {
        assert_int_equal(list.count, 0);
    } else {
        assert_kinds(&list, "/srv/watched", "mine", FILE_EVENT_WRITTEN);
    }
}

static void test_only_entries_are_told(void **state)
{
    sandbox_mkdirs(sandbox, "srv/watched/deeper");
    add("/srv/watched");
    run_shell("echo x > srv/watched/deeper/file; echo x > srv/other/file; echo x > file; "
              "mkdir srv/beside; rmdir srv/beside");
    assert_int_equal(read_all().count, 0);
    run_shell("chmod 0700 srv/watched");
    struct file_event_list list = read_all();
    assert_kinds(&list, "/srv/watched", "", FILE_EVENT_ATTRIBUTES);
}

static void test_two_directories_and_one_on_the_way(void **state)
{
    sandbox_mkdirs(sandbox, "srv/watched/deeper");
    add("/srv/watched/deeper");
    add("/srv/watched"); /* from now on more than folders */
    add("/srv/watched");
    run_shell("echo x > srv/watched/file; echo x > srv/watched/deeper/file");
    struct file_event_list list = read_all();
    assert_kinds(&list, "/srv/watched", "file", FILE_EVENT_WRITTEN);
    assert_kinds(&list, "/srv/watched/deeper", "file", FILE_EVENT_WRITTEN);
    file_events_remove(events, "/srv/watched"); /* and folders only again */
    run_shell("echo x > srv/watched/file2; mkdir srv/watched/d; echo x > srv/watched/deeper/file");
    list = read_all();
    assert_int_equal(kinds_of(&list, "/srv/watched", "file2"), 0);
    assert_int_equal(kinds_of(&list, "/srv/watched", "d"), 0);
    assert_kinds(&list, "/srv/watched/deeper", "file", FILE_EVENT_WRITTEN);
    file_events_remove(events, "/srv/watched/deeper");
    file_events_remove(events, "/srv/watched/deeper");
    file_events_remove(events, "/never");
    run_shell("echo y > srv/watched/deeper/file; echo x > srv/watched/file");
    assert_int_equal(read_all().count, 0);
}

static void test_paths_that_are_none(void **state)
{
    static const char *const paths[] = {
        "srv", "", "/srv/", "/srv//watched", "/srv/./watched", "/srv/../srv"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct error err = {0};
        assert_false(file_events_add(events, paths[i], &err));
        assert_int_equal(err.code, ERROR_FORMAT);
        file_events_remove(events, paths[i]);
    }
}

static void test_a_directory_that_may_not_be_read(void **state)
{
    if (geteuid() == 0) {
        return;
    }
    struct error err = {0};
    run_shell("chmod 0 srv/watched");
    assert_false(file_events_add(events, "/srv/watched", &err));
    assert_int_equal(err.number, EACCES);
    run_shell("chmod 700 srv/watched");
    add("/srv/watched");
}

/* ---- Paths that lead elsewhere --------------------------------------------------------------- */

static void assert_watched(const char *directory)
{
    static int number;
    (void)read_all();
    const char *name = arena_printf(sandbox->arena, "probe%d", number++);
    run_shell(arena_printf(sandbox->arena, "echo x > .%s/%s", directory, name));
    struct file_event_list list = read_all();
    assert_kinds(&list, directory, name, FILE_EVENT_WRITTEN);
}

static void assert_moved(const char *directory)
{
    struct file_event_list list = read_all();
    assert_kinds(&list, directory, "", FILE_EVENT_DIRECTORY);
    if (names_writers()) {
        assert_non_null(last_of(&list, "")->writer);
    }
}

static void test_a_watch_follows_its_path(void **state)
{
    static const struct {
        const char *script;
        bool is_there;
    } steps[] = {
        {"rm -r srv/watched", false},
        {"mkdir srv/watched", true},
        {"mv srv/watched srv/gone", false},
        {"mv srv/gone srv/watched", true},
        {"rm -r srv/watched; mkdir srv/watched", true}, /* mostly with the same inode number */
        {"mkdir srv/new; mv -T srv/watched srv/old; mv -T srv/new srv/watched", true},
        {"rm -r srv/old; mkdir srv/new; rm srv/watched/*; mv -T srv/new srv/watched", true},
        {"mv srv srv2", false},
        {"mv srv2 srv", true},
        {"mv srv srv.bak; cp -a srv.bak srv", true},
        {"rm -r srv", false},
        {"mkdir srv", false},
        {"ln -s /tmp srv/watched", false},
        {"rm srv/watched; echo > srv/watched", false},
        {"rm srv/watched; mkdir srv/watched", true},
        {"rm -r srv; mkdir -p srv/watched", true},
        {"mv srv srv3; ln -s srv3 srv", false},
    };
    add("/srv/watched");
    bool was_there = true;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        print_message("%s\n", steps[i].script);
        run_shell(steps[i].script);
        if (was_there || steps[i].is_there) {
            assert_moved("/srv/watched");
        }
        if (steps[i].is_there) {
            assert_watched("/srv/watched");
        }
        was_there = steps[i].is_there;
    }
    /* What the path led to before is of no interest. */
    (void)read_all();
    run_shell("echo x > srv3/watched/file; echo x > srv.bak/watched/file");
    assert_int_equal(read_all().count, 0);
}

static void test_somebody_stands_in_the_directory(void **state)
{
    /* The inode lives on, and never tells that it was removed. */
    add("/srv/watched");
    pid_t pid = start(
        (const char *const[]){"sh", "-c", "cd srv/watched && echo > here && exec sleep 60", NULL});
    (void)read_all();
    run_shell("rm -r srv/watched");
    assert_moved("/srv/watched");
    run_shell("mkdir srv/watched");
    assert_moved("/srv/watched");
    assert_watched("/srv/watched");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_watched("/srv/watched");
}

static void test_one_that_is_not_there_yet(void **state)
{
    add("/srv/a/b/c");
    run_shell("mkdir srv/a");
    assert_int_equal(read_all().count, 0);
    run_shell("mkdir -p srv/a/b/c");
    assert_moved("/srv/a/b/c");
    assert_watched("/srv/a/b/c");
}

/* Whoever looks at everything whenever a directory is told, and at a file whenever it is told,
 * knows the last content in the end, however quickly it all happens. */
static void test_nothing_is_lost_while_directories_are_made(void **state)
{
    add("/srv/a/b/c");
    add("/srv/a/b");
    for (int i = 0; i < RACES; i++) {
        pid_t pid = start((const char *const[]){
            "sh", "-c",
            arena_printf(sandbox->arena,
                         "rm -rf srv/a; mkdir -p srv/a/b/c; echo %d > srv/a/b/c/file", i),
            NULL});
        const char *known = NULL;
        struct pollfd wait = {.fd = file_events_fd(events), .events = POLLIN};
        const char *wanted = arena_printf(sandbox->arena, "%d\n", i);
        while (!text_equal(known, wanted) && poll(&wait, 1, PATIENCE_MS) > 0) {
            struct file_event_list list = {0};
            bool is_overflow = false;
            struct error err = {0};
            assert_true(file_events_read(events, sandbox->arena, &list, &is_overflow, &err));
            if (kinds_of(&list, "/srv/a/b/c", "") != 0 ||
                kinds_of(&list, "/srv/a/b/c", "file") != 0) {
                struct str content = {0};
                bool is_read = file_read(sandbox->host.root, "srv/a/b/c/file", 100, sandbox->arena,
                                         &content, NULL);
                known = is_read ? content.data : NULL; /* it may have gone again */
            }
        }
        finish(pid);
        assert_string_equal(known, wanted);
    }
}

/* Runs a test where mounts may be made: a process of its own in a mount namespace of its own, which
 * says by its status how it went. Its events are its own too: what is inherited is the parent's. */
static void run_with_mounts(int (*body)(void))
{
    if (geteuid() != 0) {
        return;
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* The root is opened again: its descriptor is of the other namespace. */
        struct host host;
        events = NULL;
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            chdir(sandbox->folder->path) != 0 ||
            mount("srv/watched", "srv/other", NULL, MS_BIND, NULL) != 0 ||
            umount("srv/other") != 0) {
            _exit(77);
        }
        if (!host_open(sandbox->folder->path, &sandbox->layout, &sandbox->facts, &host, NULL)) {
            _exit(1);
        }
        sandbox->host = host;
        reopen(0);
        _exit(body());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("NOT RUN: no mount may be made here\n");
        return;
    }
    assert_int_equal(status, 0);
}

static bool is_told(const struct file_event_list *list, const char *directory, unsigned kinds)
{
    const char *name = kinds == FILE_EVENT_DIRECTORY ? "" : "file";
    return (kinds_of(list, directory, name) & kinds) == kinds;
}

static int two_paths(void)
{
    if (mount("srv/watched", "srv/other", NULL, MS_BIND, NULL) != 0) {
        return 2;
    }
    add("/srv/watched");
    add("/srv/other");
    for (int round = 0; round < 2; round++) {
        run_shell("echo x > srv/other/file");
        struct file_event_list list = read_all();
        if (!is_told(&list, "/srv/watched", FILE_EVENT_WRITTEN) ||
            is_told(&list, "/srv/other", FILE_EVENT_WRITTEN) != (round == 0)) {
            print_list(&list);
            return 3;
        }
        file_events_remove(events, "/srv/other");
    }
    return 0;
}

/* The directory is another one, and is watched. */
static bool is_replaced(void)
{
    struct file_event_list list = read_all();
    run_shell("echo x > srv/watched/file");
    struct file_event_list after = read_all();
    return is_told(&list, "/srv/watched", FILE_EVENT_DIRECTORY) &&
           is_told(&after, "/srv/watched", FILE_EVENT_WRITTEN);
}

static int mounted_over(void)
{
    add("/srv/watched");
    if (mount("none", "srv/watched", "tmpfs", 0, NULL) != 0 || !is_replaced()) {
        return 2;
    }
    if (umount("srv/watched") != 0 || !is_replaced()) {
        return 3;
    }
    /* On something above it, which has such a directory too. */
    if (mount("none", "srv", "tmpfs", 0, NULL) != 0 || mkdir("srv/watched", 0755) != 0 ||
        !is_replaced()) {
        return 4;
    }
    if (umount("srv") != 0 || !is_replaced()) {
        return 5;
    }
    /* Elsewhere it is no news. */
    if (mkdir("elsewhere", 0755) != 0 || read_all().count != 0 ||
        mount("none", "elsewhere", "tmpfs", 0, NULL) != 0) {
        return 6;
    }
    return read_all().count == 0 ? 0 : 7;
}

static void test_one_directory_by_two_paths(void **state)
{
    run_with_mounts(two_paths);
}

static void test_a_mount_takes_the_place_of_a_directory(void **state)
{
    run_with_mounts(mounted_over);
}

/* ---- Too much -------------------------------------------------------------------------------- */

static void test_overflow_is_told_once(void **state)
{
    size_t overflows = 0;
    reopen(8);
    add("/srv/watched");
    run_shell("for i in $(seq 100); do echo x > srv/watched/file$i; done");
    struct pollfd wait = {.fd = file_events_fd(events), .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    struct file_event_list list = read_until_quiet(&overflows);
    assert_true(overflows > 0);
    assert_true(list.count > 0);
    assert_watched("/srv/watched");
}

static void test_overflow_does_not_lose_a_directory(void **state)
{
    size_t overflows = 0;
    reopen(4);
    add("/srv/watched");
    add("/srv/other");
    run_shell("for i in $(seq 100); do echo x > srv/other/file$i; done; mv srv/watched srv/old; "
              "mkdir srv/watched");
    struct file_event_list list = read_until_quiet(&overflows);
    assert_true(overflows > 0);
    assert_kinds(&list, "/srv/watched", "", FILE_EVENT_DIRECTORY);
    assert_watched("/srv/watched");
}

static void test_overflow_of_the_kernel(void **state)
{
    if (names_writers()) {
        return; /* its thread reads faster than anybody writes */
    }
    size_t overflows = 0;
    add("/srv/watched");
    run((const char *const[]){"python3", "-c",
                              "import os\nopen('srv/watched/a', 'w').close()\n"
                              "for i in range(60000):\n"
                              "    os.rename('srv/watched/a', 'srv/watched/b')\n"
                              "    os.rename('srv/watched/b', 'srv/watched/a')",
                              NULL});
    (void)read_until_quiet(&overflows);
    assert_int_equal(overflows, 1);
    assert_watched("/srv/watched");
}

static void test_many_events_of_one_file_are_one(void **state)
{
    reopen(16);
    add("/srv/watched");
    run((const char *const[]){"python3", "-c",
                              "f = open('srv/watched/file', 'wb', 0)\n"
                              "for i in range(20000):\n    f.write(b'x')",
                              NULL});
    struct file_event_list list = read_all();
    assert_true(list.count < 2000);
    assert_kinds(&list, "/srv/watched", "file", FILE_EVENT_WRITTEN);
}

/* ---- Nothing to do ----------------------------------------------------------------------------
 */

/* Times that the threads of this process went to sleep, without this one. */
static unsigned long sleeps_of_threads(void)
{
    unsigned long sum = 0;
    AUTO_DIRECTORY directory = opendir("/proc/self/task");
    assert_non_null(directory);
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        struct str status;
        if (entry->d_name[0] == '.' || (pid_t)strtol(entry->d_name, NULL, 10) == getpid()) {
            continue;
        }
        const char *path = arena_printf(sandbox->arena, "/proc/self/task/%s/status", entry->d_name);
        assert_true(file_read(AT_FDCWD, path, 65536, sandbox->arena, &status, NULL));
        const char *place = strstr(status.data, "\nvoluntary_ctxt_switches:");
        assert_non_null(place);
        sum += strtoul(strchr(place, ':') + 1, NULL, 10);
    }
    return sum;
}

static void test_idle_costs_nothing(void **state)
{
    add("/srv/watched");
    add("/srv/absent/here");
    assert_watched("/srv/watched");
    (void)read_all();
    unsigned long before = sleeps_of_threads();
    struct pollfd wait = {.fd = file_events_fd(events), .events = POLLIN};
    /* Reading what is watched is no news; nor are files on the way, but inotify cannot tell them
     * from folders. */
    run_shell("cat srv/watched/* > /dev/null; ls srv/watched > /dev/null");
    if (names_writers()) {
        run_shell("echo > srv/passing; rm srv/passing");
    }
    assert_int_equal(poll(&wait, 1, 500), 0);
    if (names_writers()) {
        assert_int_equal(sleeps_of_threads(), before);
    }
}

static void test_what_is_closed_leaves_nothing(void **state)
{
    for (int i = 0; i < 50; i++) {
        reopen(0);
        add("/srv/watched");
        add("/srv/other/not/there");
    }
    /* Descriptors of the sources, the queue and the root; not fifty times as many. */
    AUTO_DIRECTORY directory = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(directory) != NULL) {
        count++;
    }
    assert_in_range(count, 1, 40);
}

#define BOTH(function)                                                                             \
    {#function " (best)", function, setup_best, teardown, NULL},                                   \
    {                                                                                              \
#function " (inotify)", function, setup_inotify, teardown, NULL                            \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_every_edit_is_told),
        BOTH(test_what_is_closed_is_no_longer_being_written),
        BOTH(test_writers_of_one_file_are_kept_apart),
        BOTH(test_own_writes),
        BOTH(test_only_entries_are_told),
        BOTH(test_two_directories_and_one_on_the_way),
        BOTH(test_paths_that_are_none),
        BOTH(test_a_directory_that_may_not_be_read),
        BOTH(test_a_watch_follows_its_path),
        BOTH(test_somebody_stands_in_the_directory),
        BOTH(test_one_that_is_not_there_yet),
        BOTH(test_nothing_is_lost_while_directories_are_made),
        BOTH(test_one_directory_by_two_paths),
        BOTH(test_a_mount_takes_the_place_of_a_directory),
        BOTH(test_overflow_is_told_once),
        BOTH(test_overflow_does_not_lose_a_directory),
        BOTH(test_overflow_of_the_kernel),
        BOTH(test_many_events_of_one_file_are_one),
        BOTH(test_idle_costs_nothing),
        BOTH(test_what_is_closed_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
