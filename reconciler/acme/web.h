/* Requests over HTTP, one after another on one connection where that is possible. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

struct web;

struct web_request {
    const char *url;
    const char *posted; /* application/jose+json; NULL: GET */
    unsigned timeout_ms;
    bool is_plain; /* http, and redirects to http and https are followed (RFC 8555, section 8.3);
                      else https, and none are. Proofs say nothing about who sent them: then no
                      certificate is verified. */
};

struct web_answer {
    long status;
    struct str body;      /* NUL-terminated; as much as was taken */
    const char *nonce;    /* Replay-Nonce; NULL: none */
    const char *location; /* NULL: none */
    int64_t retry_after;  /* a span in seconds, whichever form it was written in; 0: none */
    int64_t date;         /* seconds since the epoch; 0: none */
};

/* NULL with err filled; the caller closes it. */
struct web *web_open(struct error *err);
/* Accepts NULL. */
void web_close(struct web *web);
/* True when there was an answer, whatever its status. The answer is on the arena. */
bool web_ask(struct web *web, const struct web_request *request, struct arena *arena,
             struct web_answer *out_answer, struct error *err) MUST_CHECK;

static inline void web_close_pointer(struct web **web)
{
    web_close(*web);
}
#define AUTO_WEB CLEANUP(web_close_pointer) struct web *
