/* Event streams (server-sent events): who listens to the verdict, and when each is told. A stream
 * sleeps, suspended in the HTTP library, until there is something to say. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "statusd/visitors.h"

enum {
    STREAMS_MAX = 256,
    HEARTBEAT_SECONDS = 15, /* shows both sides that the other is still there */
};

struct streams;

/* wake is called after streams were woken, outside of the library's callbacks. */
bool streams_create(sd_event *event, struct visitors *visitors, void (*wake)(void *context),
                    void *context, struct streams **out_streams, struct error *err) MUST_CHECK;
/* Accepts NULL; no stream may be left. */
void streams_destroy(struct streams *streams);

unsigned streams_count(const struct streams *streams);

/* What every stream says next: one event, complete with its empty line. A copy is kept; new
 * streams begin with it. */
void streams_say(struct streams *streams, const char *event);
/* The answer that goes on for ever; NULL when there are too many. */
struct MHD_Response *streams_response(struct streams *streams, struct MHD_Connection *connection,
                                      struct visitor *visitor);
/* Lets all of them end; they are gone after the library has run. */
void streams_end(struct streams *streams);
