/* Switches nginx to a generation, or leaves everything as it was. */

#include "providers/nginx.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/generation.h"
#include "providers/nginx_default_site.h"
#include "providers/nginx_process.h"
#include "providers/nginx_reload.h"
#include "providers/tree_link.h"

/* What the way back restores. */
struct former {
    unsigned long generation; /* 0: none */
    const char *default_site; /* target of the packaged site's link, if that was removed */
};

static bool runs_here(const struct host *host)
{
    return strcmp(host->root_path, "/") == 0;
}

static bool default_site_restore(struct host *host, const struct former *former,
                                 struct arena *arena, struct error *err)
{
    return former->default_site == NULL ||
           nginx_default_site_restore(host, former->default_site, arena, err);
}

/* Everything that changes on disk, in an order in which the foreign configuration loads at each
 * step: the rejecting default server of ours comes after the packaged one is gone. The link to the
 * tree stays, whatever comes: while it leads nowhere, it means nothing. */
static bool disk_switch(struct host *host, unsigned long generation, struct former *former,
                        struct arena *arena, struct error *err)
{
    struct error ignored;
    if (!generation_current(host, &former->generation, err) || !tree_link_make(host, arena, err) ||
        !nginx_default_site_remove(host, arena, &former->default_site, err)) {
        return false;
    }
    if (generation_switch(host, generation, err)) {
        return true;
    }
    bool is_restored = default_site_restore(host, former, arena, &ignored);
    (void)is_restored; /* the first error counts */
    return false;
}

static bool disk_restore(struct host *host, const struct former *former, struct arena *arena,
                         struct error *err)
{
    bool is_switched = former->generation != 0 ? generation_switch(host, former->generation, err)
                                               : generation_switch_off(host, err);
    return is_switched && default_site_restore(host, former, arena, err);
}

/* A generation without a tree has no proof page. */
static unsigned long proof_of(struct host *host, unsigned long generation, struct arena *arena)
{
    struct error why;
    const char *path = generation_tree_path(arena, host->layout, generation);
    AUTO_FD tree = file_open_beneath(host->root, host_path(path), O_PATH | O_DIRECTORY, 0, &why);
    return generation != 0 && tree >= 0 ? generation : 0;
}

/* nginx that did not start has nothing to go back to, unless there is something of ours to run. */
static bool has_way_back(struct host *host, unsigned long proof, struct arena *arena)
{
    pid_t master = 0;
    return proof != 0 || (nginx_master(host, arena, &master, NULL) && master != 0);
}

/* Adds to err what came of it. */
static void go_back(struct host *host, const struct former *former, int64_t test_us,
                    struct arena *arena, struct error *err)
{
    struct error why;
    unsigned long proof = proof_of(host, former->generation, arena);
    if (!disk_restore(host, former, arena, &why)) {
        (void)error_wrap(&why, "and there is no way back");
        (void)error_add(err, MESSAGE_ASIDE, message_of_error(arena, &why));
    } else if (has_way_back(host, proof, arena) &&
               !nginx_load(host, proof, test_us, true, arena, &why)) {
        (void)error_wrap(&why, "what was before is back on disk, but not proven");
        (void)error_add(err, MESSAGE_ASIDE, message_of_error(arena, &why));
    }
}

bool nginx_switch(struct host *host, unsigned long generation, int64_t test_us, struct arena *arena,
                  struct error *err)
{
    struct error why;
    struct former former = {0};
    if (!disk_switch(host, generation, &former, arena, err)) {
        return error_wrap(err, "switch to generation %lu", generation);
    }
    if (!runs_here(host) || nginx_load(host, generation, test_us, false, arena, &why)) {
        return true;
    }
    (void)error_wrap(&why, "nginx did not take up generation %lu", generation);
    go_back(host, &former, test_us, arena, &why);
    return error_copy(err, &why);
}

bool nginx_switch_off(struct host *host, int64_t test_us, struct arena *arena, struct error *err)
{
    struct error why;
    pid_t master = 0;
    if (!tree_link_remove(host, arena, err)) {
        return false;
    }
    if (!runs_here(host) || !nginx_master(host, arena, &master, &why) || master == 0 ||
        nginx_load(host, 0, test_us, false, arena, &why)) {
        return true;
    }
    bool is_back = tree_link_make(host, arena, err);
    return is_back && error_wrap_other(err, &why, "nginx did not leave our configuration");
}
