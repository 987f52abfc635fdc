/* Puts pairs in their places: all written and synced first, then each link switched by one rename,
 * so that at any moment each pair is completely the old or the new one. */

#include "providers/certificate_parts.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "providers/nginx.h"
#include "providers/staging.h"

struct certificate_work certificate_work_make(struct host *host, struct arena *arena)
{
    return (struct certificate_work){
        .host = host,
        .arena = arena,
        .places = places_make(host, arena),
        .now = host->now(host),
    };
}

void certificate_work_release(struct certificate_work *work)
{
    authority_release(work->authority);
    places_close(&work->places);
}

const char *certificate_directory_of(struct certificate_work *work, const struct item *item)
{
    const struct certificate_item *wanted = item->wanted;
    return wanted != NULL
               ? wanted->directory
               : arena_printf(work->arena, "%s/%s", work->host->layout->certificates, item->id);
}

VEC(directory_list, const char *);

static const char *above(struct certificate_work *work, const char *path)
{
    return arena_strndup(work->arena, path, (size_t)(strrchr(path, '/') - path));
}

/* Where pairs stand, and what belongs to them. */
static void add_directories(struct certificate_work *work, struct directory_list *directories,
                            const char *folder)
{
    vec_add(work->arena, directories, folder);
    vec_add(work->arena, directories,
            arena_printf(work->arena, "%s/%s", folder, CERTIFICATE_RECORDS));
    vec_add(work->arena, directories,
            arena_printf(work->arena, "%s/%s", folder, CERTIFICATE_WAITING));
}

bool certificate_begin(struct certificate_work *work, const struct action *const *actions,
                       size_t count, struct error *err)
{
    const struct layout *layout = work->host->layout;
    struct map seen = {0};
    struct directory_list directories = {0};
    for (size_t i = 0; i < count; i++) {
        const char *folder = above(work, certificate_directory_of(work, actions[i]->item));
        if (!map_has(&seen, folder)) {
            (void)map_put(work->arena, &seen, folder, NULL);
            add_directories(work, &directories, folder);
        }
    }
    vec_add(work->arena, &directories, above(work, layout->authority));
    vec_add(work->arena, &directories, layout->acme_accounts);
    return staging_begin(work->host, directories.items, directories.count, work->arena, err);
}

/* One sync for each place where pairs stand: contents before the links, links at the end. */
static bool sync_places(struct certificate_work *work, const struct certificate_issue *issues,
                        size_t count, struct error *err)
{
    struct map synced = {0};
    for (size_t i = 0; i < count; i++) {
        const char *folder = above(work, issues[i].directory);
        if (issues[i].version == NULL || map_has(&synced, folder)) {
            continue;
        }
        (void)map_put(work->arena, &synced, folder, NULL);
        const char *path = host_path(folder);
        AUTO_FD fd = file_open_beneath(work->host->root, path[0] == '\0' ? "." : path,
                                       O_RDONLY | O_DIRECTORY, 0, err);
        if (fd < 0 || !file_sync_all(fd, err)) {
            return false;
        }
    }
    return true;
}

static void fail_issue(struct certificate_issue *issue, const struct error *reason)
{
    issue->version = NULL;
    issue->outcome->result = OUTCOME_FAILED;
    issue->outcome->error = *reason;
}

static void fail_written(struct certificate_issue *issues, size_t count, const struct error *reason)
{
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version != NULL) {
            fail_issue(&issues[i], reason);
        }
    }
}

/* What was there is asked for first: it is the one version that may still be in use. */
static bool write_version(struct certificate_work *work, struct certificate_issue *issue,
                          struct error *err)
{
    struct stored_pair stored;
    if (!pair_store_read(&work->places, issue->directory, PAIR_RECALL, &stored, err)) {
        return false;
    }
    issue->previous = stored.version;
    pair_release(stored.pair);
    return pair_store_write(&work->places, issue->directory, issue->pair, NULL, &issue->version,
                            err);
}

void certificate_install(struct certificate_work *work, struct certificate_issue *issues,
                         size_t count)
{
    struct error reason = {0};
    for (size_t i = 0; i < count; i++) {
        if (!write_version(work, &issues[i], &reason)) {
            (void)error_wrap(&reason, "certificate %s", issues[i].item->id);
            fail_issue(&issues[i], &reason);
        }
        pair_release(issues[i].pair);
        issues[i].pair = NULL;
    }
    if (count == 0) {
        return;
    }
    if (!sync_places(work, issues, count, &reason) ||
        !nginx_reload_owe(work->places.host, &reason)) {
        fail_written(issues, count, &reason);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version != NULL &&
            !pair_store_switch(&work->places, issues[i].directory, issues[i].version, &reason)) {
            fail_issue(&issues[i], &reason);
        }
    }
    if (!sync_places(work, issues, count, &reason)) {
        fail_written(issues, count, &reason);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version == NULL) {
            continue;
        }
        issues[i].outcome->result = OUTCOME_CHANGED;
        bool is_pruned = pair_store_prune(&work->places, issues[i].directory, issues[i].version,
                                          issues[i].previous, NULL);
        (void)is_pruned; /* what is left over goes with the next renewal */
    }
}
