/* A file with wanted content. id: its absolute path. */
#pragma once

#include <sys/types.h>

#include "model/item.h"

#define ITEM_FILE "file"

struct file_fingerprint; /* base/file.h */

struct file_item {
    struct mapped_text text;
    mode_t mode;
    const char
        *owner; /* account names; NULL: root (or whoever runs us, when users are not managed) */
    const char *group;
    /* Only of what was found: */
    const char *instead; /* what stands there in place of a file that can be read, in words:
                            "a symbolic link to /x"; NULL: a file */
    const struct file_fingerprint *seen; /* apply refuses what changed since; NULL: unknown */
};
