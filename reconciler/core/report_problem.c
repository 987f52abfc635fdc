/* Collects what stands in the way, in English: programs read it. */
#include "core/report_problem.h"

#include "base/digest.h"
#include "base/visible.h"
#include "core/diagnostics_report.h"

/* Rules that are no mistakes of authors' YAML. */
#define RULE_RUN     "run"
#define RULE_HOLD    "hold"
#define RULE_AGAINST "against"
#define RULE_HELD    "held"
#define RULE_FAILED  "failed"
#define RULE_PROOF   "proof"

static const struct rule {
    const char *name;
    const char *summary;
    const char *explanation;
} rules[] = {
    {RULE_RUN, "the run could not go on",
     "The run as a whole failed, or its candidate could not be tested. Nothing was changed by it "
     "after that."},
    {RULE_HOLD, "the host is on hold",
     "The host went back to an earlier generation and keeps it until the folder changes."},
    {RULE_AGAINST, "what was compared with is not what it should be",
     "The other side of the comparison has errors of its own, or does not exist yet."},
    {RULE_HELD, "a document stays as it was",
     "The host refuses what the document says now, or something it needs is refused: its last good "
     "state stays."},
    {RULE_FAILED, "a change failed", "The host refused a change while it was carried out."},
    {RULE_PROOF, "a certificate is not shown",
     "Who asks the site for a TLS handshake is not shown the certificate that stands on disk."},
    {"nginx", "nginx complains",
     "nginx tested the whole candidate configuration in a private view and complained about this "
     "line."},
    {"systemd", "systemd complains",
     "systemd-analyze verify looked at the candidate's units and complained about this line."},
    {"plan", "the saved plan is out of date",
     "Something that the saved plan was made from is not as it was any more."},
};

static const struct rule *rule_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

/* The message with dots for its arguments. */
static const char *diagnostic_summary(struct arena *arena, const struct diagnostic_info *info)
{
    struct diagnostic diagnostic = {.arguments = {"...", "...", "...", "..."}};
    for (size_t i = 0; i < DIAGNOSTIC_COUNT; i++) {
        if (diagnostic_info((enum diagnostic_code)i) == info) {
            diagnostic.code = (enum diagnostic_code)i;
        }
    }
    return diagnostic_message(arena, LANGUAGE_ENGLISH, &diagnostic);
}

const char *problem_rule_summary(struct arena *arena, const char *name)
{
    const struct rule *rule = rule_find(name);
    const struct diagnostic_info *info = diagnostic_find(name);
    return rule != NULL ? rule->summary : info != NULL ? diagnostic_summary(arena, info) : name;
}

const char *problem_rule_explanation(const char *name)
{
    const struct rule *rule = rule_find(name);
    const struct diagnostic_info *info = diagnostic_find(name);
    return rule != NULL ? rule->explanation : info != NULL ? info->explanation : name;
}

const char *problem_severity_word(enum severity severity)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};
    return words[severity];
}

const char *report_file(const struct report *report, struct span span)
{
    const char *path = span.source == NULL ? NULL : span.source->path;
    size_t length = report->directory == NULL ? 0 : strlen(report->directory);
    if (path == NULL || length == 0 || strncmp(path, report->directory, length) != 0 ||
        path[length] != '/') {
        return path;
    }
    return path + length + 1;
}

const char *problem_fingerprint(const struct report *report, struct map *seen,
                                const struct problem *problem)
{
    const char *file = report_file(report, problem->span);
    const char *const parts[] = {problem->rule, file == NULL ? "" : file,
                                 problem->kind == NULL ? "" : problem->kind,
                                 problem->name == NULL ? "" : problem->name, problem->message};
    char *hex = arena_alloc(report->arena, DIGEST_HEX_SIZE);
    size_t again = 0;
    do {
        struct digest *digest = digest_begin();
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            digest_add(digest, str_of(parts[i]));
        }
        digest_add(digest, str_of(arena_printf(report->arena, "%zu", again++)));
        digest_end(digest, hex);
    } while (map_has(seen, hex));
    (void)map_put(report->arena, seen, hex, hex);
    return hex;
}

/* --- whose it is ---------------------------------------------------------------------------- */

static void take_document(struct problem *problem, const struct document *document)
{
    if (document != NULL) {
        problem->kind = document->kind_name;
        problem->name = document->name;
    }
}

static void take_document_id(const struct report *report, struct problem *problem, const char *id)
{
    if (id != NULL && report->documents != NULL) {
        take_document(problem, document_find_id(report->arena, report->documents, id));
    }
}

/* A diagnostic's path is "KIND NAME: FIELD"; the name may hold anything, also ": ". */
static void take_path(const struct report *report, struct problem *problem, const char *path)
{
    const char *space = path == NULL ? NULL : strchr(path, ' ');
    if (space == NULL || report->documents == NULL) {
        return;
    }
    const char *kind = arena_strndup(report->arena, path, (size_t)(space - path));
    const char *name = space + 1;
    for (const char *end = name; problem->name == NULL && *end != '\0'; end++) {
        end = strstr(end, ": ");
        end = end == NULL ? name + strlen(name) : end;
        take_document(problem,
                      document_find(report->documents, kind,
                                    arena_strndup(report->arena, name, (size_t)(end - name))));
        if (*end == '\0') {
            return;
        }
    }
}

/* --- the sorts of trouble ------------------------------------------------------------------- */

static void add_run(const struct report *report, const char *rule, enum severity severity,
                    const struct message *message, struct problem_list *out)
{
    if (message != NULL) {
        vec_add(report->arena, out,
                (struct problem){.rule = rule,
                                 .severity = severity,
                                 .message = visible_line(report->arena, message->text)});
    }
}

static void add_findings(const struct report *report, struct problem_list *out)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *finding = &report->findings.items[i];
        struct problem problem = {
            .rule = finding->tool,
            .severity = finding->is_error ? SEVERITY_ERROR : SEVERITY_WARNING,
            .span = finding->span,
            .message = visible_line(report->arena, finding->message->text),
        };
        take_document_id(report, &problem, finding->document);
        vec_add(report->arena, out, problem);
    }
}

/* What a finding told already is not told once more. */
static bool has_finding(const struct report *report, const struct document *document)
{
    const char *id = document_id(report->arena, document);
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *finding = &report->findings.items[i];
        if (finding->is_error && text_equal(finding->document, id)) {
            return true;
        }
    }
    return false;
}

static struct problem problem_of(const struct report *report, const char *rule,
                                 const struct held_document *trouble, const char *message)
{
    return (struct problem){
        .rule = rule,
        .severity = SEVERITY_ERROR,
        .span = trouble->span.source == NULL ? trouble->document->span : trouble->span,
        .kind = trouble->document->kind_name,
        .name = trouble->document->name,
        .message = visible_line(report->arena, message),
        .evidence =
            trouble->evidence == NULL ? NULL : visible_text(report->arena, trouble->evidence->text),
    };
}

static void add_held(const struct report *report, struct problem_list *out)
{
    for (size_t i = 0; i < report->held.count; i++) {
        const struct held_document *held = &report->held.items[i];
        if (has_finding(report, held->document)) {
            continue;
        }
        const char *message =
            arena_printf(report->arena, "%s stays as it was: %s",
                         document_id(report->arena, held->document), held->because->text);
        vec_add(report->arena, out, problem_of(report, RULE_HELD, held, message));
    }
}

static void add_unproven(const struct report *report, struct problem_list *out)
{
    for (size_t i = 0; i < report->unproven.count; i++) {
        const struct held_document *unproven = &report->unproven.items[i];
        const char *message =
            arena_printf(report->arena, "%s: %s", document_id(report->arena, unproven->document),
                         unproven->because->text);
        vec_add(report->arena, out, problem_of(report, RULE_PROOF, unproven, message));
    }
}

static bool is_told_as_held(const struct report *report, const struct document *document)
{
    for (size_t i = 0; document != NULL && i < report->held.count; i++) {
        if (report->held.items[i].document == document) {
            return true;
        }
    }
    return false;
}

static void add_failures(const struct report *report, struct problem_list *out)
{
    for (size_t i = 0; report->outcomes != NULL && i < report->plan->actions.count; i++) {
        const struct outcome *outcome = &report->outcomes[i];
        const struct item *item = report->plan->actions.items[i].item;
        if (outcome->result != OUTCOME_FAILED || is_told_as_held(report, item->document)) {
            continue;
        }
        const char *message = arena_printf(report->arena, "%s: %s", item_name(report->arena, item),
                                           outcome->error.message);
        struct problem problem = {
            .rule = RULE_FAILED,
            .severity = SEVERITY_ERROR,
            .span = item->span,
            .message = visible_line(report->arena, message),
            .evidence = visible_text(report->arena, outcome->evidence),
        };
        take_document(&problem, item->document);
        vec_add(report->arena, out, problem);
    }
}

static void add_diagnostics(const struct report *report, const struct diagnostic_list *list,
                            struct problem_list *out)
{
    if (list == NULL) {
        return;
    }
    struct diagnostic_list sorted = diagnostics_sort(report->arena, list);
    for (size_t i = 0; i < sorted.count; i++) {
        const struct diagnostic *diagnostic = &sorted.items[i];
        struct problem problem = {
            .rule = diagnostic_info(diagnostic->code)->number,
            .severity = diagnostic_info(diagnostic->code)->severity,
            .span = diagnostic->span,
            .second = diagnostic->second,
            .message = visible_line(
                report->arena, diagnostic_message(report->arena, LANGUAGE_ENGLISH, diagnostic)),
            .help = visible_line(report->arena,
                                 diagnostic_help(report->arena, LANGUAGE_ENGLISH, diagnostic)),
        };
        take_path(report, &problem, diagnostic->path);
        vec_add(report->arena, out, problem);
    }
}

void report_problems(const struct report *report, struct problem_list *out_problems)
{
    add_run(report, RULE_RUN, SEVERITY_ERROR, report->failure, out_problems);
    if (report->untested != NULL) {
        add_run(report, RULE_RUN, SEVERITY_ERROR,
                message_chain(report->arena, message_word(report->arena, N_("not tested")),
                              MESSAGE_COLON, report->untested),
                out_problems);
    }
    add_run(report, RULE_HOLD, SEVERITY_WARNING, report->hold, out_problems);
    if (report->against != NULL) {
        add_run(report, RULE_AGAINST, SEVERITY_WARNING, report->against->note, out_problems);
    }
    add_findings(report, out_problems);
    add_held(report, out_problems);
    add_failures(report, out_problems);
    add_unproven(report, out_problems);
    add_diagnostics(report, report->refused, out_problems);
    add_diagnostics(report, report->diagnostics, out_problems);
}
