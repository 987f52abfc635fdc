/* A branch of a repository on another machine: ssh, https, and the plain protocols. Who is on the
 * other side is checked, redirects are not followed, and our credentials are shown only so often.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "input/git_session.h"

enum { CREDENTIALS_MOST = 3 /* libgit2 asks again for ever: a name, a key, and once more */ };

/* --- who is on the other side ---------------------------------------------------------------- */

static const char *fingerprint(struct arena *arena, const git_cert_hostkey *key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct text out = text_make(arena);
    text_add(&out, "SHA256:");
    unsigned value = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof(key->hash_sha256); i++) {
        value = value << 8 | key->hash_sha256[i];
        for (bits += 8; bits >= 6; bits -= 6) {
            text_add_char(&out, digits[value >> (bits - 6) & 63]);
        }
    }
    text_add_char(&out, digits[value << (6 - bits) & 63]);
    return out.data;
}

static int check_host_key(struct git_session *session, const git_cert_hostkey *key)
{
    struct arena *arena = session->arena;
    const struct git_fetch *fetch = session->fetch;
    if ((key->type & GIT_CERT_SSH_RAW) == 0) {
        return git_session_refuse(session, GIT_ECERTIFICATE,
                                  message_word(session->arena, N_("the server shows no host key")));
    }
    struct str raw = {key->hostkey, key->hostkey_len};
    const char *shown =
        (key->type & GIT_CERT_SSH_SHA256) != 0 ? fingerprint(arena, key) : "of unknown form";
    switch (known_hosts_check(arena, fetch->known_hosts, fetch->source->host, raw)) {
    case KNOWN_HOST_MATCHES:
        return 0;
    case KNOWN_HOST_REVOKED:
        return git_session_refuse(session, GIT_ECERTIFICATE,
                                  message_make(arena, "the host key %s is revoked in %s", shown,
                                               fetch->source->known_hosts));
    case KNOWN_HOST_DIFFERS:
        return git_session_refuse(
            session, GIT_ECERTIFICATE,
            message_make(arena,
                         "the host key %s is not the one that %s has for %s: this may be "
                         "another machine",
                         shown, fetch->source->known_hosts, fetch->source->host.name));
    case KNOWN_HOST_ABSENT:
        break;
    }
    return git_session_refuse(session, GIT_ECERTIFICATE,
                              message_make(arena, "%s has no key for %s (it shows %s)",
                                           fetch->source->known_hosts, fetch->source->host.name,
                                           shown));
}

static int check_certificate(git_cert *certificate, int is_valid, const char *host, void *context)
{
    struct git_session *session = context;
    if (certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
        return check_host_key(session, (const git_cert_hostkey *)certificate);
    }
    if (is_valid != 0) {
        return 0;
    }
    const char *ca = session->fetch->source->ca;
    const struct message *why =
        ca == NULL
            ? message_make(session->arena,
                           "the certificate of %s is not vouched for by anybody this machine "
                           "trusts, or is for another name",
                           host)
            : message_make(session->arena,
                           "the certificate of %s is not vouched for by %s, or is for another "
                           "name",
                           host, ca);
    return git_session_refuse(session, GIT_ECERTIFICATE, why);
}

/* --- who we are ------------------------------------------------------------------------------ */

struct token_use {
    git_credential **out;
    const char *user;
    int result;
};

static bool use_token(const void *bytes, size_t length, void *context)
{
    struct token_use *use = context;
    char *text = malloc(length + 1);
    if (text == NULL) {
        return false;
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
    use->result = git_credential_userpass_plaintext_new(use->out, use->user, text);
    explicit_bzero(text, length);
    free(text);
    return true;
}

static int give_credential(git_credential **out, const char *url, const char *user,
                           unsigned int allowed, void *context)
{
    struct git_session *session = context;
    const struct git_source *source = session->fetch->source;
    const char *name = user != NULL ? user : source->user;
    (void)url; /* redirects are not followed: it is ours */
    session->credentials++;
    if ((allowed & GIT_CREDENTIAL_USERNAME) != 0 && session->credentials <= CREDENTIALS_MOST) {
        return git_credential_username_new(out, name);
    }
    if (source->transport == SOURCE_SSH) {
        if ((allowed & GIT_CREDENTIAL_SSH_KEY) == 0) {
            return git_session_refuse(session, GIT_EAUTH,
                                      message_word(session->arena, N_("the server takes no keys")));
        }
        if (session->credentials > 2) {
            return git_session_refuse(session, GIT_EAUTH,
                                      message_make(session->arena,
                                                   "the server refuses the key %s for user %s",
                                                   source->key, name));
        }
        return git_credential_ssh_key_new(out, name, NULL, source->key, NULL);
    }
    if (source->token == NULL) {
        return git_session_refuse(
            session, GIT_EAUTH,
            message_word(session->arena, N_("the server wants a user name and a token")));
    }
    if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0 || session->credentials > 1) {
        return git_session_refuse(session, GIT_EAUTH,
                                  message_word(session->arena, N_("the server refuses the token")));
    }
    struct token_use use = {.out = out, .user = source->user, .result = GIT_EAUTH};
    (void)secret_use(source->token, use_token, &use); /* use.result tells */
    return use.result;
}

/* --- the connection --------------------------------------------------------------------------- */

/* What the server says to people is not passed on; it may say it for ever. */
static int check_talk(const char *text, int length, void *context)
{
    (void)text;
    (void)length;
    return git_session_time(context);
}

static git_remote_callbacks callbacks_of(struct git_session *session)
{
    return (git_remote_callbacks){
        .version = GIT_REMOTE_CALLBACKS_VERSION,
        .certificate_check = check_certificate,
        .credentials = give_credential,
        .transfer_progress = git_session_progress,
        .sideband_progress = check_talk,
        .payload = session,
    };
}

static bool connect_to(struct git_session *session, git_remote **out_remote, struct error *err)
{
    const git_remote_create_options creation = {
        .version = GIT_REMOTE_CREATE_OPTIONS_VERSION,
        .repository = session->repository,
        .flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC,
    };
    int result = git_remote_create_with_opts(out_remote, session->fetch->source->url, &creation);
    session->result->is_broken = result != 0; /* its configuration cannot be read */
    if (result == 0) {
        const git_remote_connect_options options = {
            .version = GIT_REMOTE_CONNECT_OPTIONS_VERSION,
            .callbacks = callbacks_of(session),
            .proxy_opts.version = GIT_PROXY_OPTIONS_VERSION,
            .follow_redirects = GIT_REMOTE_REDIRECT_NONE,
        };
        result = git_remote_connect_ext(*out_remote, GIT_DIRECTION_FETCH, &options);
    }
    return result == 0 || git_session_fail(session, result, err);
}

static bool find_remote_head(const struct git_session *session, git_remote *remote, git_oid *out_id,
                             struct error *err)
{
    const git_remote_head **heads = NULL;
    size_t count = 0;
    int result = git_remote_ls(&heads, &count, remote);
    if (result != 0) {
        return git_session_fail(session, result, err);
    }
    const char **names = arena_array(session->arena, count, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(heads[i]->name, session->fetch->reference) == 0) {
            *out_id = heads[i]->oid;
            return true;
        }
        names[i] = heads[i]->name;
    }
    return git_session_no_branch(session, names, count, err);
}

static bool download(struct git_session *session, git_remote *remote, struct error *err)
{
    const char *name = session->fetch->reference;
    char *specification = arena_printf(session->arena, "+%s:%s", name, name);
    const git_strarray specifications = {&specification, 1};
    const git_fetch_options options = {
        .version = GIT_FETCH_OPTIONS_VERSION,
        .callbacks = callbacks_of(session),
        .prune = GIT_FETCH_NO_PRUNE,
        .download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE,
        .proxy_opts.version = GIT_PROXY_OPTIONS_VERSION,
        .follow_redirects = GIT_REMOTE_REDIRECT_NONE,
    };
    int result = git_remote_download(remote, &specifications, &options);
    return result == 0 || git_session_fail(session, result, err);
}

bool git_connection_bring(struct git_session *session, const git_oid *have, git_oid *out_id,
                          struct error *err)
{
    AUTO_REMOTE remote = NULL;
    if (!connect_to(session, &remote, err) || !find_remote_head(session, remote, out_id, err)) {
        return false;
    }
    return (have != NULL && git_oid_equal(have, out_id) != 0) || download(session, remote, err);
}
