/* history: the generations on disk, newest first. */
#include <time.h>

#include "core/say.h"
#include "verbs/verb.h"

static void add_generation(struct text *out, const struct generation *generation, bool is_current)
{
    enum { TIME_SIZE = 32 };
    char when[TIME_SIZE] = "?";
    time_t at = (time_t)generation->created_at;
    struct tm utc;
    if (gmtime_r(&at, &utc) != NULL) {
        (void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &utc); /* fits */
    }
    text_line(out, "%c %4lu  %s  %s", is_current ? '*' : ' ', generation->number, when,
              generation->summary);
}

int verb_history(struct command *command)
{
    struct run run;
    struct error err = {0};
    struct generation_list generations = {0};
    unsigned long current = 0;
    int code = EXIT_CODE_FAILED;
    if (!run_open(&run, command->arena, &command->run)) {
        code = output_message(command, run.report.failure);
    } else if (!generation_list(&run.host, command->arena, &generations, &err) ||
               !generation_current(&run.host, &current, &err)) {
        code = output_error(command, &err);
    } else {
        struct text out = text_make(command->arena);
        for (size_t i = generations.count; i > 0; i--) {
            const struct generation *generation = &generations.items[i - 1];
            add_generation(&out, generation, generation->number == current);
        }
        if (generations.count == 0) {
            text_line(&out, "%s",
                      say_text(command->arena, command->language, N_("no generations yet")));
        }
        code = output_text(command, text_str(&out));
    }
    run_end(&run);
    return code;
}
