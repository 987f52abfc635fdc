/* Probes: their rows, and what they mean together. */

#include "schemas/probe.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "schemas/site.h"

enum { DIGITS = 3, DECIMAL = 10, CLASS_SIZE = 100 };

static bool check_probe_status(const char *text)
{
    return strlen(text) == DIGITS && text[0] >= '1' && text[0] <= '5' &&
           (strcmp(text + 1, "xx") == 0 || strspn(text, "0123456789") == DIGITS);
}

// clang-format off
static const struct syntax syntax_probe_status = {
    "a status such as 200, or a class such as 2xx", "^[1-5]([0-9][0-9]|xx)$", "2xx",
    check_probe_status};

static const char *const methods[] = {"GET", "HEAD", NULL};

static const struct field fields[] = {
    FIELD(struct probe_spec, path, .syntax = &syntax_probe,
          .fallback_note = "/, or the path that it belongs to",
          .help = "The path that is asked."),
    FIELD(struct probe_spec, method, .choices = methods, .fallback = "GET",
          .help = "How it is asked: GET or HEAD."),
    FIELD(struct probe_spec, status, .syntax = &syntax_probe_status, .count_most = 32,
          .fallback = "[2xx, 3xx]",
          .help = "The statuses, or classes of them, that are well."),
    FIELD(struct probe_spec, contains, .syntax = &syntax_line,
          .help = "A text that must stand in the first 64 KiB of the answer."),
    FIELD(struct probe_spec, header, .key_syntax = &syntax_header_name, .syntax = &syntax_line,
          .count_most = 16,
          .help = "Headers that the answer must have, each with a text that must stand in it; "
                  "empty: any.",
          .example = "header: { Content-Type: text/html }"),
    FIELD(struct probe_spec, within, .least = 10, .most = 5 * 60 * 1000,
          .fallback_note = "what is left of the time",
          .help = "How long one answer may take. The first good one must have come after 5 seconds, "
                  "or after this time where that is longer."),
    FIELD(struct probe_spec, window, .fallback = "0", .most = 10 * 60 * 1000,
          .help = "How long it must go on to answer well after it first did; 0: once is enough."),
    FIELD(struct probe_spec, host, .syntax = &syntax_host_name,
          .fallback_note = "the site's first name",
          .help = "The name of the site that is asked."),
};
// clang-format on

const struct schema probe_schema = {
    .name = "probe",
    .size = sizeof(struct probe_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "path",
    .help = "What is asked after each change, and which answer is well.",
};

const char *probe_path(const struct probe_spec *probe, const struct path_spec *path)
{
    if (probe->path.text != NULL) {
        return probe->path.text;
    }
    if (path == NULL) {
        return "/";
    }
    struct location location = location_read(path->object.key->text);
    bool is_plain = location.match == LOCATION_PREFIX || location.match == LOCATION_EXACT;
    return is_plain && syntax_probe.check(location.pattern) ? location.pattern : NULL;
}

void probe_status_read(const char *text, unsigned *out_first, unsigned *out_last)
{
    unsigned long number = strtoul(text, NULL, DECIMAL); /* of a class the first digit alone */
    bool is_class = text[1] == 'x';
    *out_first = (unsigned)(is_class ? number * CLASS_SIZE : number);
    *out_last = *out_first + (is_class ? CLASS_SIZE - 1 : 0);
}

/* ---- Checks --------------------------------------------------------------------------------- */

static bool is_same_name(const char *name, const char *host)
{
    const char *dot = strchr(host, '.');
    bool is_below = name[0] == '*' && dot != NULL && strcasecmp(dot, name + 1) == 0;
    return is_below || strcasecmp(name, host) == 0;
}

static bool has_name(const struct site_spec *site, const char *host)
{
    for (size_t i = 0; i < site->name_count; i++) {
        if (is_same_name(site->names[i], host)) {
            return true;
        }
    }
    for (size_t i = 0; i < site->aliases.count; i++) {
        if (is_same_name(site->aliases.items[i].text, host)) {
            return true;
        }
    }
    return false;
}

static void probe_check(struct check *check, const struct site_spec *site,
                        const struct probe_spec *probe, const struct path_spec *path,
                        const char *field)
{
    if (probe->object.node == NULL) {
        return;
    }
    if (probe->host.text != NULL && !has_name(site, probe->host.text)) {
        check_add(check, DIAGNOSTIC_SITE_PROBE_HOST, probe->host.node,
                  field_below(check, field, "host"), probe->host.text, NULL);
    }
    if (probe_path(probe, path) == NULL) {
        check_add(check, DIAGNOSTIC_SITE_PROBE_PATH, probe->object.node, field,
                  path->object.key->text, NULL);
    }
    if (probe->contains.text != NULL && probe->method.index == PROBE_HEAD) {
        check_add(check, DIAGNOSTIC_SITE_PROBE_BODY, probe->contains.node,
                  field_below(check, field, "contains"), NULL, NULL);
    }
}

static void paths_probes_check(struct check *check, const struct site_spec *site,
                               const struct object_list *paths, const char *field)
{
    const struct path_spec *items = paths->items;
    for (size_t i = 0; i < paths->count; i++) {
        const char *here = field_below(check, field, items[i].object.key->text);
        probe_check(check, site, &items[i].probe, &items[i], field_below(check, here, "probe"));
        paths_probes_check(check, site, &items[i].paths, field_below(check, here, "paths"));
    }
}

void probes_check(struct check *check, const struct site_spec *site)
{
    probe_check(check, site, &site->probe, NULL, "probe");
    paths_probes_check(check, site, &site->paths, "paths");
}
