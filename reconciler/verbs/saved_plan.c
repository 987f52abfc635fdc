/* apply PLAN: a plan that was saved by plan --out, carried out as it was made: its folder, settings
 * and permissions are those of then. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verbs/verb.h"

enum { PLAN_MOST = 256 << 20, HEAD_SIZE = 64 };

bool command_names_plan(const struct command *command)
{
    char head[HEAD_SIZE];
    struct stat status;
    if (command->plan_file != NULL || command->word_count == 0) {
        return command->plan_file != NULL;
    }
    AUTO_FD fd = open(command->words[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    ssize_t length = read(fd, head, sizeof(head));
    return length > 0 && saved_plan_is((struct str){head, (size_t)length});
}

/* An option beside the plan may only say the same as the plan. */
struct pair {
    const char *option;
    const char *given;
    const char *planned;
};

static bool is_same(struct arena *arena, const struct pair *pair)
{
    CLEANUP(cleanup_free) char *real = pair->given == NULL ? NULL : realpath(pair->given, NULL);
    return pair->given == NULL || text_equal(pair->given, pair->planned) ||
           (real != NULL && text_equal(arena_strdup(arena, real), pair->planned));
}

static bool check_options(struct command *command, const struct saved_plan *plan, struct error *err)
{
    const struct run_options *given = &command->run;
    const char *folder =
        command->plan_file != NULL && command->word_count > 0 ? command->words[0] : NULL;
    const struct pair pairs[] = {
        {"FOLDER", folder, plan->folder},
        {"--config", given->config, plan->config},
        {"--root", strcmp(given->root, "/") == 0 ? NULL : given->root, plan->root},
        {"--state", given->state, plan->state},
        {"--environment", given->environment, plan->environment},
        {"--host", given->host, plan->host},
        {"--facts", given->facts_file, plan->facts_file},
        {"--adopt", given->may_adopt ? "" : NULL, plan->may_adopt ? "" : NULL},
        {"--confirm", given->may_delete_many ? "" : NULL, plan->may_delete_many ? "" : NULL},
        {"--no-nginx-test", given->skips_nginx_test ? "" : NULL,
         plan->skips_nginx_test ? "" : NULL},
        {"--offline", given->is_offline ? "" : NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!is_same(command->arena, &pairs[i])) {
            return error_set(
                err, ERROR_REFUSED,
                "%s is not as the plan was made, and a saved plan is carried out as it "
                "was made",
                pairs[i].option);
        }
    }
    return true;
}

static void take_options(struct run_options *run, const struct saved_plan *plan)
{
    run->folder = plan->folder;
    run->config = plan->config;
    run->root = plan->root;
    run->state = plan->state;
    run->environment = plan->environment;
    run->host = plan->host;
    run->facts_file = plan->facts_file;
    run->may_adopt = plan->may_adopt;
    run->may_delete_many = plan->may_delete_many;
    run->skips_nginx_test = plan->skips_nginx_test;
    run->wants_states = true; /* everything that the plan saw is looked at */
    run->expected = plan;
}

bool command_take_plan(struct command *command, struct error *err)
{
    const char *path = command->plan_file != NULL ? command->plan_file : command->words[0];
    struct saved_plan *plan = arena_new(command->arena, struct saved_plan);
    struct str bytes = {0};
    if (!file_read(AT_FDCWD, path, PLAN_MOST, command->arena, &bytes, err) ||
        !saved_plan_read(command->arena, bytes, plan, err)) {
        return error_wrap(err, "%s", path);
    }
    if (!check_options(command, plan, err)) {
        return error_wrap(err, "%s", path);
    }
    take_options(&command->run, plan);
    return true;
}
