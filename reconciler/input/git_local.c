/* A branch of a repository in a folder of this host. libgit2's own way would list all references
 * and send the other branches too. */
#include <git2/sys/odb_backend.h>
#include <string.h>

#include "base/text.h"
#include "input/git_session.h"

GIT_CLEANUP(git_packbuilder, git_packbuilder)
GIT_CLEANUP(git_revwalk, git_revwalk)
#define AUTO_PACKBUILDER CLEANUP(git_packbuilder_cleanup) git_packbuilder *
#define AUTO_WALK        CLEANUP(git_revwalk_cleanup) git_revwalk *

static const char *path_of(const char *url)
{
    return text_starts_with(url, "file://") ? url + strlen("file://") : url;
}

static bool no_branch(const struct git_session *session, git_repository *origin, struct error *err)
{
    git_strarray names = {0};
    int result = git_reference_list(&names, origin);
    if (result != 0) {
        return git_session_fail(session, result, err);
    }
    const char **copies = arena_array(session->arena, names.count, sizeof(*copies));
    for (size_t i = 0; i < names.count; i++) {
        copies[i] = arena_strdup(session->arena, names.strings[i]);
    }
    size_t count = names.count;
    git_strarray_dispose(&names);
    return git_session_no_branch(session, copies, count, err);
}

struct packing {
    struct git_session *session;
    git_odb_writepack *pack;
    git_indexer_progress stats;
};

static int append(void *bytes, size_t size, void *context)
{
    struct packing *packing = context;
    int result = packing->pack->append(packing->pack, bytes, size, &packing->stats);
    packing->stats.received_bytes += size;
    return result != 0 ? result : git_session_progress(&packing->stats, packing->session);
}

static int write_pack(struct git_session *session, git_packbuilder *builder)
{
    AUTO_ODB objects = NULL;
    struct packing packing = {.session = session,
                              .stats.total_objects =
                                  (unsigned int)git_packbuilder_object_count(builder)};
    int result = git_session_progress(&packing.stats, session);
    if (result == 0) {
        result = git_repository_odb(&objects, session->repository);
    }
    if (result == 0) {
        result = git_odb_write_pack(&packing.pack, objects, NULL, NULL);
    }
    if (result == 0) {
        result = git_packbuilder_foreach(builder, append, &packing);
    }
    if (result == 0) {
        result = packing.pack->commit(packing.pack, &packing.stats);
    }
    if (packing.pack != NULL) {
        packing.pack->free(packing.pack);
    }
    return result == 0 ? git_odb_refresh(objects) : result;
}

/* What is reachable from id and not from what was fetched before, as one pack of the mirror. */
static int copy(struct git_session *session, git_repository *origin, const git_oid *have,
                const git_oid *id)
{
    AUTO_WALK walk = NULL;
    AUTO_PACKBUILDER builder = NULL;
    int result = git_revwalk_new(&walk, origin);
    if (result == 0) {
        result = git_revwalk_push(walk, id);
    }
    if (result == 0 && have != NULL) {
        result = git_revwalk_hide(walk, have);
        result = result == GIT_ENOTFOUND ? 0 : result; /* history was rewritten there */
    }
    if (result == 0) {
        result = git_packbuilder_new(&builder, origin);
    }
    if (result == 0) {
        (void)git_packbuilder_set_threads(builder, 1); /* returns how many there will be */
        result = git_packbuilder_insert_walk(builder, walk);
    }
    if (result != 0) {
        return result;
    }
    return write_pack(session, builder);
}

bool git_local_bring(struct git_session *session, const git_oid *have, git_oid *out_id,
                     struct error *err)
{
    AUTO_REPOSITORY origin = NULL;
    int result = git_repository_open_ext(&origin, path_of(session->fetch->source->url),
                                         GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (result == 0) {
        result = git_reference_name_to_id(out_id, origin, session->fetch->reference);
        if (result == GIT_ENOTFOUND) {
            return no_branch(session, origin, err);
        }
    }
    if (result == 0 && (have == NULL || git_oid_equal(have, out_id) == 0)) {
        result = copy(session, origin, have, out_id);
    }
    return result == 0 || git_session_fail(session, result, err);
}
