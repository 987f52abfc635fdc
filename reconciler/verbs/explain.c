/* explain: a code, a state, a kind, a field, or a document of the folder. */
#include <stdio.h>
#include <string.h>

#include "core/diagnostics_report.h"
#include "core/explain.h"
#include "verbs/verb.h"

static int explain_written(struct command *command, const char *id)
{
    struct run run;
    struct text out = text_make(command->arena);
    command->run.is_offline = true;
    int code = EXIT_CODE_FAILED;
    if (!run_render(&run, command->arena, &command->run)) {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
    } else {
        const struct document *document = document_find_id(command->arena, &run.documents, id);
        if (document == NULL) {
            code = output_failure(command, "there is no document %s", id);
        } else {
            explain_document(document, command->language, &out);
            code = output_text(command, text_str(&out));
        }
    }
    run_end(&run);
    return code;
}

static int write_blame(struct command *command, const struct blame *blame)
{
    int code = EXIT_CODE_SUCCESS;
    for (size_t i = 0; i < command->output_count; i++) {
        const struct output *output = &command->outputs[i];
        bool is_json = output->format->write == report_write_json;
        struct text text = text_make(command->arena);
        if (!is_json && output->format->write != report_write_text) {
            code = output_failure(command, "a line is explained as text or json, not as %s",
                                  output->format->name);
            continue;
        }
        blame_write_text(blame, command->language, &text);
        struct str written = is_json ? blame_write_json(blame, command->arena) : text_str(&text);
        if (output_emit(command, output, written) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    return code;
}

static int explain_rendered(struct command *command)
{
    struct run run;
    struct blame blame = {0};
    struct error err = {0};
    int code = EXIT_CODE_FAILED;
    command_take_folder(command);
    if (run_blame(&run, command->arena, &command->run, command->rendered, &blame, &err)) {
        code = write_blame(command, &blame);
    } else if (err.code != ERROR_NONE) {
        code = output_error(command, &err);
    } else {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
    }
    run_end(&run);
    return code;
}

int verb_explain(struct command *command)
{
    struct text out = text_make(command->arena);
    const char *nearest = NULL;
    if (command->rendered != NULL) {
        return explain_rendered(command);
    }
    if (command->word_count == 0 && command->out_directory != NULL) {
        return write_reference(command);
    }
    if (command->word_count == 0) {
        (void)output_failure(command, "explain: say what, such as site, site.proxy or R012");
        return EXIT_CODE_USAGE;
    }
    const char *word = command->words[0];
    if (strchr(word, ':') != NULL) {
        command->run.folder = command->word_count > 1 ? command->words[1] : NULL;
        return explain_written(command, word);
    }
    if (explain_code(word, command->language, &out) ||
        explain_word(word, command->language, &out) ||
        explain_field(word, command->language, &out, &nearest)) {
        return output_text(command, text_str(&out));
    }
    return nearest == NULL
               ? output_failure(command, "nothing is known of \"%s\"", word)
               : output_failure(command, "nothing is known of \"%s\"; did you mean \"%s\"?", word,
                                nearest);
}
