/* How exposed a service is, in systemd's own judgement: systemd-analyze security --offline. The
 * text form is read, because the JSON form leaves the total out. 1,000 units take 0.9 s. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "providers/systemd.h"
#include "providers/systemd_view.h"

enum {
    BATCH = 100,
    OUTPUT_LIMIT = BATCH * 64 * 1024, /* 14 KiB a unit on version 252 */
};

#define TOTAL "Overall exposure level for "

/* The checker looks at an instance "i" of a template. */
static const char *name_in_output(struct arena *arena, const char *name)
{
    const char *at = strstr(name, "@.");
    return at == NULL ? name
                      : arena_printf(arena, "%.*s@i%s", (int)(at - name), name, at + strlen("@"));
}

/* "1.4" whatever the locale says about commas. */
static bool read_score(const char *text, double *out_score)
{
    char *end = NULL;
    unsigned long whole = strtoul(text, &end, 10);
    if (end == text || whole > 10 || end[0] != '.' || !isdigit((unsigned char)end[1])) {
        return false;
    }
    *out_score = (double)whole + (end[1] - '0') / 10.0;
    return true;
}

static void read_scores(const struct map *scores, struct arena *arena, struct str output)
{
    char *state = NULL;
    char *lines = arena_strndup(arena, output.data, output.length);
    for (char *line = strtok_r(lines, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        char *name = strstr(line, TOTAL);
        char *colon = name == NULL ? NULL : strstr(name, ": ");
        if (colon == NULL) {
            continue;
        }
        *colon = '\0';
        double *score = map_get(scores, name + strlen(TOTAL));
        double value = 0;
        if (score != NULL && read_score(colon + 2, &value)) {
            *score = value;
        }
    }
}

bool systemd_score(struct host *host, const char *const *names, const struct str *texts,
                   size_t count, struct arena *arena, double *out_scores, struct error *err)
{
    static const char *const arguments[] = {"security", "--offline=true", "--no-pager", NULL};
    AUTO_SYSTEMD_VIEW view = SYSTEMD_VIEW_NONE;
    double *found = arena_array(arena, count, sizeof(*found));
    struct map scores = {0};
    const char **units = arena_array(arena, count, sizeof(*units));
    size_t unit_count = 0;
    for (size_t i = 0; i < count; i++) {
        found[i] = -1.0;
        if (text_ends_with(names[i], ".service") || text_ends_with(names[i], ".socket")) {
            (void)map_put(arena, &scores, name_in_output(arena, names[i]), &found[i]);
            units[unit_count++] = names[i];
        }
    }
    if (!systemd_view_make(names, texts, count, arena, &view, err)) {
        return false;
    }
    bool is_there = true;
    for (size_t at = 0; at < unit_count && is_there; at += BATCH) {
        struct systemd_analysis_result result;
        const struct systemd_analysis analysis = {
            .arguments = arguments,
            .names = units + at,
            .count = unit_count - at < BATCH ? unit_count - at : BATCH,
            .output_limit = OUTPUT_LIMIT,
        };
        if (!systemd_view_analyze(&view, host, &analysis, arena, &result, err)) {
            return false;
        }
        is_there = result.is_there;
        if (is_there) {
            read_scores(&scores, arena, result.process.output);
        }
    }
    memcpy(out_scores, found, count * sizeof(*found));
    return true;
}
