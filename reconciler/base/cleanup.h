/* Closes what the kernel or a library must hear about when a variable leaves its scope.
 * Declare with an empty value on the same line; give ownership away with the take functions. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "unused" because clang takes a variable that only waits for its end for one. */
#define CLEANUP(function) __attribute__((cleanup(function), unused))

static inline void cleanup_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd); /* nothing can be done about it any more; writers sync before */
    }
}

static inline void cleanup_file(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file); /* readers only: a writer closes by hand and looks at the result */
    }
}

static inline void cleanup_directory(DIR **directory)
{
    if (*directory != NULL) {
        (void)closedir(*directory); /* reading only */
    }
}

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

#define AUTO_FD        CLEANUP(cleanup_fd) int
#define AUTO_FILE      CLEANUP(cleanup_file) FILE *
#define AUTO_DIRECTORY CLEANUP(cleanup_directory) DIR *

static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}
