/* Pairs that other programs look after: read through whatever links their paths lead, and judged
 * before they may take the place of what is served. */

#include "providers/certificate_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/fingerprints.h"

enum { CHAIN_LIMIT = 1024 * 1024 };

/* People's own paths may lead through links, as those of ACME clients do; below another root they
 * stay in it. */
static int open_source(struct host *host, const char *path, struct error *err)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;
    do {
        fd = (int)syscall(SYS_openat2, host->root, host_path(path), &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename on the way */
    if (fd < 0) {
        (void)error_errno(err, "open %s", path);
    }
    return fd;
}

static void record_source(struct host *host, const char *path, int fd, int64_t read_at)
{
    struct stat status;
    if (fstat(fd, &status) == 0) {
        struct file_fingerprint seen = file_fingerprint_of(&status);
        fingerprints_record(host, path, FINGERPRINT_LINKED, &seen, NULL, read_at);
    }
}

struct pair *certificate_read_source(struct host *host, const struct certificate_item *wanted,
                                     struct arena *arena, struct error *err)
{
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    int64_t read_at = file_clock_coarse_ns();
    AUTO_FD chain_fd = open_source(host, wanted->source_chain, err);
    if (chain_fd < 0 ||
        !file_read_fd(chain_fd, wanted->source_chain, CHAIN_LIMIT, arena, &chain, err)) {
        return NULL;
    }
    AUTO_FD key_fd = open_source(host, wanted->source_key, err);
    if (key_fd < 0 || !secret_read_fd(key_fd, wanted->source_key, &key, err)) {
        return NULL;
    }
    record_source(host, wanted->source_chain, chain_fd, read_at);
    record_source(host, wanted->source_key, key_fd, read_at);
    struct pair *pair = pair_read(chain, key, err);
    if (pair == NULL) {
        (void)error_wrap(err, "%s and %s", wanted->source_chain, wanted->source_key);
    }
    return pair;
}

const struct message *certificate_why_unfit(const struct certificate_pair *pair,
                                            const struct certificate_item *wanted, int64_t now,
                                            struct arena *arena)
{
    if (!pair->has_key) {
        return message_word(arena, N_("the key belongs to another certificate"));
    }
    if (pair->expires_at <= now) {
        return message_make(arena, "it ended on %s", certificate_date(pair->expires_at, arena));
    }
    if (pair->starts_at > now) {
        return message_make(arena, "it begins only on %s",
                            certificate_date(pair->starts_at, arena));
    }
    for (size_t i = 0; i < wanted->name_count; i++) {
        if (!certificate_pair_covers(pair, wanted->names[i])) {
            return message_make(arena, "it is not for %s", wanted->names[i]);
        }
    }
    return NULL;
}

const struct message *certificate_why_not_taken(const struct certificate_pair *offered,
                                                const struct certificate_pair *installed,
                                                const struct certificate_item *wanted, int64_t now,
                                                struct arena *arena)
{
    const struct message *why = certificate_why_unfit(offered, wanted, now, arena);
    if (why != NULL || installed == NULL ||
        certificate_why_unfit(installed, wanted, now, arena) != NULL) {
        return why;
    }
    bool is_earlier_issue = strcmp(offered->issued_by, installed->issued_by) == 0 &&
                            offered->starts_at < installed->starts_at;
    return is_earlier_issue ? message_word(arena, N_("it is an earlier issue of the installed one"))
                            : NULL;
}
