/* Rows of the store as records. A row may come from a damaged or hostile file: every word that is
 * none of ours reads as the least trusted one, and a text that does not inflate is left out. */

#include "store/store_read_rows.h"

#include <string.h>
#include <zlib.h>

#include "base/text.h"

/* What the writer keeps of a text at most, and the line that says how much was cut. */
enum { TEXT_MAX = 64 * 1024 + 128 };

#define MOMENT_MAX (INT64_C(253402300800) * 1000000) /* the year 10000 */

enum item_state state_of_word(const struct store_reader *reader, const char *word)
{
    enum item_state state = ITEM_STATE_STALE; /* not to be believed */
    if (word != NULL) {
        (void)item_state_parse(word, &state); /* an unknown word leaves it as it is */
    }
    return state == ITEM_STATE_IN_SYNC && reader->is_stale ? ITEM_STATE_STALE : state;
}

static enum item_state row_state(const struct store_reader *reader, struct cursor *cursor)
{
    const unsigned char *word = sqlite3_column_text(cursor->statement, cursor->next++);
    return state_of_word(reader, (const char *)word);
}

static enum run_verdict row_verdict(struct cursor *cursor)
{
    const unsigned char *word = sqlite3_column_text(cursor->statement, cursor->next++);
    for (size_t i = 0; word != NULL && i < RUN_VERDICT_COUNT; i++) {
        if (strcmp((const char *)word, run_verdict_word((enum run_verdict)i)) == 0) {
            return (enum run_verdict)i;
        }
    }
    return RUN_VERDICT_FAILED;
}

const char *row_long(struct cursor *cursor, struct arena *arena)
{
    int64_t length = row_integer(cursor);
    int column = cursor->next++;
    const unsigned char *body = sqlite3_column_blob(cursor->statement, column);
    int body_length = sqlite3_column_bytes(cursor->statement, column);
    if (body == NULL || length <= 0 || length > TEXT_MAX) {
        return NULL;
    }
    char *text = arena_alloc(arena, (size_t)length + 1);
    uLongf found = (uLongf)length;
    if (uncompress((Bytef *)text, &found, body, (uLong)body_length) != Z_OK) {
        return NULL;
    }
    text[found] = '\0';
    return text;
}

/* A moment that no clock can have shown is none: reckoning with it would overflow. */
int64_t row_moment(struct cursor *cursor)
{
    int64_t at = row_integer(cursor);
    return at > 0 && at <= MOMENT_MAX ? at : 0;
}

/* A count, or a time taken, that no run writes is none: adding it up would overflow. */
int64_t row_count(struct cursor *cursor)
{
    int64_t count = row_integer(cursor);
    return count > 0 && count < STORE_COUNT_MAX ? count : 0;
}

/* What is in sync was proven by the last look; anything else when its row says. */
static int64_t row_proven_at(const struct store_reader *reader, struct cursor *cursor,
                             const char *recorded_state)
{
    int64_t at = row_moment(cursor);
    bool is_in_sync = recorded_state != NULL && strcmp(recorded_state, "in-sync") == 0;
    return is_in_sync ? reader->checked_at : at;
}

struct run_record run_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct run_record run = {0};
    run.number = row_integer(&row);
    run.started_at = row_moment(&row);
    run.ended_at = row_moment(&row);
    run.trigger = row_text(&row, arena);
    run.mode = row_text(&row, arena);
    run.version = row_text(&row, arena);
    run.host = row_text(&row, arena);
    run.environment = row_text(&row, arena);
    run.source = row_text(&row, arena);
    run.commit = row_text(&row, arena);
    run.commit_subject = row_text(&row, arena);
    run.commit_author = row_text(&row, arena);
    run.commit_at = row_moment(&row);
    run.desired_digest = row_text(&row, arena);
    run.document_count = row_count(&row);
    run.generation_before = row_count(&row);
    run.generation_after = row_count(&row);
    run.stale_after_seconds = row_count(&row);
    run.verdict = row_verdict(&row);
    run.exit_code = row_integer(&row);
    run.counts.unchanged = row_count(&row);
    run.counts.changed = row_count(&row);
    run.counts.failed = row_count(&row);
    run.counts.skipped = row_count(&row);
    run.counts.pending = row_count(&row);
    run.counts.drifted = row_count(&row);
    run.counts.removed = row_count(&row);
    run.message = row_long(&row, arena);
    return run;
}

struct action_record action_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct action_record action = {0};
    action.run = row_integer(&row);
    action.at = row_moment(&row);
    action.number = row_integer(&row);
    action.verb = row_text(&row, arena);
    action.cause = row_text(&row, arena);
    action.result = row_text(&row, arena);
    action.type = row_text(&row, arena);
    action.id = row_text(&row, arena);
    action.kind = row_text(&row, arena);
    action.name = row_text(&row, arena);
    action.place = row_text(&row, arena);
    action.diff = row_long(&row, arena);
    action.reason = row_text(&row, arena);
    action.error = row_text(&row, arena);
    action.evidence = row_long(&row, arena);
    action.took_us = row_count(&row);
    return action;
}

struct item_record item_of_row(const struct store_reader *reader, sqlite3_stmt *statement,
                               struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct item_record item = {0};
    item.type = row_text(&row, arena);
    item.id = row_text(&row, arena);
    item.kind = row_text(&row, arena);
    item.name = row_text(&row, arena);
    item.place = row_text(&row, arena);
    const char *state = (const char *)sqlite3_column_text(statement, row.next);
    item.state = row_state(reader, &row);
    item.detail = row_text(&row, arena);
    item.diff = row_long(&row, arena);
    item.since = row_moment(&row);
    item.proven_at = row_proven_at(reader, &row, state);
    return item;
}

struct document_record document_of_row(const struct store_reader *reader, sqlite3_stmt *statement,
                                       struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct document_record document = {0};
    document.kind = row_text(&row, arena);
    document.name = row_text(&row, arena);
    document.place = row_text(&row, arena);
    document.description = row_text(&row, arena);
    document.summary = row_text(&row, arena);
    const char *state = (const char *)sqlite3_column_text(statement, row.next);
    document.state = row_state(reader, &row);
    document.detail = row_text(&row, arena);
    document.since = row_moment(&row);
    document.proven_at = row_proven_at(reader, &row, state);
    return document;
}

struct certificate_record certificate_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct certificate_record certificate = {0};
    certificate.name = row_text(&row, arena);
    certificate.names = row_text(&row, arena);
    certificate.issuer = row_text(&row, arena);
    certificate.kind = row_text(&row, arena);
    certificate.document = row_text(&row, arena);
    certificate.not_before = row_moment(&row);
    certificate.not_after = row_moment(&row);
    certificate.renews_at = row_moment(&row);
    certificate.alarm = row_text(&row, arena);
    certificate.because = row_text(&row, arena);
    certificate.asked_at = row_moment(&row);
    certificate.proven_at = row_moment(&row);
    certificate.served_not_after = row_moment(&row);
    certificate.served_instead = row_text(&row, arena);
    return certificate;
}

bool row_step(struct store_reader *reader, sqlite3_stmt *statement, bool *out_is_failed,
              struct error *err)
{
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        return true;
    }
    *out_is_failed = step != SQLITE_DONE;
    if (*out_is_failed) {
        (void)sqlite_error(err, reader->database);
    }
    return false;
}

const char *search_pattern(struct arena *arena, const char *search)
{
    if (search == NULL || search[0] == '\0') {
        return NULL;
    }
    struct text pattern = text_make(arena);
    text_add_char(&pattern, '%');
    for (const char *c = search; *c != '\0'; c++) {
        if (strchr("\\%_", *c) != NULL) {
            text_add_char(&pattern, '\\');
        }
        text_add_char(&pattern, *c);
    }
    text_add_char(&pattern, '%');
    return pattern.data;
}

size_t page_finish(const struct page_request *request, void *rows, size_t count, size_t size)
{
    size_t shown = count < request->limit ? count : request->limit;
    unsigned char *bytes = rows;
    for (size_t i = 0; request->is_backward && i < shown / 2; i++) {
        unsigned char *first = bytes + i * size;
        unsigned char *last = bytes + (shown - 1 - i) * size;
        for (size_t k = 0; k < size; k++) {
            unsigned char byte = first[k];
            first[k] = last[k];
            last[k] = byte;
        }
    }
    return shown;
}
