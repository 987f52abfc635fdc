/* Files of the machine's nginx, which belong to others: links are followed, below the host's root.
 * Only for the nginx files. */
#pragma once

#include <stdbool.h>

#include "base/vec.h"
#include "model/host.h"

VEC(nginx_paths, const char *);

/* Opens an absolute path; -1 with err filled. */
int nginx_file_open(struct host *host, const char *path, int flags, struct error *err) MUST_CHECK;
/* ERROR_SYSTEM with ENOENT when there is none. */
bool nginx_file_read(struct host *host, const char *path, size_t limit, struct arena *arena,
                     struct str *out_content, struct error *err) MUST_CHECK;
bool nginx_file_exists(struct host *host, const char *path);
/* The files that an include directive names, sorted: the path itself, if it is no pattern. */
void nginx_file_match(struct host *host, const char *pattern, struct arena *arena,
                      struct nginx_paths *out_paths);
