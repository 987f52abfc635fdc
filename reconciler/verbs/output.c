/* What verbs print: data on standard output (or the files that -o names), the rest on standard
 * error. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/diagnostics_report.h"
#include "core/say.h"
#include "verbs/verb.h"

static int complain(const char *words)
{
    (void)fprintf(stderr, "reconcile: %s\n", words); /* there is nowhere left to complain */
    return EXIT_CODE_FAILED;
}

int output_failure(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *words = say_list(command->arena, command->language, format, arguments);
    va_end(arguments);
    return complain(words);
}

int output_message(const struct command *command, const struct message *message)
{
    return complain(say_message(command->arena, command->language, message));
}

int output_error(const struct command *command, const struct error *err)
{
    return complain(say_error(command->arena, command->language, err));
}

int output_text(const struct command *command, struct str text)
{
    struct error err = {0};
    if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0) {
        (void)error_errno(&err, "write to standard output");
        return output_error(command, &err);
    }
    return EXIT_CODE_SUCCESS;
}

int output_files(const struct command *command, size_t count)
{
    struct text text = text_make(command->arena);
    text_line(
        &text, "%s",
        say_number(command->arena, command->language, count, N_("%zu file"), N_("%zu files")));
    return output_text(command, text_str(&text));
}

int output_emit(const struct command *command, const struct output *output, struct str text)
{
    if (output->file == NULL) {
        return output_text(command, text);
    }
    struct error err = {0};
    enum { REPORT_MODE = 0644 };
    if (!file_replace(AT_FDCWD, output->file, text, REPORT_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW,
                      &err)) {
        return output_error(command, &err);
    }
    return EXIT_CODE_SUCCESS;
}

struct draining {
    const struct command *command;
    int code; /* of the first write that failed: nothing is written after it */
};

static void drain_text(void *context, struct text *text)
{
    struct draining *draining = context;
    if (draining->code == EXIT_CODE_SUCCESS) {
        draining->code = output_text(draining->command, text_str(text));
    }
    text_truncate(text, 0);
}

static int write_report(struct command *command, const struct run *run,
                        const struct report_style *style, const struct output *output)
{
    struct draining draining = {.command = command};
    struct text text = text_make(command->arena);
    struct report_style chosen = *style;
    chosen.language = command->language;
    chosen.is_quiet |= command->is_quiet;
    chosen.is_detailed = command->is_detailed;
    chosen.has_color = command->has_color && output->file == NULL;
    if (output->file == NULL) {
        chosen.drain = drain_text;
        chosen.drain_context = &draining;
    }
    output->format->write(&run->report, &chosen, &text);
    return draining.code == EXIT_CODE_SUCCESS ? output_emit(command, output, text_str(&text))
                                              : draining.code;
}

static void write_stage(const char *name, int64_t took_us, size_t bytes)
{
    static const double us_per_ms = 1000.0;
    static const double bytes_per_mib = 1024.0 * 1024.0;
    (void)fprintf(stderr, "%-8s %10.2f ms %9.2f MiB\n", name, (double)took_us / us_per_ms,
                  (double)bytes / bytes_per_mib); /* there is nowhere left to complain */
}

/* What --timings asks for; the report is the last stage, and has just been written. */
static void write_timings(const struct command *command, const struct run *run)
{
    const struct run_stages *stages = &run->stages;
    for (size_t i = 0; i < stages->list.count; i++) {
        const struct run_stage *stage = &stages->list.items[i];
        write_stage(stage->name, stage->took_us, stage->bytes);
    }
    write_stage("report", clock_us() - stages->at_us, arena_used(command->arena) - stages->bytes);
}

int output_report(struct command *command, const struct run *run, const struct report_style *style)
{
    struct text messages = text_make(command->arena);
    if (run->report.refused != NULL) {
        diagnostics_write_text(run->report.refused, command->language, command->colors_messages,
                               &messages);
    }
    diagnostics_write_text(&run->diagnostics, command->language, command->colors_messages,
                           &messages);
    (void)fputs(messages.data, stderr); /* there is nowhere left to complain */
    int code = run->is_locked_out ? EXIT_CODE_LOCKED
                                  : (int)report_exit_code(&run->report, command->is_detailed);
    for (size_t i = 0; i < command->output_count; i++) {
        if (write_report(command, run, style, &command->outputs[i]) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    if (command->wants_timings) {
        write_timings(command, run);
    }
    return code;
}

void command_take_folder(struct command *command)
{
    if (command->word_count > 0) {
        command->run.folder = command->words[0];
    }
}
