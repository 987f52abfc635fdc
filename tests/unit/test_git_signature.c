#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "input/git_signature.h"
#include "input/load_git.h"
#include "unit/git_fixture.h"

struct fixture {
    struct test_folder *folder;
    struct arena *arena;
    struct test_repository made;
    struct git_signers signers;
    const char *signer;
    struct error err;
};

static const char *path(const struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->folder->path, name);
}

static struct str run(const struct fixture *fixture, struct str input, const char *const *argv)
{
    struct process_result result;
    struct error err = {0};
    const struct process_options options = {
        .argv = argv, .input = input, .timeout_ms = 60000, .output_limit = 1 << 16};
    if (!process_run(&options, fixture->arena, &result, &err)) {
        fail_msg("%s", err.message);
    } else if (result.status != 0) {
        fail_msg("%s: %s", argv[0], result.errors.data);
    }
    return result.output;
}
#define RUN(fixture, input, ...) run((fixture), (input), (const char *const[]){__VA_ARGS__, NULL})

static void make_ssh_key(const struct fixture *fixture, const char *name)
{
    (void)RUN(fixture, (struct str){0}, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
              "-f", path(fixture, name));
}

static int setup(void **state)
{
    void *folder = NULL;
    assert_int_equal(test_folder_setup(&folder), 0);
    struct fixture *fixture = arena_new(((struct test_folder *)folder)->arena, struct fixture);
    fixture->folder = folder;
    fixture->arena = fixture->folder->arena;
    fixture->made = test_repository_make(folder, "repo.git");
    fixture->signers.ssh = path(fixture, "allowed_signers");
    make_ssh_key(fixture, "ada");
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    void *folder = fixture->folder;
    test_repository_free(&fixture->made);
    return test_folder_teardown(&folder);
}

/* "ada@example.com OPTIONS ssh-ed25519 AAAA..." */
static void allow(const struct fixture *fixture, const char *options, const char *key)
{
    test_folder_write(fixture->folder, "allowed_signers",
                      arena_printf(fixture->arena, "# who may\nada@example.com %s %s", options,
                                   test_folder_read(fixture->folder, key)));
}

static const char *unsigned_text(const struct fixture *fixture, const char *message)
{
    return arena_printf(fixture->arena,
                        "tree %s\nauthor A <a@b> 1700000000 +0000\n"
                        "committer A <a@b> 1700000000 +0000\n\n%s\n",
                        test_hex(&fixture->made, test_tree(&fixture->made, NULL, 0)), message);
}

/* The text with the signature in its header, as git commit -S writes it. */
static const char *commit_of(const struct fixture *fixture, const char *text, const char *armor)
{
    const char *end = strstr(text, "\n\n");
    struct text out = text_make(fixture->arena);
    text_add_str(&out, (struct str){text, (size_t)(end - text)});
    text_add(&out, "\ngpgsig");
    char *rest = arena_strdup(fixture->arena, armor);
    const char *line = NULL;
    while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
        text_addf(&out, " %s\n", line);
    }
    text_add(&out, end + 1);
    return test_hex(&fixture->made, test_object(&fixture->made, GIT_OBJECT_COMMIT, text_str(&out)));
}

static const char *sign_ssh(const struct fixture *fixture, const char *key, const char *space,
                            const char *text)
{
    return RUN(fixture, str_of(text), "ssh-keygen", "-Y", "sign", "-q", "-n", space, "-f",
               path(fixture, key))
        .data;
}

static bool verify(struct fixture *fixture, const char *commit)
{
    const struct git_revision from = {.repository = fixture->made.path, .revision = commit};
    fixture->err = (struct error){0};
    return git_signature_verify(fixture->arena, &from, commit, &fixture->signers, &fixture->signer,
                                &fixture->err);
}

static void assert_refused(struct fixture *fixture, const char *commit, const char *words)
{
    assert_false(verify(fixture, commit));
    if (strstr(fixture->err.message, words) == NULL || fixture->err.code != ERROR_REFUSED) {
        fail_msg("%s", fixture->err.message);
    }
}

static void test_git_signature_of_an_allowed_ssh_key_counts(void **state)
{
    struct fixture *fixture = *state;
    const char *text = unsigned_text(fixture, "one");
    const char *commit = commit_of(fixture, text, sign_ssh(fixture, "ada", "git", text));
    allow(fixture, "namespaces=\"git\"", "ada.pub");
    if (!verify(fixture, commit)) {
        fail_msg("%s", fixture->err.message);
    }
    assert_string_equal(fixture->signer, "ada@example.com");
}

static void test_git_signature_of_others_does_not(void **state)
{
    struct fixture *fixture = *state;
    const char *text = unsigned_text(fixture, "one");
    const char *armor = sign_ssh(fixture, "ada", "git", text);
    make_ssh_key(fixture, "eve");
    allow(fixture, "", "ada.pub");
    assert_refused(fixture, commit_of(fixture, text, sign_ssh(fixture, "eve", "git", text)),
                   "of nobody");
    assert_refused(fixture, commit_of(fixture, unsigned_text(fixture, "two"), armor), "of nobody");
    assert_refused(fixture, commit_of(fixture, text, sign_ssh(fixture, "ada", "file", text)),
                   "of nobody");
    allow(fixture, "namespaces=\"file\"", "ada.pub");
    assert_refused(fixture, commit_of(fixture, text, armor), "of nobody");
    allow(fixture, "valid-before=\"20200101\"", "ada.pub");
    assert_refused(fixture, commit_of(fixture, text, armor), "of nobody");
    test_folder_write(fixture->folder, "allowed_signers", "");
    assert_refused(fixture, commit_of(fixture, text, armor), "of nobody");
}

static void test_git_signature_must_be_there_and_of_a_named_kind(void **state)
{
    struct fixture *fixture = *state;
    const char *text = unsigned_text(fixture, "one");
    git_oid plain = test_object(&fixture->made, GIT_OBJECT_COMMIT, str_of(text));
    allow(fixture, "", "ada.pub");
    assert_refused(fixture, test_hex(&fixture->made, plain), "is not signed");
    assert_refused(fixture, commit_of(fixture, text, "-----BEGIN PGP SIGNATURE-----\nx\n"),
                   "of a kind");
    assert_refused(fixture, commit_of(fixture, text, "-----BEGIN SSH SIGNATURE-----\nx\n"),
                   "of nobody");
    assert_refused(fixture, commit_of(fixture, text, "-f\n--version\n"), "of a kind");
}

#define GPG(fixture, input, ...)                                                                   \
    RUN((fixture), (input), "gpg", "--homedir", path((fixture), "gnupg"), "--batch", "--quiet",    \
        "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", __VA_ARGS__)

static const char *sign_openpgp(const struct fixture *fixture, const char *when, const char *user,
                                const char *text)
{
    return GPG(fixture, str_of(text), "--faked-system-time", when, "--armor", "--local-user", user,
               "--detach-sign")
        .data;
}

static void test_git_signature_of_an_openpgp_key_in_the_ring_counts(void **state)
{
    struct fixture *fixture = *state;
    if (access("/usr/bin/gpg", X_OK) != 0 || access("/usr/bin/gpgv", X_OK) != 0) {
        skip(); /* gnupg is not installed */
    }
    const char *text = unsigned_text(fixture, "one");
    static const char day[] = "20260101T000000";
    static const char old[] = "20200101T000000";
    test_folder_mkdir(fixture->folder, "gnupg");
    assert_int_equal(chmod(path(fixture, "gnupg"), 0700), 0);
    (void)GPG(fixture, (struct str){0}, "--faked-system-time", day, "--quick-gen-key", "Ada",
              "ed25519", "sign", "never");
    (void)GPG(fixture, (struct str){0}, "--faked-system-time", old, "--quick-gen-key", "Old",
              "ed25519", "sign", "1d");
    (void)GPG(fixture, (struct str){0}, "--output", path(fixture, "ring"), "--export");
    fixture->signers = (struct git_signers){.openpgp = path(fixture, "ring")};
    const char *armor = sign_openpgp(fixture, day, "Ada", text);
    bool is_good = verify(fixture, commit_of(fixture, text, armor));
    const char *signer = fixture->signer;
    const char *tampered = commit_of(fixture, unsigned_text(fixture, "two"), armor);
    const char *over = commit_of(fixture, text, sign_openpgp(fixture, old, "Old", text));
    (void)GPG(fixture, (struct str){0}, "--yes", "--output", path(fixture, "other"), "--export",
              "Old");
    (void)RUN(fixture, (struct str){0}, "gpgconf", "--homedir", path(fixture, "gnupg"), "--kill",
              "gpg-agent");
    if (!is_good) {
        fail_msg("%s", fixture->err.message);
    }
    assert_non_null(strstr(signer, "Ada"));
    assert_refused(fixture, tampered, "of nobody");
    assert_refused(fixture, over, "of nobody");
    fixture->signers.openpgp = path(fixture, "other");
    assert_refused(fixture, commit_of(fixture, text, armor), "of nobody");
    fixture->signers.openpgp = path(fixture, "absent");
    assert_refused(fixture, commit_of(fixture, text, armor), "of nobody");
}

static void test_git_signature_digest_follows_the_files(void **state)
{
    struct fixture *fixture = *state;
    const char *first = NULL;
    const char *second = NULL;
    allow(fixture, "", "ada.pub");
    assert_true(git_signers_digest(fixture->arena, &fixture->signers, &first, &fixture->err));
    allow(fixture, "valid-before=\"20200101\"", "ada.pub");
    assert_true(git_signers_digest(fixture->arena, &fixture->signers, &second, &fixture->err));
    assert_string_not_equal(first, second);
    fixture->signers.ssh = path(fixture, "absent");
    assert_false(git_signers_digest(fixture->arena, &fixture->signers, &first, &fixture->err));
    fixture->signers.ssh = NULL;
    assert_true(git_signers_digest(fixture->arena, &fixture->signers, &first, &fixture->err));
    assert_null(first);
}

int main(void)
{
    if (access("/usr/bin/ssh-keygen", X_OK) != 0) {
        (void)fprintf(stderr, "NOT RUN: ssh-keygen is not installed\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_git_signature_##name, setup, teardown)
        TEST(of_an_allowed_ssh_key_counts),      TEST(of_others_does_not),
        TEST(must_be_there_and_of_a_named_kind), TEST(of_an_openpgp_key_in_the_ring_counts),
        TEST(digest_follows_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
