/* What the pages share. */

#include "statusd/pages/parts.h"

#include <string.h>

#include "statusd/moment.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* ---- Times and numbers ---- */

/* The pieces of a span of time: the largest unit that fits at least once. */
static const struct unit {
    int64_t length;
    const char *ago_one, *ago_many, *in_one, *in_many;
} units[] = {
    {DAY, MARK_PLURAL("{0} day ago", "{0} days ago"), MARK_PLURAL("in {0} day", "in {0} days")},
    {HOUR, MARK_PLURAL("{0} hour ago", "{0} hours ago"),
     MARK_PLURAL("in {0} hour", "in {0} hours")},
    {MINUTE, MARK_PLURAL("{0} minute ago", "{0} minutes ago"),
     MARK_PLURAL("in {0} minute", "in {0} minutes")},
    {SECOND, MARK_PLURAL("{0} second ago", "{0} seconds ago"),
     MARK_PLURAL("in {0} second", "in {0} seconds")},
};

/* Two days read as hours up to 48, two hours as minutes up to 120: no rounding hides much. */
static const struct unit *unit_of(int64_t span)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) - 1; i++) {
        if (span >= 2 * units[i].length) {
            return &units[i];
        }
    }
    return &units[sizeof(units) / sizeof(units[0]) - 1];
}

struct html number_piece(const struct request *request, int64_t number)
{
    return html_piece(request->arena, "<span class=\"number\">%lld</span>", (long long)number);
}

static void span_write(const struct request *request, struct html *html, int64_t span, bool is_past)
{
    const struct unit *unit = unit_of(span);
    int64_t count = span / unit->length;
    struct html number = number_piece(request, count);
    if (is_past && count == 0) {
        html_text(html, tr("just now"));
        return;
    }
    html_fill(html,
              is_past ? ntr(unit->ago_one, unit->ago_many, count)
                      : ntr(unit->in_one, unit->in_many, count),
              &number, NULL);
}

static struct html relative_piece(const struct request *request, int64_t at, bool is_past)
{
    struct html piece = html_make(request->arena);
    if (at == 0) {
        html_text(&piece, tr("never"));
        return piece;
    }
    int64_t span = is_past ? request->now - at : at - request->now;
    html_put(&piece, "<time datetime=\"%s\" title=\"%s\">", moment_iso(request->arena, at),
             moment_full(request->arena, at));
    span_write(request, &piece, span > 0 ? span : 0, is_past);
    html_put(&piece, "</time>");
    return piece;
}

struct html age_piece(const struct request *request, int64_t at)
{
    return relative_piece(request, at, true);
}

struct html until_piece(const struct request *request, int64_t at)
{
    return relative_piece(request, at, at != 0 && at <= request->now);
}

struct html time_piece(const struct request *request, int64_t at)
{
    return html_piece(request->arena, "<time datetime=\"%s\" dir=\"ltr\">%s</time>",
                      moment_iso(request->arena, at), moment_full(request->arena, at));
}

struct html duration_piece(const struct request *request, int64_t microseconds)
{
    long long ms = microseconds > 0 ? (long long)(microseconds / 1000) : 0;
    if (ms < 1000) {
        return html_piece(request->arena, "<bdi dir=\"ltr\">%lld ms</bdi>", ms);
    }
    if (ms < 100000) {
        return html_piece(request->arena, "<bdi dir=\"ltr\">%lld.%lld s</bdi>", ms / 1000,
                          ms % 1000 / 100);
    }
    return html_piece(request->arena, "<bdi dir=\"ltr\">%lld min %lld s</bdi>", ms / 60000,
                      ms / 1000 % 60);
}

struct html name_piece(const struct request *request, const char *name)
{
    return html_piece(request->arena, "<bdi>%s</bdi>", name);
}

struct html commit_piece(const struct request *request, const char *commit)
{
    enum { DIGITS = 10 };
    const char *digits = arena_strndup(request->arena, commit, strnlen(commit, DIGITS));
    return html_piece(request->arena, "<code dir=\"ltr\">%s</code>", digits);
}

/* ---- Words ---- */

const char *state_name(enum item_state state)
{
    static const char *const names[ITEM_STATE_COUNT] = {
        [ITEM_STATE_IN_SYNC] = MARK("in-sync"), [ITEM_STATE_SUSPENDED] = MARK("suspended"),
        [ITEM_STATE_HELD] = MARK("held"),       [ITEM_STATE_PENDING] = MARK("pending"),
        [ITEM_STATE_STALE] = MARK("stale"),     [ITEM_STATE_DRIFTED] = MARK("drifted"),
        [ITEM_STATE_FAILED] = MARK("failed"),
    };
    return tr(names[state]);
}

const char *run_verdict_name(enum run_verdict verdict)
{
    static const char *const names[RUN_VERDICT_COUNT] = {
        [RUN_VERDICT_SUCCESS] = MARK("nothing to do"),
        [RUN_VERDICT_CHANGED] = MARK("changed"),
        [RUN_VERDICT_PARTLY] = MARK("partly done"),
        [RUN_VERDICT_FAILED] = MARK("run failed"),
    };
    return tr(names[verdict]);
}

/* The translation of a word of ours; any other word as it is. */
static const char *known_word(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return tr(words[i]);
        }
    }
    return word != NULL ? word : "";
}

const char *kind_name(const char *kind)
{
    static const char *const kinds[] = {MARK("site"), MARK("certificate"), MARK("database"),
                                        MARK("service")};
    return known_word(kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

const char *type_name(const char *type)
{
    static const char *const types[] = {MARK("file"), MARK("directory"), MARK("user"),
                                        MARK("unit"), MARK("tree"),      MARK("certificate"),
                                        MARK("copy")};
    return known_word(type, types, sizeof(types) / sizeof(types[0]));
}

const char *trigger_name(const char *trigger)
{
    static const char *const triggers[] = {MARK("command line"), MARK("watch"), MARK("rollback")};
    return known_word(trigger, triggers, sizeof(triggers) / sizeof(triggers[0]));
}

const char *mode_name(const char *mode)
{
    static const char *const modes[] = {MARK("enforce"), MARK("observe"), MARK("hold")};
    return known_word(mode, modes, sizeof(modes) / sizeof(modes[0]));
}

/* ---- Icons and badges ---- */

/* Shapes differ, so that nobody needs to tell colours apart. */
void icon_write(struct html *html, enum verdict_tone tone)
{
    html_put(html, "<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">");
    switch (tone) {
    case TONE_WELL:
        html_put(html, "<circle cx=\"8\" cy=\"8\" r=\"8\"/><path d=\"M4.2 8.4l2.5 2.5 5-5.4\"/>");
        break;
    case TONE_CALM:
        html_put(html, "<circle cx=\"8\" cy=\"8\" r=\"8\"/><path d=\"M6 5v6M10 5v6\"/>");
        break;
    case TONE_WARNING:
        html_put(html,
                 "<path class=\"shape\" d=\"M8 .8L15.6 15H.4z\"/><path d=\"M8 6v4M8 12.4v.2\"/>");
        break;
    case TONE_BAD:
        html_put(html, "<path class=\"shape\" d=\"M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7z\"/>"
                       "<path d=\"M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4\"/>");
        break;
    case TONE_UNKNOWN:
        html_put(html, "<circle cx=\"8\" cy=\"8\" r=\"7\" class=\"hollow\"/>"
                       "<path d=\"M6 6.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.4M8 12v.1\" "
                       "class=\"hollow\"/>");
        break;
    }
    html_put(html, "</svg>");
}

static enum verdict_tone tone_of_state(enum item_state state)
{
    static const enum verdict_tone tones[ITEM_STATE_COUNT] = {
        [ITEM_STATE_IN_SYNC] = TONE_WELL,  [ITEM_STATE_SUSPENDED] = TONE_CALM,
        [ITEM_STATE_HELD] = TONE_CALM,     [ITEM_STATE_PENDING] = TONE_WARNING,
        [ITEM_STATE_STALE] = TONE_UNKNOWN, [ITEM_STATE_DRIFTED] = TONE_WARNING,
        [ITEM_STATE_FAILED] = TONE_BAD,
    };
    return tones[state];
}

void badge_write(struct html *html, enum verdict_tone tone, const char *word)
{
    html_put(html, "<span class=\"badge tone-%s\">", verdict_tone_word(tone));
    icon_write(html, tone);
    html_put(html, "%s</span>", word);
}

void state_badge(struct html *html, enum item_state state)
{
    badge_write(html, tone_of_state(state), state_name(state));
}

void run_badge(struct html *html, enum run_verdict verdict)
{
    static const enum verdict_tone tones[RUN_VERDICT_COUNT] = {
        [RUN_VERDICT_SUCCESS] = TONE_WELL,
        [RUN_VERDICT_CHANGED] = TONE_WELL,
        [RUN_VERDICT_PARTLY] = TONE_WARNING,
        [RUN_VERDICT_FAILED] = TONE_BAD,
    };
    badge_write(html, tones[verdict], run_verdict_name(verdict));
}

void alarm_badge(struct html *html, const struct certificate_record *certificate)
{
    if (certificate->alarm != NULL) {
        bool is_error = strcmp(certificate->alarm, "error") == 0;
        badge_write(html, is_error ? TONE_BAD : TONE_WARNING, tr("expires soon"));
    }
}

/* ---- Text ---- */

/* Long paths and addresses may break behind a slash. */
void code_write(struct html *html, const char *text)
{
    html_put(html, "<code dir=\"ltr\">");
    for (const char *slash = strchr(text, '/'); slash != NULL; slash = strchr(text, '/')) {
        slash += strspn(slash, "/");
        html_str(html, (struct str){text, (size_t)(slash - text)});
        html_put(html, "<wbr>");
        text = slash;
    }
    html_put(html, "%s</code>", text);
}

void document_link(const struct request *request, struct html *html, const char *kind,
                   const char *name)
{
    if (kind == NULL || name == NULL) {
        html_text(html, tr("reconcile itself"));
        return;
    }
    html_put(html, "<a href=\"%s\"><bdi>%s</bdi></a>", resource_url(request->arena, kind, name),
             name);
}

void fact_piece(struct html *html, const char *label, const struct html *piece)
{
    html_put(html, "<div><dt>%s</dt><dd>", label);
    html_join(html, piece);
    html_put(html, "</dd></div>\n");
}

void fact_text(struct html *html, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        html_put(html, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n", label, text);
    }
}

void fact_code(struct html *html, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        html_put(html, "<div><dt>%s</dt><dd>", label);
        code_write(html, text);
        html_put(html, "</dd></div>\n");
    }
}

void pager_write(struct html *html, const char *before_url, const char *after_url)
{
    if (before_url == NULL && after_url == NULL) {
        return;
    }
    html_put(html, "<nav class=\"pager\" aria-label=\"%s\">", tr("Pages"));
    if (before_url != NULL) {
        html_put(html, "<a rel=\"prev\" href=\"%s\">%s</a>", before_url, tr("Previous page"));
    }
    if (after_url != NULL) {
        html_put(html, "<a rel=\"next\" href=\"%s\">%s</a>", after_url, tr("Next page"));
    }
    html_put(html, "</nav>\n");
}
