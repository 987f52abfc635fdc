/* What people say about the host beside the documents. The record is on disk, so that it holds with
 * and without the loop. */
#include "suspension.h"

#include <string.h>

#include "core/kind.h"
#include "model/override.h"
#include "providers/audit_log.h"
#include "providers/overrides.h"
#include "run.h"
#include "schemas/value.h"

/* "all" is how people say "*". */
static bool read_scope(struct arena *arena, const char *word, const char **out_scope,
                       struct error *err)
{
    const char *colon = strchr(word, ':');
    const char *kind = colon == NULL ? word : arena_strndup(arena, word, (size_t)(colon - word));
    bool is_item = colon != NULL && (colon[1] == '/' || strcmp(kind, "unit") == 0);
    if (strcmp(word, "all") == 0) {
        *out_scope = "*";
        return true;
    }
    if (word[0] == '\0' || (!is_item && kind_find(kind) == NULL)) {
        return error_set(err, ERROR_FORMAT,
                         "\"%s\" is no scope: name a document (site:shop.example.com), a kind "
                         "(site), an item (file:/etc/x), or all",
                         word);
    }
    *out_scope = word;
    return true;
}

/* A day or time, or a duration from now. */
static bool read_until(const char *text, int64_t now, int64_t *out_until, struct error *err)
{
    enum { MS_A_SECOND = 1000 };
    int64_t milliseconds = 0;
    if (text == NULL) {
        *out_until = 0;
        return true;
    }
    if (value_read_duration(text, &milliseconds) && milliseconds > 0) {
        *out_until = now + milliseconds / MS_A_SECOND;
        return true;
    }
    if (!value_read_date(text, out_until)) {
        return error_set(err, ERROR_FORMAT,
                         "--until takes a day (2026-12-31), a time (2026-12-31T18:00:00Z), or how "
                         "long (2h), not \"%s\"",
                         text);
    }
    return *out_until > now || error_set(err, ERROR_FORMAT, "--until %s is past already", text);
}

static bool write_down(struct host *host, const struct suspension *suspension, const char *action,
                       const char *scope, const char *detail, struct arena *arena,
                       struct error *err)
{
    const struct audit_entry entry = {
        .at_us = run_clock_us(),
        .who = suspension->who,
        .from = suspension->from,
        .action = action,
        .target = scope,
        .detail = detail,
    };
    return audit_log_add(host, &entry, arena, err);
}

bool suspension_begin(struct host *host, const struct suspension *suspension, struct arena *arena,
                      struct error *err)
{
    struct override_list list = {0};
    struct override override = {.effect = OVERRIDE_SUSPEND,
                                .since = host->now(host),
                                .why = suspension->why,
                                .who = suspension->who};
    if (!read_scope(arena, suspension->word, &override.scope, err) ||
        !read_until(suspension->until, override.since, &override.until, err)) {
        return false;
    }
    if (suspension->why == NULL || suspension->why[0] == '\0') {
        return error_set(err, ERROR_FORMAT, "say why: --why \"...\"; others will ask");
    }
    if (!overrides_load(host, arena, &list, err)) {
        return false;
    }
    override_put(arena, &list, &override);
    return write_down(host, suspension, "suspend", override.scope,
                      override_text(arena, &override)->text, arena, err) &&
           overrides_save(host, arena, &list, err);
}

bool suspension_end(struct host *host, const struct suspension *suspension, struct arena *arena,
                    struct error *err)
{
    struct override_list list = {0};
    const char *scope = NULL;
    return read_scope(arena, suspension->word, &scope, err) &&
           overrides_load(host, arena, &list, err) &&
           (override_remove(&list, scope) ||
            error_set(err, ERROR_REFUSED, "%s is not suspended", suspension->word)) &&
           write_down(host, suspension, "resume", scope, NULL, arena, err) &&
           overrides_save(host, arena, &list, err);
}
