/* The folder around the mirror: lock, what was accepted, and the change from one mirror to another.
 * The connection itself is git_fetch's. */
#include "input/git_mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "input/git.h"
#include "input/git_child.h"
#include "input/git_fetch.h"
#include "model/json.h"

enum {
    DIRECTORY_MODE = 0700,
    FILE_MODE = 0600,
    KNOWN_HOSTS_MOST = 4 << 20,
    ACCEPTED_MOST = 64 << 10,
    CHILD_MEMORY_MOST = 208 << 20, /* with mapped packs below 256 MiB */
    PACKS_MOST = 50,               /* each fetch leaves one; then they are made one */
    FILE_SLACK = 16 << 20,         /* the callbacks tell of too much, and come behind the writing */
    LATE_MS = 1000,                /* the callbacks end a fetch in time; who is deaf is killed */
};

struct git_mirror {
    struct arena *arena;
    const struct git_source *source;
    const char *path;
    int directory;
    struct git_accepted accepted;
    bool has_accepted;
};

static const char *below(const struct git_mirror *mirror, const char *name)
{
    return arena_printf(mirror->arena, "%s/%s", mirror->path, name);
}

static const char *reference_of(const struct git_mirror *mirror)
{
    return arena_printf(mirror->arena, "refs/heads/%s", mirror->source->branch);
}

/* --- what was accepted ----------------------------------------------------------------------- */

static const char *copy_text(struct arena *arena, const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

/* Another repository or branch has another history: what was accepted of it says nothing. */
static bool read_accepted(struct git_mirror *mirror, struct error *err)
{
    struct str content = {0};
    json_error_t where;
    if (!file_read(mirror->directory, "accepted.json", ACCEPTED_MOST, mirror->arena, &content,
                   err)) {
        return err->number == ENOENT;
    }
    AUTO_JSON root = json_loadb(content.data, content.length, 0, &where);
    if (root == NULL) {
        return error_set(err, ERROR_FORMAT, "%s/accepted.json:%d: %s", mirror->path, where.line,
                         where.text);
    }
    const char *commit = copy_text(mirror->arena, root, "commit");
    bool is_same =
        commit != NULL &&
        text_equal(json_string_value(json_object_get(root, "url")), mirror->source->url) &&
        text_equal(json_string_value(json_object_get(root, "branch")), mirror->source->branch);
    if (is_same) {
        mirror->accepted =
            (struct git_accepted){commit, copy_text(mirror->arena, root, "verified_by")};
        mirror->has_accepted = true;
    }
    return true;
}

bool git_mirror_accept(struct git_mirror *mirror, const char *commit, const char *verified_by,
                       struct error *err)
{
    if (mirror->has_accepted && strcmp(mirror->accepted.commit, commit) == 0 &&
        text_equal(mirror->accepted.verified_by, verified_by)) {
        return true;
    }
    AUTO_JSON root =
        json_pack("{s:s, s:s, s:s, s:s*}", "url", mirror->source->url, "branch",
                  mirror->source->branch, "commit", commit, "verified_by", verified_by);
    CLEANUP(cleanup_free) char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2));
    if (text == NULL) {
        return error_set(err, ERROR_FORMAT, "accepted.json: text that is not UTF-8");
    }
    if (!file_replace(mirror->directory, "accepted.json", str_of(text), FILE_MODE, FILE_OWNER_NONE,
                      FILE_SYNC_NOW, err)) {
        return error_wrap(err, "remember the commit in %s", mirror->path);
    }
    mirror->accepted = (struct git_accepted){
        arena_strdup(mirror->arena, commit),
        verified_by == NULL ? NULL : arena_strdup(mirror->arena, verified_by)};
    mirror->has_accepted = true;
    return true;
}

const struct git_accepted *git_mirror_accepted(const struct git_mirror *mirror)
{
    return mirror->has_accepted ? &mirror->accepted : NULL;
}

/* --- opening --------------------------------------------------------------------------------- */

bool git_mirror_open(struct arena *arena, const char *directory, const struct git_source *source,
                     struct git_mirror **out_mirror, struct error *err)
{
    struct git_mirror *mirror = arena_new(arena, struct git_mirror);
    *mirror =
        (struct git_mirror){.arena = arena, .source = source, .path = directory, .directory = -1};
    if (!file_make_directories(AT_FDCWD, directory, DIRECTORY_MODE, err)) {
        return error_wrap(err, "make %s", directory);
    }
    mirror->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mirror->directory < 0) {
        return error_errno(err, "open %s", directory);
    }
    if (!read_accepted(mirror, err)) {
        git_mirror_close(mirror);
        return false;
    }
    *out_mirror = mirror;
    return true;
}

void git_mirror_close(struct git_mirror *mirror)
{
    if (mirror != NULL) {
        cleanup_fd(&mirror->directory);
        mirror->directory = -1;
    }
}

const char *git_mirror_repository(const struct git_mirror *mirror)
{
    return below(mirror, "mirror");
}

/* --- what ssh needs -------------------------------------------------------------------------- */

/* ssh itself refuses such a key, and with reason. */
static bool check_key(const struct git_source *source, struct error *err)
{
    struct stat status;
    AUTO_FD fd = open(source->key, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return error_errno(err, "open the key %s", source->key);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_FORMAT, "the key %s is not a file", source->key);
    }
    return (status.st_mode & 077) == 0 ||
           error_set(err, ERROR_REFUSED, "the key %s can be read by others (mode %04o): chmod 600",
                     source->key, (unsigned)status.st_mode & 07777U);
}

/* HOME of the fetch, with nothing in it but the keys of this one host. */
static bool make_home(struct git_mirror *mirror, struct git_fetch *fetch, struct error *err)
{
    const struct git_source *source = mirror->source;
    if (source->transport != SOURCE_SSH) {
        return true;
    }
    if (!check_key(source, err) || !file_read(AT_FDCWD, source->known_hosts, KNOWN_HOSTS_MOST,
                                              mirror->arena, &fetch->known_hosts, err)) {
        return error_wrap(err, "fetch %s", source->url);
    }
    fetch->home = below(mirror, "home");
    return file_make_directories(mirror->directory, "home/.ssh", DIRECTORY_MODE, err) &&
           file_replace(mirror->directory, "home/.ssh/known_hosts",
                        str_of(known_hosts_of(mirror->arena, fetch->known_hosts, source->host)),
                        FILE_MODE, FILE_OWNER_NONE, FILE_SYNC_LATER, err);
}

/* --- one child ------------------------------------------------------------------------------- */

static bool work(void *context, void *result, struct error *err)
{
    return git_fetch(context, result, err);
}

static bool fetch_in_child(struct git_mirror *mirror, const struct git_fetch *fetch,
                           struct git_fetch_result *out_result, struct error *err)
{
    struct git_fetch own = *fetch;
    uint64_t most = mirror->source->bytes_most;
    own.deadline_ms = clock_ms() + mirror->source->timeout_ms;
    *out_result = (struct git_fetch_result){0};
    const struct git_child child = {
        .timeout_ms = mirror->source->timeout_ms + LATE_MS,
        .memory_most = CHILD_MEMORY_MOST,
        .file_size_most = most + most / 2 + FILE_SLACK,
        .work = work,
        .context = &own,
        .result = out_result,
        .result_size = sizeof(*out_result),
    };
    /* What went wrong before the work began does not name the repository. */
    if (!git_child_run(&child, err)) {
        return strncmp(err->message, "fetch ", strlen("fetch ")) == 0 || out_result->is_broken
                   ? false
                   : error_wrap(err, "fetch %s", mirror->source->url);
    }
    return true;
}

/* --- from one mirror to another -------------------------------------------------------------- */

/* What a fetch that was killed has left: temporary packs, and locks that nobody holds. */
static bool sweep(struct git_mirror *mirror, size_t *out_packs, struct error *err)
{
    struct error ignored = {0}; /* the child tells what is wrong with the mirror */
    AUTO_FD packs = file_open_beneath(mirror->directory, "mirror/objects/pack",
                                      O_RDONLY | O_DIRECTORY, 0, &ignored);
    *out_packs = 0;
    if (packs < 0) {
        return true;
    }
    AUTO_FD own = fcntl(packs, F_DUPFD_CLOEXEC, 0);
    AUTO_DIRECTORY directory = own < 0 ? NULL : fdopendir(own);
    if (directory == NULL) {
        return error_errno(err, "read %s/mirror", mirror->path);
    }
    (void)take_fd(&own);
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        bool is_left_over =
            strncmp(name, "pack_git2_", strlen("pack_git2_")) == 0 || text_ends_with(name, ".lock");
        *out_packs += text_ends_with(name, ".pack") ? 1 : 0;
        if (is_left_over && unlinkat(packs, name, 0) != 0 && errno != ENOENT) {
            return error_errno(err, "remove %s/mirror/objects/pack/%s", mirror->path, name);
        }
    }
    const char *name = arena_printf(mirror->arena, "mirror/%s.lock", reference_of(mirror));
    return unlinkat(mirror->directory, name, 0) == 0 || errno == ENOENT || errno == ENOTDIR ||
           error_errno(err, "remove %s/%s", mirror->path, name);
}

static bool begin_new(struct git_mirror *mirror, struct error *err)
{
    return file_remove_all(mirror->directory, "mirror.new", err) ||
           error_wrap(err, "clear %s", mirror->path);
}

/* There is a whole mirror at each instant, if there was one before. */
static bool take_new(struct git_mirror *mirror, struct error *err)
{
    int result =
        renameat2(mirror->directory, "mirror.new", mirror->directory, "mirror", RENAME_EXCHANGE);
    if (result != 0 && errno == ENOENT) {
        result = renameat(mirror->directory, "mirror.new", mirror->directory, "mirror");
    }
    if (result != 0) {
        return error_errno(err, "replace %s/mirror", mirror->path);
    }
    if (fsync(mirror->directory) != 0) {
        return error_errno(err, "sync %s", mirror->path);
    }
    return file_remove_all(mirror->directory, "mirror.new", err);
}

static bool fetch_anew(struct git_mirror *mirror, struct git_fetch *fetch,
                       struct git_fetch_result *out_result, struct error *err)
{
    fetch->repository = below(mirror, "mirror.new");
    fetch->is_new = true;
    if (begin_new(mirror, err) && fetch_in_child(mirror, fetch, out_result, err)) {
        return take_new(mirror, err);
    }
    struct error ignored = {0};
    return file_remove_all(mirror->directory, "mirror.new", &ignored)
               ? false
               : error_wrap(err, "%s, and before that", ignored.message);
}

/* Many packs become one, and what rewritten history has left is gone: a fetch from ourselves. */
static void compact(struct git_mirror *mirror)
{
    struct git_source ourselves = *mirror->source;
    struct git_mirror inner = *mirror;
    struct git_fetch_result result;
    struct error err = {0};
    ourselves.url = git_mirror_repository(mirror);
    ourselves.transport = SOURCE_LOCAL;
    ourselves.ca = NULL;
    inner.source = &ourselves;
    struct git_fetch fetch = {.source = &ourselves, .reference = reference_of(mirror)};
    if (!fetch_anew(&inner, &fetch, &result, &err)) {
        return; /* it only saves space, and is tried again after the next fetch */
    }
}

/* --- fetching -------------------------------------------------------------------------------- */

static bool lock(const struct git_mirror *mirror, int *out_lock, struct error *err)
{
    AUTO_FD fd = file_open_beneath(mirror->directory, "lock", O_RDWR | O_CREAT, FILE_MODE, err);
    if (fd < 0) {
        return error_wrap(err, "lock %s", mirror->path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? error_set(err, ERROR_LOCKED, "another fetch is under way (%s)", mirror->path)
                   : error_errno(err, "lock %s", mirror->path);
    }
    *out_lock = take_fd(&fd);
    return true;
}

/* --- a repository of this host --------------------------------------------------------------- */

static bool read_name(const struct git_mirror *mirror, int directory, const char *path,
                      struct str *out_text)
{
    struct error ignored = {0}; /* then libgit2 looks */
    return file_read(directory, path, GIT_ID_SIZE, mirror->arena, out_text, &ignored) &&
           out_text->length >= GIT_OID_HEXSZ;
}

/* Two small files say that nothing happened: the branch stands where it stood when it was accepted.
 * False when it does not, or keeps its place elsewhere (packed, symbolic). */
static bool is_where_it_was(const struct git_mirror *mirror)
{
    static const char *const places[] = {"", "/.git"};
    const char *name = reference_of(mirror);
    const char *path = mirror->source->url;
    struct str ours = {0};
    struct str theirs = {0};
    if (mirror->source->transport != SOURCE_LOCAL || !mirror->has_accepted ||
        !read_name(mirror, mirror->directory, arena_printf(mirror->arena, "mirror/%s", name),
                   &ours)) {
        return false;
    }
    path += text_starts_with(path, "file://") ? strlen("file://") : 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (read_name(mirror, AT_FDCWD,
                      arena_printf(mirror->arena, "%s%s/%s", path, places[i], name), &theirs)) {
            return strncmp(ours.data, theirs.data, GIT_OID_HEXSZ) == 0 &&
                   strncmp(ours.data, mirror->accepted.commit, GIT_ID_SIZE - 1) == 0;
        }
    }
    return false;
}

static bool fetch_locked(struct git_mirror *mirror, struct git_fetched *out, struct error *err)
{
    struct git_fetch fetch = {
        .source = mirror->source,
        .repository = git_mirror_repository(mirror),
        .reference = reference_of(mirror),
        .accepted = mirror->has_accepted ? mirror->accepted.commit : NULL,
    };
    struct git_fetch_result result = {0};
    size_t packs = 0;
    if (!make_home(mirror, &fetch, err) || !sweep(mirror, &packs, err)) {
        return false;
    }
    bool is_there = faccessat(mirror->directory, "mirror", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    bool is_done = is_there && fetch_in_child(mirror, &fetch, &result, err);
    out->was_cloned = !is_there || (!is_done && result.is_broken);
    if (out->was_cloned) {
        is_done = fetch_anew(mirror, &fetch, &result, err);
    }
    if (!is_done) {
        return false;
    }
    if (packs > PACKS_MOST) {
        compact(mirror);
    }
    memcpy(out->commit, result.commit, sizeof(out->commit));
    out->is_rewind = result.is_rewind;
    out->bytes = result.bytes;
    out->objects = result.objects;
    return true;
}

bool git_mirror_fetch(struct git_mirror *mirror, struct git_fetched *out_fetched, struct error *err)
{
    AUTO_FD held = -1;
    struct git_fetched fetched = {0};
    if (is_where_it_was(mirror)) {
        *out_fetched = fetched;
        memcpy(out_fetched->commit, mirror->accepted.commit, GIT_OID_HEXSZ);
        return true;
    }
    if (!lock(mirror, &held, err) || !fetch_locked(mirror, &fetched, err)) {
        return false;
    }
    *out_fetched = fetched;
    return true;
}

bool git_mirror_forget(struct git_mirror *mirror, struct error *err)
{
    AUTO_FD held = -1;
    return lock(mirror, &held, err) && (file_remove_all(mirror->directory, "mirror", err) ||
                                        error_wrap(err, "remove %s/mirror", mirror->path));
}
