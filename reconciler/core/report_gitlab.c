/* The report as a Code Quality artifact of GitLab. An issue is known again by its fingerprint,
 * which does not hold the line: what only moved is not new. */
#include "core/report_problem.h"
#include "model/json.h"

/* Where the whole run is meant; GitLab wants a path for everything. */
static const char *whole_folder(const struct report *report)
{
    return report->folder == NULL || *report->folder == '\0' ? "." : report->folder;
}

static json_t *json_location(const struct problem *problem, const char *path)
{
    struct position first = {1, 1};
    struct position end = {1, 1};
    if (problem->span.source != NULL && problem->span.source->path != NULL) {
        first = source_position(problem->span.source, problem->span.first);
        end = source_position(problem->span.source, problem->span.end);
    }
    return json_pack("{s:s, s:{s:I, s:I}}", "path", path, "lines", "begin", (json_int_t)first.line,
                     "end", (json_int_t)end.line);
}

static json_t *json_issue(const struct report *report, struct map *seen,
                          const struct problem *problem)
{
    static const char *const severities[] = {
        [SEVERITY_ERROR] = "critical", [SEVERITY_WARNING] = "minor", [SEVERITY_NOTE] = "info"};
    const char *file = report_file(report, problem->span);
    const char *path = file == NULL ? whole_folder(report) : file;
    const char *help =
        problem->help == NULL ? "" : arena_printf(report->arena, " (%s)", problem->help);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o}", "type", "issue", "description",
                     json_text(arena_printf(report->arena, "%s%s", problem->message, help)),
                     "check_name", problem->rule, "fingerprint",
                     problem_fingerprint(report, seen, problem), "severity",
                     severities[problem->severity], "location", json_location(problem, path));
}

void report_write_gitlab(const struct report *report, const struct report_style *style,
                         struct text *out)
{
    (void)style; /* JSON has no colors */
    struct problem_list problems = {0};
    struct map seen = {0};
    report_problems(report, &problems);
    AUTO_JSON issues = json_array();
    for (size_t i = 0; i < problems.count; i++) {
        (void)json_array_append_new(issues, json_issue(report, &seen, &problems.items[i]));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(issues, JSON_INDENT(2));
    if (text != NULL) {
        text_line(out, "%s", text);
    }
}
