/* Killed before each of its system calls in turn, an apply leaves every item old or new, and the
 * next run finishes the work and leaves nothing behind. Some of the calls are left out unless
 * TEST_EVERY_CALL is set. */

#include "provider/acme_sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "model/certificate_item.h"
#include "model/copy_item.h"
#include "model/directory_item.h"
#include "model/file_item.h"
#include "providers/fingerprints.h"
#include "providers/ledger.h"
#include "providers/pair.h"
#include "providers/staging.h"

enum { CALLS_MOST = 5000, CALLS_LEFT_OUT = 9, STATUS_NOT_TRACED = 77 };

struct crash {
    void (*reset)(struct sandbox *sandbox);  /* back to the old state; may be NULL */
    void (*work)(struct sandbox *sandbox);   /* what is cut off */
    void (*check)(struct sandbox *sandbox);  /* what must hold then, and after cleaning up */
    void (*finish)(struct sandbox *sandbox); /* the next run; may be NULL */
};

static void run_traced(struct sandbox *sandbox, const struct crash *crash)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
        _exit(STATUS_NOT_TRACED);
    }
    (void)raise(SIGSTOP);
    crash->work(sandbox);
    _exit(0);
}

enum end { END_KILLED, END_DONE, END_NOT_TRACED };

/* Lets the work make this many system calls, and no more. */
static enum end kill_after(struct sandbox *sandbox, const struct crash *crash, size_t calls)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_traced(sandbox, crash);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        return END_NOT_TRACED;
    }
    for (size_t stop = 0; stop < 2 * calls + 1; stop++) { /* entry and exit of each */
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            return END_DONE;
        }
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return END_KILLED;
}

static void clean_up(struct sandbox *sandbox)
{
    struct error err;
    if (!staging_clean(&sandbox->host, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static void sweep(struct sandbox *sandbox, const struct crash *crash)
{
    size_t step = getenv("TEST_EVERY_CALL") != NULL ? 1 : CALLS_LEFT_OUT + 1;
    for (size_t calls = 0; calls < CALLS_MOST; calls += step) {
        if (crash->reset != NULL) {
            crash->reset(sandbox);
        }
        enum end end = kill_after(sandbox, crash, calls);
        if (end == END_NOT_TRACED) {
            skip();
        }
        crash->check(sandbox);
        clean_up(sandbox);
        crash->check(sandbox);
        if (crash->finish != NULL) {
            crash->finish(sandbox);
        }
        if (end == END_DONE) {
            assert_true(calls > 5);
            print_message("killed before %zu system calls\n", calls / step);
            return;
        }
    }
    fail_msg("it never ended");
}

static void assert_no_leftovers(struct sandbox *sandbox, const char *path)
{
    if (test_folder_exists(sandbox->folder, path)) {
        assert_null(strstr(test_folder_list(sandbox->folder, path), ".reconcile"));
    }
}

/* ---- Files ---------------------------------------------------------------------------------- */

enum { FILES = 12 };

static const char *file_path(struct sandbox *sandbox, size_t index)
{
    return arena_printf(sandbox->arena, "/etc/d%zu/file%zu", index % 3, index);
}

/* Makes, changes and deletes in one batch. */
static void apply_files(struct sandbox *sandbox)
{
    struct item items[FILES];
    struct observation found[FILES];
    struct action actions[FILES];
    const struct item *item_pointers[FILES];
    const struct action *pointers[FILES];
    struct outcome outcomes[FILES] = {{0}};
    struct file_item wanted = {.text = {.content = STR("new\n")}, .mode = 0640};
    for (size_t i = 0; i < FILES; i++) {
        const void *wish = i % 4 == 3 ? NULL : &wanted;
        items[i] = sandbox_item(ITEM_FILE, file_path(sandbox, i), wish);
        item_pointers[i] = &items[i];
        pointers[i] = &actions[i];
    }
    (void)file_provider.observe(&sandbox->host, item_pointers, FILES, sandbox->arena, found, NULL);
    for (size_t i = 0; i < FILES; i++) {
        actions[i] = sandbox_plan(sandbox, &file_provider, &items[i], &found[i]);
    }
    file_provider.apply(&sandbox->host, pointers, FILES, sandbox->arena, outcomes);
}

/* Half of them exist with an older content. */
static void reset_files(struct sandbox *sandbox)
{
    for (size_t i = 0; i < FILES; i++) {
        const char *path = file_path(sandbox, i) + 1;
        (void)unlinkat(sandbox->host.root, path, 0); /* may be absent */
        sandbox_mkdirs(sandbox, arena_printf(sandbox->arena, "etc/d%zu", i % 3));
        if (i % 2 == 1) {
            test_folder_write(sandbox->folder, path, "old\n");
            assert_int_equal(fchmodat(sandbox->host.root, path, 0640, 0), 0);
        }
    }
}

static void check_files(struct sandbox *sandbox)
{
    for (size_t i = 0; i < FILES; i++) {
        const char *path = file_path(sandbox, i) + 1;
        const char *content = test_folder_read(sandbox->folder, path);
        if (content == NULL) {
            assert_true(i % 2 == 0 || i % 4 == 3); /* not yet made, or deleted */
            continue;
        }
        assert_true(strcmp(content, "new\n") == 0 || (i % 2 == 1 && strcmp(content, "old\n") == 0));
        assert_int_equal(test_folder_mode(sandbox->folder, path), S_IFREG | 0640);
    }
}

static void finish_files(struct sandbox *sandbox)
{
    apply_files(sandbox);
    for (size_t i = 0; i < FILES; i++) {
        const char *content = test_folder_read(sandbox->folder, file_path(sandbox, i) + 1);
        if (i % 4 == 3) {
            assert_null(content);
        } else {
            assert_string_equal(content, "new\n");
        }
        assert_no_leftovers(sandbox, arena_printf(sandbox->arena, "etc/d%zu", i % 3));
    }
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "");
}

static void test_crash_files_are_old_or_new_and_finished(void **state)
{
    const struct crash crash = {reset_files, apply_files, check_files, finish_files};
    sweep(*state, &crash);
}

/* ---- Directories ---------------------------------------------------------------------------- */

static void apply_directories(struct sandbox *sandbox)
{
    static const struct directory_item wanted = {.mode = 0711};
    struct item made = sandbox_item(ITEM_DIRECTORY, "/srv/shop/data", &wanted);
    struct item corrected = sandbox_item(ITEM_DIRECTORY, "/opt", &wanted);
    (void)sandbox_converge(sandbox, &directory_provider, &made);
    (void)sandbox_converge(sandbox, &directory_provider, &corrected);
}

static void reset_directories(struct sandbox *sandbox)
{
    assert_true(file_remove_all(sandbox->host.root, "srv", NULL));
    sandbox_mkdirs(sandbox, "srv");
    sandbox_mkdirs(sandbox, "opt");
    assert_int_equal(fchmodat(sandbox->host.root, "opt", 0755, 0), 0);
}

static void check_directories(struct sandbox *sandbox)
{
    mode_t mode = test_folder_mode(sandbox->folder, "opt") & 07777;
    assert_true(mode == 0755 || mode == 0711);
    if (test_folder_exists(sandbox->folder, "srv/shop/data")) {
        assert_int_equal(test_folder_mode(sandbox->folder, "srv/shop/data"), S_IFDIR | 0711);
    }
}

static void finish_directories(struct sandbox *sandbox)
{
    apply_directories(sandbox);
    assert_int_equal(test_folder_mode(sandbox->folder, "srv/shop/data"), S_IFDIR | 0711);
    assert_string_equal(test_folder_list(sandbox->folder, "srv/shop"), "data ");
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "");
}

static void test_crash_directories_are_old_or_new_and_finished(void **state)
{
    const struct crash crash = {reset_directories, apply_directories, check_directories,
                                finish_directories};
    sweep(*state, &crash);
}

/* ---- Certificates --------------------------------------------------------------------------- */

#define SHOP "var/lib/reconcile/certificates/shop.test"

static void apply_certificate(struct sandbox *sandbox)
{
    static const char *const names[] = {"shop.test", NULL};
    static const struct certificate_item wanted = {
        .names = names,
        .name_count = 1,
        .directory = "/" SHOP,
        .key_type = "ecdsa-p256",
        .lifetime_seconds = 3600, /* so that many fit into the authority's */
    };
    struct item item = sandbox_item(ITEM_CERTIFICATE, "shop.test", &wanted);
    (void)sandbox_converge(sandbox, &certificate_provider, &item);
}

/* One whole pair, which the caller releases, or NULL when there never was one. */
static struct pair *read_pair(struct sandbox *sandbox, const char *directory)
{
    const char *chain = test_folder_read(
        sandbox->folder, arena_printf(sandbox->arena, "%s/fullchain.pem", directory));
    const char *key =
        test_folder_read(sandbox->folder, arena_printf(sandbox->arena, "%s/key.pem", directory));
    if (chain == NULL || key == NULL) {
        assert_null(chain);
        assert_null(key);
        return NULL;
    }
    AUTO_SECRET secret = secret_from_bytes(key, strlen(key));
    struct pair *pair = pair_read(str_of(chain), secret, NULL);
    assert_non_null(pair);
    assert_true(pair_describe(pair, sandbox->arena)->has_key);
    return pair;
}

static bool check_pair(struct sandbox *sandbox)
{
    AUTO_PAIR pair = read_pair(sandbox, SHOP);
    return pair != NULL;
}

static void check_first_certificate(struct sandbox *sandbox)
{
    (void)check_pair(sandbox);
}

static void finish_certificate(struct sandbox *sandbox)
{
    apply_certificate(sandbox);
    assert_true(check_pair(sandbox));
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"),
                        "authority certificates ");
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile/authority"),
                        "ca.pem key.pem ");
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile/certificates"),
                        ".versions shop.test ");
}

static void reset_certificates(struct sandbox *sandbox)
{
    assert_true(file_remove_all(sandbox->host.root, "var", NULL));
}

static void test_crash_first_certificate_is_whole_and_finished(void **state)
{
    const struct crash crash = {reset_certificates, apply_certificate, check_first_certificate,
                                finish_certificate};
    sweep(*state, &crash);
}

static void age_certificate(struct sandbox *sandbox)
{
    sandbox->now += 3000;
}

static void check_renewed_certificate(struct sandbox *sandbox)
{
    assert_true(check_pair(sandbox));
}

static void test_crash_renewal_leaves_one_whole_pair(void **state)
{
    struct sandbox *sandbox = *state;
    const struct crash crash = {age_certificate, apply_certificate, check_renewed_certificate,
                                NULL};
    sandbox->now = 1800000000;
    apply_certificate(sandbox);
    sweep(sandbox, &crash);
    age_certificate(sandbox);
    finish_certificate(sandbox);
    const char *versions =
        test_folder_list(sandbox->folder, "var/lib/reconcile/certificates/.versions/shop.test");
    assert_int_equal(strlen(versions), 2 * strlen("0123456789abcdef0123456789abcdef "));
}

/* ---- Certificates that an authority signs ------------------------------------------------------
 */

enum { ACME_LIFETIME = 3600, ACME_AGED = 3000 };

static void order_certificate(struct sandbox *sandbox)
{
    (void)acme_run(sandbox);
}

/* Whoever has a pair serves it: what stands in for the authority's is never served as if it were.
 */
static bool check_order(struct sandbox *sandbox)
{
    AUTO_PAIR pair = read_pair(sandbox, ACME_PAIR);
    bool is_signed =
        pair != NULL && pair_is_signed_by(pair, acme_authority_of(sandbox)->certificate);
    assert_true(pair == NULL || is_signed ||
                test_folder_exists(sandbox->folder,
                                   ACME_STATE "/certificates/.waiting/" ACME_NAME ".conf"));
    return is_signed;
}

static void check_first_order(struct sandbox *sandbox)
{
    (void)check_order(sandbox);
}

static void check_renewal(struct sandbox *sandbox)
{
    assert_true(check_order(sandbox));
    assert_false(test_folder_exists(sandbox->folder,
                                    ACME_STATE "/certificates/.waiting/" ACME_NAME ".conf"));
}

static void finish_order(struct sandbox *sandbox)
{
    static const char *const folders[] = {ACME_STATE,
                                          ACME_ACCOUNTS,
                                          ACME_ACCOUNTS "/orders",
                                          ACME_STATE "/certificates",
                                          ACME_STATE "/certificates/.acme",
                                          ACME_STATE "/certificates/.waiting",
                                          ACME_PAIR};
    order_certificate(sandbox);
    assert_true(check_order(sandbox));
    assert_int_equal(acme_run(sandbox).result, OUTCOME_UNCHANGED);
    assert_string_equal(test_folder_list(sandbox->folder, ACME_ACCOUNTS "/orders"), "");
    assert_string_equal(test_folder_list(sandbox->folder, ACME_STATE "/certificates/.waiting"), "");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        assert_no_leftovers(sandbox, folders[i]);
    }
}

static void reset_order(struct sandbox *sandbox)
{
    assert_true(file_remove_all(sandbox->host.root, "var", NULL));
}

static void age_order(struct sandbox *sandbox)
{
    sandbox->now += ACME_AGED;
}

static void test_crash_first_order_is_finished(void **state)
{
    const struct crash crash = {reset_order, order_certificate, check_first_order, finish_order};
    sweep(*state, &crash);
}

static void test_crash_renewal_by_an_authority_leaves_one_whole_pair(void **state)
{
    struct sandbox *sandbox = *state;
    const struct crash crash = {age_order, order_certificate, check_renewal, finish_order};
    acme_authority_of(sandbox)->lifetime_seconds = ACME_LIFETIME;
    finish_order(sandbox);
    sweep(sandbox, &crash);
}

/* ---- Copies of certificates ----------------------------------------------------------------- */

#define COPY "etc/mail/tls"

static void apply_copy(struct sandbox *sandbox)
{
    static const struct copy_item wanted = {
        .certificate = "shop.test", .source = "/" SHOP, .mode = 0640};
    const struct item item = sandbox_item(ITEM_COPY, "/" COPY, &wanted);
    (void)sandbox_converge(sandbox, &copy_provider, &item);
}

static void renew_copied(struct sandbox *sandbox)
{
    age_certificate(sandbox);
    apply_certificate(sandbox);
}

/* Whole, and for nobody else at any moment. */
static void check_copy(struct sandbox *sandbox)
{
    struct stat status;
    AUTO_PAIR pair = read_pair(sandbox, COPY);
    assert_non_null(pair);
    assert_int_equal(fstatat(sandbox->host.root, COPY "/key.pem", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void finish_copy(struct sandbox *sandbox)
{
    apply_copy(sandbox);
    check_copy(sandbox);
    assert_string_equal(test_folder_read(sandbox->folder, COPY "/key.pem"),
                        test_folder_read(sandbox->folder, SHOP "/key.pem"));
    assert_string_equal(test_folder_list(sandbox->folder, "etc/mail"), ".versions tls ");
}

static void test_crash_copy_is_whole_and_finished(void **state)
{
    struct sandbox *sandbox = *state;
    const struct crash crash = {renew_copied, apply_copy, check_copy, finish_copy};
    sandbox->now = 1800000000;
    apply_certificate(sandbox);
    apply_copy(sandbox);
    sweep(sandbox, &crash);
}

/* ---- What we remember ----------------------------------------------------------------------- */

static void save_ledger(struct sandbox *sandbox)
{
    struct ledger *ledger = NULL;
    if (!ledger_load(&sandbox->host, sandbox->arena, &ledger, NULL)) {
        _exit(1);
    }
    size_t count = ledger_count(ledger);
    (void)ledger_put(
        ledger, &(struct ledger_entry){.type = "file",
                                       .id = arena_printf(sandbox->arena, "/etc/file%zu", count)});
    if (!ledger_save(&sandbox->host, ledger, NULL)) {
        _exit(1);
    }
}

static void check_ledger(struct sandbox *sandbox)
{
    struct ledger *ledger = NULL;
    assert_true(ledger_load(&sandbox->host, sandbox->arena, &ledger, NULL));
    size_t count = ledger_count(ledger);
    if (count > 0) {
        assert_non_null(
            ledger_find(ledger, "file", arena_printf(sandbox->arena, "/etc/file%zu", count - 1)));
    }
}

static void test_crash_ledger_is_old_or_new(void **state)
{
    struct sandbox *sandbox = *state;
    const struct crash crash = {NULL, save_ledger, check_ledger, NULL};
    sandbox_mkdirs(sandbox, "var/lib/reconcile");
    sweep(sandbox, &crash);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "ledger ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_crash_files_are_old_or_new_and_finished),
        SANDBOX_TEST(test_crash_directories_are_old_or_new_and_finished),
        ACME_TEST(test_crash_first_order_is_finished),
        ACME_TEST(test_crash_renewal_by_an_authority_leaves_one_whole_pair),
        SANDBOX_TEST(test_crash_first_certificate_is_whole_and_finished),
        SANDBOX_TEST(test_crash_renewal_leaves_one_whole_pair),
        SANDBOX_TEST(test_crash_copy_is_whole_and_finished),
        SANDBOX_TEST(test_crash_ledger_is_old_or_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
