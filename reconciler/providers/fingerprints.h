/* What managed paths looked like when they were last read and found to be as wanted, in
 * STATE/fingerprints: a run that has nothing to do costs one stat for each. It is a cache. Without
 * it, or when in doubt, everything is read again; it never decides what we own or want.
 *
 * Use by a run that holds the lock:
 *     host->fingerprints = fingerprints_load(host, arena);       or _make for a full reading
 *     if (fingerprints_hold(host, key, ...) == FINGERPRINTS_HOLD) { nothing to do }
 *     observe, apply, verify                                     providers match and record
 *     fingerprints_set_key(host->fingerprints, is_clean ? key : NULL);
 *     fingerprints_save(host, ...);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/vec.h"
#include "model/host.h"

struct fingerprints;

/* How a path is compared. */
enum fingerprint_type {
    FINGERPRINT_FILE,      /* all of it */
    FINGERPRINT_DIRECTORY, /* device, inode, mode and owner: what is in it may change */
    FINGERPRINT_LINK,      /* a symbolic link itself */
    FINGERPRINT_LINKED,    /* a file, reached through links: one that others look after */
};

/* Empty: everything will be read. */
struct fingerprints *fingerprints_make(struct arena *arena);
/* Empty too when the file is absent, damaged, of another version, or when everything was last read
 * more than a day ago. */
struct fingerprints *fingerprints_load(struct host *host, struct arena *arena);
/* Writes what was matched or recorded since loading; the rest is forgotten. Files whose times were
 * too near to their reading are read once more, after waiting for the clock's tick where that is
 * needed (at most 20 ms). Nothing is written when nothing changed. */
bool fingerprints_save(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;

/* ---- For the run ------------------------------------------------------------------------- */

/* What the recorded state answers to: the digest of all inputs (documents, facts, settings,
 * program) of a run that left nothing to do. NULL: the last one left something. */
void fingerprints_set_key(struct fingerprints *fingerprints, const char *key);

/* Whatever the run wants to find again beside them: what their key was made from. Borrowed. */
void fingerprints_set_memo(struct fingerprints *fingerprints, struct str memo);
struct str fingerprints_memo(const struct fingerprints *fingerprints);
/* They hold: all of them are saved again. */
void fingerprints_keep_all(struct fingerprints *fingerprints);

enum fingerprints_answer {
    FINGERPRINTS_HOLD,    /* same inputs, every path as it was: nothing to do */
    FINGERPRINTS_UNKNOWN, /* other inputs, nothing recorded, or something is due by the clock */
    FINGERPRINTS_DIFFER,  /* paths differ */
};
VEC(path_list, const char *);
/* One stat for each path. out_paths gets those that differ; when it is NULL, the first ends it. */
enum fingerprints_answer fingerprints_hold(struct host *host, const char *key, struct arena *arena,
                                           struct path_list *out_paths);

/* ---- For the loop that waits for changes --------------------------------------------------- */

struct fingerprint_entry {
    const char *path; /* borrowed from the fingerprints */
    enum fingerprint_type type;
    struct file_fingerprint seen;
};
/* Sorted by path; false behind the last one. */
bool fingerprints_at(struct fingerprints *fingerprints, size_t index,
                     struct fingerprint_entry *out_entry);
/* True when both show the same, as far as this type of path is compared. */
bool fingerprint_is_same(enum fingerprint_type type, const struct file_fingerprint *a,
                         const struct file_fingerprint *b);
/* When something is to be done although nothing changes (seconds since the epoch); 0: never. */
int64_t fingerprints_due_at(const struct fingerprints *fingerprints);

/* ---- For providers; all do nothing and find nothing when host->fingerprints is NULL --------- */

/* True when the path still is what was recorded, settled, and the digest that was recorded with it
 * is this one (NULL: none). now: its present fingerprint. */
bool fingerprints_match(struct host *host, const char *path, enum fingerprint_type type,
                        const struct file_fingerprint *now, const char *digest);
/* True when the path still is what was recorded, settled, whatever was in it. */
bool fingerprints_know(struct host *host, const char *path, enum fingerprint_type type,
                       const struct file_fingerprint *now);
/* After a verified read that began at read_at_ns (file_clock_coarse_ns). digest: of the content,
 * as text; NULL where it was not compared. */
void fingerprints_record(struct host *host, const char *path, enum fingerprint_type type,
                         const struct file_fingerprint *seen, const char *digest,
                         int64_t read_at_ns);
/* Something is to be done at this time (seconds since the epoch) although nothing changes: a
 * renewal. The earliest counts. */
void fingerprints_due(struct host *host, int64_t at);
