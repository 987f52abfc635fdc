/* The store as the server holds it: opened when it is there, opened again when it was begun anew.
 */
#pragma once

#include "store/store_read.h"

struct session {
    const char *path;
    struct store_reader *reader; /* NULL while there is no store */
};

/* Microseconds since the epoch. */
int64_t session_now(void);
/* A reader with a snapshot, or NULL when there is no store yet; to be ended. */
bool session_begin(struct session *session, struct store_reader **out_reader,
                   struct error *err) MUST_CHECK;
/* Accepts NULL. */
void session_end(struct store_reader *reader);
void session_close(struct session *session);
