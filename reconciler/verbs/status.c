/* status: the verdict, and every document with its state. */
#include "core/report_line.h"
#include "verbs/verb.h"

/* What belonged to documents that are gone, and is still there. */
static void write_left_over(const struct run *run, struct text *out)
{
    struct report_lines lines = {0};
    report_collect(&run->report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct report_line *line = &lines.items[i];
        if (line->symbol == '-') {
            bool is_held = line->held_because != NULL;
            text_line(out, "%-9s  %s  %s",
                      item_state_word(is_held ? ITEM_STATE_HELD : ITEM_STATE_PENDING), line->name,
                      line->note == NULL ? "to remove" : line->note);
        }
    }
}

static void write_text(const struct run *run, const struct document_states *states, bool is_quiet,
                       struct text *out)
{
    text_line(out, "%s", report_verdict(&run->report));
    for (size_t i = 0; !is_quiet && i < states->count; i++) {
        const struct document_state *state = &states->items[i];
        text_addf(out, "%-9s  %s  (%s)", item_state_word(state->state),
                  document_id(run->arena, state->document),
                  span_text(run->arena, state->document->span));
        if (state->detail != NULL) {
            text_addf(out, "  %s", state->detail);
        }
        text_add_char(out, '\n');
    }
    if (!is_quiet) {
        write_left_over(run, out);
    }
}

/* People get the documents' states; every other format is that of any report. */
static int write_states(struct command *command, const struct run *run)
{
    const struct report_style style = {.is_detailed = command->is_detailed};
    struct document_states states = {0};
    document_states_collect(&run->report, &run->documents, &states);
    int code = (int)report_exit_code(&run->report, command->is_detailed);
    for (size_t i = 0; i < command->output_count; i++) {
        const struct output *output = &command->outputs[i];
        struct text out = text_make(run->arena);
        if (output->format->write == report_write_text) {
            write_text(run, &states, command->is_quiet, &out);
        } else {
            output->format->write(&run->report, &style, &out);
        }
        if (output_emit(output, text_str(&out)) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    return code;
}

int verb_status(struct command *command)
{
    command_take_folder(command);
    command->run.wants_states = true;
    struct run run;
    run_once(&run, command->arena, &command->run);
    const struct report_style style = {0};
    int code = run.report.plan == NULL ? output_report(command, &run, &style)
                                       : write_states(command, &run);
    run_end(&run);
    return code;
}
