/* watch: the loop, in the foreground. */
#include "watch.h"

#include "verbs/verb.h"

int verb_watch(struct command *command)
{
    struct error err = {0};
    command_take_folder(command);
    command->run.progress = NULL;
    if (!watch_serve(command->arena, &command->run, &err)) {
        return output_error(command, &err);
    }
    return EXIT_CODE_SUCCESS;
}
