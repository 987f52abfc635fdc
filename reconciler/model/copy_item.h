/* A certificate pair copied for a program that reads it from a folder of its own. id: the absolute
 * path of that folder, which is one link, so that certificate and key switch together. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "model/unit_item.h"

#define ITEM_COPY "copy"

struct copy_item {
    const char *certificate; /* id of the pair's item */
    const char *source;      /* directory of the pair */
    mode_t mode;             /* of both files */
    const char *owner;       /* NULL as in file_item.h */
    const char *group;
    const char *unit; /* that takes up a new pair; NULL: none */
    enum unit_change on_change;
    /* Only of what was found: */
    const char *instead; /* what stands there in place of our link, in words; NULL: ours */
    const char *version; /* of the pair that was copied; NULL: it cannot be read */
    const char *offered; /* of the pair at source; NULL: there is none */
    bool is_owed;        /* the unit has not taken up what was copied */
};
