/* Questions to the loop over its socket, without waiting: each on a connection of its own, with a
 * deadline, and an answer that comes through the event loop. */
#pragma once

#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/str.h"

enum {
    CONTROL_MOST = 8,     /* questions under way */
    CONTROL_SECONDS = 70, /* the loop may wait for a run before it can do what it is asked */
};

struct control;

bool control_create(sd_event *event, const char *path, struct control **out_control,
                    struct error *err) MUST_CHECK;
/* Accepts NULL. Who still waits for an answer is not called any more. */
void control_destroy(struct control *control);

/* The answer, JSON; empty when there was none. */
typedef void control_answered(void *context, struct str answer);

/* True when the loop has the question: answered is called once, later. False when it is not there
 * or does not take it. */
bool control_ask(struct control *control, const char *question, control_answered *answered,
                 void *context, struct error *err) MUST_CHECK;
/* The loop goes on, but nobody with this context waits any more. */
void control_forget(struct control *control, const void *context);
