/* check: the documents alone, without a host. */
#include "verbs/verb.h"

int verb_check(struct command *command)
{
    command_take_folder(command);
    command->run.is_offline = true;
    struct run run;
    bool is_read = run_render(&run, command->arena, &command->run);
    run.report.is_check = true;
    /* What is wrong is told by the messages alone. */
    const struct report_style style = {.hides_verdict = !is_read && run.report.failure == NULL};
    int code = output_report(command, &run, &style);
    run_end(&run);
    return code;
}
