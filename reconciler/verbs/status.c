/* status: the verdict, and every document with its state. */
#include "core/excerpt.h"
#include "core/report_line.h"
#include "core/say.h"
#include "verbs/verb.h"

enum { STATE_COLUMNS = 9 };

static const char *state_text(const struct command *command, enum item_state state)
{
    const char *word = say_text(command->arena, command->language, item_state_word(state));
    return excerpt_pad(command->arena, word, STATE_COLUMNS);
}

/* What belonged to documents that are gone, and is still there. */
static void write_left_over(const struct command *command, const struct run *run, struct text *out)
{
    struct report_lines lines = {0};
    report_collect(&run->report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct report_line *line = &lines.items[i];
        if (line->symbol == '-') {
            bool is_held = line->held_because != NULL;
            const char *note = line->note == NULL
                                   ? say_text(command->arena, command->language, N_("to remove"))
                                   : say_message(run->arena, command->language, line->note);
            text_line(out, "%s  %s  %s",
                      state_text(command, is_held ? ITEM_STATE_HELD : ITEM_STATE_PENDING),
                      line->name, note);
        }
    }
}

/* Until when the document's certificate is valid, and when it was last seen from outside. */
static const struct message *certificate_text(struct arena *arena,
                                              const struct certificate_state *certificate)
{
    const char *name = item_name(arena, certificate->item);
    const char *end = certificate_moment(certificate->pair->expires_at, arena);
    return certificate->proven_at == 0
               ? message_make(arena, "%s ends at %s", name, end)
               : message_make(arena, "%s ends at %s, last proven at %s", name, end,
                              certificate_moment(certificate->proven_at, arena));
}

/* The certificate states of documents -> struct certificate_state *. */
static struct map certificates_by_document(const struct run *run)
{
    struct map by_document = {0};
    for (size_t i = 0; i < run->report.certificates.count; i++) {
        struct certificate_state *certificate = &run->report.certificates.items[i];
        if (certificate->item->document != NULL) {
            (void)map_put(run->arena, &by_document,
                          document_id(run->arena, certificate->item->document), certificate);
        }
    }
    return by_document;
}

static void write_text(const struct command *command, const struct run *run,
                       const struct document_states *states, struct text *out)
{
    enum language language = command->language;
    const struct map certificates = certificates_by_document(run);
    text_line(out, "%s", report_verdict(&run->report, language));
    for (size_t i = 0; !command->is_quiet && i < states->count; i++) {
        const struct document_state *state = &states->items[i];
        const char *id = document_id(run->arena, state->document);
        const struct certificate_state *certificate = map_get(&certificates, id);
        text_addf(out, "%s  %s  (%s)", state_text(command, state->state), id,
                  span_text(run->arena, state->document->span));
        if (state->detail != NULL) {
            text_addf(out, "  %s", say_message(run->arena, language, state->detail));
        } else if (certificate != NULL) {
            text_addf(out, "  %s",
                      say_message(run->arena, language, certificate_text(run->arena, certificate)));
        }
        text_add_char(out, '\n');
    }
    if (!command->is_quiet) {
        write_left_over(command, run, out);
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
            write_text(command, run, &states, &out);
        } else {
            output->format->write(&run->report, &style, &out);
        }
        if (output_emit(command, output, text_str(&out)) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    return code;
}

/* What a plan can be made against elsewhere is much, and read by programs alone. */
static bool is_for_programs(const struct command *command)
{
    for (size_t i = 0; i < command->output_count; i++) {
        if (command->outputs[i].format->write == report_write_json) {
            return true;
        }
    }
    return false;
}

int verb_status(struct command *command)
{
    command_take_folder(command);
    command->run.wants_states = true;
    struct run run;
    run_once(&run, command->arena, &command->run);
    if (run.report.plan != NULL) {
        run_tell_certificates(&run);
    }
    const struct report_style style = {0};
    int code = 0;
    if (run.report.plan == NULL || (is_for_programs(command) && !run_take_snapshot(&run))) {
        code = output_report(command, &run, &style);
    } else {
        code = write_states(command, &run);
    }
    run_end(&run);
    return code;
}
