/* A plan that is made now and carried out later: everything that it saw is written down by its
 * digest, and must be found again. */
#include "run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/providers.h"

enum {
    PLAN_MODE = 0600,
    TOLD_MOST = 20, /* of what has changed; more is only counted */
};

/* --- what the run has seen ------------------------------------------------------------------- */

static const char *digest_text(struct run *run, struct str text)
{
    char *hex = arena_alloc(run->arena, DIGEST_HEX_SIZE);
    digest_hex(text, hex);
    return hex;
}

static const char *memory_digest(struct run *run)
{
    AUTO_JSON json = snapshot_write_memory(run->arena, run_make_snapshot(run));
    return saved_digest_json(run->arena, json);
}

static void describe_inputs(struct run *run, struct saved_parts *out)
{
    for (size_t i = 0; i < run->loaded.files.count; i++) {
        const struct source *source = run->loaded.files.items[i].source;
        vec_add(run->arena, out,
                (struct saved_part){source->name, digest_text(run, source->content)});
    }
}

static void describe_objects(struct run *run, struct saved_parts *out)
{
    for (size_t i = 0; i < run->items.count; i++) {
        AUTO_JSON view = snapshot_write_view(&run->plan_input.providers, &run->observations[i]);
        vec_add(run->arena, out,
                (struct saved_part){item_name(run->arena, &run->items.items[i]),
                                    saved_digest_json(run->arena, view)});
    }
}

static void describe_actions(struct run *run, struct saved_parts *out)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (action->verb != ACTION_NONE) {
            vec_add(run->arena, out,
                    (struct saved_part){
                        item_name(run->arena, action->item),
                        saved_digest_action(run->arena, &run->plan_input.providers, action)});
        }
    }
}

static struct saved_plan describe(struct run *run)
{
    struct saved_plan plan = {
        .program = RECONCILE_VERSION,
        .settings = digest_text(run, str_of(run->settings_text)),
        .facts = digest_text(run, str_of(facts_write(run->arena, &run->facts))),
        .memory = memory_digest(run),
        .generation = run->report.generation_before,
    };
    describe_inputs(run, &plan.inputs);
    describe_objects(run, &plan.objects);
    describe_actions(run, &plan.actions);
    return plan;
}

/* --- saving ---------------------------------------------------------------------------------- */

/* The plan may be carried out from another directory. */
static const char *absolute(struct run *run, const char *path)
{
    CLEANUP(cleanup_free) char *real = path == NULL ? NULL : realpath(path, NULL);
    return path == NULL ? NULL : arena_strdup(run->arena, real == NULL ? path : real);
}

bool run_save_plan(struct run *run, const char *path, struct error *err)
{
    const struct run_options *options = run->options;
    struct saved_plan plan = describe(run);
    plan.made_at = run->host.now(&run->host);
    plan.verdict = report_verdict(&run->report, LANGUAGE_ENGLISH);
    plan.folder = absolute(run, options->folder);
    plan.config = absolute(run, options->config);
    plan.root = absolute(run, options->root);
    plan.state = options->state;
    plan.environment = options->environment;
    plan.host = options->host;
    plan.facts_file = absolute(run, options->facts_file);
    plan.may_adopt = options->may_adopt;
    plan.may_delete_many = options->may_delete_many;
    plan.skips_nginx_test = options->skips_nginx_test;
    return file_replace(AT_FDCWD, path, saved_plan_write(run->arena, &plan), PLAN_MODE,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

/* --- expecting ------------------------------------------------------------------------------- */

static void tell(struct run *run, const struct message_list *changes)
{
    for (size_t i = 0; i < changes->count && i < TOLD_MOST; i++) {
        vec_add(run->arena, &run->report.findings,
                (struct finding){.tool = "plan", .message = changes->items[i], .is_error = true});
    }
}

/* The plan of now is not what anybody asked for: it is not shown. */
static bool refuse(struct run *run, const struct message_list *changes)
{
    if (changes->count == 0) {
        return true;
    }
    tell(run, changes);
    run->report.failure =
        message_make(run->arena,
                     "the saved plan is out of date, nothing was changed: differences since it was "
                     "made: %zu",
                     changes->count);
    run->report.plan = NULL;
    return false;
}

bool run_expect_seen(struct run *run)
{
    struct message_list changes = {0};
    if (run->options->expected != NULL) {
        const struct saved_plan now = describe(run);
        saved_plan_compare(run->arena, run->options->expected, &now, &changes);
    }
    return refuse(run, &changes);
}

bool run_expect_actions(struct run *run)
{
    struct message_list changes = {0};
    if (run->options->expected != NULL) {
        struct saved_plan now = {0};
        describe_actions(run, &now.actions);
        saved_plan_compare_actions(run->arena, run->options->expected, &now, &changes);
    }
    return refuse(run, &changes);
}
