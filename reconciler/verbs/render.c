/* render: every file that a host would get, below a folder. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/say.h"
#include "verbs/verb.h"

enum { DIRECTORY_MODE = 0755 };

static bool write_file(struct command *command, int directory, const struct desired_file *file,
                       struct error *err)
{
    const char *path = host_path(file->path);
    char *parent = arena_strdup(command->arena, path);
    char *slash = strrchr(parent, '/');
    if (slash != NULL) {
        *slash = '\0';
        if (!file_make_directories(directory, parent, DIRECTORY_MODE, err)) {
            return false;
        }
    }
    return file_replace(directory, path, file->content, file->mode, FILE_OWNER_NONE,
                        FILE_SYNC_LATER, err);
}

static bool write_all(struct command *command, const struct run *run, struct error *err)
{
    struct desired_files files = {0};
    desired_list_files(&run->desired, &run->layout, command->arena, &files);
    if (!file_make_directories(AT_FDCWD, command->out_directory, DIRECTORY_MODE, err)) {
        return false;
    }
    AUTO_FD directory = open(command->out_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return error_errno(err, "open %s", command->out_directory);
    }
    for (size_t i = 0; i < files.count; i++) {
        if (!write_file(command, directory, &files.items[i], err)) {
            return error_wrap(err, "write below %s", command->out_directory);
        }
    }
    (void)output_files(command, files.count); /* the files matter more */
    return file_sync_all(directory, err);
}

int verb_render(struct command *command)
{
    if (command->out_directory == NULL) {
        (void)output_failure(command, "render: say where with --out DIR");
        return EXIT_CODE_USAGE;
    }
    command_take_folder(command);
    command->run.is_offline = true;
    struct run run;
    int code = EXIT_CODE_FAILED;
    struct error err = {0};
    if (!run_render(&run, command->arena, &command->run)) {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
    } else if (write_all(command, &run, &err)) {
        code = EXIT_CODE_SUCCESS;
    } else {
        code = output_error(command, &err);
    }
    run_end(&run);
    return code;
}
