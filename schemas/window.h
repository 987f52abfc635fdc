/* A stretch of the week: "mon-fri 09:00-17:00", "daily 02:00-04:00", "sat,sun 22:00-02:00" (into
 * the next day). UTC, without seasons. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schemas/value.h"

struct window {
    unsigned days; /* a bit for each day on which it opens; Monday is 1 << 0 */
    int from;      /* minutes of the day */
    int to;        /* at most 24 * 60; less than from: on the next day */
};

extern const struct syntax syntax_window;

/* False when it is not one. Pure, as the rest. */
bool window_read(const char *text, struct window *out_window);
bool window_is_open(const struct window *window, int64_t now);
/* The first second from now on in which it is open. */
int64_t window_next_open(const struct window *window, int64_t now);
