/* One file's content, by the fingerprints or by reading. */

#include "providers/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "providers/fingerprints.h"

static bool read_now(const struct place *place, const char *path, struct arena *arena,
                     struct file_fingerprint *seen, struct str *out_content, struct error *err)
{
    struct stat status;
    struct str content = {0};
    AUTO_FD fd = openat(place->directory, place->name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return error_errno(err, "open %s", path);
    }
    if (!file_read_fd(fd, path, CONTENT_LIMIT, arena, &content, err)) {
        return false;
    }
    if (fstat(fd, &status) != 0) {
        return error_errno(err, "stat %s", path);
    }
    *seen = file_fingerprint_of(&status);
    *out_content = content;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): a file, its place, its wish; all of them differ */
bool content_read(struct host *host, const struct place *place, const char *path,
                  const struct str *wanted, struct arena *arena, struct file_fingerprint *seen,
                  struct str *out_content, struct error *err)
{
    char digest[DIGEST_HEX_SIZE] = "";
    bool has_memory = wanted != NULL && host->fingerprints != NULL;
    if (has_memory) {
        digest_hex(*wanted, digest);
        if (fingerprints_match(host, path, FINGERPRINT_FILE, seen, digest)) {
            *out_content = *wanted;
            return true;
        }
    }
    int64_t read_at = file_clock_coarse_ns();
    if (!read_now(place, path, arena, seen, out_content, err)) {
        return false;
    }
    if (has_memory && str_equal(*out_content, *wanted)) {
        fingerprints_record(host, path, FINGERPRINT_FILE, seen, digest, read_at);
    }
    return true;
}
