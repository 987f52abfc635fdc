/* check: the documents alone, without a host. */
#include <stdio.h>

#include "core/diagnostics_report.h"
#include "model/json.h"
#include "verbs/verb.h"

static struct text write_json(struct command *command, const struct run *run)
{
    struct text out = text_make(command->arena);
    AUTO_JSON root =
        json_pack("{s:I, s:o}", "documents", (json_int_t)run->documents.documents.count,
                  "diagnostics", diagnostics_json(command->arena, &run->diagnostics));
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    if (text != NULL) {
        text_line(&out, "%s", text);
    }
    return out;
}

static struct text write_text(struct command *command, const struct run *run)
{
    struct text out = text_make(command->arena);
    size_t count = run->documents.documents.count;
    if (!diagnostics_have_errors(&run->diagnostics)) {
        text_line(&out, "%zu %s, no mistakes", count, count == 1 ? "document" : "documents");
    }
    return out;
}

int verb_check(struct command *command)
{
    command_take_folder(command);
    command->run.is_offline = true;
    struct run run;
    int code = EXIT_CODE_SUCCESS;
    if (!run_render(&run, command->arena, &command->run)) {
        code = run.report.failure == NULL ? EXIT_CODE_FAILED
                                          : output_failure("%s", run.report.failure);
    }
    struct text messages = text_make(command->arena);
    diagnostics_write_text(&run.diagnostics, command->colors_messages, &messages);
    (void)fputs(messages.data, stderr); /* there is nowhere left to complain */
    for (size_t i = 0; i < command->output_count && run.report.failure == NULL; i++) {
        const struct output *output = &command->outputs[i];
        struct text text =
            output->format == OUTPUT_JSON ? write_json(command, &run) : write_text(command, &run);
        if (output_emit(output, text_str(&text)) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    run_end(&run);
    return code;
}
