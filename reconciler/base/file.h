/* Files: read with a limit, replace so that a reader or a crash sees the old or the new content,
 * walk below a root without following links. Paths are relative to directory, a descriptor, and
 * stay below it; an absolute path below a managed root is passed without its leading slash.
 * AT_FDCWD stands for a path that the user of the program gave: it may be absolute and lead through
 * links, as in any other program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Opens path below directory with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS), close-on-exec. Returns the descriptor, which the caller closes,
 * or -1 with err filled. */
int file_open_beneath(int directory, const char *path, int flags, mode_t mode,
                      struct error *err) MUST_CHECK;

/* Opens the directory that holds path, for reading; *out_name is the last part of path, which is
 * not empty, "." or "..". The caller closes the descriptor; -1 with err filled. */
int file_open_parent(int directory, const char *path, const char **out_name,
                     struct error *err) MUST_CHECK;

/* The whole content, NUL-terminated, on the arena; more than limit bytes is ERROR_LIMIT. Refuses
 * anything but a regular file. Reads again (up to 5 times) when size or mtime changed meanwhile;
 * then ERROR_SYSTEM with EAGAIN. */
bool file_read(int directory, const char *path, size_t limit, struct arena *arena,
               struct str *out_content, struct error *err) MUST_CHECK;
/* The same from an open descriptor; name is for messages. */
bool file_read_fd(int fd, const char *name, size_t limit, struct arena *arena,
                  struct str *out_content, struct error *err) MUST_CHECK;

/* All of it from where the descriptor stands, which may block; false with errno. May be called
 * between fork and exec. */
bool file_write_all(int fd, struct str content) MUST_CHECK;

/* A file in memory alone, which nobody can change any more, at its beginning (memfd_create(2),
 * F_ADD_SEALS of fcntl(2)); name is for /proc. The caller closes the descriptor; -1 with errno. */
int file_in_memory(const char *name, struct str content) MUST_CHECK;

struct file_owner {
    uid_t user; /* (uid_t)-1: leave to the creator */
    gid_t group;
};
#define FILE_OWNER_NONE ((struct file_owner){(uid_t)-1, (gid_t)-1})

enum file_sync {
    FILE_SYNC_NOW,   /* content before the rename and the directory after it */
    FILE_SYNC_LATER, /* the caller syncs (file_sync_all) before it makes the file reachable */
};

/* Replaces path by a new file with this content, mode and owner: temporary file of mode 0600
 * beside it (".NAME.XXXXXX.reconcile"), fchown, fchmod, sync, rename, sync of the directory.
 * Never follows a link at path: the link itself is replaced. */
bool file_replace(int directory, const char *path, struct str content, mode_t mode,
                  struct file_owner owner, enum file_sync sync, struct error *err) MUST_CHECK;
/* The first half of it, for many files that share one sync: makes the file, complete, beside name
 * in the directory parent, under the temporary name that is given back for a rename. */
enum { FILE_NAME_SIZE = 256 }; /* NAME_MAX and a NUL */
struct file_staged {
    struct str content;
    mode_t mode;
    struct file_owner owner;
    enum file_sync sync;
};
bool file_stage(int parent, const char *name, const struct file_staged *file,
                char out_temporary[FILE_NAME_SIZE], struct error *err) MUST_CHECK;
/* The same for an empty directory. */
bool file_stage_directory(int parent, const char *name, mode_t mode, struct file_owner owner,
                          char out_temporary[FILE_NAME_SIZE], struct error *err) MUST_CHECK;
/* Creates or replaces a symbolic link in the same way. */
bool file_replace_link(int directory, const char *path, const char *target, enum file_sync sync,
                       struct error *err) MUST_CHECK;
/* Creates path and what is missing above it, each with mode; an existing directory is fine and
 * keeps its mode. The new entries are not synced. */
bool file_make_directories(int directory, const char *path, mode_t mode,
                           struct error *err) MUST_CHECK;
/* Removes a file, link, or whole directory; absent is success. Follows no link and does not enter
 * another file system: a mount below path is an error. */
bool file_remove_all(int directory, const char *path, struct error *err) MUST_CHECK;
/* True for a name that file_replace and file_replace_link use on the way. */
bool file_name_is_temporary(const char *name);
/* Removes what replacements that were cut off left in the directory path: files, links, and whole
 * directories. Only where no other process replaces files in it at the same time. */
bool file_remove_temporary(int directory, const char *path, struct error *err) MUST_CHECK;
/* fsync of the directory that holds path. */
bool file_sync_parent(int directory, const char *path, struct error *err) MUST_CHECK;
/* syncfs of the file system that holds directory: one call for many files (2.7x cheaper than one
 * fsync per file, measured at 3,000 files). */
bool file_sync_all(int directory, struct error *err) MUST_CHECK;

/* What tells that a file is still the one that was read. */
struct file_fingerprint {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
    uint32_t mode; /* with the type bits */
    uint32_t user;
    uint32_t group;
};
struct file_fingerprint file_fingerprint_of(const struct stat *status);
bool file_fingerprint_equal(const struct file_fingerprint *a, const struct file_fingerprint *b);
/* All of it without the gaps between members, so that its bytes can be compared. */
struct file_mark {
    uint64_t words[7];
};
struct file_mark file_fingerprint_mark(const struct file_fingerprint *fingerprint);
/* False while a same-size edit could still hide behind the clock's tick: ctime is not older than
 * CLOCK_REALTIME_COARSE, read before the verifying read, by more than 10 ms (measured: where time
 * stamps have only the 4 ms tick, 1,995 of 2,000 such edits were missed without this). */
bool file_fingerprint_is_settled(const struct file_fingerprint *fingerprint, int64_t read_at_ns);
/* CLOCK_REALTIME_COARSE in ns. */
int64_t file_clock_coarse_ns(void);
