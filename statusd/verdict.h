/* What can honestly be said of the host in one word, made from the overview: the first line of the
 * page, the API's state, the metrics and the event stream all say this. */
#pragma once

#include "store/store_read.h"

enum verdict_word {
    VERDICT_NOTHING_RECORDED, /* no store, or no run in it */
    VERDICT_NEVER_LOOKED,     /* runs, but none that saw the host */
    VERDICT_STALE,            /* the last look is too old */
    VERDICT_REFUSED,          /* the last run did nothing: what is proven is what was before */
    VERDICT_FAILED,           /* from here on: the worst state of a resource */
    VERDICT_DRIFTED,
    VERDICT_PENDING,
    VERDICT_HELD,
    VERDICT_SUSPENDED,
    VERDICT_EMPTY, /* nothing is described */
    VERDICT_IN_SYNC,
    VERDICT_COUNT
};

/* How it looks; in-sync alone is green. */
enum verdict_tone { TONE_WELL, TONE_CALM, TONE_WARNING, TONE_BAD, TONE_UNKNOWN };

struct verdict {
    enum verdict_word word;
    enum verdict_tone tone;
    int64_t count; /* resources in that state, and items that belong to none */
};

/* NULL: there is no store. */
struct verdict verdict_of(const struct store_overview *overview);
/* "in-sync", "stale", "nothing-recorded": for programs. */
const char *verdict_word(enum verdict_word word);
const char *verdict_tone_word(enum verdict_tone tone);
/* Changes whenever the page would tell something new. */
const char *verdict_token(struct arena *arena, const struct store_overview *overview);
