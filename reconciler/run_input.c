/* What a run starts from: the host's settings, its facts, and the documents' sources. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "core/yaml.h"
#include "providers/providers.h"

#define DEFAULT_CONFIG "/etc/reconcile/reconcile.yaml"

enum { SETTINGS_MOST = 1 << 20, FACTS_MOST = 1 << 16 };

/* --- settings -------------------------------------------------------------------------------- */

/* Absent is fine unless the user named the file: every setting has a default. */
static bool read_settings_text(struct run *run, struct str *out_text, const char **out_name,
                               struct error *err)
{
    const char *path = run->options->config;
    *out_text = STR("");
    if (path == NULL) {
        path = strcmp(run->options->root, "/") == 0
                   ? DEFAULT_CONFIG
                   : arena_printf(run->arena, "%s%s", run->options->root, DEFAULT_CONFIG);
    }
    *out_name = path;
    if (run->options->has_settings_on_stdin) {
        return file_read_fd(STDIN_FILENO, path, SETTINGS_MOST, run->arena, out_text, err);
    }
    /* Offline nothing of this machine counts, but what the user names does. */
    if (run->options->config == NULL && run->options->is_offline) {
        return true;
    }
    if (file_read(AT_FDCWD, path, SETTINGS_MOST, run->arena, out_text, err)) {
        return true;
    }
    return run->options->config == NULL && err->number == ENOENT;
}

static bool decode_settings(struct run *run, const char *name, struct str text)
{
    const struct source *source = source_make_file(run->arena, name, name, text);
    const struct yaml yaml = yaml_parse(run->arena, source, &run->diagnostics);
    struct node *nothing = arena_new(run->arena, struct node);
    *nothing = (struct node){.type = NODE_MAPPING, .span = {source, 0, 0}};
    struct document *document = arena_new(run->arena, struct document);
    *document = (struct document){.kind_name = "settings", .name = "", .span = {source, 0, 0}};
    struct check check = {
        .arena = run->arena, .diagnostics = &run->diagnostics, .document = document};
    run->settings = arena_new(run->arena, struct settings);
    field_decode(&check, &settings_schema, yaml.root == NULL ? nothing : yaml.root, run->settings);
    if (!diagnostics_have_errors(&run->diagnostics)) {
        settings_schema.check(&check, run->settings);
    }
    run->report.is_refused = diagnostics_have_errors(&run->diagnostics);
    return !run->report.is_refused;
}

static const char *or_else(const char *first, const char *second)
{
    return first != NULL ? first : second;
}

static const char *machine_name(struct run *run)
{
    enum { NAME_SIZE = 256 };
    char name[NAME_SIZE] = "";
    (void)gethostname(name, sizeof(name) - 1); /* an empty name takes no overlay */
    return arena_strdup(run->arena, name);
}

static bool take_store(struct run *run, struct error *err)
{
    const struct settings_store *store = &run->settings->store;
    const char *path = or_else(
        store->path.text, arena_printf(run->arena, "%s/store/reconcile.db", run->layout.state));
    run->store_path = strcmp(run->options->root, "/") == 0
                          ? path
                          : arena_printf(run->arena, "%s%s", run->options->root, path);
    run->store_group = (gid_t)-1;
    if (store->group.text == NULL || run->options->is_offline) {
        return true; /* offline nothing is recorded */
    }
    const struct group *group = getgrnam(store->group.text);
    if (group == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "there is no group \"%s\" (setting store.group)",
                         store->group.text);
    }
    run->store_group = group->gr_gid;
    return true;
}

/* --- facts ----------------------------------------------------------------------------------- */

static bool take_facts(struct run *run, struct error *err)
{
    if (run->options->facts_file != NULL) {
        struct str json = {0};
        return file_read(AT_FDCWD, run->options->facts_file, FACTS_MOST, run->arena, &json, err) &&
               facts_read(run->arena, json, &run->facts, err);
    }
    if (run->baseline != NULL) {
        return true; /* those of the other host */
    }
    if (run->options->is_offline) {
        run->facts = facts_debian12();
        return true;
    }
    return run->options->needs_no_facts || facts_gather(&run->host, run->arena, &run->facts, err);
}

bool run_read_settings(struct run *run)
{
    struct error err = {0};
    struct str text = {0};
    const char *name = NULL;
    if (!read_settings_text(run, &text, &name, &err)) {
        return run_fail(run, &err);
    }
    if (!decode_settings(run, name, text)) {
        return false;
    }
    const struct settings *settings = run->settings;
    run->settings_text = text.data;
    run->layout = settings_layout(settings, run->options->state, run->arena);
    run->folder = run->options->git_dir != NULL /* where a folder is one of the commit */
                      ? NULL
                      : or_else(run->options->folder, settings->source.folder.text);
    run->environment = or_else(run->options->environment, settings->environment.text);
    run->host_name = or_else(run->options->host, settings->host.text);
    if (run->host_name == NULL && !run->options->is_offline) {
        run->host_name = machine_name(run);
    }
    if (!run_against_begin(run)) {
        return false;
    }
    run->report.folder = run->folder;
    run->report.environment = run->environment;
    run->report.host = run->host_name;
    if (!host_open(run->options->root, &run->layout, &run->facts, &run->host, &err)) {
        return run_fail(run, &err);
    }
    run->is_open = true;
    return (take_store(run, &err) && take_facts(run, &err)) || run_fail(run, &err);
}

/* --- documents ------------------------------------------------------------------------------- */

static bool read_saved(struct run *run, unsigned long generation, struct error *err)
{
    if (!run_saved_read(run, generation, &run->loaded, err)) {
        return false;
    }
    run->inputs_digest = loaded_digest(run->arena, &run->loaded);
    return true;
}

/* On hold since a rollback, and the folder is still what was set aside: the documents of the
 * generation that was gone back to stand in. */
static bool take_hold(struct run *run, struct error *err)
{
    const struct run_memory *memory = &run->memory;
    if (memory->held_inputs == NULL) {
        return true;
    }
    if (run->options->retries || strcmp(memory->held_inputs, run->inputs_digest) != 0) {
        run->memory.held_inputs = NULL;
        run->memory.held_at = 0;
        return true;
    }
    run->report.hold = message_make(run->arena,
                                    "on hold at generation %lu since a rollback; the folder is "
                                    "taken up again when it changes, or by retry",
                                    memory->held_at);
    if (run->baseline != NULL) {
        run->is_set_aside = true;
        return true;
    }
    return read_saved(run, memory->held_at, err);
}

static bool load_documents(struct run *run, struct error *err)
{
    if (run->options->rollback_to != 0) {
        return read_saved(run, run->options->rollback_to, err);
    }
    if (run_has_git_source(run)) {
        if (!run_load_git(run, err)) {
            return false;
        }
    } else if (run->folder == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "name the folder of YAML, or set source in %s",
                         or_else(run->options->config, DEFAULT_CONFIG));
    } else {
        load_directory(run->arena, run->folder, run->environment, run->host_name, &run->diagnostics,
                       &run->loaded);
    }
    run->inputs_digest = loaded_digest(run->arena, &run->loaded);
    run->source_digest = run->inputs_digest;
    return take_hold(run, err) && run_wait_for_delivery(run, err);
}

bool run_read_documents(struct run *run)
{
    struct error err = {0};
    return load_documents(run, &err) || run_fail(run, &err);
}
