/* The account that another program runs as. Root gives up everything first: the program can do what
 * its account can, and nothing more. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum { IDENTITY_GROUPS_MOST = 1024 };

struct identity {
    uid_t user;
    gid_t group;
    gid_t groups[IDENTITY_GROUPS_MOST];
    int group_count;
    const char *name; /* as it was asked for */
    const char *home;
    bool is_ours; /* it is who we are: nothing is given up */
};

/* Of the system's accounts. Only root may become somebody else, and nobody becomes root. home is
 * borrowed from the C library until the next call. */
bool identity_find(const char *name, struct identity *out, struct error *err) MUST_CHECK;
/* Who we are. */
struct identity identity_own(void);

/* For struct process_options: prepare, with the identity as its context. Also without core files,
 * without ways to gain rights again, and killed with us. */
int identity_take(void *identity);
