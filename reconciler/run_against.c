/* plan --against: what would otherwise be read from this host is taken from somewhere else. Against
 * another revision of the folder that is what this revision wants, as if it had been applied: the
 * plan is then what the folder changes. */
#include "run.h"

#include <string.h>

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
static struct owned_item owned_of(struct run *run, const struct item *item)
{
    const struct provider_table providers = {provider_find, provider_rank};
    struct owned_item owned = {
        .type = item->type,
        .id = item->id,
        .document = "",
        .digest = plan_item_digest(&providers, item, run->arena),
        .has_data = item->has_data,
        .span = item->span,
    };
    if (item->document != NULL) {
        const struct common_spec *common = item->document->spec;
        owned.document = document_id(run->arena, item->document);
        owned.is_protected = common->protect.is_true;
    }
    return owned;
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
        vec_add(run->arena, &run->owned, owned_of(run, item));
    }
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
                        "there is no such revision here; a shallow clone has to fetch it first");
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

/* --- the stages ------------------------------------------------------------------------------ */

bool run_against_open(struct run *run)
{
    struct error err = {0};
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
    const struct observation *found = map_get(&run->baseline->found, item_name(run->arena, item));
    if (found != NULL) {
        *out = *found;
        out->item = item;
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
