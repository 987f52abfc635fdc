/* fetch: the newest commit of the Git source is brought and accepted, for a later apply. */
#include "input/load_git.h"
#include "model/json.h"
#include "verbs/verb.h"

/* why: what was wrong; or NULL. */
static struct str write_line(struct command *command, const struct run *run,
                             const struct run_fetched *fetched, const char *why)
{
    const struct commit *commit = run->commit;
    AUTO_JSON root = json_pack("{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:I, s:b, s:I, s:I, s:o}",
                               "commit", json_text(fetched->commit), "previous",
                               json_text(fetched->previous), "is_new", fetched->is_new, "is_rewind",
                               fetched->is_rewind, "is_verified", fetched->is_verified, "subject",
                               json_text(commit == NULL ? NULL : commit->subject), "author",
                               json_text(commit == NULL ? NULL : commit->author), "at",
                               (json_int_t)(commit == NULL ? 0 : commit->at), "was_cloned",
                               fetched->was_cloned, "bytes", (json_int_t)fetched->bytes, "took_ms",
                               (json_int_t)fetched->took_ms, "error", json_text(why));
    CLEANUP(cleanup_free) char *line = json_dumps(root, JSON_COMPACT);
    return str_of(arena_printf(command->arena, "%s\n", line == NULL ? "{}" : line));
}

int verb_fetch(struct command *command)
{
    struct run run;
    struct error err = {0};
    struct run_fetched fetched = {0};
    int code = EXIT_CODE_FAILED;
    command->run.progress = NULL; /* for programs */
    command->run.needs_no_facts = true;
    if (!run_open(&run, command->arena, &command->run)) {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
        run_end(&run);
        return code;
    }
    bool is_done = run_fetch(&run, &fetched, &err);
    if (is_done) {
        code = EXIT_CODE_SUCCESS;
    } else {
        (void)output_error(command, &err); /* returns the code that it has already */
        code = run.is_locked_out ? EXIT_CODE_LOCKED : EXIT_CODE_FAILED;
    }
    if (!run.is_locked_out) {
        run_notify_fetch(&run, is_done ? NULL : &err);
    }
    int written =
        output_text(command, write_line(command, &run, &fetched, is_done ? NULL : err.message));
    run_end(&run);
    return code == EXIT_CODE_SUCCESS ? written : code;
}
