/* The host's own settings: where the documents come from. */
#include "schemas/settings.h"

#include "schemas/repository_syntax.h"

// clang-format off
static const struct field signed_by_fields[] = {
    FIELD(struct settings_signed_by, ssh, .syntax = &syntax_path,
          .help = "A file of allowed signers (ssh-keygen(1)): who may sign with which SSH key."),
    FIELD(struct settings_signed_by, openpgp, .syntax = &syntax_path,
          .help = "A keyring for gpgv(1), as gpg --export writes it: whose OpenPGP signatures "
                  "count."),
};
static const struct schema signed_by_schema = {
    .name = "settings.source.signed_by", .size = sizeof(struct settings_signed_by),
    .fields = signed_by_fields,
    .field_count = sizeof(signed_by_fields) / sizeof(*signed_by_fields),
    .help = "Whose signature a commit must bear to be applied.",
};

static const struct field source_fields[] = {
    FIELD(struct settings_source, folder, .syntax = &syntax_path,
          .help = "A folder of YAML on this host, or a single file."),
    FIELD(struct settings_source, git, .syntax = &syntax_repository,
          .help = "A Git repository. Nothing of it is ever executed or checked out."),
    FIELD(struct settings_source, branch, .fallback = "main", .syntax = &syntax_branch,
          .help = "The branch whose newest commit is applied."),
    FIELD(struct settings_source, path, .fallback_note = "the top of the repository",
          .syntax = &syntax_inner_path,
          .help = "The folder in the repository that holds the documents."),
    FIELD(struct settings_source, user, .fallback = "git", .syntax = &syntax_line,
          .help = "The user name for https with a token, and for ssh where the URL names none."),
    FIELD(struct settings_source, key, .syntax = &syntax_path,
          .help = "The private key for ssh, without a passphrase and readable by its owner only: a "
                  "deploy key that may read and nothing else."),
    FIELD(struct settings_source, known_hosts, .syntax = &syntax_path,
          .help = "The host keys that an ssh server may have, as known_hosts of OpenSSH lists them."),
    FIELD(struct settings_source, ca, .fallback_note = "those that the machine trusts",
          .syntax = &syntax_path,
          .help = "The authorities that may vouch for an https server: a file of certificates."),
    FIELD(struct settings_source, token, .reference = "secret", .is_reference_only = true,
          .help = "The secret that holds the token or password for https."),
    FIELD(struct settings_source, signed_by, .object = &signed_by_schema,
          .help = "Whose signature a commit must bear to be applied."),
    FIELD(struct settings_source, interval, .fallback = "1m", .least = 1000, .most = 604800000,
          .help = "How often reconcile watch looks for new commits."),
    FIELD(struct settings_source, timeout, .fallback = "2m", .least = 1000, .most = 3600000,
          .help = "How long a fetch may take; then it is ended and tried again later."),
    FIELD(struct settings_source, size_max, .fallback = "256m", .least = 65536,
          .most = 17179869184, .help = "How much a fetch may bring."),
    FIELD(struct settings_source, objects_max, .fallback = "1000000", .least = 100,
          .most = 100000000, .help = "How many Git objects a fetch may bring."),
    FIELD(struct settings_source, notes, .fallback = "false",
          .help = "Leave what became of each commit in the repository as a Git note "
                  "(refs/notes/reconcile); only for a repository on this host."),
    FIELD(struct settings_source, status, .object = &settings_status_schema,
          .help = "Post what became of each commit to the site that shows the repository.",
          .example = "git: https://github.com/example/site.git\n"
                     "status: { kind: github, project: example/site, token: secret:status }"),
};
// clang-format on

static void refuse(struct check *check, const struct node *node, const char *field, const char *why)
{
    (void)check_add(check, DIAGNOSTIC_CHECK_FAILED, node, field, why, NULL);
}

/* Each is of use with one way of reaching the repository only. */
static void check_access(struct check *check, const struct settings_source *source,
                         enum repository_transport transport)
{
    bool is_ssh = transport == REPOSITORY_SSH;
    const struct {
        const struct text_value *value;
        const char *field;
        bool is_of_use;
        const char *why;
    } rows[] = {
        {&source->key, "source.key", is_ssh, N_("a key is for ssh only")},
        {&source->known_hosts, "source.known_hosts", is_ssh, N_("host keys are for ssh only")},
        {&source->ca, "source.ca", transport == REPOSITORY_HTTPS,
         N_("authorities are for https only")},
        {&source->token, "source.token", transport == REPOSITORY_HTTPS,
         N_("a token is sent over https only")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].value->node != NULL && !rows[i].is_of_use) {
            refuse(check, rows[i].value->node, rows[i].field, rows[i].why);
        }
    }
    if (is_ssh && (source->key.node == NULL || source->known_hosts.node == NULL)) {
        refuse(check, source->git.node, "source.git",
               N_("ssh needs key (a deploy key) and known_hosts (the server's host keys)"));
    }
}

static void check_git(struct check *check, const struct settings_source *source)
{
    enum repository_transport transport = repository_transport_of(source->git.text);
    bool is_signed = source->signed_by.ssh.node != NULL || source->signed_by.openpgp.node != NULL;
    check_access(check, source, transport);
    if (transport == REPOSITORY_PLAIN && !is_signed && !repository_is_loopback(source->git.text)) {
        refuse(
            check, source->git.node, "source.git",
            N_("anybody on the way could change what arrives; use https or ssh, or say signed_by"));
    }
    if (source->notes.is_true && transport != REPOSITORY_PATH) {
        refuse(check, source->notes.node, "source.notes",
               N_("notes are left in a repository on this host only"));
    }
    settings_status_check(check, &source->status);
}

static void check_source(struct check *check, void *spec)
{
    const struct settings_source *source = spec;
    if (source->object.node == NULL) {
        return;
    }
    if ((source->folder.node == NULL) == (source->git.node == NULL)) {
        refuse(check, source->object.node, "source",
               N_("a source is either a folder or a git repository"));
    } else if (source->git.node != NULL) {
        check_git(check, source);
    } else if (source->object.node->type == NODE_MAPPING &&
               source->object.node->entries.count > 1) {
        refuse(check, source->object.node, "source", N_("the other fields are for git only"));
    }
}

const struct schema settings_source_schema = {
    .name = "settings.source",
    .size = sizeof(struct settings_source),
    .fields = source_fields,
    .field_count = sizeof(source_fields) / sizeof(*source_fields),
    .shorthand = "folder",
    .check = check_source,
    .help = "Where the documents come from.",
};
