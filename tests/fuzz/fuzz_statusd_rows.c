/* Stored rows through the pages and the API: a damaged or hostile store may make an answer poor or
 * impossible, but what is answered is sound, and nothing in it became markup.
 *
 * The input is values, each ended by a NUL; the first of a row is the letter of its table, then
 * come its columns. "iN" is the integer N, "n" is NULL, "zTEXT" is TEXT deflated, "bBYTES" is a
 * blob, "tTEXT" and everything else is text. */

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "statusd/api.h"
#include "statusd/metrics.h"
#include "statusd/pages/pages.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "support/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (INT64_C(1790000000) * 1000000)

static void require(bool is_true, const char *why)
{
    if (!is_true) {
        (void)fprintf(stderr, "%s\n", why);
        abort();
    }
}

/* ---- The store ---- */

static const struct table {
    char letter;
    int columns;
    const char *insert;
} tables[] = {
    // clang-format off
    {'t', 3, "INSERT INTO text (digest, length, body) VALUES (?, ?, ?)"},
    {'r', 29, "INSERT INTO run (started_at, ended_at, cause, mode, version, host, environment,"
              " source, commit_id, commit_subject, commit_author, commit_at, desired_digest,"
              " documents, generation_before, generation_after, stale_after, verdict, exit_code,"
              " unchanged, changed, failed, skipped, pending, drifted, removed, message, looked,"
              " quiet, unsettled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
              " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"},
    {'a', 15, "INSERT INTO action (run, number, verb, cause, result, type, id, kind, name, place,"
              " diff, reason, error, evidence, took_us)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'i', 11, "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'d', 10, "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'n', 4, "INSERT INTO tally VALUES (?, ?, ?, ?)"},
    {'c', 14, "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'e', 20, "INSERT INTO drift (run, at, path, kind, name, what, answer, reason, took_us,"
              " cosmetic, program, command, pid, parents, user, login, unit, package, replaced,"
              " diff) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'v', 13, "INSERT INTO delivery (version, source, commit_id, subject, author, commit_at,"
              " first_at, last_at, fate, stage, generation, run, evidence)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {'s', 14, "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    // clang-format on
};

static struct {
    char *path;
    sqlite3 *database;
} fuzzed; /* made once: the schema does not change from input to input */

static void store_remove(void)
{
    (void)sqlite3_close(fuzzed.database);
    char *slash = strrchr(fuzzed.path, '/');
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
    AUTO_ARENA arena = arena_create();
    *slash = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)remove(arena_printf(arena, "%s/%s", fuzzed.path, names[i]));
    }
    (void)remove(fuzzed.path);
    free(fuzzed.path);
}

static void store_make(void)
{
    char folder[] = "/tmp/fuzz-rows-XXXXXX";
    struct store *store = NULL;
    struct error err;
    require(mkdtemp(folder) != NULL, "no folder");
    require(asprintf(&fuzzed.path, "%s/store.db", folder) > 0, "no memory");
    require(store_open(fuzzed.path, (gid_t)-1, &store, &err), "no store");
    store_close(store);
    require(sqlite3_open(fuzzed.path, &fuzzed.database) == SQLITE_OK, "no database");
    require(
        sqlite_run(fuzzed.database, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF", &err),
        "no settings");
    require(atexit(store_remove) == 0, "no end");
}

static void value_bind(struct arena *arena, sqlite3_stmt *statement, int column, struct str value)
{
    char type = value.length > 0 ? value.data[0] : 't';
    struct str rest = {value.data + 1, value.length > 0 ? value.length - 1 : 0};
    const char *text = arena_strndup(arena, rest.length > 0 ? rest.data : "", rest.length);
    if (type == 'n') {
        (void)sqlite3_bind_null(statement, column);
    } else if (type == 'i') {
        (void)sqlite3_bind_int64(statement, column, strtoll(text, NULL, 10));
    } else if (type == 'b') {
        (void)sqlite3_bind_blob64(statement, column, text, rest.length, SQLITE_STATIC);
    } else if (type == 'z') {
        uLongf room = compressBound(rest.length);
        Bytef *body = arena_alloc(arena, room);
        (void)compress(body, &room, (const Bytef *)text, rest.length);
        (void)sqlite3_bind_blob64(statement, column, body, room, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_text(statement, column, text, (int)rest.length, SQLITE_STATIC);
    }
}

static struct str value_next(struct str *input)
{
    const char *end = input->length > 0 ? memchr(input->data, '\0', input->length) : NULL;
    size_t length = end != NULL ? (size_t)(end - input->data) : input->length;
    struct str value = {input->data, length};
    size_t taken = length + (end != NULL ? 1 : 0);
    *input = (struct str){input->data + taken, input->length - taken};
    return value;
}

static const struct table *table_of(struct str value)
{
    for (size_t i = 0; value.length == 1 && i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i].letter == value.data[0]) {
            return &tables[i];
        }
    }
    return NULL;
}

static void rows_insert(struct arena *arena, struct str input)
{
    while (input.length > 0) {
        const struct table *table = table_of(value_next(&input));
        if (table == NULL) {
            continue;
        }
        AUTO_STATEMENT statement = NULL;
        struct error err;
        require(sqlite_prepare(fuzzed.database, table->insert, &statement, &err), err.message);
        for (int i = 0; i < table->columns; i++) {
            value_bind(arena, statement, i + 1, value_next(&input));
        }
        (void)sqlite3_step(statement); /* a constraint may refuse the row */
    }
}

static void store_fill(struct arena *arena, struct str input)
{
    struct error err;
    require(
        sqlite_run(fuzzed.database,
                   "BEGIN; DELETE FROM action; DELETE FROM item; DELETE FROM document;"
                   "DELETE FROM certificate; DELETE FROM tally; DELETE FROM run; DELETE FROM text;"
                   "DELETE FROM drift; DELETE FROM delivery; DELETE FROM source;"
                   "DELETE FROM sqlite_sequence",
                   &err),
        err.message);
    rows_insert(arena, input);
    require(sqlite_run(fuzzed.database, "COMMIT", &err), err.message);
}

/* ---- The questions ---- */

static void text_check(struct str body)
{
    for (size_t offset = 0; offset < body.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(body, offset, &code);
        require(length > 0 && (code == '\n' || code >= 0x20), "no sound JSON");
        offset += length;
    }
}

static void ask(struct request *request, request_handler *handler, const char *rest)
{
    struct response response = {0};
    struct error err;
    request->rest = rest;
    if (!handler(request, &response, &err)) {
        return; /* the store does not answer */
    }
    require(response.status != 0 && response.type != NULL, "no answer");
    if (strstr(response.type, "html") != NULL) {
        const char *wrong = markup_check(request->arena, response.body);
        require(wrong == NULL, wrong != NULL ? wrong : "");
    } else if (strstr(response.type, "json") != NULL) {
        text_check(response.body);
    }
}

static void ask_document(struct request *request)
{
    struct document_page page;
    struct document_filter filter = {.state = -1, .page.limit = 3};
    struct error err;
    if (!store_read_documents(request->reader, request->arena, &filter, &page, &err)) {
        return;
    }
    for (size_t i = 0; i < page.rows.count; i++) {
        const char *rest =
            arena_printf(request->arena, "%s/%s", page.rows.items[i].kind, page.rows.items[i].name);
        ask(request, resource_page, rest);
        ask(request, api_resource, rest);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static request_handler *const lists[] = {
        overview_page, resources_page, runs_page,    api_status,  api_resources,
        api_runs,      metrics_answer, ready_answer, events_page, history_page,
        sources_page,  api_events,     api_history,  api_sources};
    static struct assets assets = {
        .of = {{.url = "/assets/style"}, {.url = "/assets/live"}, {.url = "/assets/icon"}}};
    if (fuzzed.database == NULL) {
        store_make();
    }
    AUTO_ARENA arena = arena_create();
    struct error err;
    store_fill(arena, (struct str){(const char *)data, size});
    struct request request = {.arena = arena,
                              .path = "/",
                              .rest = "",
                              .assets = &assets,
                              .has_languages = true,
                              .now = NOW};
    require(store_reader_open(fuzzed.path, &request.reader, &err), err.message);
    if (store_snapshot_begin(request.reader, NOW, &err)) {
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            ask(&request, lists[i], "");
        }
        ask(&request, run_page, "1");
        ask(&request, api_run, "1");
        ask_document(&request);
        store_snapshot_end(request.reader);
    }
    store_reader_close(request.reader);
    return 0;
}
