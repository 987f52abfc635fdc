/* Looks after one link. */

#include "providers/tree_link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/adopted.h"

enum link_state { LINK_OURS, LINK_ABSENT, LINK_FOREIGN, LINK_OTHER /* no link at all */ };

static const char *wanted_target(struct arena *arena, const struct layout *layout)
{
    return arena_printf(arena, "%s/current%s", layout->state, layout->nginx_tree);
}

/* out_words: what is there, for people. */
static bool look(struct host *host, struct arena *arena, enum link_state *out_state,
                 const char **out_words, struct error *err)
{
    struct error why;
    struct stat status;
    const char *name = NULL;
    char target[PATH_MAX];
    const char *path = host_path(host->layout->nginx_tree);
    *out_state = LINK_ABSENT;
    *out_words = "nothing";
    AUTO_FD parent = file_open_parent(host->root, path, &name, &why);
    if (parent < 0) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_errno(err, "stat %s", host->layout->nginx_tree);
    }
    if (!S_ISLNK(status.st_mode)) {
        *out_state = LINK_OTHER;
        *out_words = S_ISDIR(status.st_mode) ? "a directory" : "a file";
        return true;
    }
    ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);
    if (length < 0) {
        return error_errno(err, "read the link %s", host->layout->nginx_tree);
    }
    target[length] = '\0';
    bool is_ours = strcmp(target, wanted_target(arena, host->layout)) == 0;
    *out_state = is_ours ? LINK_OURS : LINK_FOREIGN;
    *out_words = arena_printf(arena, "a link to %s", target);
    return true;
}

bool tree_link_read(struct host *host, struct arena *arena, const char **out_instead,
                    bool *out_exists, struct error *err)
{
    enum link_state state = LINK_ABSENT;
    const char *words = NULL;
    if (!look(host, arena, &state, &words, err)) {
        return false;
    }
    *out_instead = state == LINK_OURS ? NULL : words;
    *out_exists = state != LINK_ABSENT;
    return true;
}

bool tree_link_make(struct host *host, struct arena *arena, struct error *err)
{
    const struct layout *layout = host->layout;
    enum link_state state = LINK_ABSENT;
    const char *words = NULL;
    if (!look(host, arena, &state, &words, err)) {
        return false;
    }
    if (state == LINK_OURS) {
        return true;
    }
    if (state == LINK_OTHER) {
        return error_set(err, ERROR_REFUSED, "%s is %s, where our link must stand",
                         layout->nginx_tree, words);
    }
    return adopted_keep(host, layout->nginx_tree, arena, NULL, err) &&
           file_remove_temporary(host->root, host_path(layout->nginx_directory), err) &&
           file_replace_link(host->root, host_path(layout->nginx_tree),
                             wanted_target(arena, layout), FILE_SYNC_NOW, err);
}

bool tree_link_remove(struct host *host, struct arena *arena, struct error *err)
{
    enum link_state state = LINK_ABSENT;
    const char *words = NULL;
    const char *path = host_path(host->layout->nginx_tree);
    if (!look(host, arena, &state, &words, err)) {
        return false;
    }
    return state != LINK_OURS ||
           (file_remove_all(host->root, path, err) && file_sync_parent(host->root, path, err));
}
