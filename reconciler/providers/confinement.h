/* Keeps a program that we run to a few files and to little of everything, beside what its account
 * may: Landlock (landlock(7)) and resource limits. Whatever it runs is kept to the same. */
#pragma once

#include <sys/resource.h>

#include "base/error.h"

struct confinement {
    int rules;             /* -1: this kernel has no Landlock; the files are those of the account */
    rlim_t files_most;     /* open at once */
    rlim_t file_size_most; /* of each that it writes */
};

struct confinement_files {
    const char *const *readable; /* NULL-terminated paths: to be read and run, with what is below */
    const char *const *writable; /* the same, and to be written; files are made and removed below */
};

/* This kernel has Landlock. */
bool confinement_has_rules(void);

/* Fills in rules; paths that are not there are left out. The caller closes them. */
bool confinement_open(struct confinement *confinement, const struct confinement_files *files,
                      struct error *err) MUST_CHECK;
void confinement_close(struct confinement *confinement);

/* For a child between fork and exec, which has given up all ways to gain rights again
 * (PR_SET_NO_NEW_PRIVS): from here on it is kept to that. False: it is not, and must not go on. */
bool confinement_enter(const struct confinement *confinement);
