/* Where documents come from: a folder (or one file) of YAML, read whole before anything is made of
 * it. */
#pragma once

#include <stdbool.h>

#include "base/file.h"
#include "base/vec.h"
#include "model/diagnostic.h"
#include "model/source.h"

/* Merged in this order. */
enum load_layer { LOAD_BASE, LOAD_ENVIRONMENT, LOAD_HOST, LOAD_LAYER_COUNT };

struct loaded_file {
    const struct source *source; /* name: the path below the folder */
    enum load_layer layer;
};
VEC(loaded_files, struct loaded_file);

struct loaded {
    struct loaded_files files; /* by layer, then by name */
    const char *environment;   /* or NULL */
    const char *host;          /* or NULL */
    struct str seen;           /* what stat showed of the files when they were read: as long as
                                  load_look gives the same, they are; "": not known */
};

enum {
    LOAD_FILE_MOST = 1 << 20,   /* bytes of one file */
    LOAD_TOTAL_MOST = 16 << 20, /* bytes of all */
    LOAD_FILES_MOST = 10000,
    LOAD_DEPTH_MOST = 32,       /* folders */
    LOAD_ENTRIES_MOST = 200000, /* files and folders of any name */
};

/* Reads every *.yaml and *.yml below folder, which may be a single file; names that begin with a
 * dot are passed over. Below environments/ only NAME of environment is read, below hosts/ only that
 * of host; both may be NULL. An environment without a folder is a mistake, a host without one is
 * not. What is wrong becomes diagnostics, all of it; the files that could be read are given all the
 * same. */
void load_directory(struct arena *arena, const char *folder, const char *environment,
                    const char *host, struct diagnostic_list *diagnostics,
                    struct loaded *out_loaded);

/* What load_directory would fill loaded->seen with, without reading; "" where something cannot be
 * looked at. */
struct str load_look(struct arena *arena, const char *folder, const char *environment,
                     const char *host);

/* True for the name of a file that is read as documents. */
bool load_is_document_name(const char *name);

/* Digest over names, layers and contents: the same input has the same digest. */
const char *loaded_digest(struct arena *arena, const struct loaded *loaded);

/* As one JSON text and back, so that a generation can be rendered again. */
struct str loaded_write(struct arena *arena, const struct loaded *loaded);
bool loaded_read(struct arena *arena, struct str json, struct loaded *out_loaded,
                 struct error *err) MUST_CHECK;
