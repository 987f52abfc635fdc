/* status: the verdict, and every document with its state. */
#include "verbs/verb.h"

static void write_states(const struct run *run, struct text *out)
{
    struct document_states states = {0};
    document_states_collect(&run->report, &run->documents, &states);
    text_line(out, "%s", report_verdict(&run->report));
    for (size_t i = 0; i < states.count; i++) {
        const struct document_state *state = &states.items[i];
        text_addf(out, "%-9s  %s  (%s)", item_state_word(state->state),
                  document_id(run->arena, state->document),
                  span_text(run->arena, state->document->span));
        if (state->detail != NULL) {
            text_addf(out, "  %s", state->detail);
        }
        text_add_char(out, '\n');
    }
}

int verb_status(struct command *command)
{
    command_take_folder(command);
    struct run run;
    run_once(&run, command->arena, &command->run);
    bool wants_text = command->output_count == 1 && command->outputs[0].format == OUTPUT_TEXT &&
                      command->outputs[0].file == NULL;
    int code = EXIT_CODE_SUCCESS;
    if (!wants_text || run.report.plan == NULL) {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
    } else {
        struct text out = text_make(command->arena);
        write_states(&run, &out);
        code = output_text(text_str(&out));
        if (code == EXIT_CODE_SUCCESS) {
            code = (int)report_exit_code(&run.report, command->is_detailed);
        }
    }
    run_end(&run);
    return code;
}
