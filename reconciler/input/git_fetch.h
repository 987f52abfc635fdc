/* One fetch of one branch into a bare repository: what the child process of git_mirror does. Only
 * git_mirror.c includes this. */
#pragma once

#include "input/git_mirror.h"

struct git_fetch {
    const struct git_source *source;
    const char *repository; /* path */
    bool is_new;            /* the repository is yet to be made */
    const char *reference;  /* full name of what is fetched, the same on both sides (by that name
                               libgit2 knows what need not be sent again): "refs/heads/main" */
    const char *accepted;   /* full object name of the commit before; or NULL */
    const char *home;       /* folder that holds .ssh/known_hosts; or NULL */
    struct str known_hosts; /* of ssh */
    int64_t deadline_ms;    /* of clock_ms */
};

struct git_fetch_result {
    char commit[41]; /* "" when it was not learnt */
    bool is_rewind;  /* it does not follow from the accepted one */
    bool is_broken;  /* the repository that was fetched into cannot be used */
    uint64_t bytes;
    uint64_t objects;
};

/* Changes the state of libgit2 for the whole process. */
bool git_fetch(const struct git_fetch *fetch, struct git_fetch_result *out_result,
               struct error *err) MUST_CHECK;
