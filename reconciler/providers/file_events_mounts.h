/* Mounts: what is mounted over a directory takes its place, and no event of the file system tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mounts;

/* root: the directory that paths start at. NULL where the kernel does not tell of mounts. */
struct mounts *mounts_open(int root);
/* Accepts NULL. */
void mounts_close(struct mounts *mounts);
/* Urgent data (EPOLLPRI) when something is mounted or unmounted anywhere. */
int mounts_fd(const struct mounts *mounts);
/* Whether that happened to a path that matters, as has_path tells, since the last call that said
 * so. Cheap when nothing was mounted. */
bool mounts_changed(struct mounts *mounts, bool (*has_path)(void *context, char *path),
                    void *context);
/* Other paths matter from now on: the next mount counts as one of them. */
void mounts_forget(struct mounts *mounts);
