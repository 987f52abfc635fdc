/* Looks after one type of item. observe and verify read only; diff is pure; apply writes, each
 * action all or nothing and safe to repeat. */
#pragma once

#include "base/digest.h"
#include "model/action.h"
#include "model/host.h"
#include "model/shape.h"

/* The host that something was found on, for adapt. */
struct other_host {
    const struct layout *layout;
    bool has_manager; /* systemd runs there, and units are its business */
};

struct provider {
    const char *type;       /* as written in plans: "file" */
    bool costs_only_itself; /* nothing that its document wants besides goes back or waits because of
                               a failure */

    /* All items of the type at once, one bulk query where the other side has one. out has count
     * entries in the items' order. False only when nothing could be looked at; a single item's
     * trouble stands in its observation. */
    bool (*observe)(struct host *host, const struct item *const *items, size_t count,
                    struct arena *arena, struct observation *out, struct error *err);

    /* Everything of item->wanted that diff looks at goes into the digest: equal digests mean an
     * empty diff between the two wishes. It tells drift (we want what we wanted before) from a new
     * wish. Pure. */
    void (*digest)(const struct item *item, struct digest *digest);

    /* Names ("file:/etc/...") of items whose change this item must take up although itself did not
     * change: a restart, a reload. NULL-terminated; a NULL member or result means none. Pure. */
    const char *const *(*inputs)(const struct item *item, struct arena *arena);

    /* What differs; item->wanted is not NULL. Where nothing exists yet (found->exists is false,
     * found->found is NULL) every field is a change from NULL. Pure. */
    void (*diff)(const struct item *item, const struct observation *found, struct arena *arena,
                 struct change_list *out_changes);

    /* What observe would find of this item if its wish were carried out and nothing had happened
     * since: a difference to another wish is then what that one would change. NULL: the wish
     * itself. Pure. */
    const void *(*fulfilled)(const struct item *item, struct arena *arena);

    /* What was found, for keeping: everything that diff and impact look at. */
    const struct shape *found;

    /* What was seen looking for one wish, or for none, is told as looking for this item's wish
     * would tell it, as far as that can be known. found: what observation->found is, to be
     * written; NULL: nothing was found. The member may be NULL. Pure. */
    void (*adapt)(const struct item *item, const struct other_host *host, struct arena *arena,
                  void *found, struct observation *observation);

    /* What people notice of a due action beyond the item itself: "restart shop", "reload nginx";
     * NULL for nothing. The member may be NULL. Pure. */
    const struct message *(*impact)(const struct action *action, struct arena *arena);

    /* Keeps what an action is about to take over from somebody else; *out_kept is where, NULL when
     * there is nothing to keep. Called before anything is ours. The member may be NULL. */
    bool (*keep)(struct host *host, const struct action *action, struct arena *arena,
                 const char **out_kept, struct error *err);

    /* Makes exactly these changes, in this order; outcomes has count entries, zeroed. Batches what
     * can be batched (one daemon-reload, one sync). */
    void (*apply)(struct host *host, const struct action *const *actions, size_t count,
                  struct arena *arena, struct outcome *outcomes);

    /* Confirms what apply did. NULL: observe again and want an empty diff. */
    bool (*verify)(struct host *host, const struct item *const *items, size_t count,
                   struct arena *arena, struct error *err);
};
