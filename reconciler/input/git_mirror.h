/* A bare copy of one branch of a repository, in a folder of its own:
 *
 *     DIRECTORY/mirror         objects, and where the branch stood at the last fetch
 *     DIRECTORY/accepted.json  the last commit that was taken for good, and of which repository
 *     DIRECTORY/lock           held while fetching
 *
 * A fetch runs in a child process with limits and brings everything or changes nothing. Nothing
 * that arrives is executed or checked out: no hooks, filters, work tree, links or submodules. */
#pragma once

#include "base/secret.h"
#include "base/str.h"
#include "input/known_hosts.h"
#include "model/commit.h"

enum source_transport { SOURCE_LOCAL, SOURCE_SSH, SOURCE_HTTPS, SOURCE_PLAIN };

struct git_source {
    const char *url;
    enum source_transport transport;
    struct ssh_host host; /* of ssh */
    const char *branch;
    const char *user;           /* for ssh without a user in the URL, and for a token */
    const char *key;            /* path of the private key, for ssh */
    const char *known_hosts;    /* path, for ssh */
    const char *ca;             /* path, for https; NULL: the machine's */
    const struct secret *token; /* for https; NULL: none */
    unsigned timeout_ms;
    uint64_t bytes_most; /* of what is sent */
    uint64_t objects_most;
};

struct git_mirror;

/* Makes the folder (0700) where it is absent. source is kept by reference, as is the arena. */
bool git_mirror_open(struct arena *arena, const char *directory, const struct git_source *source,
                     struct git_mirror **out_mirror, struct error *err) MUST_CHECK;
/* Accepts NULL. */
void git_mirror_close(struct git_mirror *mirror);

/* Where the objects are. */
const char *git_mirror_repository(const struct git_mirror *mirror);
/* The last commit that was accepted from this repository and branch; NULL: none yet. */
struct git_accepted {
    const char *commit;
    const char *verified_by; /* what git_mirror_accept was told; or NULL */
};
const struct git_accepted *git_mirror_accepted(const struct git_mirror *mirror);

struct git_fetched {
    char commit[41];
    bool is_rewind; /* it does not follow from the accepted one: history was rewritten */
    uint64_t bytes;
    uint64_t objects;
    bool was_cloned; /* there was no usable mirror */
};

/* Learns where the branch stands and brings what is missing. On failure, whenever it comes, the
 * mirror is as it was. A mirror that cannot be used is replaced by a fresh one. ERROR_LOCKED:
 * another fetch is under way. */
bool git_mirror_fetch(struct git_mirror *mirror, struct git_fetched *out_fetched,
                      struct error *err) MUST_CHECK;
bool git_mirror_accept(struct git_mirror *mirror, const char *commit, const char *verified_by,
                       struct error *err) MUST_CHECK;
/* Something is missing in the mirror: the next fetch begins anew. */
bool git_mirror_forget(struct git_mirror *mirror, struct error *err) MUST_CHECK;
