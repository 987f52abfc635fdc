/* Documents from a Git repository. A commit counts once it has arrived whole, follows from the one
 * before (or somebody said --confirm), and bears a signature where the settings want one; until
 * then the one before stays. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "input/commit_note.h"
#include "input/git_signature.h"
#include "input/load_git.h"
#include "schemas/repository_syntax.h"
#include "store/store.h"

enum { MICROSECONDS = 1000000 };

bool run_has_git_source(const struct run *run)
{
    return run->options->git_dir != NULL ||
           (run->folder == NULL && run->settings->source.git.text != NULL);
}

/* --- from settings --------------------------------------------------------------------------- */

static enum source_transport transport_of(const char *url)
{
    switch (repository_transport_of(url)) {
    case REPOSITORY_SSH:
        return SOURCE_SSH;
    case REPOSITORY_HTTPS:
        return SOURCE_HTTPS;
    case REPOSITORY_PLAIN:
        return SOURCE_PLAIN;
    default:
        return SOURCE_LOCAL;
    }
}

static struct git_signers signers_of(const struct run *run)
{
    const struct settings_signed_by *signed_by = &run->settings->source.signed_by;
    return (struct git_signers){.ssh = signed_by->ssh.text, .openpgp = signed_by->openpgp.text};
}

static bool read_token(struct run *run, struct secret **out_token, struct error *err)
{
    const char *token = run->settings->source.token.text;
    if (token == NULL) {
        return true;
    }
    const char *path =
        arena_printf(run->arena, "%s/%s", run->layout.secrets, value_secret_name(token));
    return secret_read(run->host.root, host_path(path), out_token, err) ||
           error_wrap(err, "the token of the source");
}

/* The part before the @ of ssh is a name, and stays. */
const char *run_source_url(struct run *run)
{
    const char *url = run->settings->source.git.text;
    const char *behind = strstr(url, "://");
    size_t length = behind == NULL ? 0 : strcspn(behind + 3, "/");
    const char *at = behind == NULL ? NULL : memchr(behind + 3, '@', length);
    return at == NULL || transport_of(url) == SOURCE_SSH
               ? url
               : arena_printf(run->arena, "%.*s%s", (int)(behind + 3 - url), url, at + 1);
}

static struct git_source source_of(struct run *run)
{
    const struct settings_source *settings = &run->settings->source;
    struct git_source source = {
        .url = settings->git.text,
        .transport = transport_of(settings->git.text),
        .branch = settings->branch.text,
        .user = settings->user.text,
        .key = settings->key.text,
        .known_hosts = settings->known_hosts.text,
        .ca = settings->ca.text,
        .timeout_ms = (unsigned)settings->timeout.milliseconds,
        .bytes_most = settings->size_max.bytes,
        .objects_most = (uint64_t)settings->objects_max.number,
    };
    if (source.transport == SOURCE_SSH) {
        source.host.name = repository_host(run->arena, source.url, &source.host.port);
    }
    return source;
}

static bool open_mirror(struct run *run, const struct git_source *source,
                        struct git_mirror **out_mirror, struct error *err)
{
    const char *root = strcmp(run->options->root, "/") == 0 ? "" : run->options->root;
    const char *directory = arena_printf(run->arena, "%s%s/source", root, run->layout.state);
    return git_mirror_open(run->arena, directory, source, out_mirror, err);
}

/* --- what counts ----------------------------------------------------------------------------- */

/* Reads the commit's documents; *out_is_whole is false when something of it is missing. */
static bool load(struct run *run, const struct git_revision *from, bool *out_is_whole,
                 struct error *err)
{
    struct git_loaded *loaded = arena_new(run->arena, struct git_loaded);
    if (!load_git(run->arena, from, run->environment, run->host_name, &run->diagnostics, loaded,
                  err)) {
        return false;
    }
    run->loaded = loaded->loaded;
    run->commit = &loaded->commit;
    run->revision = *from;
    run->report.commit = run->commit;
    *out_is_whole = !loaded->is_damaged;
    return true;
}

/* *out_verified_by: what the commit was verified by; NULL where the settings want nothing. */
static bool verify(struct run *run, const struct git_revision *from,
                   const struct git_accepted *accepted, const char **out_verified_by,
                   struct error *err)
{
    const struct git_signers signers = signers_of(run);
    const char *signer = NULL;
    if (!git_signers_digest(run->arena, &signers, out_verified_by, err)) {
        return false;
    }
    bool was_verified = accepted != NULL && strcmp(accepted->commit, run->commit->id) == 0 &&
                        text_equal(accepted->verified_by, *out_verified_by);
    if (*out_verified_by == NULL || was_verified) {
        return true;
    }
    return git_signature_verify(run->arena, from, run->commit->id, &signers, &signer, err) ||
           error_wrap(err, "nothing is applied, because the commit is not verified");
}

static bool refuse_rewind(struct run *run, const char *from, const char *to, struct error *err)
{
    return error_set(err, ERROR_REFUSED,
                     "the history of branch %s was rewritten: %.*s does not follow from %.*s; "
                     "nothing is applied until somebody says --confirm",
                     run->settings->source.branch.text, COMMIT_ID_SHORT, to, COMMIT_ID_SHORT, from);
}

/* Reads a commit that the mirror must have. Where it lacks a part of it, the mirror is dropped, so
 * that the next fetch begins anew. */
static bool load_whole(struct run *run, struct git_mirror *mirror, const struct git_revision *from,
                       bool *out_is_dropped, struct error *err)
{
    bool is_whole = true;
    bool is_loaded = load(run, from, &is_whole, err);
    if (is_loaded && is_whole) {
        return true;
    }
    if (is_loaded) {
        (void)error_set(err, ERROR_FORMAT, "commit %.*s did not arrive whole", COMMIT_ID_SHORT,
                        run->commit->id); /* told below */
    }
    struct error why = {0};
    *out_is_dropped = git_mirror_forget(mirror, &why);
    return *out_is_dropped ? error_add_word(err, MESSAGE_ASIDE, N_("it is fetched anew next time"))
                           : error_add(err, MESSAGE_COLON, message_of_error(run->arena, &why));
}

static struct git_revision revision_of(const struct run *run, const struct git_mirror *mirror,
                                       const char *revision)
{
    return (struct git_revision){.repository = git_mirror_repository(mirror),
                                 .revision = revision,
                                 .folder = run->settings->source.path.text};
}

/* --- fetching -------------------------------------------------------------------------------- */

static bool fetch(struct run *run, struct git_mirror *mirror, struct run_fetched *out,
                  struct error *err)
{
    const struct git_accepted *accepted = git_mirror_accepted(mirror);
    struct git_fetched fetched;
    int64_t started = clock_ms();
    run_progress(run, "fetching %s", run->settings->source.git.text);
    if (accepted != NULL) {
        out->previous = accepted->commit;
    }
    if (!git_mirror_fetch(mirror, &fetched, err)) {
        run->is_locked_out = err->code == ERROR_LOCKED;
        return false;
    }
    out->commit = arena_strdup(run->arena, fetched.commit);
    out->is_rewind = fetched.is_rewind;
    out->was_cloned = fetched.was_cloned;
    out->bytes = fetched.bytes;
    out->took_ms = clock_ms() - started;
    return true;
}

/* True when this very commit was accepted, by the signers that there are now. */
static bool is_accepted(struct run *run, const struct git_accepted *accepted, const char *commit)
{
    const struct git_signers signers = signers_of(run);
    const char *digest = NULL;
    struct error err = {0};
    return accepted != NULL && strcmp(accepted->commit, commit) == 0 &&
           git_signers_digest(run->arena, &signers, &digest, &err) &&
           text_equal(accepted->verified_by, digest);
}

static bool try_newest(struct run *run, struct git_mirror *mirror, bool wants_documents,
                       struct run_fetched *out, bool *out_is_dropped, struct error *err)
{
    const char *verified_by = NULL;
    if (!fetch(run, mirror, out, err)) {
        return false;
    }
    if (out->is_rewind && !run->options->may_delete_many) {
        return refuse_rewind(run, out->previous, out->commit, err);
    }
    const struct git_accepted *accepted = git_mirror_accepted(mirror);
    if (!wants_documents && is_accepted(run, accepted, out->commit)) {
        out->is_verified = accepted->verified_by != NULL;
        return true;
    }
    const struct git_revision from = revision_of(run, mirror, out->commit);
    if (!load_whole(run, mirror, &from, out_is_dropped, err)) {
        return false;
    }
    out->is_refused = !verify(run, &from, accepted, &verified_by, err);
    if (out->is_refused || !git_mirror_accept(mirror, out->commit, verified_by, err)) {
        return false;
    }
    out->is_verified = verified_by != NULL;
    out->is_new = !text_equal(out->previous, out->commit);
    return true;
}

/* The branch's newest commit, once it counts. A damaged mirror is made anew and tried once more. */
static bool take_newest(struct run *run, struct git_mirror *mirror, bool wants_documents,
                        struct run_fetched *out, struct error *err)
{
    bool is_dropped = false;
    size_t mistakes = run->diagnostics.count;
    if (try_newest(run, mirror, wants_documents, out, &is_dropped, err)) {
        return true;
    }
    if (!is_dropped) {
        return false;
    }
    run->diagnostics.count = mistakes;
    return try_newest(run, mirror, wants_documents, out, &is_dropped, err);
}

/* --- what the pages tell of it --------------------------------------------------------------- */

static const char *signature_word(const struct git_accepted *accepted, bool is_refused)
{
    bool is_verified = accepted != NULL && accepted->verified_by != NULL;
    return is_refused ? "refused" : is_verified ? "verified" : NULL;
}

/* What the mirror lacks of the commit that counts was told when it came. why: what was wrong with
 * this fetch; or NULL. */
static struct source_record source_record_of(struct run *run, const struct git_mirror *mirror,
                                             const struct run_fetched *fetched, const char *why)
{
    const struct git_accepted *accepted = git_mirror_accepted(mirror);
    const struct commit *commit = why == NULL ? run->commit : NULL;
    return (struct source_record){
        .url = run_source_url(run),
        .branch = run->settings->source.branch.text,
        .folder = run->settings->source.path.text,
        .tried_at = run_clock_us(),
        .error = why,
        .offered = fetched->commit,
        .commit = accepted == NULL ? NULL : accepted->commit,
        .subject = commit == NULL ? NULL : commit->subject,
        .author = commit == NULL ? NULL : commit->author,
        .commit_at = commit == NULL ? 0 : commit->at * MICROSECONDS,
        .signature = signature_word(accepted, fetched->is_refused),
    };
}

/* The disk is the truth: what cannot be recorded is not shown, and no more. */
static void record_source(struct run *run, const struct git_mirror *mirror,
                          const struct run_fetched *fetched, const char *why)
{
    struct store *store = NULL;
    struct error err = {0};
    const struct source_record source = source_record_of(run, mirror, fetched, why);
    if (!store_open(run->store_path, run->store_group, &store, &err) ||
        !store_record_source(store, &source, &err)) {
        log_event(LOG_LEVEL_WARNING, "the fetch could not be recorded", "store", run->store_path,
                  "error", err.message, NULL);
    }
    store_close(store);
}

/* --- what the stages before and after see ---------------------------------------------------- */

static bool take_mirrored(struct run *run, struct git_mirror *mirror, struct error *err)
{
    const struct git_accepted *accepted = git_mirror_accepted(mirror);
    const char *verified_by = NULL;
    const char *revision = run->options->commit;
    bool is_dropped = false;
    bool is_whole = true;
    if (revision == NULL && accepted == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "nothing was fetched yet from %s",
                         run->settings->source.git.text);
    }
    const struct git_revision from =
        revision_of(run, mirror, revision != NULL ? revision : accepted->commit);
    bool is_loaded = revision != NULL ? load(run, &from, &is_whole, err)
                                      : load_whole(run, mirror, &from, &is_dropped, err);
    return is_loaded && verify(run, &from, accepted, &verified_by, err);
}

enum purpose { TO_FETCH, TO_FETCH_AND_LOAD, TO_LOAD };

static bool with_mirror(struct run *run, enum purpose purpose, struct run_fetched *out,
                        struct error *err)
{
    struct git_mirror *mirror = NULL;
    struct secret *token = NULL;
    struct git_source source = source_of(run);
    bool is_done = read_token(run, &token, err);
    source.token = token;
    bool is_open = is_done && open_mirror(run, &source, &mirror, err);
    is_done =
        is_open && (purpose == TO_LOAD ? take_mirrored(run, mirror, err)
                                       : take_newest(run, mirror, purpose != TO_FETCH, out, err));
    bool has_news = purpose == TO_FETCH || (purpose == TO_FETCH_AND_LOAD && run->options->applies);
    if (is_open && has_news && !run->is_locked_out) {
        record_source(run, mirror, out, is_done ? NULL : err->message);
    }
    git_mirror_close(mirror);
    secret_release(token);
    return is_done;
}

bool run_fetch(struct run *run, struct run_fetched *out_fetched, struct error *err)
{
    *out_fetched = (struct run_fetched){0};
    if (run->settings->source.git.text == NULL) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "the settings name no Git repository (source: { git: URL })");
    }
    return with_mirror(run, TO_FETCH, out_fetched, err);
}

struct git_revision run_named_revision(struct run *run, const char *revision)
{
    const char *folder = run->options->folder;
    const char **objects = arena_array(run->arena, 2, sizeof(*objects));
    objects[0] = getenv("GIT_QUARANTINE_PATH"); /* what is being pushed, in a pre-receive hook */
    return (struct git_revision){.repository = run->options->git_dir,
                                 .objects = objects,
                                 .revision = revision,
                                 .folder =
                                     folder != NULL ? folder : run->settings->source.path.text};
}

/* A repository that was named on the command line: no mirror, no accepted commit. */
static bool load_named(struct run *run, struct error *err)
{
    bool is_whole = true;
    const char *verified_by = NULL;
    const char *commit = run->options->commit;
    const struct git_revision from = run_named_revision(run, commit == NULL ? "HEAD" : commit);
    run->source_name = run->options->git_dir;
    return load(run, &from, &is_whole, err) && verify(run, &from, NULL, &verified_by, err);
}

bool run_load_git(struct run *run, struct error *err)
{
    if (run->options->git_dir != NULL) {
        return load_named(run, err);
    }
    if (run->options->is_offline) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "offline there is no Git source: name the folder of YAML, or --git-dir");
    }
    struct run_fetched fetched = {0};
    run->source_name = run_source_url(run);
    bool fetches = run->options->commit == NULL && !run->options->skips_fetch;
    return with_mirror(run, fetches ? TO_FETCH_AND_LOAD : TO_LOAD, &fetched, err);
}

/* --- what became of it ----------------------------------------------------------------------- */

const char *run_fate_text(struct run *run, const struct delivery_record *delivery)
{
    struct text out = text_make(run->arena);
    text_add(&out, delivery->fate == DELIVERY_UNCHANGED ? "nothing to change"
                                                        : delivery_fate_word(delivery->fate));
    if (delivery->generation != 0) {
        text_addf(&out, ", generation %lld", (long long)delivery->generation);
    }
    if (delivery->evidence != NULL) {
        text_addf(&out, ": %s", delivery->evidence);
    }
    return out.data;
}

/* The same is not said again in each run: STATE/source/noted holds what was said last. */
void run_note(struct run *run)
{
    enum { NOTED_MOST = 64 << 10, NOTED_MODE = 0600 };
    struct error err = {0};
    struct str noted = {0};
    if (run->commit == NULL || run->options->git_dir != NULL || !run->options->applies ||
        !run->settings->source.notes.is_true) {
        return;
    }
    const struct delivery_record *delivery = run_delivery_record(run);
    if (delivery == NULL) {
        return;
    }
    const struct commit_note note = {
        .repository = run->settings->source.git.text,
        .commit = run->commit->id,
        .host = run->host_name == NULL ? "host" : run->host_name,
        .text = run_fate_text(run, delivery),
    };
    const char *path = host_path(arena_printf(run->arena, "%s/source/noted", run->layout.state));
    const char *about = arena_printf(run->arena, "%s %s: ", note.commit, note.host);
    const char *said = arena_printf(run->arena, "%s%s\n", about, note.text);
    /* A commit that asks for nothing any more because it was applied is still one that was. */
    bool is_known = file_read(run->host.root, path, NOTED_MOST, run->arena, &noted, &err);
    if (is_known && (str_equal(noted, str_of(said)) || (delivery->fate == DELIVERY_UNCHANGED &&
                                                        text_starts_with(noted.data, about)))) {
        return;
    }
    if (!commit_note_write(&note, &err) ||
        !file_replace(run->host.root, path, str_of(said), NOTED_MODE, FILE_OWNER_NONE,
                      FILE_SYNC_LATER, &err)) {
        log_event(LOG_LEVEL_WARNING, "no note could be left", "error", err.message, NULL);
    }
}
