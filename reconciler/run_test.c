/* nginx and systemd look at the whole candidate before anything is switched. What they refuse is
 * led back to the line of YAML that it came from, and the guilty document alone is held back. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "model/file_item.h"
#include "model/tree_item.h"
#include "model/unit_item.h"
#include "providers/nginx.h"
#include "providers/systemd.h"

/* Each attempt costs a whole test; a tree that is refused more often than this needs an author. */
enum { ATTEMPTS_MOST = 8 };

/* --- nginx ---------------------------------------------------------------------------------- */

static void add_finding(struct run *run, struct finding finding)
{
    vec_add(run->arena, &run->report.findings, finding);
}

/* The document that a complaint is about, or NULL when it names no file of ours. */
static const struct document *take_complaint(struct run *run,
                                             const struct nginx_complaint *complaint)
{
    bool is_error = strcmp(complaint->level, "warn") != 0;
    struct finding finding = {.tool = "nginx",
                              .message = message_quote(run->arena, complaint->message),
                              .is_error = is_error};
    const struct tree_member *member =
        complaint->file == NULL ? NULL
                                : desired_find_member(&run->desired, &run->layout, complaint->file);
    if (member != NULL) {
        finding.span = mapped_text_span(&member->text, complaint->line);
        if (finding.span.source == NULL && member->document != NULL) {
            finding.span = member->document->span;
        }
        finding.document =
            member->document == NULL ? NULL : document_id(run->arena, member->document);
    } else if (complaint->file != NULL) {
        const char *text = arena_printf(run->arena, "%s (%s:%zu)", complaint->message,
                                        complaint->file, complaint->line);
        finding.message = message_quote(run->arena, text);
    }
    add_finding(run, finding);
    if (!is_error || member == NULL || member->document == NULL) {
        return NULL;
    }
    run_hold_back(run, member->document, finding.span,
                  message_make(run->arena, "nginx refuses it: %s", complaint->message), NULL);
    return member->document;
}

/* nginx has refused something that no document of ours made. */
static const struct message *why_not_ours(struct run *run,
                                          const struct nginx_complaints *complaints)
{
    for (size_t i = 0; i < complaints->count; i++) {
        const struct nginx_complaint *complaint = &complaints->items[i];
        if (strcmp(complaint->level, "warn") != 0 && complaint->file != NULL) {
            return message_make(run->arena, "nginx refuses %s:%zu, which no document made: %s",
                                complaint->file, complaint->line, complaint->message);
        }
    }
    const struct message *what =
        message_word(run->arena, N_("nginx refuses the configuration, and names no document"));
    for (size_t i = 0; i < complaints->count; i++) {
        if (strcmp(complaints->items[i].level, "warn") != 0) {
            return message_chain(run->arena, what, MESSAGE_COLON,
                                 message_quote(run->arena, complaints->items[i].message));
        }
    }
    return what;
}

static void list_tree_files(struct run *run, struct generation_files *out_files)
{
    const char *folder = arena_printf(run->arena, "%s/", run->layout.nginx_tree);
    struct desired_files wanted = {0};
    run_list_files(run, &wanted);
    for (size_t i = 0; i < wanted.count; i++) {
        const struct desired_file *file = &wanted.items[i];
        if (text_starts_with(file->path, folder)) {
            vec_add(
                run->arena, out_files,
                (struct generation_file){file->path, file->content, file->mode, file->document});
        }
    }
}

/* Below a directory of this machine, whatever root the run is for; nothing of the host is written.
 */
static bool write_candidate(struct run *run, const char *folder, struct error *err)
{
    enum { FOLDER_MODE = 0700 };
    struct generation_files files = {0};
    list_tree_files(run, &files);
    if (mkdir(folder, FOLDER_MODE) != 0) {
        return error_errno(err, "create %s", folder);
    }
    AUTO_FD directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return error_errno(err, "open %s", folder);
    }
    return generation_write_candidate(&run->host, directory, run->layout.nginx_tree, &files,
                                      run->arena, err);
}

static bool test_once(struct run *run, const char *folder, bool *out_refused, struct error *err)
{
    *out_refused = false;
    struct nginx_candidate candidate = {
        .tree = arena_printf(run->arena, "%s%s", folder, run->layout.nginx_tree),
        .is_offline = run->options->is_offline,
    };
    struct nginx_test_result result = {0};
    if (!write_candidate(run, folder, err) ||
        !nginx_test(&run->host, &candidate, run->arena, &result, err)) {
        return false;
    }
    run->test_us = result.took_us;
    if (result.verdict == NGINX_UNTESTED) {
        run->report.untested = message_chain(run->arena, message_quote(run->arena, "nginx"),
                                             MESSAGE_COLON, result.untested_because);
        return true;
    }
    bool found_guilty = false;
    for (size_t i = 0; i < result.complaints.count; i++) {
        found_guilty |= take_complaint(run, &result.complaints.items[i]) != NULL;
    }
    run->is_tested = result.verdict == NGINX_ACCEPTED;
    if (result.verdict == NGINX_REFUSED) {
        *out_refused = true;
        if (!found_guilty) {
            run->report.failure = why_not_ours(run, &result.complaints);
        }
    }
    return true;
}

static bool test_in(struct run *run, const char *directory, struct error *err)
{
    const char *folder = arena_printf(run->arena, "%s/candidate", directory);
    for (int attempt = 0; attempt < ATTEMPTS_MOST; attempt++) {
        bool is_refused = false;
        run_progress(run, "testing the nginx configuration");
        if (!test_once(run, folder, &is_refused, err)) {
            return false;
        }
        if (!is_refused || run->report.failure != NULL) {
            return true;
        }
        if (!file_remove_all(AT_FDCWD, folder, err)) {
            return false;
        }
    }
    run->report.failure =
        message_word(run->arena, N_("nginx refuses the configuration even without the documents "
                                    "that it named"));
    return true;
}

static bool test_nginx(struct run *run)
{
    struct error err = {0};
    char directory[] = "/tmp/reconcile.XXXXXX";
    if (mkdtemp(directory) == NULL) {
        (void)error_errno(&err, "make a directory in /tmp");
        return run_fail(run, &err);
    }
    bool is_done = test_in(run, directory, &err);
    bool is_clean = file_remove_all(AT_FDCWD, directory, is_done ? &err : NULL);
    if (!is_done || !is_clean) {
        (void)run_fail(run, &err);
    }
    return is_done && is_clean && run->report.failure == NULL && run->report.untested == NULL;
}

/* --- systemd -------------------------------------------------------------------------------- */

struct unit_texts {
    const char **names;
    struct str *texts;
    const struct item **items;
    size_t count;
};

/* The unit files that this run would write. What only drifted was looked at when it was first
 * written. */
static struct unit_texts changed_units(struct run *run)
{
    size_t most = run->plan.actions.count;
    struct unit_texts units = {
        .names = arena_array(run->arena, most, sizeof(*units.names)),
        .texts = arena_array(run->arena, most, sizeof(*units.texts)),
        .items = arena_array(run->arena, most, sizeof(struct item *)),
    };
    size_t folder = strlen(run->layout.units);
    for (size_t i = 0; i < most; i++) {
        const struct action *action = &run->plan.actions.items[i];
        const struct item *item = action->item;
        if (!action_is_due(action) || action->cause != CAUSE_PENDING || item->wanted == NULL ||
            strcmp(item->type, ITEM_FILE) != 0 ||
            strncmp(item->id, run->layout.units, folder) != 0 || item->id[folder] != '/') {
            continue;
        }
        units.names[units.count] = item->id + folder + 1;
        units.texts[units.count] = ((const struct file_item *)item->wanted)->text.content;
        units.items[units.count++] = item;
    }
    return units;
}

static void take_unit_finding(struct run *run, const struct unit_texts *units,
                              const struct systemd_finding *found)
{
    for (size_t i = 0; i < units->count; i++) {
        if (!text_equal(units->names[i], found->unit)) {
            continue;
        }
        const struct item *item = units->items[i];
        const struct file_item *file = item->wanted;
        struct span span = mapped_text_span(&file->text, found->line);
        span = span.source == NULL ? item->span : span;
        add_finding(run,
                    (struct finding){.tool = "systemd",
                                     .span = span,
                                     .message = message_quote(run->arena, found->message),
                                     .is_error = true,
                                     .document = item->document == NULL
                                                     ? NULL
                                                     : document_id(run->arena, item->document)});
        if (item->document != NULL) {
            run_hold_back(run, item->document, span,
                          message_make(run->arena, "systemd refuses it: %s", found->message), NULL);
        }
        return;
    }
    add_finding(run, (struct finding){.tool = "systemd",
                                      .message = message_quote(run->arena, found->message)});
}

static bool test_systemd(struct run *run)
{
    struct unit_texts units = changed_units(run);
    if (units.count == 0) {
        return true;
    }
    run_progress(run, "testing units: %zu", units.count);
    struct systemd_check_result result = {0};
    struct error err = {0};
    if (!systemd_verify(&run->host, units.names, units.texts, units.count, run->arena, &result,
                        &err)) {
        return run_fail(run, &err);
    }
    if (result.unchecked_because != NULL) {
        const struct message *why = message_word(run->arena, result.unchecked_because);
        /* A host without systemd goes on, and is told; a preview that promises the check does not.
         */
        if (run->options->is_offline) {
            run->report.untested =
                message_chain(run->arena, message_quote(run->arena, "systemd"), MESSAGE_COLON, why);
            return false;
        }
        add_finding(run, (struct finding){.tool = "systemd", .message = why});
    }
    for (size_t i = 0; i < result.findings.count; i++) {
        take_unit_finding(run, &units, &result.findings.items[i]);
    }
    return true;
}

/* --- programs ------------------------------------------------------------------------------- */

static bool is_absent(const struct run *run, const char *path)
{
    return path != NULL && *path == '/' &&
           faccessat(run->host.root, host_path(path), F_OK, 0) != 0 && errno == ENOENT;
}

/* The checker of units has a placeholder for each program. No error: what brings the application
 * may come before the plan is carried out, and a start that fails is taken back. */
static void look_for_programs(struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        const struct item *item = action->item;
        const struct unit_item *unit = item->wanted;
        if (strcmp(item->type, ITEM_UNIT) != 0 || !action_is_due(action) || unit == NULL ||
            item->document == NULL || !is_absent(run, unit->program)) {
            continue;
        }
        add_finding(
            run,
            (struct finding){
                .tool = "systemd",
                .span = item->span,
                .document = document_id(run->arena, item->document),
                .message = unit->package == NULL
                               ? message_make(run->arena, "this host has no %s", unit->program)
                               : message_make(run->arena, "this host has no %s: apt install %s",
                                              unit->program, unit->package),
            });
    }
}

bool run_test(struct run *run)
{
    if (!run->options->is_offline) {
        look_for_programs(run);
    }
    if (!test_systemd(run)) {
        return false;
    }
    const struct item tree = {.type = ITEM_TREE, .id = run->layout.nginx_tree};
    const struct action *action = map_get(&run->plan.by_name, item_name(run->arena, &tree));
    if (action == NULL || !action_is_due(action) || run->options->skips_nginx_test) {
        return true;
    }
    return test_nginx(run);
}
