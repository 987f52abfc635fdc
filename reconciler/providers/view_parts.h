/* A view's inside, for the files that make it real. */
#pragma once

#include <stddef.h>

#include "base/map.h"
#include "base/vec.h"
#include "providers/view.h"

/* In memory, and there before anything else is placed. */
#define VIEW_STAGING "/run/reconcile-view"
#define VIEW_PAIR    VIEW_STAGING "/pair"

enum view_place_type { VIEW_PLACE_EMPTY, VIEW_PLACE_BIND, VIEW_PLACE_FILE, VIEW_PLACE_PAIR };

struct view_place {
    enum view_place_type type;
    const char *path;
    const char *source; /* VIEW_PLACE_BIND */
    struct str content; /* VIEW_PLACE_FILE */
    const char *staged; /* VIEW_PLACE_FILE: its copy below VIEW_STAGING */
    int fd; /* VIEW_PLACE_BIND, in the child: the source, taken before anything covers it */
};
VEC(view_places, struct view_place);

struct view {
    struct arena *arena;
    struct str pair;
    struct view_places places;
    struct map by_path;
    struct view_report *report; /* shared with the child */
    bool is_root;
    struct str users; /* what /proc/PID/uid_map shall say */
    struct str groups;
    const char *shadow;   /* the temporary folder; NULL: there is none */
    size_t shadow_count;  /* of entries in it */
    struct map redirects; /* path -> struct view_redirect */
};

/* Where a path, and everything below it if it is a directory, really is. */
struct view_redirect {
    const char *target;
    bool is_directory;
    bool is_made; /* in the shadow, so that more can be put into it */
};

/* For the child: keeps the first failure, with errno; the texts are constants or made before the
 * fork. Returns false. */
bool view_fail(struct view *view, const char *step, const char *path);
/* Writes a file at once; false with errno. flags: O_CREAT or none. */
bool view_file_put(const char *path, int flags, struct str content);

/* view_mounts.c: in a mount namespace of its own. */
bool view_mounts_make(struct view *view);

/* view_shadow.c */
void view_shadow_remove(struct view *view);
/* False: the path is what it is. out_path has PATH_MAX bytes; what does not fit is not redirected.
 * Allocates nothing. */
bool view_shadow_find(const struct view *view, const char *path, char *out_path);

/* view_filter.c: from now on this process asks whoever has the descriptor that is returned; -1 with
 * errno. */
int view_filter_install(void);
