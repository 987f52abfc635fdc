/* Landlock has no functions in the C library. What a kernel does not know yet it is not asked for:
 * the rest holds. */

#include "providers/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of Linux 6.2: newer than the headers of Debian 12. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum { VERSION_REFER = 2, VERSION_TRUNCATE };

#define FILE_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define FILE_WRITING (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define READING      (FILE_READING | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
    (FILE_WRITING | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                    \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)
#define NOBODY_MAKES                                                                               \
    (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |  \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What this kernel can forbid; 0: nothing. */
static uint64_t find_accesses(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        return 0;
    }
    uint64_t accesses = READING | WRITING | NOBODY_MAKES;
    accesses &= version < VERSION_REFER ? ~(uint64_t)LANDLOCK_ACCESS_FS_REFER : UINT64_MAX;
    accesses &= version < VERSION_TRUNCATE ? ~(uint64_t)LANDLOCK_ACCESS_FS_TRUNCATE : UINT64_MAX;
    return accesses;
}

bool confinement_has_rules(void)
{
    return find_accesses() != 0;
}

static bool allow(int rules, const char *path, uint64_t accesses, struct error *err)
{
    struct stat status;
    AUTO_FD file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return true;
    }
    if (file < 0 || fstat(file, &status) != 0) {
        return error_errno(err, "open %s", path);
    }
    const struct landlock_path_beneath_attr rule = {
        .allowed_access =
            S_ISDIR(status.st_mode) ? accesses : accesses & (FILE_READING | FILE_WRITING),
        .parent_fd = file,
    };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
           error_errno(err, "confine a program to %s", path);
}

static bool allow_all(int rules, const char *const *paths, uint64_t accesses, struct error *err)
{
    bool is_allowed = true;
    for (size_t i = 0; is_allowed && paths[i] != NULL; i++) {
        is_allowed = allow(rules, paths[i], accesses, err);
    }
    return is_allowed;
}

bool confinement_open(struct confinement *confinement, const struct confinement_files *files,
                      struct error *err)
{
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = find_accesses()};
    uint64_t accesses = attributes.handled_access_fs;
    confinement->rules = -1;
    if (accesses == 0) {
        return true;
    }
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (rules < 0) {
        return error_errno(err, "confine a program");
    }
    confinement->rules = rules;
    if (!allow_all(rules, files->readable, accesses & READING, err) ||
        !allow_all(rules, files->writable, accesses & (READING | WRITING), err)) {
        confinement_close(confinement);
        return false;
    }
    return true;
}

void confinement_close(struct confinement *confinement)
{
    if (confinement->rules >= 0) {
        (void)close(confinement->rules);
        confinement->rules = -1;
    }
}

bool confinement_enter(const struct confinement *confinement)
{
    const struct rlimit files = {confinement->files_most, confinement->files_most};
    const struct rlimit size = {confinement->file_size_most, confinement->file_size_most};
    return setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_FSIZE, &size) == 0 &&
           (confinement->rules < 0 ||
            syscall(SYS_landlock_restrict_self, confinement->rules, 0) == 0);
}
