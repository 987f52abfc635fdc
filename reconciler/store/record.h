/* What the store keeps, as plain structs: written through store.h, read through store_read.h.
 * Texts are borrowed UTF-8, NULL where there is none, never secret. Times are microseconds since
 * the epoch; 0 means never or not known. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/state.h"

enum run_verdict {
    RUN_VERDICT_SUCCESS, /* nothing had to be changed */
    RUN_VERDICT_CHANGED,
    RUN_VERDICT_PARTLY, /* something failed, the rest was done */
    RUN_VERDICT_FAILED, /* nothing was done: refused input, lost daemon, ... */
    RUN_VERDICT_COUNT
};

static inline const char *run_verdict_word(enum run_verdict verdict)
{
    static const char *const words[RUN_VERDICT_COUNT] = {
        [RUN_VERDICT_SUCCESS] = "success",
        [RUN_VERDICT_CHANGED] = "changed",
        [RUN_VERDICT_PARTLY] = "partly",
        [RUN_VERDICT_FAILED] = "failed",
    };
    return words[verdict];
}

struct run_counts {
    int64_t unchanged; /* items by outcome */
    int64_t changed;
    int64_t failed;
    int64_t skipped;
    int64_t pending; /* items by why they differed before the run */
    int64_t drifted;
    int64_t removed;
};

struct run_record {
    int64_t number; /* given by the store; ignored when writing */
    int64_t started_at;
    int64_t ended_at;
    const char *trigger; /* "command line", "watch", "rollback" */
    const char *mode;    /* "enforce", "observe", "hold" */
    const char *version; /* of the program that ran */
    const char *host;    /* the host's name */
    const char *environment;

    const char *source; /* where the documents came from: folder, or URL of the repository */
    const char *commit; /* full object name; NULL: a plain folder */
    const char *commit_subject;
    const char *commit_author;
    int64_t commit_at;

    const char *desired_digest;  /* of everything wanted; the same wish has the same digest */
    int64_t document_count;      /* of the wish */
    int64_t generation_before;   /* 0: none */
    int64_t generation_after;    /* the same as before when nothing was switched */
    int64_t stale_after_seconds; /* from when on a proof of this run is too old; 0: 26 hours */
    enum run_verdict verdict;
    int64_t exit_code;
    struct run_counts counts;
    const char *message; /* the verdict line, or all diagnostics of a refused input */
};

struct action_record {
    int64_t run;        /* ignored when writing */
    int64_t at;         /* ignored when writing: the run's end */
    int64_t number;     /* order within the run, from 1; ignored when writing */
    const char *verb;   /* "create", "update", "delete", "notify" */
    const char *cause;  /* "pending", "drift"; or NULL */
    const char *result; /* "unchanged", "changed", "failed", "skipped" */
    const char *type;   /* of the item: "file" */
    const char *id;     /* of the item: "/etc/systemd/system/shop.service" */
    const char *kind;   /* of the document; NULL: the engine's own */
    const char *name;
    const char *place;    /* "sites/shop.yaml:3:5" */
    const char *diff;     /* unified; cut at a line end when it is long */
    const char *reason;   /* "environment file changed", "held: ..." */
    const char *error;    /* one line */
    const char *evidence; /* the last journal lines, nginx's complaint */
    int64_t took_us;
};

struct item_record {
    const char *type;
    const char *id;
    const char *kind; /* of its document; NULL: the engine's own */
    const char *name;
    const char *place;
    enum item_state state;
    const char *detail; /* why it is not in sync; one line */
    const char *diff;   /* what differs now; NULL when in sync */
    int64_t since;      /* kept by the store: the state's first moment */
    int64_t proven_at;  /* kept by the store: the last moment it was seen in sync */
};

struct document_record {
    const char *kind;
    const char *name;
    const char *place;
    const char *description; /* the author's own, or NULL */
    const char *summary;     /* what it is, in one line: "proxy to service:shop" */
    enum item_state state;   /* worst of its items, or its own failure */
    const char *detail;
    int64_t since; /* as in item_record */
    int64_t proven_at;
};

struct certificate_record {
    const char *name;
    const char *names; /* separated by spaces */
    const char *issuer;
    const char *kind; /* of the document that uses it, for a link; or NULL */
    const char *document;
    int64_t not_before;
    int64_t not_after;
    int64_t renews_at;          /* when we mean to renew it */
    const char *alarm;          /* "warning", "error": its lifetime runs out; or NULL */
    const char *because;        /* of the alarm: one line; or NULL */
    int64_t asked_at;           /* when servers were asked for it; 0: nobody shows it */
    int64_t proven_at;          /* when all of them had last shown it */
    int64_t served_not_after;   /* of what they showed; 0: nothing */
    const char *served_instead; /* what came in its place: one line; NULL: it was shown */
};

/* A managed file that somebody changed, as the loop saw it. */
struct drift_record {
    int64_t number; /* given by the store; ignored when writing */
    int64_t run;    /* that recorded it; ignored when writing */
    int64_t at;     /* when it was changed */
    const char *path;
    const char *kind; /* of the document; NULL: the engine's own */
    const char *name;
    const char *what;    /* "written", "replaced", "removed", "attributes" */
    const char *answer;  /* "restored", "reported", "fight", "handed", "failed" */
    const char *reason;  /* why it was left, or what failed */
    int64_t took_us;     /* from the change to the answer */
    bool is_cosmetic;    /* only comments or spacing differ: programs read the same */
    const char *program; /* of the writer; NULL: unknown */
    const char *command; /* its arguments */
    int64_t pid;
    const char *parents;  /* "bash < sshd" */
    const char *user;     /* NULL: unknown */
    const char *login;    /* who logged in, whatever sudo made of it; NULL: nobody, or unknown */
    const char *unit;     /* of systemd */
    const char *package;  /* "upgrade nginx-common 1.22.1-9": the package manager did it */
    const char *diff;     /* unified: from what was found to what is desired */
    const char *replaced; /* path on the host of what stood there, as long as it is kept; or NULL */
};

enum delivery_fate {
    DELIVERY_APPLIED,   /* all of it runs */
    DELIVERY_UNCHANGED, /* it asked for nothing that was not there already */
    DELIVERY_PARTLY,    /* some documents stay at their last good state */
    DELIVERY_REFUSED,   /* nothing of it was applied */
    DELIVERY_WAITING,   /* for a window, for somebody, or for the end of a hold */
    DELIVERY_FATE_COUNT
};

static inline const char *delivery_fate_word(enum delivery_fate fate)
{
    static const char *const words[DELIVERY_FATE_COUNT] = {
        [DELIVERY_APPLIED] = "applied", [DELIVERY_UNCHANGED] = "unchanged",
        [DELIVERY_PARTLY] = "partly",   [DELIVERY_REFUSED] = "refused",
        [DELIVERY_WAITING] = "waiting",
    };
    return words[fate];
}

/* The number of the fate; -1: no word of ours, or NULL. */
static inline int delivery_fate_find(const char *word)
{
    int fate = word == NULL ? -1 : DELIVERY_FATE_COUNT - 1;
    while (fate >= 0 && strcmp(word, delivery_fate_word((enum delivery_fate)fate)) != 0) {
        fate--;
    }
    return fate;
}

/* What became of one version of the documents. */
struct delivery_record {
    const char *version; /* commit, or digest of a folder's documents: the row's key */
    const char *source;
    const char *commit; /* NULL: a plain folder */
    const char *subject;
    const char *author;
    int64_t commit_at;
    int64_t first_at; /* kept by the store: when it was first seen */
    int64_t last_at;
    enum delivery_fate fate;
    /* What decided against it, or what it waits for: "check", "test", "apply", "probe"; "window",
     * "manual", "mode", "rollback"; or NULL. */
    const char *stage;
    int64_t generation;   /* that it became; 0: none */
    const char *evidence; /* mistakes, nginx's complaint, the answer of a probe; or NULL */
    int64_t run;          /* kept by the store: the first that decided so; 0: unknown */
};

/* What is known of the repository that the documents come from: what its last fetch said. */
struct source_record {
    const char *url; /* without credentials */
    const char *branch;
    const char *folder; /* of the repository; NULL: all of it */
    int64_t tried_at;   /* the last fetch */
    int64_t fetched_at; /* kept by the store: the last one that succeeded */
    int64_t
        failing_at;    /* kept by the store: the first one that failed since; 0: the last did not */
    const char *error; /* why the last one failed, or why what it brought does not count */
    const char *offered; /* where the branch stands; NULL: that was not learnt */
    const char *commit;  /* the one that counts; NULL: none yet */
    const char *subject; /* kept by the store while the commit is the same, like the next three */
    const char *author;
    int64_t commit_at;
    int64_t accepted_at;   /* kept by the store: when the commit began to count */
    const char *signature; /* "verified", "refused"; NULL: none is asked for */
};

/* Who did what: for the audit log. */
struct audit_record {
    int64_t number; /* given by the store; ignored when writing */
    int64_t at;
    const char *who;    /* "root", "ali (web)", "reconcile" */
    const char *from;   /* "command line, process 123", "192.0.2.7"; or NULL */
    const char *action; /* "suspend", "resume", "check", "rollback", "confirm" */
    const char *target; /* "site:shop"; or NULL */
    const char *detail; /* the reason given, the end; or NULL */
    const char *commit; /* that was current; or NULL */
};

/* What came of telling people: one attempt to send a message to a channel. */
struct notification_record {
    int64_t number; /* given by the store; ignored when writing */
    int64_t at;
    const char *message; /* its id, the same in each attempt */
    const char *channel;
    const char *subject;
    const char *result; /* "sent", "retried", "refused", "given up", "dropped" */
    int64_t attempt;    /* from 1; 0: it was not tried */
    const char *answer; /* what the other side said, or what failed */
};
