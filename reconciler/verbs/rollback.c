/* rollback: the documents and texts of an earlier generation, applied as any others are. What was
 * current is set aside until it changes, or until somebody says retry. */
#include <errno.h>
#include <stdlib.h>

#include "verbs/verb.h"

/* The newest generation before number whose files are, or are not, those of the digest; NULL: none.
 */
static const struct generation *newest_before(const struct generation_list *generations,
                                              unsigned long number, const char *digest,
                                              bool is_same)
{
    const struct generation *found = NULL;
    for (size_t i = 0; i < generations->count; i++) {
        const struct generation *generation = &generations->items[i];
        if (generation->number < number && text_equal(generation->digest, digest) == is_same) {
            found = generation; /* they are sorted by number */
        }
    }
    return found;
}

/* The newest generation before the current one that has other files: repairs make further ones of
 * the same. After a rollback it is looked for before the one that was gone back to, so that saying
 * rollback again goes further back. 0: none. */
static bool find_previous(struct run *run, unsigned long current, unsigned long *out_previous,
                          struct error *err)
{
    struct generation_list generations = {0};
    *out_previous = 0;
    if (!generation_list(&run->host, run->arena, &generations, err) || !run_memory_load(run, err)) {
        return false;
    }
    const struct generation *at = newest_before(&generations, current + 1, NULL, false);
    if (at != NULL && run->memory.held_inputs != NULL) {
        const struct generation *first = newest_before(&generations, current, at->digest, true);
        at = first != NULL ? first : at;
    }
    const struct generation *previous =
        at == NULL ? NULL : newest_before(&generations, at->number, at->digest, false);
    *out_previous = previous == NULL ? 0 : previous->number;
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
    command_send_messages(command, &run);
    run_end(&run);
    return code;
}
