/* check: the documents alone, without a host. */
#include <stdio.h>

#include "core/diagnostics_report.h"
#include "verbs/verb.h"

int verb_check(struct command *command)
{
    command_take_folder(command);
    command->run.is_offline = true;
    struct run run;
    bool is_well = run_render(&run, command->arena, &command->run);
    struct text text = text_make(command->arena);
    diagnostics_write_text(&run.diagnostics, command->has_color, &text);
    (void)fputs(text.data, stderr); /* there is nowhere left to complain */
    int code = is_well ? EXIT_CODE_SUCCESS : EXIT_CODE_FAILED;
    if (!is_well && run.report.failure != NULL) {
        code = output_failure("%s", run.report.failure);
    } else if (is_well) {
        (void)printf("%zu documents, no mistakes\n", run.documents.documents.count);
    }
    run_end(&run);
    return code;
}
