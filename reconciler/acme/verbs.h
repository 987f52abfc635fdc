/* What reconcile has asked for by an account that may do nothing else: one JSON object comes in,
 * with a line that holds a secret behind it where one is needed, and one object goes out, which the
 * caller releases. NULL with err filled. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

struct question {
    const json_t *asked;
    const char *secret; /* NULL: none */
};

/* {"directory": URL, "email": TEXT?, "id": TEXT?}: makes the account with this authority, or finds
 * the one that there is; its key lies below the folder where the program was started. id, and the
 * secret that belongs to it, bind the account to a customer (RFC 8555, section 7.3.4).
 * {"account": URL}, or {"problem": {...}} in the authority's words (RFC 7807). */
json_t *verb_register(const struct question *question, struct arena *arena, struct error *err);

/* {"directory": URL, "certificates": [ID...]}: when the authority wants them renewed (RFC 9773,
 * section 4), {"windows": {ID: {"start": S, "end": S, "ask_after": SPAN}...}} with seconds since
 * the epoch; without those of which it says nothing. {} where it has no such service. */
json_t *verb_windows(const struct question *question, struct arena *arena, struct error *err);

/* {"directory": URL, "names": [NAME...], "over_http": BOOL, "asks": BOOL}: what an authority would
 * meet, seen from here, so that an order which cannot succeed costs nothing:
 *
 *     {"date": S, "identities": [NAME...], "names": {NAME: {
 *         "addresses": [ADDRESS...], "is_here": BOOL,        or "lookup": WORDS, why there are
 * none, null: the name system knows none "status": N, "is_ours": BOOL,                      or
 * "silence": WORDS "caa": [{"critical": BOOL, "tag": TEXT, "value": TEXT}...]}}}
 *
 * date: the authority's clock, 0 where it does not say; identities: how it calls itself in CAA
 * records. For proofs over HTTP names are looked up, and where it asks, each is asked for a token
 * of ours, which lies where nginx serves proofs. caa: those that hold for the name (RFC 8659,
 * section 3); without it they cannot be looked up. */
json_t *verb_preflight(const struct question *question, struct arena *arena, struct error *err);
