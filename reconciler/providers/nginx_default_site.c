/* Debian's default site claims port 80 for all names. */

#include "providers/nginx_default_site.h"

#include <limits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/adopted.h"

static const char *site_path(struct arena *arena, const struct layout *layout)
{
    return arena_printf(arena, "%s/sites-enabled/default", layout->nginx_directory);
}

/* What the packaged link leads to; NULL: it is not there. */
static const char *site_target(struct host *host, struct arena *arena)
{
    const char *name = NULL;
    char target[PATH_MAX];
    const char *path = host_path(site_path(arena, host->layout));
    AUTO_FD parent = file_open_parent(host->root, path, &name, NULL);
    ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof(target) - 1);
    if (length < 0) {
        return NULL;
    }
    target[length] = '\0';
    return text_ends_with(target, "/sites-available/default") ? arena_strdup(arena, target) : NULL;
}

const char *nginx_default_site(struct host *host, struct arena *arena)
{
    bool may_go = host->layout->disables_default_site && site_target(host, arena) != NULL;
    return may_go ? site_path(arena, host->layout) : NULL;
}

bool nginx_default_site_remove(struct host *host, struct arena *arena, const char **out_target,
                               struct error *err)
{
    const char *path = nginx_default_site(host, arena);
    *out_target = path == NULL ? NULL : site_target(host, arena);
    return path == NULL || (adopted_keep(host, path, arena, NULL, err) &&
                            file_remove_all(host->root, host_path(path), err) &&
                            file_sync_parent(host->root, host_path(path), err));
}

bool nginx_default_site_restore(struct host *host, const char *target, struct arena *arena,
                                struct error *err)
{
    return file_replace_link(host->root, host_path(site_path(arena, host->layout)), target,
                             FILE_SYNC_NOW, err);
}
