/* A confined program, and what it runs, reads and writes where it may, whatever the modes of other
 * files say. */

#include "provider/sandbox.h"

#include <linux/securebits.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "providers/acme_client.h"
#include "providers/confinement.h"

enum { FILES_MOST = 64, FILE_SIZE_MOST = 64 * 1024 };

/* Root has no more rights than others: some look into any process. */
static int enter(void *confinement)
{
    bool has_rights = geteuid() == 0 && prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0;
    return !has_rights && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   confinement_enter(confinement)
               ? 0
               : EXIT_FAILURE;
}

static const char *path_of(struct sandbox *sandbox, const char *name)
{
    return arena_printf(sandbox->arena, "%s/%s", sandbox->folder->path, name);
}

/* The status of a line of shell, of which $D is the test's folder. */
static int run(struct sandbox *sandbox, const char *line)
{
    const char *const readable[] = {"/usr",
                                    "/bin",
                                    "/lib",
                                    "/lib64",
                                    "/etc",
                                    "/proc",
                                    path_of(sandbox, "readable"),
                                    path_of(sandbox, "not-there"),
                                    NULL};
    const char *const writable[] = {path_of(sandbox, "writable"), path_of(sandbox, "one-file"),
                                    "/dev/null", NULL};
    const struct confinement_files files = {readable, writable};
    struct confinement confinement = {.files_most = FILES_MOST, .file_size_most = FILE_SIZE_MOST};
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const char *const environment[] = {
        "PATH=/usr/bin:/bin", arena_printf(sandbox->arena, "D=%s", sandbox->folder->path),
        arena_printf(sandbox->arena, "OUTSIDE=%d", (int)getpid()), NULL};
    const struct process_options options = {
        .argv = argv,
        .environment = environment,
        .timeout_ms = 20000,
        .output_limit = 4096,
        .prepare = enter,
        .prepare_context = &confinement,
    };
    struct process_result result;
    struct error err;
    if (!confinement_open(&confinement, &files, &err) ||
        !process_run(&options, sandbox->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    confinement_close(&confinement);
    return result.status;
}

static void fill(struct sandbox *sandbox)
{
    sandbox_mkdirs(sandbox, "readable/below");
    sandbox_mkdirs(sandbox, "writable/below");
    sandbox_mkdirs(sandbox, "outside");
    test_folder_write(sandbox->folder, "readable/below/file", "r");
    test_folder_write(sandbox->folder, "writable/file", "w");
    test_folder_write(sandbox->folder, "one-file", "1");
    test_folder_write(sandbox->folder, "outside/file", "o");
}

static void test_confinement_allows_what_is_listed(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const lines[] = {
        "cat $D/readable/below/file",
        "ls $D/readable",
        "echo x > $D/writable/below/new && mv $D/writable/below/new $D/writable/moved",
        "mkdir $D/writable/more && rmdir $D/writable/more && rm $D/writable/file",
        "echo x > $D/one-file && cat $D/one-file > /dev/null",
        "cat /proc/self/status",
    };
    fill(sandbox);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (run(sandbox, lines[i]) != 0) {
            fail_msg("refused: %s", lines[i]);
        }
    }
}

static void test_confinement_refuses_everything_else(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const lines[] = {
        "cat $D/outside/file",
        "ls $D/outside",
        "sh -c 'cat $D/outside/file'",
        "cat $D/writable/../outside/file",
        "ln -s $D/outside/file $D/writable/link && cat $D/writable/link",
        "ln -s $D/outside/file $D/writable/link",
        "mv $D/outside/file $D/writable/stolen",
        "ln $D/outside/file $D/writable/stolen",
        "echo x > $D/outside/file",
        "echo x > $D/outside/new",
        "echo x > $D/readable/new",
        "echo x > $D/readable/below/file",
        "rm $D/outside/file",
        "rm $D/one-file",
        "mkfifo $D/writable/pipe",
        "cat /proc/$OUTSIDE/environ",
    };
    if (!confinement_has_rules()) {
        skip();
    }
    fill(sandbox);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (run(sandbox, lines[i]) == 0) {
            fail_msg("allowed: %s", lines[i]);
        }
    }
    assert_string_equal(test_folder_read(sandbox->folder, "outside/file"), "o");
    assert_string_equal(test_folder_list(sandbox->folder, "outside"), "file ");
    assert_string_equal(test_folder_list(sandbox->folder, "writable"), "below file ");
}

static void test_confinement_limits_files(void **state)
{
    struct sandbox *sandbox = *state;
    fill(sandbox);
    assert_int_equal(run(sandbox, "head -c 65536 /usr/bin/bash > $D/writable/file"), 0);
    assert_int_not_equal(run(sandbox, "head -c 65537 /usr/bin/bash > $D/writable/file"), 0);
    assert_int_equal(run(sandbox, "[ $(ulimit -n) = 64 ]"), 0);
}

/* ---- uacme ---------------------------------------------------------------------------------- */

/* Tells in the chain what it could do. The key's mode would let anybody read it. */
static const char uacme[] = "#!/bin/sh\n"
                            "S=%s\n"
                            "tries() { eval \"$2\" 2> /dev/null && echo \"$1\"; }\n"
                            "{ tries key 'cat $S/certificates/key.pem > /dev/null'\n"
                            "  tries state 'echo x > $S/new'\n"
                            "  tries order 'echo x > $S/acme-accounts/orders/1/new'\n"
                            "  tries token 'echo x > $S/acme/token'\n"
                            "  tries system 'cat /etc/passwd > /dev/null'\n"
                            "} > request-cert.pem\n";

static void allow_everybody(struct sandbox *sandbox, const char *path)
{
    sandbox_mkdirs(sandbox, path);
    assert_int_equal(fchmodat(sandbox->host.root, path, 0777, 0), 0);
}

static void test_confinement_holds_for_uacme(void **state)
{
    struct sandbox *sandbox = *state;
    struct acme_client *client = NULL;
    struct acme_refusal refusal;
    struct str chain;
    struct error err;
    const struct acme_request request = {.directory_url = "https://ca.test/",
                                         .text = STR("request")};
    if (!confinement_has_rules()) {
        skip();
    }
    const char *state_path = path_of(sandbox, "state");
    assert_int_equal(chmod(sandbox->folder->path, 0755), 0);
    allow_everybody(sandbox, "state");
    allow_everybody(sandbox, "state/certificates");
    test_folder_write(sandbox->folder, "state/certificates/key.pem", "key");
    test_folder_write(sandbox->folder, "uacme", arena_printf(sandbox->arena, uacme, state_path));
    assert_int_equal(fchmodat(sandbox->host.root, "uacme", 0755, 0), 0);
    sandbox->layout.acme_accounts = path_of(sandbox, "state/acme-accounts");
    sandbox->layout.acme_challenges = path_of(sandbox, "state/acme");
    sandbox->layout.acme_program = path_of(sandbox, "uacme");
    sandbox->layout.acme_user = "nobody";
    sandbox->layout.acme_terms = true;
    struct host host;
    assert_true(host_open("/", &sandbox->layout, &sandbox->facts, &host, NULL));
    if (!acme_client_open(&host, sandbox->arena, &client, &err) ||
        !acme_client_make_folder(client, &err) ||
        !acme_client_order(client, &request, sandbox->arena, &chain, &refusal, &err)) {
        fail_msg("%s", err.message);
    }
    host_close(&host);
    assert_string_equal(chain.data, "token\nsystem\n");
    assert_string_equal(test_folder_list(sandbox->folder, "state"),
                        "acme acme-accounts certificates ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_confinement_allows_what_is_listed),
        SANDBOX_TEST(test_confinement_refuses_everything_else),
        SANDBOX_TEST(test_confinement_limits_files),
        SANDBOX_TEST(test_confinement_holds_for_uacme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
