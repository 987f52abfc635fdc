/* A directory. id: its absolute path. Created and kept at this mode and owner; never emptied. */
#pragma once

#include <sys/types.h>

#define ITEM_DIRECTORY "directory"

struct directory_item {
    mode_t mode;
    const char *owner; /* NULL as in file_item.h */
    const char *group;
    const char *instead; /* only of what was found: "a file", ...; NULL: a directory */
};
