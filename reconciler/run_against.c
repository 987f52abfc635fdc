/* plan --against: what would otherwise be read from this host is taken from somewhere else. Against
 * another revision of the folder that is what this revision wants, as if it had been applied: the
 * plan is then what the folder changes. Against a file it is what a host has told of itself: the
 * plan is then the one that this host would make. */
#include "run.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "input/load_git.h"
#include "providers/providers.h"

/* --- another revision ------------------------------------------------------------------------ */

/* Of the documents of the other side, as Git names them: "main:sites/shop.yaml". */
static void name_sources(struct run *run, struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->files.count; i++) {
        const struct source *from = loaded->files.items[i].source;
        const char *name = arena_printf(run->arena, "%s:%s", run->options->against, from->name);
        loaded->files.items[i].source = source_make(run->arena, name, from->content);
    }
}

/* One of ours as the ledger of a host would tell it. */
static struct owned_item owned_of(struct run *run, const char *type, const char *id,
                                  const struct document *document)
{
    struct owned_item owned = {.type = type, .id = id, .document = "", .digest = ""};
    if (document != NULL) {
        const struct common_spec *common = document->spec;
        owned.document = document_id(run->arena, document);
        owned.is_protected = common->protect.is_true;
        owned.span = document->span;
    }
    return owned;
}

static struct owned_item owned_of_item(struct run *run, const struct item *item)
{
    const struct provider_table providers = {provider_find, provider_rank};
    struct owned_item owned = owned_of(run, item->type, item->id, item->document);
    owned.digest = plan_item_digest(&providers, item, run->arena);
    owned.has_data = item->has_data;
    owned.span = item->span;
    return owned;
}

static void take_parts(struct run *run, const struct tree_item *tree)
{
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        const struct tree_member *member = &tree->members.items[i];
        const char *path = arena_printf(run->arena, "%s/%s", run->layout.nginx_tree, member->path);
        vec_add(run->arena, &run->parts, owned_of(run, LEDGER_PART, path, member->document));
    }
}

static void take_wishes(struct run *run, const struct desired *desired)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        const struct item *item = &desired->items.items[i];
        const struct provider *provider = provider_find(item->type);
        struct observation *found = arena_new(run->arena, struct observation);
        *found = (struct observation){
            .exists = true,
            .found =
                provider->fulfilled == NULL ? item->wanted : provider->fulfilled(item, run->arena),
        };
        (void)map_put(run->arena, &run->baseline->found, item_name(run->arena, item), found);
        vec_add(run->arena, &run->owned, owned_of_item(run, item));
    }
    take_parts(run, desired->tree);
    run->owns_tree = desired->tree != NULL;
    desired_list_files(desired, &run->layout, run->arena, &run->last_good);
}

/* Why the other side cannot be compared with; NULL when it can. */
static const struct message *why_nothing(struct run *run, const struct run *other, bool is_built)
{
    const char *revision = run->options->against;
    if (other->loaded.files.count == 0) {
        return message_make(run->arena, "%s has no documents there: everything is new", revision);
    }
    for (size_t i = 0; !is_built && i < other->diagnostics.count; i++) {
        const struct diagnostic *diagnostic = &other->diagnostics.items[i];
        if (diagnostic_info(diagnostic->code)->severity == SEVERITY_ERROR) {
            return message_make(run->arena,
                                "%s has errors of its own (%s), so nothing is known of what it "
                                "wants: everything looks new",
                                revision, span_text(run->arena, diagnostic->span));
        }
    }
    return is_built ? NULL : other->report.failure;
}

/* The same as this run up to its items, only with the other documents. */
static bool open_revision(struct run *run, struct error *err)
{
    struct git_revision place = {0};
    struct git_loaded loaded = {0};
    struct run *other = arena_new(run->arena, struct run);
    struct run_options *options = arena_new(run->arena, struct run_options);
    *options = *run->options;
    options->against = NULL;
    options->folder = run->folder;
    if (run->options->git_dir != NULL) {
        place = run_named_revision(run, run->options->against);
    } else if (!load_git_discover(run->arena, run->folder, &place, err)) {
        return false;
    }
    place.revision = run->options->against;
    if (!run_open(other, run->arena, options)) {
        return error_set(err, ERROR_REFUSED, "%s",
                         report_verdict(&other->report, LANGUAGE_ENGLISH));
    }
    bool is_loaded = load_git(run->arena, &place, run->environment, run->host_name,
                              &other->diagnostics, &loaded, err);
    if (!is_loaded && err->code == ERROR_UNAVAILABLE) {
        (void)error_set(err, ERROR_UNAVAILABLE,
                        "there is no such file, and no such revision here; a shallow clone has to "
                        "fetch it first");
    }
    if (is_loaded) {
        name_sources(run, &loaded.loaded);
        other->loaded = loaded.loaded;
        bool is_built = run_build(other);
        struct comparison *comparison = &run->baseline->comparison;
        comparison->name = arena_printf(run->arena, "%s (%.*s)", run->options->against,
                                        COMMIT_ID_SHORT, loaded.commit.id);
        comparison->note = why_nothing(run, other, is_built);
        if (comparison->note == NULL) {
            run->baseline->documents = &other->documents;
            take_wishes(run, &other->desired);
        }
    }
    run_end(other);
    return is_loaded;
}

/* --- a host that has told of itself ---------------------------------------------------------- */

enum { SNAPSHOT_MOST = 256 << 20 };

static const char *name_of(struct run *run, const struct snapshot *snapshot)
{
    enum { TIME_SIZE = 32 };
    char when[TIME_SIZE] = "?";
    time_t at = (time_t)snapshot->taken_at;
    struct tm utc;
    if (gmtime_r(&at, &utc) != NULL) {
        (void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &utc); /* fits */
    }
    const char *name =
        snapshot->host == NULL || *snapshot->host == '\0' ? "a host" : snapshot->host;
    return arena_printf(run->arena, "%s as of %s", name, when);
}

static bool read_snapshot(struct run *run, struct snapshot *snapshot, struct error *err)
{
    const struct provider_table providers = {provider_find, provider_rank};
    struct str json = {0};
    return file_read(AT_FDCWD, run->options->against, SNAPSHOT_MOST, run->arena, &json, err) &&
           snapshot_read(run->arena, json, &providers, snapshot, err) &&
           (settings_take_mode(run->settings, snapshot->mode) ||
            error_set(err, ERROR_FORMAT, "there is no mode \"%s\"", snapshot->mode));
}

/* The host's own settings and names stand before those of this machine. */
static void take_settings(struct run *run, const struct snapshot *snapshot)
{
    run->layout = snapshot->layout;
    run->settings->on_error.index =
        snapshot->is_all_or_nothing ? ON_ERROR_ALL_OR_NOTHING : ON_ERROR_ISOLATE;
    if (run->options->environment == NULL) {
        run->environment = snapshot->environment;
    }
    if (run->options->host == NULL) {
        run->host_name = snapshot->host;
    }
    if (run->options->facts_file == NULL) {
        run->facts = snapshot->facts;
    }
}

static void index_view(struct run *run, const struct snapshot_observations *view, struct map *out)
{
    for (size_t i = 0; i < view->count; i++) {
        struct observation *observation = &view->items[i];
        (void)map_put(run->arena, out, item_name(run->arena, observation->item), observation);
    }
}

static void take_state(struct run *run, const struct snapshot *snapshot)
{
    run->owned = snapshot->owned;
    run->parts = snapshot->parts;
    for (size_t i = 0; i < run->owned.count; i++) {
        run->owns_tree |= strcmp(run->owned.items[i].type, ITEM_TREE) == 0;
    }
    run->memory = (struct run_memory){.refusals = snapshot->refusals,
                                      .held_inputs = snapshot->held_inputs,
                                      .held_at = snapshot->held_at};
    run->overrides = snapshot->overrides;
    run->left_before = snapshot->left;
    run->last_good = snapshot->last_good;
    run->foreign = snapshot->foreign;
    index_view(run, &snapshot->views[SNAPSHOT_AS_WANTED], &run->baseline->found);
    index_view(run, &snapshot->views[SNAPSHOT_AS_UNWANTED], &run->baseline->unwanted);
}

bool run_against_begin(struct run *run)
{
    struct stat status;
    struct error err = {0};
    const char *path = run->options->against;
    if (path == NULL || stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return true; /* a revision, if anything */
    }
    run->baseline = arena_new(run->arena, struct baseline);
    run->baseline->snapshot = arena_new(run->arena, struct snapshot);
    if (!read_snapshot(run, run->baseline->snapshot, &err)) {
        (void)error_wrap(&err, "compare with %s", path);
        return run_fail(run, &err);
    }
    run->baseline->comparison.name = name_of(run, run->baseline->snapshot);
    take_settings(run, run->baseline->snapshot);
    return true;
}

static bool was_last_wish(const struct run *run, const struct item *item)
{
    for (size_t i = 0; i < run->owned.count; i++) {
        const struct owned_item *owned = &run->owned.items[i];
        if (strcmp(owned->type, item->type) == 0 && strcmp(owned->id, item->id) == 0) {
            const char *digest = plan_item_digest(&run->plan_input.providers, item, run->arena);
            return strcmp(owned->digest, digest) == 0;
        }
    }
    return false;
}

/* As looking for this item's wish would tell it. What is secret was not told: it is as its wish was
 * when that was last applied. */
static void adapt(const struct run *run, struct observation *out)
{
    const struct item *item = out->item;
    const struct provider *provider = provider_find(item->type);
    const struct other_host host = {&run->layout, run->baseline->snapshot->has_manager};
    void *copy = NULL;
    if (item->is_secret && item->wanted != NULL && was_last_wish(run, item)) {
        out->found =
            provider->fulfilled == NULL ? item->wanted : provider->fulfilled(item, run->arena);
        return;
    }
    if (provider->adapt == NULL || out->trouble != NULL) {
        return;
    }
    if (out->found != NULL) {
        copy = arena_alloc(run->arena, provider->found->size);
        memcpy(copy, out->found, provider->found->size);
        out->found = copy;
    }
    provider->adapt(item, &host, run->arena, copy, out);
}

/* --- the stages ------------------------------------------------------------------------------ */

bool run_against_open(struct run *run)
{
    struct error err = {0};
    if (run->baseline != NULL) {
        take_state(run, run->baseline->snapshot);
        run->report.against = &run->baseline->comparison;
        return true;
    }
    run->baseline = arena_new(run->arena, struct baseline);
    run->baseline->comparison.is_revision = true;
    if (run->folder == NULL && run->options->git_dir == NULL) {
        (void)error_set(&err, ERROR_UNAVAILABLE, "name the folder of YAML");
        return run_fail(run, &err);
    }
    if (!open_revision(run, &err)) {
        (void)error_wrap(&err, "compare with %s", run->options->against);
        return run_fail(run, &err);
    }
    run->report.against = &run->baseline->comparison;
    return true;
}

void run_against_look(const struct run *run, struct observation *out)
{
    if (run->baseline == NULL) {
        return;
    }
    const struct item *item = out->item;
    const char *name = item_name(run->arena, item);
    const struct observation *found =
        item->wanted == NULL ? map_get(&run->baseline->unwanted, name) : NULL;
    found = found != NULL ? found : map_get(&run->baseline->found, name);
    if (found != NULL) {
        *out = *found;
        out->item = item;
    }
    if (run->baseline->snapshot != NULL) {
        adapt(run, out);
    }
}

/* Documents of one side that the other has not. */
static void list_missing(struct run *run, const struct document_set *from,
                         const struct document_set *other, struct document_list *out)
{
    for (size_t i = 0; i < from->documents.count; i++) {
        struct document *document = from->documents.items[i];
        if (document_find(other, document->kind_name, document->name) == NULL) {
            vec_add(run->arena, out, document);
        }
    }
}

void run_against_compare(struct run *run)
{
    if (run->baseline == NULL || run->baseline->documents == NULL) {
        return;
    }
    struct comparison *comparison = &run->baseline->comparison;
    list_missing(run, &run->documents, run->baseline->documents, &comparison->added);
    list_missing(run, run->baseline->documents, &run->documents, &comparison->removed);
}
