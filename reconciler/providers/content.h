/* Reads managed files: what is known to be as wanted is not read again. */
#pragma once

#include "base/file.h"
#include "base/str.h"
#include "model/host.h"
#include "providers/place.h"

enum { CONTENT_LIMIT = 16 * 1024 * 1024 };

/* The content of the regular file at place. *seen is its fingerprint, and afterwards that of the
 * file that was read. wanted, which may be NULL: when the file is known to hold it, out_content is
 * wanted itself; when it is read and found to hold it, that is recorded. More than CONTENT_LIMIT
 * bytes is ERROR_LIMIT. path is for messages and records. */
bool content_read(struct host *host, const struct place *place, const char *path,
                  const struct str *wanted, struct arena *arena, struct file_fingerprint *seen,
                  struct str *out_content, struct error *err) MUST_CHECK;
