/* A file with wanted content. id: its absolute path. */
#pragma once

#include <sys/types.h>

#include "model/item.h"

#define ITEM_FILE "file"

struct file_item {
    struct mapped_text text;
    mode_t mode;
    const char
        *owner; /* account names; NULL: root (or whoever runs us, when users are not managed) */
    const char *group;
};
