/* What is told about a commit: on the command line, in the store and on the pages. */
#pragma once

#include <stdint.h>

enum { COMMIT_ID_SHORT = 10 }; /* digits that people are shown */

/* Valid UTF-8 without control characters, whatever the commit holds. */
struct commit {
    const char *id;      /* full object name */
    const char *subject; /* the message's first paragraph, on one line; may be "" */
    const char *author;  /* a name; may be "" */
    int64_t at;          /* seconds since the epoch: when it was committed */
};
