/* Forms that change something: who may send them. Pure. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/str.h"

enum { FORM_COOKIE_SIZE = 33 }; /* 32 digits and a NUL */

/* What the loop lets us ask, as it said last, and what a form of this browser carries. */
struct offer {
    bool check;
    bool suspend;
    bool resume;
    char token[DIGEST_HEX_SIZE]; /* "": no forms */
};

/* From the loop's answer to "status"; of anything else, nothing is offered. The token stays. */
void offer_read(struct str answer, struct offer *offer);

/* A browser's own number; false without random numbers. */
bool forms_cookie_make(char out_cookie[FORM_COOKIE_SIZE]);
bool forms_cookie_is_one(const char *cookie);
/* Chance, of this process. */
bool forms_key_make(struct secret **out_key, struct error *err) MUST_CHECK;
/* What a form carries: only this server, for this browser, can have made it. */
void forms_token(const struct secret *key, const char *cookie, char out_token[DIGEST_HEX_SIZE]);
bool forms_token_is_right(const struct secret *key, const char *cookie, const char *token);

/* A field of an urlencoded body, decoded; NULL when it is absent, empty or malformed. */
const char *forms_value(struct arena *arena, struct str body, const char *name);
