/* plan, diff and drift: one report, more or less of it. Nothing is changed. plan --out also saves
 * what it is made from, for apply. */
#include "verbs/verb.h"

/* A plan with errors is none that could be carried out as it is shown. */
static int save(struct command *command, struct run *run, int code)
{
    struct error err = {0};
    if (run->report.plan == NULL || code == EXIT_CODE_FAILED) {
        return output_failure(command, "%s was not written: the plan has errors",
                              command->out_directory);
    }
    return run_save_plan(run, command->out_directory, &err) ? code : output_error(command, &err);
}

/* Programs are also told of the documents that are as they should be. */
static bool is_for_people(const struct command *command)
{
    for (size_t i = 0; i < command->output_count; i++) {
        if (command->outputs[i].format->write != report_write_text) {
            return false;
        }
    }
    return true;
}

static int plan(struct command *command, const struct report_style *style)
{
    command_take_folder(command);
    command->run.shows_changes_only = is_for_people(command);
    struct run run;
    run_once(&run, command->arena, &command->run);
    int code = output_report(command, &run, style);
    if (command->run.wants_states) { /* so that there is all to be saved */
        code = save(command, &run, code);
    }
    run_end(&run);
    return code;
}

int verb_plan(struct command *command)
{
    command->run.wants_states = command->out_directory != NULL;
    if (command->out_directory != NULL && command->run.is_offline) {
        (void)output_failure(command, "a plan that is saved is of this host: leave out --offline "
                                      "and --against");
        return EXIT_CODE_USAGE;
    }
    const struct report_style style = {0};
    command->run.looks_ahead = true;
    return plan(command, &style);
}

int verb_diff(struct command *command)
{
    const struct report_style style = {.hides_verdict = true};
    return plan(command, &style);
}

int verb_drift(struct command *command)
{
    const struct report_style style = {.only_drift = true};
    return plan(command, &style);
}
