/* Debian's default site claims port 80 for all names. */

#include "providers/nginx_default_site.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/adopted.h"

const char *nginx_default_site(struct host *host, struct arena *arena)
{
    const char *name = NULL;
    char target[PATH_MAX];
    const char *path =
        arena_printf(arena, "%s/sites-enabled/default", host->layout->nginx_directory);
    if (!host->layout->disables_default_site) {
        return NULL;
    }
    AUTO_FD parent = file_open_parent(host->root, host_path(path), &name, NULL);
    ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof(target) - 1);
    if (length < 0) {
        return NULL;
    }
    target[length] = '\0';
    return text_ends_with(target, "/sites-available/default") ? path : NULL;
}

bool nginx_default_site_remove(struct host *host, struct arena *arena, struct error *err)
{
    const char *path = nginx_default_site(host, arena);
    if (path == NULL) {
        return true;
    }
    return adopted_keep(host, path, arena, NULL, err) &&
           file_remove_all(host->root, host_path(path), err) &&
           file_sync_parent(host->root, host_path(path), err);
}
