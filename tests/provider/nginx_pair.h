/* Pairs that an nginx in a sandbox serves, signed by the sandbox's own authority. */
#pragma once

#include "provider/nginx_sandbox.h"

#include <time.h>

#include "providers/authority.h"
#include "providers/pair.h"

static inline bool nginx_pair_write_key(const void *bytes, size_t length, void *context)
{
    const int *fd = context;
    return write(*fd, bytes, length) == (ssize_t)length;
}

/* The pair for this name, where that of `place` is installed: below state/certificates. */
static inline const struct certificate_pair *nginx_pair_install(struct sandbox *sandbox,
                                                                const char *place, const char *name)
{
    struct error err;
    struct str chain;
    const char *const names[] = {name, NULL};
    const struct authority_request request = {
        .names = names,
        .name_count = 1,
        .key_type = "ecdsa-p256",
        .lifetime_seconds = 86400,
        .now = time(NULL),
    };
    AUTO_AUTHORITY authority = NULL;
    assert_true(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    AUTO_PAIR pair = authority_issue(authority, &request, &err);
    AUTO_SECRET key = NULL;
    assert_non_null(pair);
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, &err));
    assert_true(pair_write_key(pair, &key, &err));
    const char *folder = arena_printf(sandbox->arena, "state/certificates/%s", place);
    nginx_sandbox_write(sandbox, arena_printf(sandbox->arena, "%s/fullchain.pem", folder),
                        chain.data);
    int fd = openat(sandbox->folder->fd, arena_printf(sandbox->arena, "%s/key.pem", folder),
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(secret_use(key, nginx_pair_write_key, &fd));
    (void)close(fd);
    return pair_describe(pair, sandbox->arena);
}
