/* plan, diff and drift: one report, more or less of it. Nothing is changed. */
#include "verbs/verb.h"

static int plan(struct command *command, const struct report_style *style)
{
    command_take_folder(command);
    struct run run;
    run_once(&run, command->arena, &command->run);
    int code = output_report(command, &run, style);
    run_end(&run);
    return code;
}

int verb_plan(struct command *command)
{
    const struct report_style style = {0};
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
