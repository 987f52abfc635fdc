/* The table of long texts (diffs, evidence, messages): each text once, deflated, found by its
 * digest. A run may bring only so much; what is over is left out, never an error. */
#pragma once

#include <stdint.h>

#define ZLIB_CONST /* its input pointers point to const */
#include <zlib.h>

#include "base/error.h"
#include "store/sqlite.h"

struct store_texts {
    sqlite3_stmt *insert;
    sqlite3_stmt *find;
    z_stream deflater; /* one for all: its tables cost more to make than a short text to deflate */
    bool has_deflater;
    size_t budget; /* bytes that this run may still bring */
    struct arena *arena;
};

bool store_texts_begin(struct store_texts *texts, sqlite3 *database, struct error *err) MUST_CHECK;
/* Accepts a struct of zeros and a half-begun one. */
void store_texts_end(struct store_texts *texts);

/* The row's id; 0 for NULL, for an empty text, and when the budget is used up. A text of more than
 * 64 KiB is cut at the end of a line, and says so in a last line of its own. */
bool store_texts_add(struct store_texts *texts, const char *text, int64_t *out_id,
                     struct error *err) MUST_CHECK;
