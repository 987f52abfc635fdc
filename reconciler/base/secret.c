/* A secret lives in pages of its own, which are locked, left out of core dumps, and wiped before
 * they go back to the kernel. It never passes through an arena, which nobody wipes. */

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"

enum { LENGTH_MAX = 64 * 1024 };

struct secret {
    size_t mapped; /* bytes of the mapping, which starts here */
    size_t length;
    unsigned char bytes[];
};

/* Memory that is gone ends the program, as in the arena. */
static struct secret *secret_make(size_t length)
{
    size_t size = sizeof(struct secret) + length;
    struct secret *secret = size < length ? MAP_FAILED
                                          : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED) {
        (void)fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    /* Both only narrow who could find a copy; an ordinary user may have no right to lock. */
    (void)mlock(secret, size);
    (void)madvise(secret, size, MADV_DONTDUMP);
    secret->mapped = size;
    secret->length = length;
    return secret;
}

void secret_release(struct secret *secret)
{
    if (secret == NULL) {
        return;
    }
    size_t mapped = secret->mapped;
    OPENSSL_cleanse(secret, mapped);
    (void)munmap(secret, mapped); /* fails only for an address that is not ours */
}

struct secret *secret_from_bytes(const void *bytes, size_t length)
{
    struct secret *secret = secret_make(length);
    if (length > 0) {
        memcpy(secret->bytes, bytes, length);
    }
    return secret;
}

/* Up to the end of the file or of the room. */
static bool read_into(int fd, struct secret *secret)
{
    size_t length = 0;
    while (length < secret->length) {
        ssize_t count = read(fd, secret->bytes + length, secret->length - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        if (count == 0) {
            break;
        }
        length += (size_t)count;
    }
    secret->length = length;
    return true;
}

bool secret_read(int directory, const char *path, struct secret **out_secret, struct error *err)
{
    AUTO_FD fd = file_open_beneath(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
    return fd >= 0 && secret_read_fd(fd, path, out_secret, err);
}

bool secret_read_fd(int fd, const char *name, struct secret **out_secret, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return error_errno(err, "stat %s", name);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_FORMAT, "%s is not a regular file", name);
    }
    /* One byte more shows that there is more. Locked pages are dear: no more than needed. */
    bool tells_size = status.st_size > 0 && status.st_size <= LENGTH_MAX;
    size_t expected = tells_size ? (size_t)status.st_size : LENGTH_MAX;
    AUTO_SECRET room = secret_make(expected + 1);
    if (!read_into(fd, room)) {
        return error_errno(err, "read %s", name);
    }
    if (room->length > expected && expected < LENGTH_MAX) {
        errno = EAGAIN;
        return error_errno(err, "%s changes while it is read", name);
    }
    if (room->length > expected) {
        return error_set(err, ERROR_LIMIT, "%s is larger than %d bytes", name, LENGTH_MAX);
    }
    if (room->length > 0 && room->bytes[room->length - 1] == '\n') {
        room->length--;
    }
    *out_secret = secret_from_bytes(room->bytes, room->length);
    return true;
}

size_t secret_length(const struct secret *secret)
{
    return secret->length;
}

bool secret_use(const struct secret *secret,
                bool (*use)(const void *bytes, size_t length, void *context), void *context)
{
    return use(secret->bytes, secret->length, context);
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->length == b->length && CRYPTO_memcmp(a->bytes, b->bytes, a->length) == 0;
}

void secret_digest(const struct secret *secret, const struct secret *key, char out_hex[65])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    const unsigned char *done = HMAC(EVP_sha256(), key->bytes, (int)key->length, secret->bytes,
                                     secret->length, bytes, NULL);
    if (done == NULL) {
        (void)fputs("HMAC-SHA-256: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    digest_write_hex(bytes, out_hex);
}
