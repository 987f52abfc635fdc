/* The report as SARIF 2.1.0. Rules are those that something was found by; columns are code points,
 * as ours are. */
#include <string.h>

#include "core/report_problem.h"
#include "model/json.h"

#define SARIF_SCHEMA                                                                               \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

struct log_writer {
    const struct report *report;
    json_t *rules;
    struct map rule_of; /* rule -> size_t: its index in rules */
    struct map seen;    /* fingerprints */
};

/* --- places --------------------------------------------------------------------------------- */

static bool stays_in_uri(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           strchr("-._~/", c) != NULL;
}

static const char *uri_of(struct arena *arena, const char *path)
{
    struct text out = text_make(arena);
    text_add(&out, path[0] == '/' ? "file://" : "");
    for (const char *at = path; *at != '\0'; at++) {
        if (stays_in_uri(*at)) {
            text_add_char(&out, *at);
        } else {
            text_addf(&out, "%%%02X", (unsigned char)*at);
        }
    }
    return out.data;
}

static json_t *json_region(struct span span)
{
    struct position first = source_position(span.source, span.first);
    struct position end = source_position(span.source, span.end);
    return json_pack("{s:I, s:I, s:I, s:I}", "startLine", (json_int_t)first.line, "startColumn",
                     (json_int_t)first.column, "endLine", (json_int_t)end.line, "endColumn",
                     (json_int_t)end.column);
}

static json_t *json_location(const struct report *report, struct span span)
{
    const char *file = report_file(report, span);
    const char *uri = uri_of(report->arena, file);
    json_t *artifact = json_pack("{s:s}", "uri", uri);
    if (file[0] != '/') {
        (void)json_object_set_new(artifact, "uriBaseId", json_string("%SRCROOT%"));
    }
    return json_pack("{s:{s:o, s:o}}", "physicalLocation", "artifactLocation", artifact, "region",
                     json_region(span));
}

/* An array of one place, or of none. */
static json_t *json_locations(const struct report *report, struct span span)
{
    json_t *locations = json_array();
    if (report_file(report, span) != NULL) {
        (void)json_array_append_new(locations, json_location(report, span));
    }
    return locations;
}

static json_t *json_related(const struct report *report, struct span span)
{
    json_t *locations = json_locations(report, span);
    for (size_t i = 0; i < json_array_size(locations); i++) {
        (void)json_object_set_new(json_array_get(locations, i), "message",
                                  json_pack("{s:s}", "text", "the other place"));
    }
    return locations;
}

/* --- rules and results ---------------------------------------------------------------------- */

/* Levels of SARIF are the same three words as our severities. */
static size_t rule_index(struct log_writer *writer, const struct problem *problem)
{
    struct arena *arena = writer->report->arena;
    const size_t *known = map_get(&writer->rule_of, problem->rule);
    if (known != NULL) {
        return *known;
    }
    size_t *index = arena_new(arena, size_t);
    *index = json_array_size(writer->rules);
    (void)map_put(arena, &writer->rule_of, problem->rule, index);
    (void)json_array_append_new(
        writer->rules,
        json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", problem->rule, "shortDescription",
                  "text", problem_rule_summary(arena, problem->rule), "fullDescription", "text",
                  problem_rule_explanation(problem->rule), "defaultConfiguration", "level",
                  problem_severity_word(problem->severity)));
    return *index;
}

static const char *message_of(struct arena *arena, const struct problem *problem)
{
    struct text out = text_make(arena);
    text_add(&out, problem->message);
    if (problem->help != NULL) {
        text_addf(&out, "\nhelp: %s", problem->help);
    }
    if (problem->evidence != NULL) {
        text_addf(&out, "\n%s", problem->evidence);
    }
    return out.data;
}

static json_t *json_result(struct log_writer *writer, const struct problem *problem)
{
    const struct report *report = writer->report;
    json_t *result = json_pack("{s:s, s:I, s:s, s:{s:o}, s:o, s:{s:s}}", "ruleId", problem->rule,
                               "ruleIndex", (json_int_t)rule_index(writer, problem), "level",
                               problem_severity_word(problem->severity), "message", "text",
                               json_text(message_of(report->arena, problem)), "locations",
                               json_locations(report, problem->span), "partialFingerprints",
                               "reconcile/v1", problem_fingerprint(report, &writer->seen, problem));
    if (problem->second.source != NULL) {
        (void)json_object_set_new(result, "relatedLocations",
                                  json_related(report, problem->second));
    }
    return result;
}

static json_t *json_invocations(const struct report *report)
{
    enum exit_code code = report_exit_code(report, false);
    return json_pack("[{s:b, s:i, s:o}]", "executionSuccessful", code == EXIT_CODE_SUCCESS,
                     "exitCode", (int)code, "exitCodeDescription",
                     json_text(report_verdict(report, LANGUAGE_ENGLISH)));
}

void report_write_sarif(const struct report *report, const struct report_style *style,
                        struct text *out)
{
    (void)style; /* JSON has no colors */
    struct problem_list problems = {0};
    struct log_writer writer = {.report = report, .rules = json_array()};
    report_problems(report, &problems);
    json_t *results = json_array();
    for (size_t i = 0; i < problems.count; i++) {
        (void)json_array_append_new(results, json_result(&writer, &problems.items[i]));
    }
    AUTO_JSON root =
        json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o, s:o}]}", "$schema", SARIF_SCHEMA,
                  "version", "2.1.0", "runs", "tool", "driver", "name", "reconcile",
                  "semanticVersion", RECONCILE_VERSION, "rules", writer.rules, "columnKind",
                  "unicodeCodePoints", "invocations", json_invocations(report), "results", results);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    if (text != NULL) {
        text_line(out, "%s", text);
    }
}
