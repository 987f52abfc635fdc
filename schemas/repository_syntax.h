/* The ways to name a Git repository. */
#pragma once

#include "schemas/value.h"

enum repository_transport {
    REPOSITORY_INVALID,
    REPOSITORY_PATH, /* /srv/site.git or file:///srv/site.git */
    REPOSITORY_SSH,  /* ssh://git@host/path or git@host:path */
    REPOSITORY_HTTPS,
    REPOSITORY_PLAIN, /* http:// and git://: anybody on the way can change what arrives */
};

/* What a text names; a password in it makes it invalid. */
enum repository_transport repository_transport_of(const char *text);
/* True when the host of a URL is this machine. */
bool repository_is_loopback(const char *text);
/* The path of a local one. */
const char *repository_local_path(const char *text);
/* Host, without brackets, and port of one that is reached by ssh. */
const char *repository_host(struct arena *arena, const char *text, unsigned *out_port);

extern const struct syntax syntax_repository;
extern const struct syntax syntax_branch;     /* as git check-ref-format has it */
extern const struct syntax syntax_inner_path; /* of a folder inside: conf/sites */
