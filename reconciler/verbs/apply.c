/* apply, and retry: the same with what was refused before. */
#include "verbs/verb.h"

static int apply(struct command *command)
{
    command_take_folder(command);
    /* Offline there is no host that could be changed. */
    command->run.applies = !command->is_dry_run && !command->run.is_offline;
    struct run run;
    run_once(&run, command->arena, &command->run);
    const struct report_style style = {0};
    int code = output_report(command, &run, &style);
    run_end(&run);
    return code;
}

int verb_apply(struct command *command)
{
    return apply(command);
}

int verb_retry(struct command *command)
{
    command->run.retries = true;
    return apply(command);
}
