/* The paths that are watched, and all that lie above them, with the directories that they lead to
 * at the moment. A path leads to another directory only when an entry of a directory above changes,
 * and those are marked too; whoever is told of such an entry has it looked at again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/host.h"
#include "providers/file_events_source.h"

struct file_events_paths;

/* A directory on disk that is marked. */
struct directory_mark;

struct watched_path {
    char *path;
    bool is_wanted; /* asked for; else it only lies above one that is */
    struct directory_mark
        *mark;                /* NULL: it leads to no directory, or to one that we may not read */
    unsigned long moves;      /* how often that changed */
    unsigned long moves_told; /* and what of it refresh has told */
    struct watched_path *next_on_mark; /* another path to the same directory: a bind mount */
    struct watched_path *parent;       /* NULL for "/" */
    struct watched_path *first_child;
    struct watched_path *next;
    struct watched_path *previous;
};
VEC(watched_path_list, struct watched_path *);

/* Marks an open directory by a source of its choice. */
struct directory_marker {
    void *context;
    bool (*mark)(void *context, int directory, enum mark_scope scope,
                 struct file_events_source **out_source, struct directory_key *out_key,
                 struct error *err);
};

/* host must live longer; NULL when there is no memory. */
struct file_events_paths *file_events_paths_open(struct host *host, struct directory_marker marker);
/* Accepts NULL. Leaves marks to the sources, which are about to be closed. */
void file_events_paths_close(struct file_events_paths *paths);

/* As file_events_add and file_events_remove. */
bool file_events_paths_add(struct file_events_paths *paths, const char *path,
                           struct error *err) MUST_CHECK;
void file_events_paths_remove(struct file_events_paths *paths, const char *path);

/* All paths that lead to the directory that a source calls so, on the arena. */
void file_events_paths_of(struct file_events_paths *paths, struct file_events_source *source,
                          struct str key, struct arena *arena, struct watched_path_list *out_list);
/* The path of this entry, or NULL when nothing is watched there and below. */
struct watched_path *file_events_paths_entry(struct file_events_paths *paths,
                                             const struct watched_path *path, const char *name);

/* Whether this path is watched or lies above one that is. */
bool file_events_paths_has(const struct file_events_paths *paths, char *path);

/* Looks where a path leads, and, where that changed, all below it; with is_deep those below in any
 * case. Appends the wanted ones that lead elsewhere. False: some wanted one exists and cannot be
 * watched. */
bool file_events_paths_refresh(struct file_events_paths *paths, struct watched_path *path,
                               bool is_deep, struct arena *arena,
                               struct watched_path_list *changed) MUST_CHECK;
/* The source dropped this mark: its directory is gone. */
void file_events_paths_drop(struct file_events_paths *paths, struct file_events_source *source,
                            struct str key);
struct watched_path *file_events_paths_top(struct file_events_paths *paths);
