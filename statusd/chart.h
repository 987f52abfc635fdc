/* Charts: SVG drawn here, with a table beside them that says the same. */
#pragma once

#include "statusd/html.h"
#include "statusd/request.h"

struct history_chart {
    const struct history_slot *slots;
    size_t count;
    int64_t width;       /* of a slot, microseconds */
    int64_t stale_after; /* how long a look at the host is believed */
    const char *label;   /* what the picture shows, in a sentence */
};

/* A strip of slots: tall where runs ended, in the colour of the worst of them; low where only the
 * last run before is known, and empty where that is too old. */
void chart_history(const struct request *request, struct html *html,
                   const struct history_chart *chart);
