/* history: the generations on disk, and what became of each commit, newest first. */
#include <string.h>
#include <time.h>

#include "core/say.h"
#include "model/json.h"
#include "store/store_read.h"
#include "verbs/verb.h"

enum {
    COMMITS_MOST = 20, /* for people; programs get COMMITS_ALL */
    COMMITS_ALL = 1000,
    COMMIT_DIGITS = 10,
    SECOND_US = 1000000,
};

struct history {
    struct generation_list generations;
    unsigned long current;
    struct delivery_records deliveries;
};

/* --- what became of a commit ----------------------------------------------------------------- */

/* The first row that fits; a stage of NULL fits any. */
static const struct fate_words {
    enum delivery_fate fate;
    const char *stage;
    const char *words;
} fates[] = {
    {DELIVERY_APPLIED, NULL, N_("applied")},
    {DELIVERY_UNCHANGED, NULL, N_("nothing to change")},
    {DELIVERY_PARTLY, "test", N_("partly applied: nginx or systemd refuses the rest")},
    {DELIVERY_PARTLY, "apply", N_("partly applied: the rest failed and was taken back")},
    {DELIVERY_PARTLY, "probe",
     N_("partly applied: a probe failed, and what it asked was taken back")},
    {DELIVERY_PARTLY, "mode", N_("partly applied: the rest is held back")},
    {DELIVERY_PARTLY, NULL, N_("partly applied")},
    {DELIVERY_REFUSED, "check", N_("refused: the documents have errors")},
    {DELIVERY_REFUSED, "test", N_("refused: nginx or systemd refuses it")},
    {DELIVERY_REFUSED, NULL, N_("refused")},
    {DELIVERY_WAITING, "window", N_("waits for its window")},
    {DELIVERY_WAITING, "manual", N_("waits for somebody to say apply")},
    {DELIVERY_WAITING, "mode", N_("held back")},
    {DELIVERY_WAITING, "rollback", N_("set aside by a rollback")},
    {DELIVERY_WAITING, NULL, N_("waits")},
};

static const char *fate_words(const struct delivery_record *delivery)
{
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        if (fates[i].fate == delivery->fate &&
            (fates[i].stage == NULL || text_equal(fates[i].stage, delivery->stage))) {
            return fates[i].words;
        }
    }
    return delivery_fate_word(delivery->fate);
}

static bool read_deliveries(const struct run *run, struct arena *arena,
                            struct delivery_records *out_deliveries, struct error *err)
{
    struct store_reader *reader = NULL;
    struct delivery_page page = {0};
    const struct delivery_filter all = {.fate = -1, .page.limit = COMMITS_ALL};
    if (!store_reader_open(run->store_path, &reader, err)) {
        return err->code == ERROR_UNAVAILABLE; /* nothing was recorded yet */
    }
    bool is_read = store_snapshot_begin(reader, run->started_us, err) &&
                   store_read_deliveries(reader, arena, &all, &page, err);
    store_reader_close(reader);
    *out_deliveries = page.rows;
    return is_read;
}

/* --- text ------------------------------------------------------------------------------------ */

static const char *moment_text(struct arena *arena, int64_t seconds, bool is_iso)
{
    enum { TIME_SIZE = 32 };
    char *when = arena_alloc(arena, TIME_SIZE);
    time_t at = (time_t)seconds;
    struct tm utc;
    if (gmtime_r(&at, &utc) == NULL ||
        strftime(when, TIME_SIZE, is_iso ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%SZ", &utc) ==
            0) {
        return "?";
    }
    return when;
}

static void add_generation(struct text *out, const struct generation *generation, bool is_current)
{
    text_line(out, "%c %4lu  %s  %s", is_current ? '*' : ' ', generation->number,
              moment_text(out->arena, generation->created_at, false), generation->summary);
}

/* Subject, author and evidence come from elsewhere: nothing of them moves the terminal. */
static void add_commit(const struct command *command, struct text *out,
                       const struct delivery_record *delivery)
{
    enum language language = command->language;
    text_addf(out, "  %.*s  %s  ", COMMIT_DIGITS, delivery->commit,
              moment_text(out->arena, delivery->last_at / SECOND_US, false));
    text_add(out, say_text(out->arena, language, fate_words(delivery)));
    if (delivery->generation != 0) {
        text_addf(out, " (%s)",
                  say(out->arena, language, "generation %lld", (long long)delivery->generation));
    }
    const char *subject = delivery->subject == NULL ? "" : delivery->subject;
    const char *author = delivery->author == NULL ? "" : delivery->author;
    text_line(out, "  %s  %s",
              say_line(out->arena, language, say_apart(out->arena, language, subject)),
              say_line(out->arena, language, say_apart(out->arena, language, author)));
    if (delivery->evidence != NULL && !command->is_quiet) {
        const char *first =
            arena_strndup(out->arena, delivery->evidence, strcspn(delivery->evidence, "\n"));
        text_line(out, "      %s",
                  say_line(out->arena, language, say_apart(out->arena, language, first)));
    }
}

/* A folder has versions, but nothing that people would know them by. */
static void add_commits(const struct command *command, struct text *out,
                        const struct delivery_records *deliveries)
{
    size_t shown = 0;
    for (size_t i = 0; i < deliveries->count && shown < COMMITS_MOST; i++) {
        if (deliveries->items[i].commit == NULL) {
            continue;
        }
        if (shown++ == 0) {
            text_line(out, "%s", say_text(out->arena, command->language, N_("commits:")));
        }
        add_commit(command, out, &deliveries->items[i]);
    }
}

static struct str write_text(const struct command *command, const struct history *history)
{
    struct text out = text_make(command->arena);
    for (size_t i = history->generations.count; i > 0; i--) {
        const struct generation *generation = &history->generations.items[i - 1];
        add_generation(&out, generation, generation->number == history->current);
    }
    if (history->generations.count == 0) {
        text_line(&out, "%s",
                  say_text(command->arena, command->language, N_("no generations yet")));
    }
    add_commits(command, &out, &history->deliveries);
    return text_str(&out);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *json_moment(struct arena *arena, int64_t seconds)
{
    return seconds == 0 ? json_null() : json_text(moment_text(arena, seconds, true));
}

static json_t *json_generation(struct arena *arena, const struct generation *generation,
                               bool is_current)
{
    return json_pack("{s:I, s:o, s:o, s:b}", "number", (json_int_t)generation->number, "created_at",
                     json_moment(arena, generation->created_at), "summary",
                     json_text(generation->summary), "is_current", (int)is_current);
}

static json_t *json_delivery(struct arena *arena, const struct delivery_record *delivery)
{
    json_t *generation =
        delivery->generation == 0 ? json_null() : json_integer((json_int_t)delivery->generation);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "version",
                     json_text(delivery->version), "source", json_text(delivery->source), "commit",
                     json_text(delivery->commit), "subject", json_text(delivery->subject), "author",
                     json_text(delivery->author), "commit_at",
                     json_moment(arena, delivery->commit_at / SECOND_US), "first_at",
                     json_moment(arena, delivery->first_at / SECOND_US), "last_at",
                     json_moment(arena, delivery->last_at / SECOND_US), "fate",
                     delivery_fate_word(delivery->fate), "stage", json_text(delivery->stage),
                     "generation", generation, "evidence", json_text(delivery->evidence));
}

static struct str write_json(const struct command *command, const struct history *history)
{
    AUTO_JSON root = json_object();
    json_t *generations = json_array();
    json_t *deliveries = json_array();
    for (size_t i = history->generations.count; i > 0; i--) {
        const struct generation *generation = &history->generations.items[i - 1];
        (void)json_array_append_new(
            generations,
            json_generation(command->arena, generation, generation->number == history->current));
    }
    for (size_t i = 0; i < history->deliveries.count; i++) {
        (void)json_array_append_new(deliveries,
                                    json_delivery(command->arena, &history->deliveries.items[i]));
    }
    (void)json_object_set_new(root, "generations", generations);
    (void)json_object_set_new(root, "deliveries", deliveries);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    return str_of(arena_printf(command->arena, "%s\n", text == NULL ? "{}" : text));
}

/* --- the verb -------------------------------------------------------------------------------- */

static int write_history(struct command *command, const struct history *history)
{
    int code = EXIT_CODE_SUCCESS;
    for (size_t i = 0; i < command->output_count; i++) {
        const struct output *output = &command->outputs[i];
        bool is_json = output->format->write == report_write_json;
        if (!is_json && output->format->write != report_write_text) {
            code = output_failure(command, "history is written as text or json, not as %s",
                                  output->format->name);
        } else if (output_emit(command, output,
                               is_json ? write_json(command, history)
                                       : write_text(command, history)) != EXIT_CODE_SUCCESS) {
            code = EXIT_CODE_FAILED;
        }
    }
    return code;
}

int verb_history(struct command *command)
{
    struct run run;
    struct error err = {0};
    struct history history = {0};
    int code = EXIT_CODE_FAILED;
    if (!run_open(&run, command->arena, &command->run)) {
        code = output_message(command, run.report.failure);
    } else if (!generation_list(&run.host, command->arena, &history.generations, &err) ||
               !generation_current(&run.host, &history.current, &err)) {
        code = output_error(command, &err);
    } else {
        if (!read_deliveries(&run, command->arena, &history.deliveries, &err)) {
            (void)output_error(command, &err); /* the disk is the truth: the rest is told */
        }
        code = write_history(command, &history);
    }
    run_end(&run);
    return code;
}
