/* The links that concern a unit: those of targets, which enable it, and the manager's own, which
 * names its present invocation. For providers/ only. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/host.h"
#include "model/unit_item.h"

/* False for names that could lead out of the unit folder. */
bool unit_name_is_safe(const char *unit);

/* Path of the link by which a target wants the unit. */
const char *unit_target_link(const struct host *host, const char *target, const char *unit,
                             struct arena *arena);
/* Whether it is enabled as unit->is_enabled wishes: with all of its targets, or with none. */
bool unit_is_enabled(struct host *host, const char *name, const struct unit_item *unit,
                     struct arena *arena);
/* Whether any target in the unit folder wants it, whoever linked it. */
bool unit_is_linked_anywhere(const struct host *host, const char *name, struct arena *arena,
                             bool *out_is_linked, struct error *err) MUST_CHECK;

/* Links of many units that change together: each folder is synced once, behind the last. */
VEC(link_list, const char *);
struct unit_links {
    const struct host *host;
    struct arena *arena;
    struct map folders;        /* with changes */
    struct link_list unsynced; /* one link of each */
};
/* Enables or disables it as unit->is_enabled wishes. *out_changed tells whether anything had to be
 * done. */
bool unit_enable(struct unit_links *links, const char *name, const struct unit_item *unit,
                 bool *out_changed, struct error *err) MUST_CHECK;
/* No target wants it any more, whoever linked it. */
bool unit_disable_everywhere(struct unit_links *links, const char *name, bool *out_changed,
                             struct error *err) MUST_CHECK;
bool unit_links_sync(struct unit_links *links, struct error *err) MUST_CHECK;

enum { INVOCATION_SIZE = 33 }; /* 32 digits and a NUL */

struct unit_invocation {
    bool exists; /* false: stopped, failed, or a unit without processes (timer, socket) */
    char id[INVOCATION_SIZE];
    struct file_fingerprint link; /* a new link each time: it changes with every start */
};
/* Reads the manager's link, which anybody may. */
struct unit_invocation unit_invocation_look(const struct host *host, const char *name,
                                            struct arena *arena);
/* Whether this invocation was remembered as running well with inputs of this stamp. */
bool unit_invocation_is_known(struct host *host, const char *name,
                              const struct unit_invocation *invocation, const char *stamp,
                              struct arena *arena);
void unit_invocation_remember(struct host *host, const char *name,
                              const struct unit_invocation *invocation, const char *stamp,
                              struct arena *arena);
