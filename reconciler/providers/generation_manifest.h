/* The manifest of a generation: what it is, and every file's text, in one plain file. Only for
 * generation.c and generation_write.c. */
#pragma once

#include "base/text.h"
#include "providers/generation.h"

#define GENERATIONS     "generations" /* below the state directory */
#define GENERATION_NEW  ".new"        /* behind the number: being written */
#define GENERATION_GONE ".gone"       /* being removed */
#define MANIFEST_NAME   "manifest"

/* files are sorted by path. */
struct str manifest_write(struct arena *arena, const struct layout *layout,
                          const struct generation *generation,
                          const struct generation_files *files);
/* "DOCUMENT PATH" of a file's line: its path, borrowed from the line, and *out_document, NULL where
 * there is none; NULL when it is not of that form. */
const char *manifest_read_names(const char *line, struct arena *arena, const char **out_document);
/* The head alone: content needs not to be whole. */
bool manifest_read_head(struct str content, struct arena *arena, struct generation *out_generation,
                        struct error *err) MUST_CHECK;
/* Everything; a text that is not as it was written is an error. */
bool manifest_read(struct str content, struct arena *arena, struct generation *out_generation,
                   struct generation_files *out_files, struct error *err) MUST_CHECK;
