/* What is known of a certificate that an authority signs, besides the pair itself: a small file
 * beside the pairs, for us alone. Without it nothing is lost but a certificate: the next run orders
 * another. */
#pragma once

#include "model/certificate_item.h"
#include "model/host.h"

struct certificate_record {
    const char *directory_url; /* which authority signed the pair with this fingerprint */
    const char *fingerprint;   /* of the leaf; NULL: none yet */
    const char *asked_for; /* by the last order: its directory and the sorted names, in a line */
    unsigned failures;     /* of orders since the last that succeeded */
    int64_t failed_at;     /* the last of them; seconds since the epoch */
    int64_t retry_after;   /* when the authority wants to be asked again; 0: it did not say */
    const char *why;       /* the last failure, in English; NULL: none */
    const char
        *dropped; /* names that were left out, sorted, with blanks between them; NULL: none */
    const char *dropped_why; /* of the first of them, in English */
    int64_t dropped_at;      /* when they were last looked at */
    int64_t window_start;    /* of the renewal that the authority suggests, as in struct renewal */
    int64_t window_end;
    int64_t window_asked_at;
    int64_t window_ask_after;
};

/* directory: the item's. What is not there, or cannot be understood, is as if there were nothing.
 */
struct certificate_record certificate_record_read(struct host *host, const char *directory,
                                                  struct arena *arena);
bool certificate_record_write(struct host *host, const char *directory,
                              const struct certificate_record *record, struct arena *arena,
                              struct error *err) MUST_CHECK;
bool certificate_record_remove(struct host *host, const char *directory, struct arena *arena,
                               struct error *err) MUST_CHECK;
