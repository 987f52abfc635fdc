/* One line of a source with a mark below it, as a terminal shows it. Pure. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "model/source.h"

struct excerpt {
    const char *line; /* tabs as spaces, control characters as "?", cut around the mark */
    const char *mark; /* "    ^^^^": the columns that the span takes on this line, at least one */
};

struct excerpt excerpt_make(struct arena *arena, struct span span);

/* The text with spaces behind it, so that it takes so many columns at least. */
const char *excerpt_pad(struct arena *arena, const char *text, size_t columns);

/* Whether a line looks as if it held a secret: a key such as password: or API_TOKEN:, or a URL with
 * a password in it. */
bool excerpt_may_hold_secret(struct str line);
