/* reconcile-acme: what reconcile leaves to an account that may do nothing else, because it talks
 * with strangers. It lies beside reconcile, which starts it; people have no use for it.
 *
 *     reconcile-acme METHOD TYPE IDENTIFIER TOKEN ANSWER   what uacme(1) calls for each challenge
 *     reconcile-acme VERB                                  see verbs.h
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/challenge.h"
#include "acme/verbs.h"
#include "base/file.h"
#include "model/json.h"

enum { USAGE = 64, SECRET_MOST = 4096 };
enum { METHOD = 1, TYPE, IDENTIFIER, TOKEN, ANSWER, HOOK_WORDS };
enum { VERB = 1, VERB_WORDS };

static const struct {
    const char *name;
    json_t *(*run)(const struct question *question, struct arena *arena, struct error *err);
} verbs[] = {
    {"register", verb_register},
    {"windows", verb_windows},
    {"preflight", verb_preflight},
};

static int fail(const struct error *err)
{
    (void)fprintf(stderr, "reconcile-acme: %s\n", err->message); /* nowhere left to complain */
    return EXIT_FAILURE;
}

static int answer_challenge(char **argv, struct arena *arena)
{
    struct error err = {0};
    const struct challenge_means means = challenge_means();
    const struct challenge challenge = {.type = argv[TYPE],
                                        .identifier = argv[IDENTIFIER],
                                        .token = argv[TOKEN],
                                        .answer = argv[ANSWER]};
    if (!challenge_is_taken(&means, &challenge)) {
        return EXIT_FAILURE;
    }
    bool is_done = strcmp(argv[METHOD], "begin") == 0
                       ? challenge_show(&means, &challenge, arena, &err)
                       : challenge_take_back(&means, &challenge, arena, &err);
    return is_done ? EXIT_SUCCESS : fail(&err);
}

static bool write_answer(const json_t *answer, struct error *err)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    bool is_written = text != NULL && file_write_all(STDOUT_FILENO, str_of(text));
    free(text);
    return is_written || error_errno(err, "answer");
}

/* The line behind the question; NULL: there is none. */
static const char *read_line(struct arena *arena)
{
    char line[SECRET_MOST];
    if (getc(stdin) != '\n' || fgets(line, sizeof(line), stdin) == NULL) {
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return arena_strdup(arena, line);
}

static int run_verb(const char *name, struct arena *arena)
{
    struct error err = {0};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            AUTO_JSON asked = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);
            const struct question question = {.asked = asked, .secret = read_line(arena)};
            AUTO_JSON answer = verbs[i].run(&question, arena, &err);
            return answer != NULL && write_answer(answer, &err) ? EXIT_SUCCESS : fail(&err);
        }
    }
    return USAGE;
}

int main(int argc, char **argv)
{
    AUTO_ARENA arena = arena_create();
    if (argc == HOOK_WORDS) {
        return answer_challenge(argv, arena);
    }
    int status = argc == VERB_WORDS ? run_verb(argv[VERB], arena) : USAGE;
    if (status == USAGE) {
        (void)fputs("usage: reconcile-acme METHOD TYPE IDENTIFIER TOKEN ANSWER\n"
                    "       reconcile-acme register|windows|preflight < QUESTION\n",
                    stderr);
    }
    return status;
}
