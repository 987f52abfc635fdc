/* What the loop keeps an eye on: every path that a run which has nothing to do would look at, and
 * every file of the current generation with where its text can be had. Loaded anew after each run;
 * small enough to stay in memory for ten thousand sites. */
#pragma once

#include "base/file.h"
#include "base/map.h"
#include "providers/fingerprints.h"
#include "providers/generation.h"

struct managed_file {
    const char *path;      /* absolute, as the host sees it */
    const char *directory; /* the folder that holds it */
    const char *name;
    const struct generation_entry *text; /* NULL: no file of the generation, so a run mends it */
    struct file_fingerprint seen;        /* of the last verified read */
    enum fingerprint_type type;          /* how it is compared with that */
    bool has_seen; /* false without a text: others look after it, and it matters to a run */
};
VEC(managed_file_list, struct managed_file *);

struct managed_directory {
    const char *path;
    struct managed_file_list files;
};
VEC(managed_directory_list, struct managed_directory *);

struct managed_files {
    struct arena *arena; /* everything below lives on it */
    unsigned long generation;
    int manifest; /* -1: there is no generation */
    int64_t due_at;
    struct managed_directory_list directories; /* in no order */
    struct map by_path;                        /* path -> struct managed_file * */
};

/* NULL with err filled when STATE cannot be read. Release with managed_files_free. */
struct managed_files *managed_files_load(struct host *host, struct error *err);
/* Accepts NULL. */
void managed_files_free(struct managed_files *files);
/* NULL when nobody looks after it. */
struct managed_file *managed_files_find(const struct managed_files *files, const char *directory,
                                        const char *name);
