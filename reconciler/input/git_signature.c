/* Takes the signature out of the commit and shows both parts to the program that knows its kind. */
#include "input/git_signature.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "input/git.h"

enum {
    SIGNERS_MOST = 16 << 20, /* a keyring of some thousand keys */
    SIGNATURE_MOST = 64 << 10,
    VERIFY_MS = 10000,
    OUTPUT_MOST = 64 << 10,
    PRINCIPALS_MOST = 16, /* names of one key that are tried */
};

/* --- the files ------------------------------------------------------------------------------- */

bool git_signers_digest(struct arena *arena, const struct git_signers *signers,
                        const char **out_digest, struct error *err)
{
    const char *const paths[] = {signers->ssh, signers->openpgp};
    struct str contents[2] = {0};
    *out_digest = NULL;
    if (signers->ssh == NULL && signers->openpgp == NULL) {
        return true;
    }
    for (size_t i = 0; i < 2; i++) {
        if (paths[i] != NULL &&
            !file_read(AT_FDCWD, paths[i], SIGNERS_MOST, arena, &contents[i], err)) {
            return error_wrap(err, "signed_by");
        }
    }
    struct digest *digest = digest_begin();
    for (size_t i = 0; i < 2; i++) {
        digest_add(digest, str_of(paths[i] == NULL ? "-" : "+"));
        digest_add(digest, contents[i]);
    }
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    *out_digest = hex;
    return true;
}

/* --- the two programs ------------------------------------------------------------------------ */

struct signature {
    struct arena *arena;
    const struct git_signers *signers;
    const char *file; /* a path of the signature, as long as we live */
    struct str signed_text;
};

static bool run(const struct signature *signature, const char *const *argv, struct str input,
                struct process_result *out_result, struct error *err)
{
    const struct process_options options = {
        .argv = argv, .input = input, .timeout_ms = VERIFY_MS, .output_limit = OUTPUT_MOST};
    return process_run(&options, signature->arena, out_result, err);
}

static bool verify_as(const struct signature *signature, const char *principal, bool *out_is_good,
                      struct error *err)
{
    const char *const argv[] = {"ssh-keygen", "-Y", "verify", "-f", signature->signers->ssh, "-I",
                                principal,    "-n", "git",    "-s", signature->file,         NULL};
    struct process_result result;
    if (!run(signature, argv, signature->signed_text, &result, err)) {
        return false;
    }
    *out_is_good = result.status == 0;
    return true;
}

/* A key may stand under several names, and a name may be allowed for other purposes only. */
static bool verify_ssh(const struct signature *signature, const char **out_signer,
                       struct error *err)
{
    const char *const argv[] = {"ssh-keygen",    "-Y", "find-principals",       "-s",
                                signature->file, "-f", signature->signers->ssh, NULL};
    struct process_result result;
    if (!run(signature, argv, (struct str){0}, &result, err)) {
        return false;
    }
    char *rest = arena_strndup(signature->arena, result.output.data, result.output.length);
    const char *principal = NULL;
    for (int i = 0; result.status == 0 && i < PRINCIPALS_MOST; i++) {
        bool is_good = false;
        principal = strsep(&rest, "\n");
        if (principal == NULL || principal[0] == '\0') {
            break;
        }
        if (!verify_as(signature, principal, &is_good, err)) {
            return false;
        }
        if (is_good) {
            *out_signer = git_clean_line(signature->arena, principal, 200);
            return true;
        }
    }
    return error_set(err, ERROR_REFUSED, "its SSH signature is of nobody in %s, or not valid",
                     signature->signers->ssh);
}

/* "[GNUPG:] WORD ...": the rest of the first line with this word, or NULL. */
static const char *find_status(struct arena *arena, struct str output, const char *word)
{
    char *rest = arena_strndup(arena, output.data, output.length);
    const char *start = arena_printf(arena, "[GNUPG:] %s ", word);
    const char *line = NULL;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (text_starts_with(line, start)) {
            return line + strlen(start);
        }
    }
    return NULL;
}

/* gpgv also succeeds for keys and signatures whose time is over, so its status is read. */
static bool verify_openpgp(const struct signature *signature, const char **out_signer,
                           struct error *err)
{
    const char *const argv[] = {"gpgv",
                                "--status-fd",
                                "1",
                                "--weak-digest",
                                "SHA1",
                                "--keyring",
                                signature->signers->openpgp,
                                signature->file,
                                "-",
                                NULL};
    struct process_result result;
    if (!run(signature, argv, signature->signed_text, &result, err)) {
        return false;
    }
    static const char *const bad[] = {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"};
    bool is_good = result.status == 0 && !result.truncated &&
                   find_status(signature->arena, result.output, "VALIDSIG") != NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_good = is_good && find_status(signature->arena, result.output, bad[i]) == NULL;
    }
    const char *signer = find_status(signature->arena, result.output, "GOODSIG");
    if (!is_good || signer == NULL) {
        return error_set(err, ERROR_REFUSED,
                         "its OpenPGP signature is of nobody in %s, or not valid",
                         signature->signers->openpgp);
    }
    *out_signer = git_clean_line(signature->arena, signer, 200);
    return true;
}

/* --- the commit ------------------------------------------------------------------------------ */

static bool extract(const struct git_revision *from, const char *commit, git_buf *signature,
                    git_buf *text, struct error *err)
{
    AUTO_REPOSITORY opened = NULL;
    AUTO_ODB objects = NULL;
    AUTO_COMMIT found = NULL;
    git_oid id;
    if (!git_revision_open(from, &opened, &objects, err)) {
        return false;
    }
    if (git_oid_fromstr(&id, commit) != 0) {
        return error_set(err, ERROR_FORMAT, "it is not the name of a commit");
    }
    if (!git_find_commit(opened, &id, &found, err)) {
        return false;
    }
    int result = git_commit_extract_signature(signature, text, opened, &id, NULL);
    if (result == GIT_ENOTFOUND) {
        return error_set(err, ERROR_REFUSED, "it is not signed");
    }
    return result == 0 || git_problem(err, result, "read its signature");
}

static bool verify(struct signature *signature, const char *armor, const char **out_signer,
                   struct error *err)
{
    bool is_ssh = text_starts_with(armor, "-----BEGIN SSH SIGNATURE-----");
    bool is_openpgp = text_starts_with(armor, "-----BEGIN PGP SIGNATURE-----") ||
                      text_starts_with(armor, "-----BEGIN PGP MESSAGE-----");
    if (is_ssh && signature->signers->ssh != NULL) {
        return verify_ssh(signature, out_signer, err);
    }
    if (is_openpgp && signature->signers->openpgp != NULL) {
        return verify_openpgp(signature, out_signer, err);
    }
    return error_set(err, ERROR_REFUSED, "its signature is of a kind that signed_by does not name");
}

static bool verify_parts(struct arena *arena, const struct git_signers *signers,
                         const git_buf *armor, const git_buf *text, const char **out_signer,
                         struct error *err)
{
    if (armor->ptr == NULL || text->ptr == NULL || armor->size > SIGNATURE_MOST) {
        return error_set(err, ERROR_REFUSED, "its signature is empty, or larger than 64 KiB");
    }
    const char *bytes = arena_printf(arena, "%.*s\n", (int)armor->size, armor->ptr);
    /* Both programs want a file; this one has no name that somebody else could take. */
    AUTO_FD fd = file_in_memory("signature", str_of(bytes));
    if (fd < 0) {
        return error_errno(err, "hold its signature");
    }
    struct signature signature = {
        .arena = arena,
        .signers = signers,
        .file = arena_printf(arena, "/proc/%d/fd/%d", (int)getpid(), fd),
        .signed_text = {text->ptr, text->size},
    };
    return verify(&signature, armor->ptr, out_signer, err);
}

bool git_signature_verify(struct arena *arena, const struct git_revision *from, const char *commit,
                          const struct git_signers *signers, const char **out_signer,
                          struct error *err)
{
    AUTO_GIT_BUFFER armor = GIT_BUF_INIT;
    AUTO_GIT_BUFFER text = GIT_BUF_INIT;
    return (extract(from, commit, &armor, &text, err) &&
            verify_parts(arena, signers, &armor, &text, out_signer, err)) ||
           error_wrap(err, "commit %.*s", COMMIT_ID_SHORT, commit);
}
