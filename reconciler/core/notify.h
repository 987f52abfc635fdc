/* What people are told of a run: what has come into another state than they know of, what is well
 * again, and what somebody changed meanwhile; one notice for each thing and change. Then the words
 * of it for one channel. Pure. */
#pragma once

#include "base/message.h"
#include "base/state.h"
#include "model/notify.h"

#define NOTICE_RUN    "run"    /* the thing that stands for the run as a whole */
#define NOTICE_SOURCE "source" /* the repository that commits are fetched from */

/* Who did it; texts are NULL where that is not known. */
struct notice_writer {
    const char *program;
    const char *command;
    const char *user;
    const char *login;
    const char *unit;
    const char *package; /* "upgrade nginx-common 1.22.1-9" */
    int64_t pid;
};

struct notice {
    enum notice_event event;
    enum notice_event before;     /* of what recovered: what it was */
    const char *thing;            /* "site:shop", "file:/etc/x", "run" */
    const char *document;         /* "site:shop"; NULL: of no document */
    const struct message *detail; /* or NULL */
    int64_t at_us;
    const struct notice_writer *writer; /* or NULL */
};
VEC(notice_list, struct notice);

/* A state that people know of, because it was told; what is in sync is not listed. */
struct told {
    const char *thing;
    enum notice_event event;
    int64_t since_us;
    const char *version; /* of the documents, for the run as a whole; how near the end is, for
                            what expires; or NULL */
};
VEC(told_list, struct told);

/* How a thing is now. */
struct notice_state {
    const char *thing;
    const char *document;
    enum item_state state;
    const struct message *detail;
    const char *version;
    bool is_expiring; /* a certificate; told as that, again where the version is another */
};
VEC(notice_states, struct notice_state);

struct notify_input {
    const struct told_list *told;       /* before */
    const struct notice_states *states; /* now */
    const struct notice_list *changes;  /* what was changed on the host, and what was done */
    bool knows_all;  /* what is not listed is not wanted any more; else it is not known */
    bool is_settled; /* nothing was read, as all is as wanted: only suspensions can hold, and
                        certificates grow old */
    int64_t now_us;
};

void notify_decide(struct arena *arena, const struct notify_input *input,
                   struct notice_list *out_notices, struct told_list *out_told);
/* What is said of the source after a fetch; why is NULL when it succeeded. Servers are away for a
 * moment all the time: what may pass is pending at first, and failed after ten minutes. */
struct notice_state notify_source_state(const struct told_list *told, const struct message *why,
                                        bool may_pass, int64_t now_us);

/* STATE/notify/told.json. */
struct told_memory {
    struct told_list told;
    uint64_t number;           /* of messages so far: makes their names differ */
    const char *const *events; /* names of changes that were told, while a run may see them again */
    size_t event_count;
};
const char *told_write(struct arena *arena, const struct told_memory *memory);
/* False when it is none. */
bool told_read(struct arena *arena, struct str content, struct told_memory *out_memory);

/* What a message says of where it comes from. */
struct notify_origin {
    const char *host;
    const char *commit; /* or NULL */
    const char *commit_subject;
    const char *trigger;
    const char *verdict; /* the run's, in English; or NULL */
    int64_t generation;
    uint64_t number; /* as in told_memory */
};

/* Fills id, channel, subject, text and body; false when the channel is not told any of it. Texts
 * are in the language of the channel, which is in use (language_use); the body's values are
 * English. */
bool notify_write(struct arena *arena, const struct notify_channel *channel,
                  const struct notify_origin *origin, const struct notice_list *notices,
                  int64_t at_us, struct notify_message *out_message);

/* The state of a commit as a message: word is one of pending, success, failure, error. */
void notify_write_status(struct arena *arena, const char *commit, const char *word,
                         const char *description, int64_t at_us,
                         struct notify_message *out_message);
