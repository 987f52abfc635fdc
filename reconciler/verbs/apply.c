/* apply, and retry: the same with what was refused before. */
#include "base/log.h"
#include "core/report_line.h"
#include "verbs/verb.h"

/* For the journal: what changed, and what did not come about. */
static void log_lines(const struct run *run)
{
    struct report_lines lines = {0};
    if (run->report.plan == NULL || run->report.outcomes == NULL) {
        return;
    }
    report_collect(&run->report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct report_line *line = &lines.items[i];
        enum outcome_result result =
            line->outcome == NULL ? OUTCOME_SKIPPED : line->outcome->result;
        bool is_well = result == OUTCOME_CHANGED || result == OUTCOME_UNCHANGED;
        log_event(is_well ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, report_result_word(result), "item",
                  line->name, "place", line->place, "note",
                  line->note == NULL ? NULL : line->note->text, NULL);
    }
}

static int apply(struct command *command)
{
    struct error err = {0};
    if (command->run.retries || !command_names_plan(command)) {
        command_take_folder(command);
    } else if (!command_take_plan(command, &err)) {
        return output_error(command, &err);
    }
    /* Offline there is no host that could be changed. */
    command->run.applies = !command->is_dry_run && !command->run.is_offline;
    command->run.looks_ahead = !command->run.applies;
    struct run run;
    run_once(&run, command->arena, &command->run);
    if (command->run.heals) {
        log_set_level(LOG_LEVEL_INFO);
        log_lines(&run);
    }
    const struct report_style style = {0};
    int code = output_report(command, &run, &style);
    command_send_messages(command, &run);
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
