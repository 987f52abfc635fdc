/* Long texts of the store. Only the writer's side; store_read.c inflates. */

#include "store/store_text.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"

enum {
    TEXT_MAX = 64 * 1024,
    RUN_BUDGET = 16 * 1024 * 1024,
    /* Level 1: a cold apply brings thousands of texts, and level 6 saves 10 % more for three times
     * the time (measured on rendered nginx and unit files). */
    DEFLATE_LEVEL = 1,
};

bool store_texts_begin(struct store_texts *texts, sqlite3 *database, struct error *err)
{
    *texts = (struct store_texts){.budget = RUN_BUDGET, .arena = arena_create()};
    return sqlite_prepare(database,
                          "INSERT INTO text (digest, length, body) VALUES (?, ?, ?)"
                          " ON CONFLICT (digest) DO NOTHING",
                          &texts->insert, err) &&
           sqlite_prepare(database, "SELECT id FROM text WHERE digest = ?", &texts->find, err);
}

void store_texts_end(struct store_texts *texts)
{
    statement_finalize(&texts->insert);
    statement_finalize(&texts->find);
    if (texts->has_deflater) {
        (void)deflateEnd(&texts->deflater); /* complains of data left over, which is none of ours */
    }
    arena_destroy(texts->arena);
    *texts = (struct store_texts){0};
}

/* The part that is kept: whole lines, or where a line is longer than everything, whole characters.
 */
static struct str text_shorten(struct arena *arena, const char *text)
{
    size_t length = strlen(text);
    if (length <= TEXT_MAX) {
        return (struct str){text, length};
    }
    size_t kept = TEXT_MAX;
    const char *line_end = memrchr(text, '\n', TEXT_MAX);
    if (line_end != NULL) {
        kept = (size_t)(line_end - text) + 1;
    } else {
        while (kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80) {
            kept--;
        }
    }
    return str_of(arena_printf(arena, "%.*s%s\\ %zu more bytes\n", (int)kept, text,
                               line_end != NULL ? "" : "\n", length - kept));
}

static bool text_find(struct store_texts *texts, const char *key, int64_t *out_id,
                      struct error *err)
{
    struct cursor cursor = cursor_bind(texts->find);
    bind_text(&cursor, key);
    int step = sqlite3_step(texts->find);
    *out_id = step == SQLITE_ROW ? sqlite3_column_int64(texts->find, 0) : 0;
    (void)sqlite3_reset(texts->find);
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        return sqlite_error(err, sqlite3_db_handle(texts->find));
    }
    return true;
}

/* A run that has nothing to do brings one text, which is there already. */
static bool deflater_begin(struct store_texts *texts, struct error *err)
{
    if (!texts->has_deflater && deflateInit(&texts->deflater, DEFLATE_LEVEL) != Z_OK) {
        return error_set(err, ERROR_SYSTEM, "begin to deflate: no memory");
    }
    texts->has_deflater = true;
    return true;
}

/* What a text is found by: its digest, or a text that is shorter than that itself. */
static const char *text_key(struct store_texts *texts, struct str content)
{
    if (content.length < DIGEST_HEX_SIZE - 1) {
        return arena_strndup(texts->arena, content.data, content.length);
    }
    char *hex = arena_alloc(texts->arena, DIGEST_HEX_SIZE);
    digest_hex(content, hex);
    return hex;
}

static struct str text_deflate(struct store_texts *texts, struct str content)
{
    z_stream *stream = &texts->deflater;
    uLong room = deflateBound(stream, (uLong)content.length);
    unsigned char *body = arena_alloc(texts->arena, room);
    (void)deflateReset(stream);
    stream->next_in = (const unsigned char *)content.data;
    stream->avail_in = (uInt)content.length;
    stream->next_out = body;
    stream->avail_out = (uInt)room;
    int result = deflate(stream, Z_FINISH);
    assert(result == Z_STREAM_END); /* deflateBound promises the room */
    (void)result;
    return (struct str){(const char *)body, room - stream->avail_out};
}

bool store_texts_add(struct store_texts *texts, const char *text, int64_t *out_id,
                     struct error *err)
{
    *out_id = 0;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    struct str content = text_shorten(texts->arena, text);
    const char *key = text_key(texts, content);
    if (!text_find(texts, key, out_id, err)) {
        return false;
    }
    if (*out_id != 0 || content.length > texts->budget) {
        return true;
    }
    if (!deflater_begin(texts, err)) {
        return false;
    }
    texts->budget -= content.length;
    struct str body = text_deflate(texts, content);
    struct cursor cursor = cursor_bind(texts->insert);
    bind_text(&cursor, key);
    bind_integer(&cursor, (int64_t)content.length);
    (void)sqlite3_bind_blob64(texts->insert, cursor.next, body.data, body.length, SQLITE_STATIC);
    if (!statement_finish(texts->insert, "keep a text", err)) {
        return false;
    }
    *out_id = sqlite3_last_insert_rowid(sqlite3_db_handle(texts->insert));
    return true;
}
