/* The host's own settings: who is told what, and how. */
#include "schemas/settings.h"

#include <string.h>

#include "base/str.h"

static const char *const formats[] = {"json", "chat", NULL};
enum { FORMAT_CHAT = 1 };
static const char *const languages[] = {"en", "ar", NULL}; /* index: enum language */
static const char *const forges[] = {"github", "gitlab", "gitea", "forgejo", NULL};

/* --- forms ----------------------------------------------------------------------------------- */

enum { ADDRESS_MOST = 254, PROJECT_MOST = 500 };

#define WORD_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* What needs no quotes in a header, and looks like no option of a program. */
static bool check_address(const char *text)
{
    size_t local = strspn(text, WORD_BYTES "._+=/!#$%&'*?^`{|}~-");
    const char *domain = text + local + 1;
    return local > 0 && text[0] != '-' && text[local] == '@' && strlen(text) <= ADDRESS_MOST &&
           domain[0] != '\0' && domain[0] != '.' && domain[0] != '-' &&
           domain[strspn(domain, WORD_BYTES ".-")] == '\0';
}

static bool check_smtp(const char *text)
{
    const char *host = text_starts_with(text, "smtps://")  ? text + strlen("smtps://")
                       : text_starts_with(text, "smtp://") ? text + strlen("smtp://")
                                                           : "";
    return syntax_host_name.check(host) || syntax_address_port.check(host);
}

static bool check_event(const char *text)
{
    enum notice_event event = NOTICE_TEST;
    return notice_event_parse(text, &event) && event != NOTICE_TEST;
}

static bool check_scope(const char *text)
{
    size_t kind = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return kind > 0 && (text[kind] == '\0' || (text[kind] == ':' && text[kind + 1] != '\0'));
}

/* owner/name, with groups between them. */
static bool check_project(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash != NULL && slash != text && text[strspn(text, WORD_BYTES "._/-")] == '\0' &&
           strlen(text) <= PROJECT_MOST && !text_ends_with(text, "/") &&
           strstr(text, "//") == NULL && strstr(text, "..") == NULL;
}

const struct syntax syntax_mailbox = {"an e-mail address", "^[^\\s@<>,;:\"]+@[A-Za-z0-9.-]+$",
                                      "admin@example.com", check_address};
static const struct syntax syntax_smtp = {"a mail server: smtp://HOST:PORT or smtps://HOST",
                                          "^smtps?://[^\\s/]+$", "smtp://mail.example.com:587",
                                          check_smtp};
static const struct syntax syntax_event = {
    "one of failed, expiring, fight, drifted, held, repaired, suspended, pending, recovered",
    "^(failed|expiring|fight|drifted|held|repaired|suspended|pending|recovered)$", "failed",
    check_event};
static const struct syntax syntax_scope = {"a kind or a document", "^[a-z]+(:.+)?$",
                                           "site:shop.example.com", check_scope};
static const struct syntax syntax_project = {"a project, as OWNER/NAME",
                                             "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", "example/site",
                                             check_project};

/* --- rows ------------------------------------------------------------------------------------ */

// clang-format off
static const struct field webhook_fields[] = {
    FIELD(struct settings_webhook, url, .is_required = true, .reference = "secret",
          .syntax = &syntax_url,
          .help = "Where messages are posted to; secret:NAME where the address itself is one.",
          .example = "url: https://hooks.example.com/reconcile"),
    FIELD(struct settings_webhook, secret, .reference = "secret", .is_reference_only = true,
          .help = "The secret that signs each message (HMAC-SHA256), so that the receiver knows "
                  "whose it is."),
    FIELD(struct settings_webhook, format, .fallback = "json", .choices = formats,
          .help = "json tells everything; chat sends only the text, as Slack, Mattermost and Google "
                  "Chat take it."),
    FIELD(struct settings_webhook, ca, .fallback_note = "those that the machine trusts",
          .syntax = &syntax_path,
          .help = "The authorities that may vouch for the server: a file of certificates."),
};
static const struct schema webhook_schema = {
    .name = "settings.notify.webhook", .size = sizeof(struct settings_webhook),
    .fields = webhook_fields, .field_count = sizeof(webhook_fields) / sizeof(*webhook_fields),
    .shorthand = "url",
    .help = "A message is posted to a URL.",
};

static const struct field email_fields[] = {
    FIELD(struct settings_email, to, .is_required = true, .syntax = &syntax_mailbox,
          .count_most = 50, .help = "Who gets the message.", .example = "to: [admin@example.com]"),
    FIELD(struct settings_email, from, .is_required = true, .syntax = &syntax_mailbox,
          .help = "Whom it is from.", .example = "from: web1@example.com"),
    FIELD(struct settings_email, sendmail, .fallback_note = "/usr/sbin/sendmail, without smtp",
          .syntax = &syntax_path,
          .help = "The program that takes the message, as sendmail -i -t.",
          .example = "sendmail: /usr/sbin/sendmail"),
    FIELD(struct settings_email, smtp, .syntax = &syntax_smtp,
          .help = "The mail server that takes it instead. smtp:// begins TLS by STARTTLS, smtps:// "
                  "at once; only a server on this machine is spoken to without.",
          .example = "smtp: smtp://mail.example.com:587"),
    FIELD(struct settings_email, user, .syntax = &syntax_line,
          .help = "The user name for the mail server.", .example = "user: web1"),
    FIELD(struct settings_email, password, .reference = "secret", .is_reference_only = true,
          .help = "The secret that holds the password for it."),
    FIELD(struct settings_email, ca, .fallback_note = "those that the machine trusts",
          .syntax = &syntax_path,
          .help = "The authorities that may vouch for the server: a file of certificates."),
};
static const struct schema email_schema = {
    .name = "settings.notify.email", .size = sizeof(struct settings_email),
    .fields = email_fields, .field_count = sizeof(email_fields) / sizeof(*email_fields),
    .help = "A message is sent by e-mail.",
};

static const struct field exec_fields[] = {
    FIELD(struct settings_exec, run, .is_required = true,
          .help = "The program and its arguments; no shell. It reads the message as JSON from its "
                  "standard input, and is tried again unless it ends with 0.",
          .example = "run: /usr/local/bin/page-me --team web"),
    FIELD(struct settings_exec, user, .syntax = &syntax_user, .fallback_note = "needed by root",
          .help = "The account that runs it; never root.", .example = "user: nobody"),
};
static const struct schema exec_schema = {
    .name = "settings.notify.exec", .size = sizeof(struct settings_exec),
    .fields = exec_fields, .field_count = sizeof(exec_fields) / sizeof(*exec_fields),
    .help = "A message is handed to a program.",
};

static const struct field channel_fields[] = {
    FIELD(struct settings_channel, webhook, .object = &webhook_schema,
          .help = "A message is posted to a URL."),
    FIELD(struct settings_channel, email, .object = &email_schema,
          .help = "A message is sent by e-mail."),
    FIELD(struct settings_channel, exec, .object = &exec_schema,
          .help = "A message is handed to a program."),
    FIELD(struct settings_channel, on, .syntax = &syntax_event, .count_most = 10,
          .fallback = "[failed, expiring, fight, drifted, held, repaired, recovered]",
          .help = "What is told: a state that something has come into, expiring (the lifetime of a "
                  "certificate runs out), fight (it is changed again and again), repaired (it was "
                  "changed and put back), and recovered (it is in sync again after one of the "
                  "others)."),
    FIELD(struct settings_channel, only, .syntax = &syntax_scope, .count_most = 100,
          .fallback_note = "all documents",
          .help = "Documents and kinds that are told of. A run that fails as a whole is told in any "
                  "case.",
          .example = "only: [service, site:shop.example.com]"),
    FIELD(struct settings_channel, language, .fallback = "en", .choices = languages,
          .help = "The language of the text."),
    FIELD(struct settings_channel, timeout, .fallback = "10s", .least = 100, .most = 120000,
          .help = "How long one attempt may take."),
};

static const struct field status_fields[] = {
    FIELD(struct settings_status, kind, .is_required = true, .choices = forges,
          .help = "Whose interface it has.", .example = "kind: forgejo"),
    FIELD(struct settings_status, url, .syntax = &syntax_url,
          .fallback_note = "https://api.github.com, https://gitlab.com/api/v4",
          .help = "Where that interface begins.", .example = "url: https://git.example.com/api/v1"),
    FIELD(struct settings_status, project, .is_required = true, .syntax = &syntax_project,
          .help = "The repository there.", .example = "project: example/site"),
    FIELD(struct settings_status, token, .is_required = true, .reference = "secret",
          .is_reference_only = true,
          .help = "The secret that holds the token, which may set states of commits and nothing "
                  "else.",
          .example = "token: secret:status"),
    FIELD(struct settings_status, context, .syntax = &syntax_line,
          .fallback_note = "reconcile/HOST",
          .help = "What the state is shown as, so that several hosts do not overwrite each other's."),
    FIELD(struct settings_status, target_url, .syntax = &syntax_url,
          .help = "Where the state leads to: this host's status page.",
          .example = "target_url: https://status.example.com/runs"),
    FIELD(struct settings_status, ca, .fallback_note = "those that the machine trusts",
          .syntax = &syntax_path,
          .help = "The authorities that may vouch for the server: a file of certificates."),
};
// clang-format on

/* --- checks ---------------------------------------------------------------------------------- */

static void refuse(struct check *check, const struct node *node, const char *field, const char *why)
{
    (void)check_add(check, DIAGNOSTIC_CHECK_FAILED, node, field, why, NULL);
}

static void check_email(struct check *check, const struct settings_email *email)
{
    if (email->smtp.node != NULL && email->sendmail.node != NULL) {
        refuse(check, email->object.node, "notify.email",
               N_("a message goes either to sendmail or to an smtp server"));
    }
    if ((email->user.node == NULL) != (email->password.node == NULL)) {
        refuse(check, email->object.node, "notify.email",
               N_("user and password are given together"));
    }
    if (email->user.node != NULL && email->smtp.node == NULL) {
        refuse(check, email->user.node, "notify.email.user",
               N_("a user name and password are for an smtp server only"));
    }
}

static void check_exec(struct check *check, const struct settings_exec *exec)
{
    if (exec->run.count > 0 && exec->run.words[0][0] != '/') {
        refuse(check, exec->run.node, "notify.exec.run",
               N_("the program is named by its whole path"));
    }
    if (exec->user.text != NULL && strcmp(exec->user.text, "root") == 0) {
        refuse(check, exec->user.node, "notify.exec.user",
               N_("it is never run as root; name an account that may do nothing else"));
    }
}

static void check_channel(struct check *check, void *spec)
{
    const struct settings_channel *channel = spec;
    int ways = (channel->webhook.object.node != NULL) + (channel->email.object.node != NULL) +
               (channel->exec.object.node != NULL);
    if (ways != 1) {
        refuse(check, channel->object.node, "notify",
               N_("a channel is exactly one of webhook, email and exec"));
    }
    if (channel->email.object.node != NULL) {
        check_email(check, &channel->email);
    }
    if (channel->exec.object.node != NULL) {
        check_exec(check, &channel->exec);
    }
}

const struct schema settings_channel_schema = {
    .name = "settings.notify",
    .size = sizeof(struct settings_channel),
    .fields = channel_fields,
    .field_count = sizeof(channel_fields) / sizeof(*channel_fields),
    .check = check_channel,
    .help = "One way in which people are told.",
};

void settings_status_check(struct check *check, const struct settings_status *status)
{
    if (status->object.node == NULL) {
        return;
    }
    bool has_own = status->kind.index == FORGE_GITHUB || status->kind.index == FORGE_GITLAB;
    if (status->url.text == NULL && !has_own && status->kind.index >= 0) {
        refuse(check, status->object.node, "source.status.url",
               N_("gitea and forgejo need url: https://HOST/api/v1"));
    }
    if (status->url.text != NULL && text_starts_with(status->url.text, "http://") &&
        !notify_url_is_loopback(status->url.text)) {
        refuse(check, status->url.node, "source.status.url", N_("a token is sent over https only"));
    }
}

const struct schema settings_status_schema = {
    .name = "settings.source.status",
    .size = sizeof(struct settings_status),
    .fields = status_fields,
    .field_count = sizeof(status_fields) / sizeof(*status_fields),
    .help = "Where the state of each commit is posted to.",
};

/* --- channels -------------------------------------------------------------------------------- */

static const char *const *words_of(struct arena *arena, const struct text_list *list)
{
    if (list->count == 0) {
        return NULL;
    }
    const char **words = arena_array(arena, list->count + 1, sizeof(*words));
    for (size_t i = 0; i < list->count; i++) {
        words[i] = list->items[i].text;
    }
    return words;
}

static void take_webhook(const struct settings_webhook *webhook, struct notify_channel *channel)
{
    channel->kind = CHANNEL_WEBHOOK;
    channel->url_secret = value_secret_name(webhook->url.text);
    channel->url = channel->url_secret == NULL ? webhook->url.text : NULL;
    channel->secret = value_secret_name(webhook->secret.text);
    channel->is_chat = webhook->format.index == FORMAT_CHAT;
    channel->ca = webhook->ca.text;
}

static void take_email(const struct settings_email *email, struct arena *arena,
                       struct notify_channel *channel)
{
    const char **argv = arena_array(arena, 4, sizeof(*argv));
    argv[0] = email->sendmail.text != NULL ? email->sendmail.text : "/usr/sbin/sendmail";
    argv[1] = "-i"; /* a dot on a line of its own does not end the message */
    argv[2] = "-t"; /* its headers say whom it is for */
    channel->kind = CHANNEL_EMAIL;
    channel->url = email->smtp.text;
    channel->argv = argv;
    channel->user = email->user.text;
    channel->secret = value_secret_name(email->password.text);
    channel->ca = email->ca.text;
    channel->from = email->from.text;
    channel->to = words_of(arena, &email->to);
}

static unsigned events_of(const struct text_list *on)
{
    unsigned events = notice_event_bit(NOTICE_TEST);
    for (size_t i = 0; i < on->count; i++) {
        enum notice_event event = NOTICE_TEST;
        (void)notice_event_parse(on->items[i].text, &event); /* it was checked when it was read */
        events |= notice_event_bit(event);
    }
    return events;
}

void settings_channels(const struct settings *settings, struct arena *arena,
                       struct notify_channels *out_channels)
{
    const struct settings_channel *items = settings->notify.items;
    for (size_t i = 0; i < settings->notify.count; i++) {
        const struct settings_channel *item = &items[i];
        struct notify_channel *channel = vec_new(arena, out_channels);
        *channel = (struct notify_channel){
            .name = item->object.key->text,
            .events = events_of(&item->on),
            .only = words_of(arena, &item->only),
            .language = (enum language)item->language.index,
            .timeout_ms = (unsigned)item->timeout.milliseconds,
        };
        if (item->webhook.object.node != NULL) {
            take_webhook(&item->webhook, channel);
        } else if (item->email.object.node != NULL) {
            take_email(&item->email, arena, channel);
        } else {
            channel->kind = CHANNEL_EXEC;
            channel->argv = item->exec.run.words;
            channel->user = item->exec.user.text;
        }
    }
}

bool settings_status_channel(const struct settings *settings, const char *host, struct arena *arena,
                             struct notify_channel *out_channel)
{
    static const char *const urls[FORGE_COUNT] = {
        [FORGE_GITHUB] = "https://api.github.com", [FORGE_GITLAB] = "https://gitlab.com/api/v4"};
    enum { TIMEOUT_MS = 10000 };
    const struct settings_status *status = &settings->source.status;
    if (status->object.node == NULL) {
        return false;
    }
    *out_channel = (struct notify_channel){
        .name = NOTIFY_STATUS_CHANNEL,
        .kind = CHANNEL_STATUS,
        .timeout_ms = TIMEOUT_MS,
        .url = status->url.text != NULL ? status->url.text : urls[status->kind.index],
        .secret = value_secret_name(status->token.text),
        .ca = status->ca.text,
        .forge = (enum forge)status->kind.index,
        .project = status->project.text,
        .context = status->context.text != NULL
                       ? status->context.text
                       : arena_printf(arena, "reconcile/%s", host == NULL ? "host" : host),
        .target_url = status->target_url.text,
    };
    return true;
}
