/* What a plan says and what came of it. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/item.h"

struct observation {
    const struct item *item;
    bool exists;
    const void *found; /* the same struct as item->wanted; NULL when it does not exist */
    const struct message *trouble; /* why it could not be looked at; NULL: it was */
    const struct message
        *note; /* worth telling though nothing differs: "exists already, used as it is" */
    const struct message *wait; /* why what differs is left as it is for now; NULL: it is not */
    bool is_due; /* the clock alone makes it differ: its time is over, and nobody changed it */
};

enum action_cause { /* why host and wish differ */
                    CAUSE_NONE,
                    CAUSE_PENDING, /* we want something new */
                    CAUSE_DRIFT,   /* the host changed since our last apply */
                    CAUSE_DUE,     /* neither: what was made is to be made anew, by the clock */
};

struct change {
    const char *field; /* "content", "mode", "owner", "running" */
    const char *thing; /* a part of the item that people know by its own name: the path of a tree's
                          member; NULL: the item itself */
    const struct document *document; /* who wants that part; NULL: the item's own document */
    enum action_cause cause;         /* of a part; CAUSE_NONE: the action's */
    const struct message
        *held_because; /* this part stays as it is while others change; else NULL */
    bool is_suspended; /* somebody said to leave it alone */
    const char *owner; /* "site:shop": whose a part was that nobody wants; or NULL */
    const char *from;  /* NULL: absent */
    const char *to;
    bool is_text;     /* from and to are texts: shown as a unified diff */
    bool is_secret;   /* from and to are never shown */
    bool is_words;    /* from and to are in our words, which have translations */
    struct span span; /* SPAN_NONE: the item's */
};
VEC(change_list, struct change);

enum action_verb {
    ACTION_NONE, /* in sync */
    ACTION_CREATE,
    ACTION_UPDATE,
    ACTION_DELETE,
    ACTION_NOTIFY, /* nothing differs, but something it depends on changed: restart or reload */
    ACTION_VERB_COUNT
};

struct action {
    enum action_verb verb;
    enum action_cause cause;
    const struct item *item;
    const struct observation *found;
    struct change_list changes;
    const struct message *impact; /* what running programs notice: "restart shop"; or NULL */
    const struct message *reason; /* for NOTIFY: "environment file changed"; else NULL */
    bool asks_notification;       /* NOTIFY or UPDATE: a running unit must take up new inputs */
    const struct message
        *held_because; /* guard or mode that keeps it from being carried out; else NULL */
    bool is_suspended; /* held since somebody said to leave it alone */
    const char *owner; /* for DELETE: "site:shop", whose it was; or NULL */
    bool is_foreign;   /* it exists and is not ours: held, or about to be taken over */
    const char *kept;  /* where its first content is, once it is taken over; or NULL */
};
VEC(action_list, struct action);

enum outcome_result { OUTCOME_UNCHANGED, OUTCOME_CHANGED, OUTCOME_FAILED, OUTCOME_SKIPPED };

struct outcome {
    enum outcome_result result;
    struct error error;   /* when failed or skipped */
    const char *evidence; /* last journal lines, nginx's complaint; or NULL */
    int64_t took_us;
};
