/* What a forge sends when somebody has pushed. It is believed only as far as this: that it is worth
 * fetching. Who sends must know the secret; nothing of the body is read before that is sure. Pure
 * but for the secrets' files: tests call it without a server. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/vec.h"

enum {
    WEBHOOK_BODY_MOST = 1024 * 1024,
    WEBHOOK_SECRET_LEAST = 16, /* bytes: shorter ones are guessed */
    WEBHOOK_REPLAYS_KEPT = 512,
};

enum webhook_kind { WEBHOOK_GITHUB, WEBHOOK_GITLAB, WEBHOOK_GITEA, WEBHOOK_FORGEJO, WEBHOOK_COUNT };

struct webhook_spec {
    const char *id; /* the last part of its address */
    enum webhook_kind kind;
    const char *branch;
};
VEC(webhook_specs, struct webhook_spec);

/* "shop:github:main"; the branch may be left out. */
bool webhook_parse(struct arena *arena, const char *text, struct webhook_spec *out_spec,
                   struct error *err) MUST_CHECK;

struct webhooks;

/* Reads the secrets, FOLDER/webhook-ID. */
bool webhooks_create(const struct webhook_specs *specs, const char *folder,
                     struct webhooks **out_webhooks, struct error *err) MUST_CHECK;
/* Accepts NULL. */
void webhooks_destroy(struct webhooks *webhooks);

/* One delivery, complete. */
struct webhook_call {
    const char *id;
    struct str body;
    /* The value of a header; NULL when it is absent. */
    const char *(*header)(void *context, const char *name);
    void *context;
};

enum webhook_result {
    WEBHOOK_TRIGGERS,  /* a push to the branch */
    WEBHOOK_KNOWN,     /* it came before: a repetition, by whomever */
    WEBHOOK_IGNORED,   /* another event, or another branch */
    WEBHOOK_REFUSED,   /* no such hook, or not signed with its secret: nobody is told which */
    WEBHOOK_MALFORMED, /* signed, but no JSON */
};
const char *webhook_result_word(enum webhook_result result);

/* What makes a delivery known when it comes again. */
struct webhook_mark {
    char of_body[DIGEST_HEX_SIZE];
    char of_delivery[DIGEST_HEX_SIZE]; /* "": the forge gave no number */
};

/* Takes as long for a hook that does not exist as for a wrong signature. A push that triggers is
 * remembered. */
enum webhook_result webhooks_receive(struct webhooks *webhooks, const struct webhook_call *call,
                                     struct webhook_mark *out_mark);
/* Nothing came of it after all: when it comes again it is new. */
void webhooks_forget(struct webhooks *webhooks, const char *id, const struct webhook_mark *mark);
