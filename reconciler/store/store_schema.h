/* The tables of the SQLite store and how an older store becomes a new one. */
#pragma once

#include <sqlite3.h>

#include "base/error.h"

enum { STORE_SCHEMA_VERSION = 6 }; /* PRAGMA user_version of a store that we can read */

/* SQL that fills the empty table tally. */
extern const char store_tally_count[];

/* Brings the database to the newest schema; refuses one that a newer program or another program
 * has made. */
bool store_schema_migrate(sqlite3 *database, struct error *err) MUST_CHECK;
