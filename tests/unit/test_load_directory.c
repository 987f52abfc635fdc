#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "input/load.h"

struct fixture {
    struct arena *arena;
    char path[32];
    struct diagnostic_list diagnostics;
    struct loaded loaded;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    *fixture = (struct fixture){.arena = arena, .path = "/tmp/test-load.XXXXXX"};
    assert_non_null(mkdtemp(fixture->path));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    assert_true(file_remove_all(AT_FDCWD, fixture->path, &err));
    arena_destroy(fixture->arena);
    return 0;
}

static const char *below(const struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->path, name);
}

static void write_text(const struct fixture *fixture, const char *name, struct str content)
{
    struct error err = {0};
    const char *path = below(fixture, name);
    char *parent = arena_strdup(fixture->arena, path);
    *strrchr(parent, '/') = '\0';
    assert_true(file_make_directories(AT_FDCWD, parent, 0755, &err));
    assert_true(
        file_replace(AT_FDCWD, path, content, 0644, FILE_OWNER_NONE, FILE_SYNC_LATER, &err));
}

static void load(struct fixture *fixture, const char *environment, const char *host)
{
    fixture->diagnostics = (struct diagnostic_list){0};
    load_directory(fixture->arena, fixture->path, environment, host, &fixture->diagnostics,
                   &fixture->loaded);
}

static void assert_only(const struct fixture *fixture, enum diagnostic_code code)
{
    assert_int_equal(fixture->diagnostics.count, 1);
    const struct diagnostic *only = fixture->diagnostics.items;
    assert_int_equal(only == NULL ? DIAGNOSTIC_COUNT : only->code, code);
}

static void test_load_directory_reads_yaml_in_a_fixed_order(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "b.yaml", STR("b"));
    write_text(fixture, "sites/z.yml", STR("z"));
    write_text(fixture, "a.yaml", STR("a"));
    write_text(fixture, "README.md", STR("no"));
    write_text(fixture, ".git/config.yaml", STR("no"));
    load(fixture, NULL, NULL);
    static const char *const names[] = {"a.yaml", "b.yaml", "sites/z.yml"};
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(fixture->loaded.files.items[i].source->name, names[i]);
    }
}

static void test_load_directory_takes_the_chosen_overlays_only(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    write_text(fixture, "environments/production/p.yaml", STR("p"));
    write_text(fixture, "environments/development/d.yaml", STR("d"));
    write_text(fixture, "hosts/web1/h.yaml", STR("h"));
    load(fixture, "production", "web1");
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 3);
    assert_int_equal(fixture->loaded.files.items[1].layer, LOAD_ENVIRONMENT);
    assert_string_equal(fixture->loaded.files.items[1].source->name,
                        "environments/production/p.yaml");
    assert_int_equal(fixture->loaded.files.items[2].layer, LOAD_HOST);
    load(fixture, NULL, "web2");
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 1);
    load(fixture, "produktion", NULL);
    assert_only(fixture, DIAGNOSTIC_UNKNOWN_ENVIRONMENT);
}

static void test_load_directory_empty_and_absent_are_mistakes(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FOLDER_EMPTY);
    struct diagnostic_list diagnostics = {0};
    load_directory(fixture->arena, below(fixture, "absent"), NULL, NULL, &diagnostics,
                   &fixture->loaded);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].code, DIAGNOSTIC_FILE_UNREADABLE);
}

static void test_load_directory_link_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    assert_int_equal(symlink("a.yaml", below(fixture, "b.yaml")), 0);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_LINK_NOT_FOLLOWED);
}

static void test_load_directory_large_file_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    struct str large = {arena_alloc(fixture->arena, LOAD_FILE_MOST + 1), LOAD_FILE_MOST + 1};
    write_text(fixture, "large.yaml", large);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FILE_TOO_LARGE);
    large.length = LOAD_FILE_MOST;
    write_text(fixture, "large.yaml", large);
    load(fixture, NULL, NULL);
    assert_int_equal(fixture->diagnostics.count, 0);
}

static void test_load_directory_total_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct str part = {arena_alloc(fixture->arena, LOAD_FILE_MOST), LOAD_FILE_MOST};
    for (int i = 0; i <= LOAD_TOTAL_MOST / LOAD_FILE_MOST; i++) {
        write_text(fixture, arena_printf(fixture->arena, "%d.yaml", i), part);
    }
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_INPUT_TOO_LARGE);
}

static void test_load_directory_unreadable_file_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    assert_int_equal(mkfifo(below(fixture, "pipe.yaml"), 0600), 0);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
}

/* ---- While others change it ----------------------------------------------------------------- */

enum {
    PARTS = 100,
    TRIALS = 400,
    BREAK_US = 15000, /* who is kept from going on for longer is taken to have ended */
};

/* Shared with the one who changes the folder. */
struct meanwhile {
    pid_t child;
    int64_t longest_break_us; /* between two changes that belong together */
    int64_t since_us;         /* of the step under way; 0: between two */
};

static void write_parts(const struct fixture *fixture)
{
    for (int i = 0; i < PARTS; i++) {
        write_text(fixture, arena_printf(fixture->arena, "parts/%d/part.yaml", i),
                   STR("sites: {}"));
    }
}

static void pause_us(long microseconds)
{
    const struct timespec time = {.tv_nsec = microseconds * 1000};
    assert_int_equal(nanosleep(&time, NULL), 0);
}

/* Returns now, from which the next break counts. */
static int64_t note_break(struct meanwhile *meanwhile, int64_t since_us)
{
    int64_t now_us = clock_us();
    if (now_us - since_us > meanwhile->longest_break_us) {
        meanwhile->longest_break_us = now_us - since_us;
    }
    return now_us;
}

/* In a process of its own, until it is killed or ends by itself. */
static struct meanwhile *begin(const struct fixture *fixture,
                               void (*change)(const struct fixture *fixture,
                                              struct meanwhile *meanwhile))
{
    struct meanwhile *meanwhile =
        mmap(NULL, sizeof(*meanwhile), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(meanwhile, MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        change(fixture, meanwhile);
        _exit(0);
    }
    assert_true(child > 0);
    meanwhile->child = child;
    return meanwhile;
}

static bool end(struct meanwhile *meanwhile, int signal)
{
    int status = 0;
    (void)kill(meanwhile->child, signal); /* or it has ended already */
    assert_int_equal(waitpid(meanwhile->child, &status, 0), meanwhile->child);
    if (meanwhile->since_us != 0) { /* a break that the end cut short */
        (void)note_break(meanwhile, meanwhile->since_us);
    }
    bool went_on = meanwhile->longest_break_us < BREAK_US;
    assert_int_equal(munmap(meanwhile, sizeof(*meanwhile)), 0);
    return went_on;
}

static void remove_parts(const struct fixture *fixture, struct meanwhile *meanwhile)
{
    int64_t since_us = clock_us();
    for (int i = 0; i < PARTS; i++) {
        (void)unlink(below(fixture, arena_printf(fixture->arena, "parts/%d/part.yaml", i)));
        (void)rmdir(below(fixture, arena_printf(fixture->arena, "parts/%d", i)));
        since_us = note_break(meanwhile, since_us);
    }
}

/* rm -r: all or an error, never the part that is still there. */
static void test_load_directory_that_vanishes_is_whole_or_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    size_t tried = 0;
    size_t partial = 0;
    for (int i = 0; i < TRIALS && tried < 5; i++) {
        write_parts(fixture);
        struct meanwhile *removal = begin(fixture, remove_parts);
        pause_us(i % 8 * 300);
        load(fixture, NULL, NULL);
        bool is_whole = fixture->diagnostics.count == 0 && fixture->loaded.files.count == PARTS;
        bool is_refused = fixture->diagnostics.count > 0;
        if (end(removal, 0)) {
            partial += !is_whole && !is_refused;
            tried++;
        }
    }
    assert_true(tried > 0);
    assert_int_equal(partial, 0);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FOLDER_EMPTY);
}

/* As editors and `>` do it: emptied, and written a moment later. */
static void rewrite_in_place(const struct fixture *fixture, struct meanwhile *meanwhile)
{
    for (;;) {
        meanwhile->since_us = clock_us();
        int fd = open(below(fixture, "a.yaml"), O_WRONLY | O_TRUNC | O_CLOEXEC);
        pause_us(2000);
        if (write(fd, "sites: {}\n", 10) != 10) {
            _exit(1);
        }
        (void)close(fd);
        (void)note_break(meanwhile, meanwhile->since_us);
        meanwhile->since_us = 0;
        pause_us(60000);
    }
}

static void test_load_directory_never_takes_a_half_written_file(void **state)
{
    struct fixture *fixture = *state;
    size_t tried = 0;
    size_t half = 0;
    write_text(fixture, "a.yaml", STR("sites: {}\n"));
    write_text(fixture, "b.yaml", STR("sites: {}\n"));
    for (int i = 0; i < TRIALS && tried < 10; i++) {
        size_t half_before = half;
        struct meanwhile *writer = begin(fixture, rewrite_in_place);
        for (int k = 0; k < 5; k++) {
            pause_us(1000);
            load(fixture, NULL, NULL);
            half += fixture->diagnostics.count == 0 &&
                    fixture->loaded.files.items[0].source->content.length != 10;
        }
        bool went_on = end(writer, SIGKILL);
        tried += went_on;
        half = went_on ? half : half_before;
        write_text(fixture, "a.yaml", STR("sites: {}\n"));
    }
    assert_true(tried > 0);
    assert_int_equal(half, 0);
}

static void change_always(const struct fixture *fixture, struct meanwhile *meanwhile)
{
    (void)meanwhile;
    const char *name = below(fixture, "parts/new.yaml");
    for (;;) {
        int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        (void)close(fd);
        (void)unlink(name);
        pause_us(500);
    }
}

static void test_load_directory_that_never_stands_still_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    write_parts(fixture);
    struct meanwhile *writer = begin(fixture, change_always);
    pause_us(20000);
    load(fixture, NULL, NULL);
    (void)end(writer, SIGKILL);
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
    (void)unlink(below(fixture, "parts/new.yaml"));
    load(fixture, NULL, NULL);
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, PARTS);
}

static void test_load_directory_takes_a_single_file(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("text"));
    load_directory(fixture->arena, below(fixture, "a.yaml"), NULL, NULL, &fixture->diagnostics,
                   &fixture->loaded);
    assert_int_equal(fixture->loaded.files.count, 1);
    assert_string_equal(fixture->loaded.files.items[0].source->name, "a.yaml");
}

static void test_load_digest_changes_with_content_name_and_layer(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("one"));
    load(fixture, NULL, NULL);
    const char *first = loaded_digest(fixture->arena, &fixture->loaded);
    load(fixture, NULL, NULL);
    assert_string_equal(loaded_digest(fixture->arena, &fixture->loaded), first);
    write_text(fixture, "a.yaml", STR("two"));
    load(fixture, NULL, NULL);
    assert_string_not_equal(loaded_digest(fixture->arena, &fixture->loaded), first);
}

static void test_load_saved_documents_read_back(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("sites:\n  \"\xd9\x85.test\": {}\n"));
    write_text(fixture, "environments/x/b.yaml", STR("b"));
    load(fixture, "x", NULL);
    struct str saved = loaded_write(fixture->arena, &fixture->loaded);
    struct loaded again;
    struct error err = {0};
    assert_true(loaded_read(fixture->arena, saved, &again, &err));
    assert_string_equal(loaded_digest(fixture->arena, &again),
                        loaded_digest(fixture->arena, &fixture->loaded));
    assert_false(loaded_read(fixture->arena, STR("{\"files\": [{}]}"), &again, &err));
    assert_false(loaded_read(fixture->arena, STR("{"), &again, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct str look(const struct fixture *fixture, const char *host)
{
    return load_look(fixture->arena, fixture->path, NULL, host);
}

static void test_look_sees_what_reading_saw(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("one"));
    write_text(fixture, "sub/b.yaml", STR("two"));
    write_text(fixture, "hosts/h/c.yaml", STR("three"));
    load(fixture, NULL, "h");
    struct str seen = fixture->loaded.seen;
    assert_true(seen.length > 0);
    assert_true(str_equal(look(fixture, "h"), seen));
    assert_false(str_equal(look(fixture, NULL), seen));
    write_text(fixture, "hosts/other/d.yaml", STR("not read here"));
    write_text(fixture, "notes.txt", STR("nor this"));
    assert_true(str_equal(look(fixture, "h"), seen));
}

static void test_look_sees_every_sort_of_change(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("one"));
    write_text(fixture, "sub/b.yaml", STR("two"));
    for (int change = 0; change < 6; change++) {
        load(fixture, NULL, NULL);
        switch (change) {
        case 0:
            write_text(fixture, "a.yaml", STR("new"));
            break;
        case 1:
            write_text(fixture, "sub/c.yaml", STR("more"));
            break;
        case 2:
            assert_int_equal(unlink(below(fixture, "sub/c.yaml")), 0);
            break;
        case 3: /* neither file changes; diagnostics would name another path */
            assert_int_equal(rename(below(fixture, "sub"), below(fixture, "bus")), 0);
            break;
        case 4: /* up by a level */
            assert_int_equal(rename(below(fixture, "bus/b.yaml"), below(fixture, "b.yaml")), 0);
            break;
        default:
            assert_int_equal(chmod(below(fixture, "a.yaml"), 0600), 0);
            break;
        }
        assert_false(str_equal(look(fixture, NULL), fixture->loaded.seen));
    }
}

static void test_look_at_mistakes_knows_nothing(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("one"));
    assert_int_equal(symlink("a.yaml", below(fixture, "link.yaml")), 0);
    assert_int_equal(look(fixture, NULL).length, 0);
    assert_int_equal(unlink(below(fixture, "link.yaml")), 0);
    assert_true(look(fixture, NULL).length > 0);
    assert_int_equal(load_look(fixture->arena, below(fixture, "nothing"), NULL, NULL).length, 0);
    const char *file = below(fixture, "a.yaml");
    load_directory(fixture->arena, file, NULL, NULL, &fixture->diagnostics, &fixture->loaded);
    assert_true(str_equal(load_look(fixture->arena, file, NULL, NULL), fixture->loaded.seen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_load_directory_reads_yaml_in_a_fixed_order),
        TEST(test_load_directory_takes_the_chosen_overlays_only),
        TEST(test_load_directory_empty_and_absent_are_mistakes),
        TEST(test_load_directory_link_is_a_mistake),
        TEST(test_load_directory_large_file_is_a_mistake),
        TEST(test_load_directory_total_has_a_limit),
        TEST(test_load_directory_unreadable_file_is_a_mistake),
        TEST(test_load_directory_that_vanishes_is_whole_or_a_mistake),
        TEST(test_load_directory_never_takes_a_half_written_file),
        TEST(test_load_directory_that_never_stands_still_is_a_mistake),
        TEST(test_load_directory_takes_a_single_file),
        TEST(test_look_sees_what_reading_saw),
        TEST(test_look_sees_every_sort_of_change),
        TEST(test_look_at_mistakes_knows_nothing),
        TEST(test_load_digest_changes_with_content_name_and_layer),
        TEST(test_load_saved_documents_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
