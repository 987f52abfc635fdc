/* reconcile-acme-hook METHOD TYPE IDENTIFIER TOKEN ANSWER: what uacme(1) calls for each challenge
 * of an authority, as an account that may do nothing else. Proofs over HTTP (RFC 8555, section 8.3)
 * are put where nginx serves them: a file named TOKEN that holds ANSWER, in the folder that
 * RECONCILE_ACME_CHALLENGES names. Ends with 0 when it has taken the challenge, else with 1, and
 * uacme goes on to the next type. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { METHOD = 1, TYPE, IDENTIFIER, TOKEN, ANSWER, ARGUMENT_COUNT };
enum { TOKEN_MOST = 200, USAGE = 64 };

static bool fail(const char *what, const char *name)
{
    (void)fprintf(stderr, "%s %s: %s\n", what, name,
                  strerror(errno)); /* nowhere left to complain */
    return false;
}

/* base64url without padding: nothing that could lead out of the folder. */
static bool is_token(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_";
    size_t length = strlen(text);
    return length > 0 && length <= TOKEN_MOST && strspn(text, letters) == length;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t count = write(fd, text, left);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text += count < 0 ? 0 : count;
        left -= count < 0 ? 0 : (size_t)count;
    }
    return true;
}

/* nginx's workers read it, whoever they are. */
static bool put(int folder, const char *token, const char *answer)
{
    int fd = openat(folder, token, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return fail("write", token);
    }
    bool is_put = fchmod(fd, 0644) == 0 && write_all(fd, answer);
    is_put = (is_put && close(fd) == 0) || fail("write", token);
    return is_put;
}

static bool answer_over_http(const char *method, const char *token, const char *answer)
{
    const char *path = getenv("RECONCILE_ACME_CHALLENGES");
    if (path == NULL || !is_token(token)) {
        errno = EINVAL;
        return fail("take the challenge", token);
    }
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return fail("open", path);
    }
    if (strcmp(method, "begin") == 0) {
        return put(folder, token, answer);
    }
    return unlinkat(folder, token, 0) == 0 || errno == ENOENT || fail("remove", token);
}

int main(int argc, char **argv)
{
    if (argc != ARGUMENT_COUNT) {
        (void)fputs("usage: reconcile-acme-hook METHOD TYPE IDENTIFIER TOKEN ANSWER\n", stderr);
        return USAGE;
    }
    bool is_taken = strcmp(argv[TYPE], "http-01") == 0 &&
                    answer_over_http(argv[METHOD], argv[TOKEN], argv[ANSWER]);
    return is_taken ? EXIT_SUCCESS : EXIT_FAILURE;
}
