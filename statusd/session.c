/* The store as the server holds it. */

#include "statusd/session.h"

#include <time.h>

int64_t session_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void session_close(struct session *session)
{
    store_reader_close(session->reader);
    session->reader = NULL;
}

bool session_begin(struct session *session, struct store_reader **out_reader, struct error *err)
{
    *out_reader = NULL;
    if (session->reader != NULL && !store_reader_is_current(session->reader)) {
        session_close(session);
    }
    if (session->reader == NULL && !store_reader_open(session->path, &session->reader, err)) {
        session->reader = NULL;
        return err->code == ERROR_UNAVAILABLE;
    }
    if (!store_snapshot_begin(session->reader, session_now(), err)) {
        session_close(session); /* whatever is wrong with it, begin afresh next time */
        return false;
    }
    *out_reader = session->reader;
    return true;
}

void session_end(struct store_reader *reader)
{
    if (reader != NULL) {
        store_snapshot_end(reader);
    }
}
