/* The rules by which documents are read, the same for a folder on disk and for a commit: which
 * names count, in what order, how much of it, and what is a mistake. What a folder is, the reader
 * knows. Only the files of input/ include this. */
#pragma once

#include "input/load.h"

enum load_entry_type {
    LOAD_ENTRY_FILE,
    LOAD_ENTRY_FOLDER,
    LOAD_ENTRY_LINK,        /* to a file, or to nothing: it counts only under a document's name */
    LOAD_ENTRY_FOLDER_LINK, /* it may hide documents */
    LOAD_ENTRY_SUBMODULE,
    LOAD_ENTRY_OTHER, /* nothing that could be read: a socket, an entry that vanished */
};

struct load_entry {
    const char *name;
    enum load_entry_type type;
    const struct message *complaint; /* why it cannot be looked at; or NULL */
};
VEC(load_entries, struct load_entry);

/* Folders are handles of the reader's own. Errors do not repeat the name that was passed; "there is
 * no such entry" is ERROR_SYSTEM with ENOENT. */
struct load_reader {
    bool is_commit; /* names were not made by a file system of ours */
    /* Every entry but "." and "..", in any order. */
    bool (*list)(void *folder, struct arena *arena, struct load_entries *out_entries,
                 struct error *err);
    /* NULL with err filled; the handle is given back by leave. */
    void *(*enter)(void *folder, const char *name, struct arena *arena, struct error *err);
    void (*leave)(void *folder);
    /* More than limit bytes is ERROR_LIMIT. */
    bool (*read)(void *folder, const char *name, size_t limit, struct arena *arena,
                 struct str *out_content, struct error *err);
};

struct loading {
    struct arena *arena;
    const struct load_reader *reader;
    const char *folder; /* as people know it */
    const char *opened; /* what stands before paths when files are opened from the working
                           directory: "conf/", or ""; NULL: they cannot be opened there */
    struct diagnostic_list *diagnostics;
    struct loaded *loaded;
    size_t total;   /* bytes */
    size_t entries; /* listed so far */
    bool is_over;   /* a limit was passed: said once */
};

/* Base, environment and host, below the root. */
void load_walk_folder(struct loading *loading, void *root);
/* The one file that is all; shown as its own name. */
void load_walk_file(struct loading *loading, void *folder, const char *name);
/* "cannot read PATH: WHY" */
void load_complain(struct loading *loading, const char *path, const struct message *why);
/* To be called at the end: a set without files is a mistake, unless others explain it. */
void load_finish(struct loading *loading, size_t diagnostics_before);
