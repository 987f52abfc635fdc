/* rollback: the documents and texts of an earlier generation, applied as any others are. What was
 * current is set aside until it changes, or until somebody says retry. */
#include <errno.h>
#include <stdlib.h>

#include "verbs/verb.h"

/* The newest generation before the current one; 0: none. */
static bool find_previous(struct run *run, unsigned long current, unsigned long *out_previous,
                          struct error *err)
{
    struct generation_list generations = {0};
    *out_previous = 0;
    if (!generation_list(&run->host, run->arena, &generations, err)) {
        return false;
    }
    for (size_t i = 0; i < generations.count; i++) {
        if (generations.items[i].number < current) {
            *out_previous = generations.items[i].number;
        }
    }
    return true;
}

static bool choose(struct command *command, struct run *run, struct error *err)
{
    unsigned long current = 0;
    unsigned long wanted = 0;
    if (!generation_current(&run->host, &current, err)) {
        return false;
    }
    if (command->word_count == 0) {
        if (!find_previous(run, current, &wanted, err)) {
            return false;
        }
    } else {
        char *end = NULL;
        errno = 0;
        wanted = strtoul(command->words[0], &end, 10);
        if (errno != 0 || *end != '\0' || wanted == 0) {
            return error_set(err, ERROR_FORMAT, "\"%s\" is not the number of a generation",
                             command->words[0]);
        }
    }
    if (wanted == 0 || wanted == current) {
        return error_set(err, ERROR_REFUSED, "there is no other generation to go back to");
    }
    command->run.rollback_to = wanted;
    return true;
}

int verb_rollback(struct command *command)
{
    if (command->run.is_offline) {
        (void)output_failure(command, "rollback: --offline knows no host, and so no generation");
        return EXIT_CODE_USAGE;
    }
    struct run look;
    struct error err = {0};
    if (!run_open(&look, command->arena, &command->run)) {
        int code = output_message(command, look.report.failure);
        run_end(&look);
        return code;
    }
    bool is_chosen = choose(command, &look, &err);
    run_end(&look);
    if (!is_chosen) {
        return output_error(command, &err);
    }
    command->run.applies = !command->is_dry_run;
    command->run.retries = true;
    command->run.trigger = "rollback";
    struct run run;
    run_once(&run, command->arena, &command->run);
    const struct report_style style = {0};
    int code = output_report(command, &run, &style);
    run_end(&run);
    return code;
}
