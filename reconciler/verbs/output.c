/* What verbs print: data on standard output (or the files that -o names), the rest on standard
 * error. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "core/diagnostics_report.h"
#include "verbs/verb.h"

int output_failure(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("reconcile: ", stderr); /* there is nowhere left to complain */
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    return EXIT_CODE_FAILED;
}

int output_text(struct str text)
{
    if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0) {
        return output_failure("write to standard output: %s", strerror(errno));
    }
    return EXIT_CODE_SUCCESS;
}

static struct text write_report(struct command *command, const struct run *run,
                                const struct report_style *style, const struct output *output)
{
    struct text text = text_make(command->arena);
    struct report_style chosen = *style;
    chosen.is_quiet |= command->is_quiet;
    chosen.is_detailed = command->is_detailed;
    chosen.has_color = command->has_color && output->file == NULL;
    output->format->write(&run->report, &chosen, &text);
    return text;
}

int output_emit(const struct output *output, struct str text)
{
    if (output->file == NULL) {
        return output_text(text);
    }
    struct error err = {0};
    enum { REPORT_MODE = 0644 };
    if (!file_replace(AT_FDCWD, output->file, text, REPORT_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW,
                      &err)) {
        return output_failure("%s", err.message);
    }
    return EXIT_CODE_SUCCESS;
}

int output_report(struct command *command, const struct run *run, const struct report_style *style)
{
    struct text messages = text_make(command->arena);
    if (run->report.refused != NULL) {
        diagnostics_write_text(run->report.refused, command->colors_messages, &messages);
    }
    diagnostics_write_text(&run->diagnostics, command->colors_messages, &messages);
    (void)fputs(messages.data, stderr); /* there is nowhere left to complain */
    int code = run->is_locked_out ? EXIT_CODE_LOCKED
                                  : (int)report_exit_code(&run->report, command->is_detailed);
    for (size_t i = 0; i < command->output_count; i++) {
        struct text text = write_report(command, run, style, &command->outputs[i]);
        if (output_emit(&command->outputs[i], text_str(&text)) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    return code;
}

void command_take_folder(struct command *command)
{
    if (command->word_count > 0) {
        command->run.folder = command->words[0];
    }
}
