/* Writes a report in every format, from texts that no front end would let through: what hosts and
 * programs say, and what somebody may try. For test-report-formats.
 *
 *     report-write SCENE DIRECTORY       DIRECTORY/SCENE.FORMAT, one file for each format
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/file.h"
#include "core/report.h"

struct scene {
    struct arena *arena;
    struct document_set documents;
    struct diagnostic_list diagnostics;
    struct facts facts;
    struct plan plan;
    struct outcome outcomes[8];
    struct report report;
};

/* Ends of what our formats are made of, and the beginnings of what they are not. */
static const char hostile[] = "a|b\\|c `d` ```e <b>f</b> </code></pre><script>alert(1)</script> "
                              "&lt; @octocat #1 %0A %2C ::error::g ]]> --> *h* _i_ [j](k) "
                              "http://l.example/ www.m.example n@o.example ~~p~~ $q$ \"'";
static const char control[] = "\x1b[31mred\x07 \xff\xc3 \xe2\x80\xae"
                              "back \xef\xbf\xbf\r\ttab";
static const char lines[] = "one\n::error file=x,line=1::two\n##[error]three\n```\n~~~\n# four\n"
                            "</details>\n    five\n]]></system-out>\n\n> six | seven\n";

static const struct source *make_source(struct scene *scene, const char *name, const char *path)
{
    static const char text[] = "sites:\n  \xd9\x85: {}\n  b:\n    respond: |\n      x\n      y\n";
    return source_make_file(scene->arena, name, path, str_of(text));
}

static struct span span_of(const struct source *source, const char *from, const char *to)
{
    const char *data = source->content.data;
    size_t first = (size_t)(strstr(data, from) - data);
    return (struct span){source, first, (size_t)(strstr(data + first, to) - data) + strlen(to)};
}

static struct document *add_document(struct scene *scene, const char *name, struct span span)
{
    struct document *document = arena_new(scene->arena, struct document);
    *document = (struct document){.kind_name = "site", .name = name, .span = span};
    document_set_add(scene->arena, &scene->documents, document);
    return document;
}

static struct action *add_action(struct scene *scene, const char *id, enum action_verb verb,
                                 const struct document *document)
{
    struct item *item = arena_new(scene->arena, struct item);
    struct observation *found = arena_new(scene->arena, struct observation);
    *item = (struct item){.type = "file",
                          .id = id,
                          .document = document,
                          .span = document == NULL ? SPAN_NONE : document->span};
    *found = (struct observation){.item = item, .exists = verb != ACTION_CREATE};
    vec_add(scene->arena, &scene->plan.actions,
            (struct action){.verb = verb, .cause = CAUSE_PENDING, .item = item, .found = found});
    scene->plan.counts.items++;
    scene->plan.counts.to_change++;
    return vec_last(&scene->plan.actions);
}

static void add_text_change(struct scene *scene, struct action *action, const char *from,
                            const char *to)
{
    vec_add(scene->arena, &action->changes,
            (struct change){.field = "content", .is_text = true, .from = from, .to = to});
}

/* ---- Scenes --------------------------------------------------------------------------------- */

static void scene_hostile(struct scene *scene)
{
    const struct source *file = make_source(scene, "a,b:c%`|\xff.yaml", "conf dir/a,b:c%`|.yaml");
    const struct source *preset = make_source(scene, "preset node", NULL);
    const struct document *arabic =
        add_document(scene, "\xd9\x85", span_of(file, "\xd9\x85", "\x85"));
    const struct document *other = add_document(scene, hostile, span_of(file, "b:", "b"));
    struct action *action = add_action(scene, hostile, ACTION_UPDATE, arabic);
    action->impact = message_quote(scene->arena, hostile);
    add_text_change(scene, action, lines, "one\n``````\n");
    vec_add(scene->arena, &action->changes,
            (struct change){.field = hostile, .from = control, .to = lines});
    action = add_action(scene, "/etc/plain", ACTION_CREATE, other);
    add_text_change(scene, action, NULL, control);
    action = add_action(scene, "/etc/secret", ACTION_UPDATE, NULL);
    vec_add(
        scene->arena, &action->changes,
        (struct change){.field = "content", .is_text = true, .is_secret = true, .from = "hunter2"});
    action = add_action(scene, "/etc/gone", ACTION_DELETE, NULL);
    action->held_because = message_quote(scene->arena, control);
    vec_add(scene->arena, &scene->report.findings,
            (struct finding){.tool = "nginx",
                             .span = span_of(file, "respond", "y\n"),
                             .document = "site:\xd9\x85",
                             .message = message_quote(scene->arena, lines),
                             .is_error = true});
    vec_add(scene->arena, &scene->report.findings,
            (struct finding){.tool = "systemd",
                             .span = span_of(preset, "b", "b"),
                             .message = message_quote(scene->arena, hostile)});
    vec_add(scene->arena, &scene->report.held,
            (struct held_document){.document = arabic,
                                   .because =
                                       message_word(scene->arena, "told by the finding already")});
    vec_add(scene->arena, &scene->report.held,
            (struct held_document){.document = other,
                                   .because = message_quote(scene->arena, hostile),
                                   .evidence = message_quote(scene->arena, lines)});
    struct diagnostic *diagnostic =
        diagnostic_add(scene->arena, &scene->diagnostics, DIAGNOSTIC_SITE_NAME_NOT_COVERED,
                       span_of(file, "respond", "respond"), hostile, control, NULL);
    diagnostic->path = arena_printf(scene->arena, "site %s: paths", hostile);
    diagnostic->second = span_of(file, "sites", "sites");
    scene->report.hold = message_quote(scene->arena, hostile);
}

/* Words of the host while a change was carried out. */
static void scene_applied(struct scene *scene)
{
    const struct source *file = make_source(scene, "shop.yaml", "/srv/elsewhere/shop.yaml");
    const struct document *shop = add_document(scene, "shop", span_of(file, "b:", "b"));
    add_text_change(scene, add_action(scene, "/etc/a", ACTION_UPDATE, shop), "1\n", "2\n");
    add_text_change(scene, add_action(scene, "/etc/b", ACTION_UPDATE, NULL), "1\n", "2\n");
    scene->report.outcomes = scene->outcomes;
    scene->outcomes[0].result = OUTCOME_CHANGED;
    scene->outcomes[1].result = OUTCOME_FAILED;
    scene->outcomes[1].evidence = lines;
    (void)error_set(&scene->outcomes[1].error, ERROR_SYSTEM, "%s", control);
    scene->report.is_dry_run = false;
    scene->report.verb = "apply";
    scene->report.generation_before = 4;
    scene->report.generation_after = 5;
}

/* Every mistake is an error; no plan was made. */
static void scene_refused(struct scene *scene)
{
    const struct source *file = make_source(scene, "shop.yaml", "shop.yaml");
    const struct document *document = add_document(scene, "b", span_of(file, "b:", "b"));
    diagnostic_add(scene->arena, &scene->diagnostics, DIAGNOSTIC_FILE_UNREADABLE, SPAN_NONE,
                   "x.yaml", NULL)
        ->why = message_word(scene->arena, "Permission denied");
    for (int i = 0; i < 2; i++) { /* the same at two places: two fingerprints */
        struct diagnostic *diagnostic = diagnostic_add(
            scene->arena, &scene->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
            i == 0 ? span_of(file, "respond", "respond") : span_of(file, "sites", "sites"), "prox",
            NULL);
        diagnostic->suggestion = "proxy";
        diagnostic->path = "site b";
    }
    (void)diagnostic_add(scene->arena, &scene->diagnostics, DIAGNOSTIC_EMPTY_KEY,
                         span_of(file, "sites", "sites"), NULL);
    (void)document;
    scene->report.is_refused = true;
    scene->report.plan = NULL;
}

static void scene_failed(struct scene *scene)
{
    scene->report.plan = NULL;
    scene->report.documents = NULL;
    scene->report.failure = message_quote(scene->arena, lines);
}

/* More than a comment may hold: many changes, long diffs, many mistakes. */
static void scene_large(struct scene *scene)
{
    enum { CHANGES = 1500, LINES = 3000 };
    const struct source *file = make_source(scene, "shop.yaml", "shop.yaml");
    const struct document *document = add_document(scene, "b", span_of(file, "b:", "b"));
    for (int i = 0; i < CHANGES; i++) {
        struct text text = text_make(scene->arena);
        for (int k = 0; k < (i == 0 ? LINES : 2); k++) {
            text_line(&text, "line %d of `%s`", k, hostile);
        }
        struct action *action =
            add_action(scene, arena_printf(scene->arena, "/etc/%d", i), ACTION_CREATE, document);
        action->impact = message_make(scene->arena, "restart %d", i);
        add_text_change(scene, action, NULL, text.data);
    }
    for (int i = 0; i < CHANGES; i++) {
        (void)diagnostic_add(scene->arena, &scene->diagnostics, DIAGNOSTIC_SITE_NAME_NOT_COVERED,
                             span_of(file, "respond", "respond"), "a",
                             arena_printf(scene->arena, "%d.example", i), NULL);
    }
}

static void scene_quiet(struct scene *scene)
{
    const struct source *file = make_source(scene, "shop.yaml", "shop.yaml");
    (void)add_document(scene, "b", span_of(file, "b:", "b"));
    add_action(scene, "/etc/a", ACTION_NONE, NULL);
    scene->plan.counts.to_change = 0;
}

static const struct {
    const char *name;
    void (*make)(struct scene *scene);
} scenes[] = {
    {"hostile", scene_hostile}, {"applied", scene_applied}, {"refused", scene_refused},
    {"failed", scene_failed},   {"large", scene_large},     {"quiet", scene_quiet},
};

static bool write_all(struct scene *scene, const char *name, const char *directory)
{
    const struct report_style style = {0};
    for (size_t i = 0; i < report_format_count(); i++) {
        const struct report_format *format = report_format_at(i);
        struct text text = text_make(scene->arena);
        struct error err = {0};
        format->write(&scene->report, &style, &text);
        const char *path = arena_printf(scene->arena, "%s/%s.%s", directory, name, format->name);
        if (!file_replace(AT_FDCWD, path, text_str(&text), 0644, FILE_OWNER_NONE, FILE_SYNC_LATER,
                          &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct scene *scene = arena_new(arena, struct scene);
    scene->arena = arena;
    scene->facts = facts_debian12();
    scene->report = (struct report){.arena = arena,
                                    .verb = "plan",
                                    .environment = "a-->b",
                                    .host = hostile,
                                    .folder = "conf",
                                    .directory = "/srv/repository",
                                    .is_dry_run = true,
                                    .facts = &scene->facts,
                                    .diagnostics = &scene->diagnostics,
                                    .documents = &scene->documents,
                                    .plan = &scene->plan};
    bool is_done = false;
    (void)git_libgit2_init(); /* diffs; fails only without memory */
    for (size_t i = 0; argc == 3 && i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            scenes[i].make(scene);
            is_done = write_all(scene, argv[1], argv[2]);
        }
    }
    (void)git_libgit2_shutdown();
    arena_destroy(arena);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
