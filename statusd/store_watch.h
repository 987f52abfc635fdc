/* Notices that the store's files were written, without ever polling while they can be watched. */
#pragma once

#include <systemd/sd-event.h>

#include "base/error.h"

struct store_watch;

/* Calls changed soon after a write to the store at path; several writes become one call. While the
 * store's folder does not exist, looks for it now and then. */
bool store_watch_create(sd_event *event, const char *path, void (*changed)(void *context),
                        void *context, struct store_watch **out_watch,
                        struct error *err) MUST_CHECK;
/* Accepts NULL. */
void store_watch_destroy(struct store_watch *watch);
