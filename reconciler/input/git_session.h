/* One fetch under way: what the two ways of bringing a commit share (git_connection.c over a
 * network, git_local.c from a folder of this host). Only they and git_fetch.c include this. */
#pragma once

#include "input/git.h"
#include "input/git_fetch.h"

struct git_session {
    const struct git_fetch *fetch;
    struct arena *arena;
    git_repository *repository;      /* the mirror */
    unsigned credentials;            /* how often they were asked for */
    const struct message *complaint; /* why a callback said no; or NULL */
    struct git_fetch_result *result;
};

/* Where the branch stands now, with everything that its commit needs brought into the mirror; have
 * is what was fetched before (NULL: nothing). */
bool git_connection_bring(struct git_session *session, const git_oid *have, git_oid *out_id,
                          struct error *err) MUST_CHECK;
bool git_local_bring(struct git_session *session, const git_oid *have, git_oid *out_id,
                     struct error *err) MUST_CHECK;

/* For callbacks: keeps the reason, returns result. */
int git_session_refuse(struct git_session *session, int result, const struct message *why);
/* A git_indexer_progress_cb of a session: size, number and time. */
int git_session_progress(const git_indexer_progress *stats, void *session);
int git_session_time(struct git_session *session);
/* "fetch URL: ...", in a callback's own words where it was one that said no; returns false. */
bool git_session_fail(const struct git_session *session, int result, struct error *err);
/* names: full names of the references that are there, as the other side gives them. */
bool git_session_no_branch(const struct git_session *session, const char *const *names,
                           size_t count, struct error *err);
