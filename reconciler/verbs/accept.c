/* accept: what was changed on the host by hand, as a patch of the documents. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/diff.h"
#include "core/kind.h"
#include "core/say.h"
#include "input/load.h"
#include "model/json.h"
#include "verbs/verb.h"

enum { KEPT_MEMORY = 64 << 20 };

struct accepting {
    struct command *command;
    struct run *run;
    struct run_selection selection;
    struct accept_result result;
    const char *patch;
};

/* ---- Words ---------------------------------------------------------------------------------- */

/* A folder, or a file of documents; else the word names what is to be accepted. */
static bool is_folder(const char *word)
{
    struct stat status;
    const char *slash = strrchr(word, '/');
    if (stat(word, &status) != 0) {
        /* One that is not there is told to be missing, unless it is no name of a folder. */
        return strchr(word, ':') == NULL && word[0] != '/';
    }
    return S_ISDIR(status.st_mode) || load_is_document_name(slash == NULL ? word : slash + 1);
}

static void take_words(struct accepting *accepting)
{
    struct command *command = accepting->command;
    struct run_selection *selection = &accepting->selection;
    bool has_folder = command->word_count > 0 && is_folder(command->words[0]);
    if (has_folder) {
        command->run.folder = command->words[0];
    }
    if (command->word_count == 0) {
        return;
    }
    selection->words = command->words + has_folder;
    selection->count = command->word_count - has_folder;
    selection->is_found = arena_array(command->arena, selection->count, sizeof(bool));
}

/* The patch as text, or all of it for programs. */
static bool takes_formats(const struct command *command)
{
    for (size_t i = 0; i < command->output_count; i++) {
        const char *name = command->outputs[i].format->name;
        if (strcmp(name, "text") != 0 && strcmp(name, "json") != 0) {
            return false;
        }
    }
    return true;
}

/* ---- The patch ------------------------------------------------------------------------------ */

static const struct source *source_before(const struct accepting *accepting, size_t index)
{
    return accepting->run->loaded.files.items[index].source;
}

static bool has_changed(const struct accepting *accepting, size_t index)
{
    return !str_equal(source_before(accepting, index)->content,
                      accepting->result.sources.items[index].source->content);
}

static const char *make_patch(struct accepting *accepting)
{
    struct text patch = text_make(accepting->command->arena);
    for (size_t i = 0; i < accepting->result.sources.count; i++) {
        if (has_changed(accepting, i)) {
            const struct source *before = source_before(accepting, i);
            text_add(&patch,
                     diff_unified(accepting->command->arena, before->name, before->content.data,
                                  accepting->result.sources.items[i].source->content.data));
        }
    }
    return patch.data;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* One file that will be replaced: where a link leads to, not the link. */
struct replacement {
    const char *path;
    struct str content;
    struct stat status;
};
VEC(replacement_list, struct replacement);

static bool prepare_one(struct arena *arena, const struct source *before,
                        const struct source *after, struct replacement_list *out, struct error *err)
{
    struct str now = {0};
    struct replacement replacement = {.content = after->content};
    CLEANUP(cleanup_free) char *real = before->path == NULL ? NULL : realpath(before->path, NULL);
    if (real == NULL || stat(real, &replacement.status) != 0) {
        return error_errno(err, "open %s", before->name);
    }
    replacement.path = arena_strdup(arena, real);
    if (!file_read(AT_FDCWD, real, LOAD_FILE_MOST, arena, &now, err)) {
        return false;
    }
    if (!str_equal(now, before->content)) {
        return error_set(err, ERROR_REFUSED,
                         "%s has changed in the meantime, and nothing was written: say it again",
                         before->name);
    }
    vec_add(arena, out, replacement);
    return true;
}

static struct file_owner owner_of(const struct stat *status)
{
    bool is_own = status->st_uid == geteuid() && status->st_gid == getegid();
    return is_own ? FILE_OWNER_NONE : (struct file_owner){status->st_uid, status->st_gid};
}

/* All are looked at before the first one is written; each is the old or the new one at any time. */
static bool write_all(const struct accepting *accepting, struct error *err)
{
    struct replacement_list list = {0};
    for (size_t i = 0; i < accepting->result.sources.count; i++) {
        if (has_changed(accepting, i) &&
            !prepare_one(accepting->command->arena, source_before(accepting, i),
                         accepting->result.sources.items[i].source, &list, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct replacement *one = &list.items[i];
        if (!file_replace(AT_FDCWD, one->path, one->content, one->status.st_mode & 07777U,
                          owner_of(&one->status), FILE_SYNC_NOW, err)) {
            return false;
        }
    }
    return true;
}

static bool put_into_folder(const struct accepting *accepting, struct error *err)
{
    if (accepting->run->commit != NULL) {
        return error_set_word(err, ERROR_REFUSED,
                              N_("nothing was written: the documents are in a Git repository; "
                                 "commit the patch there"));
    }
    return write_all(accepting, err);
}

/* ---- Telling -------------------------------------------------------------------------------- */

static json_t *taken_json(const struct accepting *accepting)
{
    json_t *list = json_array();
    for (size_t i = 0; i < accepting->result.taken.count; i++) {
        const struct accept_taken *taken = &accepting->result.taken.items[i];
        const struct source *source = accepting->result.sources.items[taken->source].source;
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I}", "document",
                            json_text(taken->document), "field", json_text(taken->field), "from",
                            json_text(taken->from), "to", json_text(taken->to), "file",
                            json_text(source->name), "line", (json_int_t)taken->line, "host_file",
                            json_text(taken->path), "host_line", (json_int_t)taken->path_line));
    }
    return list;
}

static json_t *left_json(const struct accept_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->left.count; i++) {
        const struct accept_left *left = &result->left.items[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:I, s:o, s:o}", "document",
                                              json_text(left->document), "host_file",
                                              json_text(left->path), "host_line",
                                              (json_int_t)left->line, "text", json_text(left->text),
                                              "reason", json_text(left->because->text)));
    }
    return list;
}

static json_t *respelled_json(const struct accept_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->respelled.count; i++) {
        json_array_append_new(list, json_text(result->respelled.items[i].path));
    }
    return list;
}

static struct str write_json(const struct accepting *accepting, bool is_written)
{
    AUTO_JSON root =
        json_pack("{s:o, s:o, s:o, s:o, s:b}", "patch", json_text(accepting->patch), "accepted",
                  taken_json(accepting), "refused", left_json(&accepting->result), "respelled",
                  respelled_json(&accepting->result), "written", is_written);
    CLEANUP(cleanup_free) char *json = json_dumps(root, JSON_INDENT(2));
    return str_of(arena_printf(accepting->command->arena, "%s\n", json == NULL ? "{}" : json));
}

/* "PATH:7: + gzip off" */
static const struct message *place_of(struct arena *arena, const struct accept_left *left)
{
    const char *place =
        left->line == 0 ? left->path : arena_printf(arena, "%s:%zu", left->path, left->line);
    return message_quote(
        arena, left->text[0] == '\0' ? place : arena_printf(arena, "%s: %s", place, left->text));
}

static void tell(const struct accepting *accepting)
{
    const struct command *command = accepting->command;
    const struct accept_result *result = &accepting->result;
    struct arena *arena = command->arena;
    for (size_t i = 0; i < result->left.count; i++) {
        const struct accept_left *left = &result->left.items[i];
        (void)output_message(command, message_chain(arena, place_of(arena, left), MESSAGE_COLON,
                                                    left->because)); /* the code comes later */
    }
    for (size_t i = 0; i < result->respelled.count; i++) {
        (void)output_failure(command, "%s: apply will write the same in its own spelling",
                             result->respelled.items[i].path);
    }
    for (size_t i = 0; i < accepting->selection.count; i++) {
        if (!accepting->selection.is_found[i]) {
            (void)output_failure(command, "nothing of %s has drifted",
                                 accepting->selection.words[i]);
        }
    }
    if (result->left.count + result->taken.count == 0 && accepting->selection.count == 0) {
        (void)output_failure(command, "nothing has drifted");
    }
}

static int code_of(const struct accept_result *result)
{
    if (result->left.count == 0) {
        return EXIT_CODE_SUCCESS;
    }
    return result->taken.count > 0 ? EXIT_CODE_PARTLY : EXIT_CODE_FAILED;
}

static int finish(struct accepting *accepting)
{
    struct command *command = accepting->command;
    struct error err = {0};
    run_accept(accepting->run, &accepting->selection, &accepting->result);
    accepting->patch = make_patch(accepting);
    int code = code_of(&accepting->result);
    bool is_to_write = command->writes && accepting->patch[0] != '\0';
    bool is_written = is_to_write && put_into_folder(accepting, &err);
    for (size_t i = 0; i < command->output_count; i++) {
        const struct output *output = &command->outputs[i];
        bool is_json = strcmp(output->format->name, "json") == 0;
        struct str text = is_json ? write_json(accepting, is_written) : str_of(accepting->patch);
        if (output_emit(command, output, text) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    if (!command->is_quiet) {
        tell(accepting);
    }
    return is_to_write && !is_written ? output_error(command, &err) : code;
}

/* Why there is no plan; on standard output stands a patch or nothing. */
static int fail(struct command *command, const struct run *run)
{
    const struct report_style style = {0};
    command->output_count = 0;
    int code = output_report(command, run, &style);
    if (run->report.failure != NULL) {
        (void)output_message(command, run->report.failure); /* the code is known */
    }
    return code;
}

int verb_accept(struct command *command)
{
    struct run run;
    struct accepting accepting = {.command = command, .run = &run};
    if (!takes_formats(command)) {
        (void)output_failure(command, "accept prints text or json");
        return EXIT_CODE_USAGE;
    }
    if (command->run.is_offline) {
        (void)output_failure(command, "offline there is no host that could have changed");
        return EXIT_CODE_USAGE;
    }
    take_words(&accepting);
    /* What a trial gives back is wanted by the next: the kernel would clear it each time. */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
    command->run.wants_states = true; /* the documents are read whatever was recorded */
    command->run.skips_tests = true;
    run_once(&run, command->arena, &command->run);
    int code = EXIT_CODE_FAILED;
    if (run.report.plan == NULL || run.report.failure != NULL) {
        code = fail(command, &run);
    } else if (run.report.hold != NULL) {
        code = output_message(command, run.report.hold);
    } else {
        code = finish(&accepting);
    }
    run_end(&run);
    return code;
}
