/* Keeps overrides on disk, where they outlive the store and the loop. */
#include "providers/overrides.h"

#include <errno.h>

#include "base/file.h"

enum { OVERRIDES_LIMIT = 4 << 20, OVERRIDES_MODE = 0600 };

static const char *overrides_path(const struct host *host, struct arena *arena)
{
    return host_path(arena_printf(arena, "%s/" OVERRIDES_NAME, host->layout->state));
}

bool overrides_load(struct host *host, struct arena *arena, struct override_list *out_list,
                    struct error *err)
{
    struct str json = {0};
    struct error why = {0};
    *out_list = (struct override_list){0};
    if (!file_read(host->root, overrides_path(host, arena), OVERRIDES_LIMIT, arena, &json, &why)) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    if (!override_read(arena, json, out_list, err)) {
        return error_wrap(err, "%s/overrides.json", host->layout->state);
    }
    (void)override_expire(out_list, host->now(host)); /* what has ended counts no more */
    return true;
}

bool overrides_save(struct host *host, struct arena *arena, const struct override_list *list,
                    struct error *err)
{
    const char *path = overrides_path(host, arena);
    if (list->count == 0) {
        return file_remove_all(host->root, path, err) && file_sync_parent(host->root, path, err);
    }
    return file_replace(host->root, path, override_write(arena, list), OVERRIDES_MODE,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}
