/* Where a path of the host stands: the directory that holds it, reached from the root without
 * following any link, and its last name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "model/host.h"

struct place {
    int directory; /* opened with O_PATH; borrowed, until the next place is opened */
    const char *name;
};

enum { PLACES_KEPT = 8 };

/* Keeps the directories that were opened last: managed files stand in few of them. */
struct places {
    struct host *host;
    struct arena *arena;
    struct kept_directory {
        const char *path; /* relative to the root; not ended by NUL */
        size_t length;
        int descriptor; /* -1: unused */
        unsigned long used;
    } kept[PLACES_KEPT];
    size_t last; /* of kept: where the last place was */
    unsigned long clock;
};

/* Release with places_close, or declare as AUTO_PLACES. */
struct places places_make(struct host *host, struct arena *arena);
void places_close(struct places *places);
#define AUTO_PLACES CLEANUP(places_close) struct places

/* path: absolute, and nothing empty, "." or ".." in it. When the directory is missing, err->number
 * is ENOENT. path and out_place->name are borrowed as long as places lives. */
bool place_open(struct places *places, const char *path, struct place *out_place,
                struct error *err) MUST_CHECK;
/* Makes what is missing above path (0755, ours). */
bool place_make_parents(struct places *places, const char *path, struct error *err) MUST_CHECK;
/* Root changes nothing inside a directory that belongs to somebody else, who could lay a trap
 * there. To anybody else the system itself sets limits. */
bool place_is_ours(const struct place *place, const char *path, struct error *err) MUST_CHECK;

/* What stands at a place in words: "a symbolic link to /x", "a directory". */
const char *place_describe(const struct place *place, mode_t mode, struct arena *arena);
