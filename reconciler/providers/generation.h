/* Generations: STATE/generations/N is exactly the tree that `render --out` gives (each file below
 * it at its own absolute path), plus a manifest. Plain files, each generation on its own, so that a
 * hand edit of a live file never reaches an earlier one and rollback needs no store. The manifest
 * holds every file's text as well: what generation_read gives is what was written, whatever has
 * been done to the plain files since. */
#pragma once

#include <sys/types.h>

#include "model/host.h"
#include "model/item.h"
#include "model/tree_item.h"

struct generation_file {
    const char *path; /* absolute, as on the host */
    struct str content;
    mode_t mode;
    const char *document; /* who wants it: "site:shop"; NULL: the engine itself */
};
VEC(generation_files, struct generation_file);

struct generation {
    unsigned long number;
    int64_t created_at;      /* seconds since the epoch */
    const char *summary;     /* one line: what changed; commit if known */
    const char *digest;      /* of all its files: the same files have the same digest */
    const char *tree_digest; /* of the nginx tree alone: what nginx has to load */
};
VEC(generation_list, struct generation);

/* Higher than every number that a worker can have answered with, and every one on disk. */
bool generation_next_number(struct host *host, unsigned long *out_number,
                            struct error *err) MUST_CHECK;
/* Writes and syncs generations/N (one syncfs) through a temporary name and one rename; also
 * http/main.conf, main/main.conf and http/proof.conf of the nginx tree, which alone know N. */
bool generation_write(struct host *host, unsigned long number, const struct generation_files *files,
                      const char *summary, struct arena *arena, struct error *err) MUST_CHECK;
/* The same without a manifest and without sync, below an open directory: a candidate to be tested
 * and thrown away. Its tree is directory + nginx_tree, and says that it stands at tree_path. */
bool generation_write_candidate(struct host *host, int directory, const char *tree_path,
                                const struct generation_files *files, struct arena *arena,
                                struct error *err) MUST_CHECK;
/* The three files that know the number, for a tree in another place. */
bool generation_write_numbered(struct host *host, int tree_directory, const char *tree_path,
                               unsigned long number, struct arena *arena,
                               struct error *err) MUST_CHECK;
struct tree_paths; /* providers/tree_walk.h */
/* What those files are for a tree of these paths; their own paths are below the tree. */
void generation_numbered_files(struct host *host, const char *tree_path, unsigned long number,
                               const struct tree_paths *paths, struct arena *arena,
                               struct generation_files *out_files);
/* What the manifest says. An unknown number is ERROR_UNAVAILABLE. */
bool generation_find(struct host *host, unsigned long number, struct arena *arena,
                     struct generation *out_generation, struct error *err) MUST_CHECK;
/* Removes one that was written and refused; never the current one. */
bool generation_remove(struct host *host, unsigned long number, struct error *err) MUST_CHECK;
/* Oldest first. */
bool generation_list(struct host *host, struct arena *arena, struct generation_list *out_list,
                     struct error *err) MUST_CHECK;
/* The one that STATE/current names (a relative link to generations/N); 0: none. */
bool generation_current(struct host *host, unsigned long *out_number, struct error *err) MUST_CHECK;
/* The tree of generation N as it stands on disk: STATE/generations/N + nginx_tree, absolute as the
 * host sees it. */
const char *generation_tree_path(struct arena *arena, const struct layout *layout,
                                 unsigned long number);
/* Every file of generation N with content and mode, sorted by path, without the three numbered
 * ones. */
bool generation_read(struct host *host, unsigned long number, struct arena *arena,
                     struct generation_files *out_files, struct error *err) MUST_CHECK;
/* Where each of those files has its text in the manifest, for who keeps many files in mind and
 * reads few: *out_manifest is a descriptor that the caller closes, read with generation_text. */
struct generation_entry {
    const char *path;
    mode_t mode;
    const char *document;
    off_t offset;
    size_t length;
};
VEC(generation_entries, struct generation_entry);
bool generation_index(struct host *host, unsigned long number, struct arena *arena,
                      struct generation_entries *out_entries, int *out_manifest,
                      struct error *err) MUST_CHECK;
bool generation_text(int manifest, const struct generation_entry *entry, struct arena *arena,
                     struct str *out_text, struct error *err) MUST_CHECK;
/* One rename: STATE/current names generation N. layout->nginx_tree is a link that is made once and
 * goes through it (STATE/current + nginx_tree), so that the one rename switches the whole
 * configuration, and a host without sites has a current generation too. */
bool generation_switch(struct host *host, unsigned long number, struct error *err) MUST_CHECK;
/* STATE/current is gone: the way back from the first generation. */
bool generation_switch_off(struct host *host, struct error *err) MUST_CHECK;
/* Keeps the last 10, those younger than 7 days, the current one, the one that nginx has loaded, and
 * keep (0: none). Sweeps up what a killed run left. */
bool generation_prune(struct host *host, unsigned long keep, struct arena *arena,
                      struct error *err) MUST_CHECK;
