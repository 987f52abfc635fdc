/* What people are told when something changes its state, and the ways in which they are told:
 * channels. A message waits in the spool until its channel's other side has taken it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/language.h"
#include "base/vec.h"

/* Ordered by how much attention they ask for; the worst stands first in a message. */
enum notice_event {
    NOTICE_FAILED,
    NOTICE_EXPIRING,  /* the lifetime of a certificate runs out, and it is not renewed */
    NOTICE_FIGHT,     /* somebody changes it again and again: it is left alone */
    NOTICE_DRIFTED,   /* the host changed, and it stays so */
    NOTICE_HELD,      /* a guard or mode keeps a change back */
    NOTICE_REPAIRED,  /* the host changed, and it was put back */
    NOTICE_SUSPENDED, /* left alone by somebody's wish */
    NOTICE_PENDING,   /* a change is due */
    NOTICE_RECOVERED, /* in sync again, or gone */
    NOTICE_TEST,      /* nothing happened; no setting names it */
    NOTICE_EVENT_COUNT
};

/* "failed", as settings and messages write it. */
const char *notice_event_word(enum notice_event event);
/* False when it is none; out_event is then as it was. */
bool notice_event_parse(const char *word, enum notice_event *out_event);

static inline unsigned notice_event_bit(enum notice_event event)
{
    return 1U << event;
}

enum channel_kind {
    CHANNEL_WEBHOOK,
    CHANNEL_EMAIL,
    CHANNEL_EXEC,
    CHANNEL_STATUS, /* the state of a commit, where its repository is shown */
    CHANNEL_KIND_COUNT
};
/* "webhook" */
const char *channel_kind_word(enum channel_kind kind);

/* Where the state of a commit is posted to. */
enum forge { FORGE_GITHUB, FORGE_GITLAB, FORGE_GITEA, FORGE_FORGEJO, FORGE_COUNT };

/* One of the settings' ways; texts are borrowed. Secrets are named, never held: their values are
 * read when something is sent. */
struct notify_channel {
    const char *name;
    enum channel_kind kind;
    unsigned events;         /* bits: what is told */
    const char *const *only; /* documents and kinds that are told of, NULL-terminated; NULL: all */
    enum language language;
    unsigned timeout_ms;     /* of one attempt, from its begin to its end */
    const char *url;         /* of a webhook, SMTP server or forge; NULL: url_secret, or none */
    const char *url_secret;  /* name of the secret that holds it; or NULL */
    const char *secret;      /* name: signs webhooks, is the password or token; or NULL */
    const char *ca;          /* file of authorities; NULL: those that the machine trusts */
    const char *user;        /* exec: account; SMTP: login; or NULL */
    bool is_chat;            /* webhook: nothing but {"text": ...} */
    const char *const *argv; /* exec; e-mail without url: sendmail; NULL-terminated */
    const char *from;
    const char *const *to; /* NULL-terminated */
    enum forge forge;
    const char *project;
    const char *context;    /* of the state of a commit: "reconcile/web1" */
    const char *target_url; /* that it leads to; or NULL */
};
VEC(notify_channels, struct notify_channel);

/* One message to one channel. */
struct notify_message {
    const char *id; /* the same however often it is sent: receivers drop what they have */
    const char *channel;
    const char *commit;  /* a state of it; NULL: an ordinary message */
    int64_t at_us;       /* when it was written, microseconds since the epoch */
    const char *subject; /* one line; for a commit, why */
    const char *text;    /* for people; for a commit, the word of its state */
    const char *body;    /* JSON; "" for a commit */
    unsigned attempts;
    int64_t next_us;   /* when it is tried next */
    const char *error; /* why it did not arrive last time; or NULL */
};
VEC(notify_messages, struct notify_message);

/* The channel of commits' states in the spool; no channel of the settings has such a name. */
#define NOTIFY_STATUS_CHANNEL "@commit-status"

/* "site:shop" is among these, or its kind is. only may be NULL: everything is. */
bool notify_scope_has(const char *const *only, const char *document);
/* True when the host of a URL of any scheme is this machine. */
bool notify_url_is_loopback(const char *url);
