/* The rows of one run, written inside a transaction that the caller has begun and ends. */
#pragma once

#include "store/store.h"
#include "store/store_text.h"

struct recording {
    sqlite3 *database;
    const struct run_report *report;
    struct store_texts texts;
    struct arena *arena;
    int64_t number;    /* of the run, once its row is written */
    int64_t proven_at; /* the end of the newest earlier run that looked: what was in sync, then */
    struct error *err;
};

bool recording_write(struct recording *recording) MUST_CHECK;

/* store_forget.c: deletes the oldest runs where there are too many of them. */
bool history_keep(sqlite3 *database, bool has_actions, struct error *err) MUST_CHECK;
