/* A value that no printing function accepts: the type is opaque, its memory is locked and wiped.
 * Comparison across runs is an HMAC with a host key, computed where the value lives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct secret;

/* Reads a file of at most 64 KiB; one trailing newline is dropped. The caller releases it. */
bool secret_read(int directory, const char *path, struct secret **out_secret,
                 struct error *err) MUST_CHECK;
/* The same from an open descriptor, which stays open; name is for messages. */
bool secret_read_fd(int fd, const char *name, struct secret **out_secret,
                    struct error *err) MUST_CHECK;
struct secret *secret_from_bytes(const void *bytes, size_t length);
/* Wipes and frees. Accepts NULL. */
void secret_release(struct secret *secret);

size_t secret_length(const struct secret *secret);
/* Hands the bytes to a function that uses them (a library call, a write to a 0600 file). */
bool secret_use(const struct secret *secret,
                bool (*use)(const void *bytes, size_t length, void *context), void *context);
/* Constant time. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* HMAC-SHA-256 of the value under key, as 64 hexadecimal digits and a NUL. */
void secret_digest(const struct secret *secret, const struct secret *key, char out_hex[65]);

static inline void secret_release_pointer(struct secret **secret)
{
    secret_release(*secret);
}
#define AUTO_SECRET CLEANUP(secret_release_pointer) struct secret *
