/* Runs in a child process that has nothing else to do, so that all of libgit2 may be set up for
 * this one connection. */
#include "input/git_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "input/git_session.h"

enum {
    WINDOW_SIZE = 8 << 20,
    WINDOWS_MOST = 64 << 20, /* of packs, mapped at the same time */
    CACHE_MOST = 16 << 20,
    TREE_CACHED_MOST = 64 << 10,
    BRANCHES_SHOWN = 8,
    BRANCH_MOST = 100, /* bytes of one that are shown */
};

/* --- what went wrong -------------------------------------------------------------------------- */

static const struct message *too_many_objects(const struct git_session *session)
{
    return message_make(session->arena,
                        "it brings more than %llu objects (setting source.objects_max)",
                        (unsigned long long)session->fetch->source->objects_most);
}

int git_session_refuse(struct git_session *session, int result, const struct message *why)
{
    if (session->complaint == NULL) {
        session->complaint = why;
    }
    (void)git_error_set_str(GIT_ERROR_CALLBACK, why->text); /* shown when ours is not */
    return result;
}

/* The callback's own words where it was one that said no. */
bool git_session_fail(const struct git_session *session, int result, struct error *err)
{
    const struct git_source *source = session->fetch->source;
    const git_error *last = git_error_last();
    if (session->complaint == NULL && last != NULL && last->klass == GIT_ERROR_INDEXER &&
        strcmp(last->message, "too many objects") == 0) {
        (void)error_set(err, ERROR_LIMIT, "fetch %s", source->url);
        return error_add(err, MESSAGE_COLON, too_many_objects(session));
    }
    if (session->complaint == NULL && last != NULL && last->klass == GIT_ERROR_NOMEMORY) {
        return error_set(err, ERROR_LIMIT, "fetch %s: it needs more memory than a fetch may have",
                         source->url);
    }
    if (session->complaint == NULL) {
        return git_problem(err, result, "fetch %s", source->url);
    }
    enum error_code code =
        result == GIT_EAUTH || result == GIT_ECERTIFICATE ? ERROR_REFUSED : ERROR_LIMIT;
    (void)error_set(err, code, "fetch %s", source->url);
    return error_add(err, MESSAGE_COLON, session->complaint);
}

bool git_session_no_branch(const struct git_session *session, const char *const *names,
                           size_t count, struct error *err)
{
    struct text found = text_make(session->arena);
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < BRANCHES_SHOWN; i++) {
        if (text_starts_with(names[i], "refs/heads/")) {
            const char *branch =
                git_clean_line(session->arena, names[i] + strlen("refs/heads/"), BRANCH_MOST);
            text_addf(&found, "%s%s", shown == 0 ? "" : ", ", branch);
            shown++;
        }
    }
    (void)error_set(err, ERROR_UNAVAILABLE, "fetch %s: there is no branch \"%s\"",
                    session->fetch->source->url, session->fetch->source->branch);
    return shown == 0 ? error_add_word(err, MESSAGE_ASIDE, N_("the repository is empty"))
                      : error_add(err, MESSAGE_ASIDE,
                                  message_make(session->arena, "it has %s", found.data));
}

/* --- how much, how long ---------------------------------------------------------------------- */

int git_session_time(struct git_session *session)
{
    return clock_ms() < session->fetch->deadline_ms
               ? 0
               : git_session_refuse(session, GIT_EUSER,
                                    message_make(session->arena, "it took longer than %u seconds",
                                                 session->fetch->source->timeout_ms / 1000));
}

int git_session_progress(const git_indexer_progress *stats, void *context)
{
    struct git_session *session = context;
    const struct git_source *source = session->fetch->source;
    session->result->bytes = stats->received_bytes;
    session->result->objects = stats->total_objects;
    if (stats->received_bytes > source->bytes_most) {
        return git_session_refuse(
            session, GIT_EUSER,
            message_make(session->arena, "it brings more than %llu bytes (setting source.size_max)",
                         (unsigned long long)source->bytes_most));
    }
    if (stats->total_objects > source->objects_most) {
        return git_session_refuse(session, GIT_EUSER, too_many_objects(session));
    }
    return git_session_time(session);
}

/* --- libgit2 for this one fetch -------------------------------------------------------------- */

/* Where .ssh/known_hosts lies is decided when the library begins. */
static bool begin_at(const char *home, struct error *err)
{
    if (setenv("HOME", home, 1) != 0) {
        return error_errno(err, "set the environment");
    }
    for (int users = git_libgit2_init(); users > 0;) {
        users = git_libgit2_shutdown();
    }
    return git_libgit2_init() > 0 || error_set(err, ERROR_UNAVAILABLE, "libgit2 cannot be used");
}

static bool prepare(const struct git_fetch *fetch, struct error *err)
{
    if (fetch->home != NULL && !begin_at(fetch->home, err)) {
        return false;
    }
    git_prepare();
    int result = 0;
    if (fetch->source->ca != NULL) {
        result = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, fetch->source->ca, NULL);
        if (result != 0) {
            return git_problem(err, result, "read the authorities in %s", fetch->source->ca);
        }
    }
    /* The rest cannot fail. */
    (void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    (void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)WINDOW_SIZE);
    (void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)WINDOWS_MOST);
    (void)git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MOST);
    (void)git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                           (size_t)TREE_CACHED_MOST);
    (void)git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)fetch->source->objects_most);
    return true;
}

static bool open_mirror(struct git_session *session, struct error *err)
{
    const char *path = session->fetch->repository;
    git_repository_init_options options = {
        .version = GIT_REPOSITORY_INIT_OPTIONS_VERSION,
        .flags =
            GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR,
    };
    int result = session->fetch->is_new
                     ? git_repository_init_ext(&session->repository, path, &options)
                     : git_repository_open_bare(&session->repository, path);
    session->result->is_broken = result != 0;
    return result == 0 || git_problem(err, result, "open the mirror %s", path);
}

/* True with the id of the last fetch, if its commit is whole; a missing one is an answer. */
static bool find_fetched(struct git_session *session, git_oid *out_id, bool *out_is_there,
                         struct error *err)
{
    AUTO_COMMIT commit = NULL;
    int result = git_reference_name_to_id(out_id, session->repository, session->fetch->reference);
    *out_is_there = result == 0;
    if (result == GIT_ENOTFOUND) {
        return true;
    }
    bool is_good = result == 0 && git_find_commit(session->repository, out_id, &commit, err);
    session->result->is_broken = !is_good;
    if (result != 0) {
        return git_problem(err, result, "read the mirror");
    }
    return is_good;
}

/* --- the fetch ------------------------------------------------------------------------------- */

/* True when the new commit does not have the accepted one among its ancestors. */
static bool check_rewind(struct git_session *session, const git_oid *id, struct error *err)
{
    git_oid before;
    AUTO_ODB objects = NULL;
    const char *accepted = session->fetch->accepted;
    if (accepted == NULL || git_oid_fromstr(&before, accepted) != 0 ||
        git_oid_equal(&before, id) != 0) {
        return true;
    }
    int result = git_repository_odb(&objects, session->repository);
    if (result != 0) {
        return git_problem(err, result, "read the mirror");
    }
    int follows = 0;
    if (git_odb_exists(objects, &before) != 0) {
        follows = git_graph_descendant_of(session->repository, id, &before);
    }
    session->result->is_rewind = follows == 0;
    return follows >= 0 || git_problem(err, follows, "read the history of the mirror");
}

static bool set_reference(struct git_session *session, const git_oid *id, struct error *err)
{
    AUTO_COMMIT commit = NULL;
    AUTO_REFERENCE reference = NULL;
    if (!git_find_commit(session->repository, id, &commit, err)) {
        return error_wrap(err, "fetch %s", session->fetch->source->url);
    }
    int result = git_reference_create(&reference, session->repository, session->fetch->reference,
                                      id, 1, NULL);
    return result == 0 || git_problem(err, result, "write the mirror");
}

static bool fetch_into(struct git_session *session, struct error *err)
{
    git_oid before;
    git_oid id;
    bool has_before = false;
    if (!open_mirror(session, err) || !find_fetched(session, &before, &has_before, err)) {
        return false;
    }
    const git_oid *have = has_before ? &before : NULL;
    bool is_brought = session->fetch->source->transport == SOURCE_LOCAL
                          ? git_local_bring(session, have, &id, err)
                          : git_connection_bring(session, have, &id, err);
    bool is_same = is_brought && has_before && git_oid_equal(&before, &id) != 0;
    if (!is_brought || (!is_same && !set_reference(session, &id, err))) {
        return false;
    }
    (void)git_oid_tostr(session->result->commit, sizeof(session->result->commit), &id);
    return check_rewind(session, &id, err);
}

bool git_fetch(const struct git_fetch *fetch, struct git_fetch_result *out_result,
               struct error *err)
{
    struct git_session session = {.fetch = fetch, .arena = arena_create(), .result = out_result};
    bool is_done = prepare(fetch, err) && fetch_into(&session, err);
    git_repository_free(session.repository);
    arena_destroy(session.arena);
    return is_done;
}
