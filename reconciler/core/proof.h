/* Whether servers show the certificates that they should: which of them are asked in a run, what
 * their answers mean, and what is kept of that in STATE/proofs.json. Pure. */
#pragma once

#include "base/message.h"
#include "base/str.h"
#include "model/tree_item.h"

/* What handshakes with one document's server have shown. Times are seconds since the epoch. */
struct proof {
    const char *document;    /* "site:shop.example.com" */
    const char *certificate; /* id of the pair's item */
    const char *question;    /* digest of whom was asked for which names, and of the pair */
    int64_t asked_at;
    int64_t proven_at;       /* when all of them last showed the pair; 0: they never did */
    const char *fingerprint; /* of what was shown, the wrong one first; NULL: nothing was */
    int64_t starts_at;       /* its lifetime */
    int64_t expires_at;
    const char *asked; /* which of them was wrong: "shop.example.com, 127.0.0.1 port 443"; NULL:
                          none */
    const char *why;   /* nothing was shown: words of others */
};
VEC(proof_list, struct proof);

struct proofs {
    int64_t all_at; /* when all were asked; 0: never */
    struct proof_list list;
};
/* Everything is asked again where it cannot be read: false. */
bool proofs_read(struct arena *arena, struct str json, struct proofs *out_proofs);
const char *proofs_write(struct arena *arena, const struct proofs *proofs);
bool proof_is_well(const struct proof *proof);
/* Of a document; NULL: it was never asked. */
const struct proof *proofs_find(const struct proofs *proofs, const char *document);

/* A server that can be asked. */
struct proof_question {
    const struct tls_server *server;
    const char *document;
    const char *fingerprint; /* of the pair that it should show */
    const char *digest;
    const struct proof *former; /* or NULL */
};
VEC(proof_questions, struct proof_question);
struct proof_question proof_question_make(struct arena *arena, const struct tls_server *server,
                                          const char *fingerprint, const struct proofs *former);

enum {
    PROOF_ALL_SECONDS = 24 * 3600, /* all are asked this often */
    PROOF_GO_ON_SECONDS = 60,      /* when a run goes on with what was left out */
    PROOF_OF_RUN = 1000,           /* servers that are asked in a run, unless it asks all */
    PROOF_SAMPLE = 50,             /* of those that a reload should not have touched */
};

/* Who is asked now: all of them once a day; else those that were not asked in this way before, and
 * those that were wrong; after a reload also some of the others, those that were asked longest ago.
 * Where that is too much for one run, some are left out (*out_is_cut). */
struct proof_questions proofs_choose(struct arena *arena, const struct proofs *former,
                                     const struct proof_questions *questions, bool was_reloaded,
                                     int64_t now, bool *out_is_cut);

struct proof_answer {
    const char *name; /* NULL: none was asked for */
    const struct tls_endpoint *endpoint;
    const char *fingerprint; /* NULL: nothing was shown */
    int64_t starts_at;
    int64_t expires_at;
    const char *why;
};
VEC(proof_answers, struct proof_answer);
/* The answers of one server. */
struct proof proof_make(struct arena *arena, const struct proof_question *question,
                        const struct proof_answers *answers, int64_t now);
/* What is kept: what is known of each question, new or from before, and of nobody else. */
struct proofs proofs_merge(struct arena *arena, const struct proofs *former,
                           const struct proof_questions *questions, const struct proof_list *made,
                           bool has_all, int64_t now);
/* "127.0.0.1 port 443 shows another certificate for shop.example.com, ...": of one that is not
 * well. */
const struct message *proof_text(struct arena *arena, const struct proof *proof);
