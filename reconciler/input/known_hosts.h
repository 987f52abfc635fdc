/* The host keys that an ssh server may show, as OpenSSH's known_hosts files list them (sshd(8)):
 * patterns, [host]:port, hashed names, @revoked. Pure. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct ssh_host {
    const char *name; /* without brackets */
    unsigned port;
};

enum known_host {
    KNOWN_HOST_ABSENT,  /* no line is about this host */
    KNOWN_HOST_MATCHES, /* this very key */
    KNOWN_HOST_DIFFERS, /* other keys only */
    KNOWN_HOST_REVOKED, /* a line says that this key must not be used */
};

/* key: the public key as it is sent over the wire (RFC 4253, 6.6). */
enum known_host known_hosts_check(struct arena *arena, struct str file, struct ssh_host host,
                                  struct str key);
/* The keys of this host alone, one a line, in the plainest form: for libssh2, which chooses a type
 * of key by it and gives up at lines that it does not understand. "" when there are none. */
const char *known_hosts_of(struct arena *arena, struct str file, struct ssh_host host);
