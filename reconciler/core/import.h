/* Existing nginx configuration in, our YAML out. What is understood becomes fields; the rest of a
 * server stays as `raw`, with a comment that names its place; what can be kept nowhere is told in
 * notes, which also stand at the top of the YAML. Nothing is read but what the caller hands in.
 *
 *     import_tree      texts -> blocks, with included files in place
 *     import_servers   server blocks -> sites: who has which names, ports and certificate
 *     import_route     one location -> the fields of a path, by the table of import_table
 *     import_write     sites -> YAML
 *
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct import_file {
    const char *path; /* as messages name it */
    struct str text;
};
VEC(import_files, struct import_file);

/* Gives the files of an include: a path, or a pattern with * ? [. None is an answer; false: one of
 * them cannot be read. */
struct import_door {
    bool (*open)(void *context, const char *pattern, struct import_files *out, struct error *err);
    void *context;
};

/* Something that is not as it was: what the YAML cannot say, or says in another way. */
struct import_note {
    const char *file;
    size_t line;
    const struct message *message;
};
VEC(import_notes, struct import_note);

struct import_result {
    struct str yaml;
    struct import_notes notes;
    size_t site_count;
    size_t raw_count; /* directives that stand in raw */
};

/* files: as they were named, each a whole configuration or what stands within http. False, with
 * FILE:LINE in the message, when one of them is not well formed. */
bool import_nginx(struct arena *arena, const struct import_files *files,
                  const struct import_door *door, struct import_result *out,
                  struct error *err) MUST_CHECK;
