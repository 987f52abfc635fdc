/* When a certificate is renewed, when a failed renewal is tried again, and from when on somebody
 * must be told. Pure: the clock, the certificate and what the CA said are arguments, and the same
 * arguments give the same answer. Times are seconds since the epoch, spans are seconds.
 *
 * ARI is ACME Renewal Information (RFC 9773): the CA suggests a window to renew in. */
#pragma once

#include <stdint.h>

struct renewal {
    int64_t starts_at; /* of the installed certificate; both 0: there is none */
    int64_t expires_at;
    int64_t window_start; /* what the CA suggests for it (RFC 9773 section 4.2); both 0: nothing */
    int64_t window_end;
    int64_t window_asked_at;  /* when it was asked, with or without an answer; 0: never */
    int64_t window_ask_after; /* its Retry-After: a span; 0: none, as where there was no answer */
    unsigned failures;        /* of tries since the last success */
    int64_t failed_at;        /* the last of them */
    int64_t retry_after; /* when the CA wants to be asked again, said with that failure; 0: never
                            said */
    uint64_t seed;       /* the first bytes of a digest of name and serial number: what spreads
                            certificates that were made together, on one host and on many */
};

enum renewal_alarm {
    RENEWAL_CALM,
    RENEWAL_WARNING, /* due, a third of the lifetime or less is left, and not renewed */
    RENEWAL_ERROR,   /* a sixth or less is left */
};

/* With a window: a moment within it, each as likely as another; it may lie in the past, which means
 * now (RFC 9773 section 4.2). Else, also where the window is upside down or begins after the
 * certificate ends: when a third of the lifetime is left, or up to a tenth of the lifetime earlier.
 * Never later than at a sixth left, whatever the CA says, nor earlier than a day and a half (or a
 * quarter of the lifetime) after it began. 0: there is no certificate. */
int64_t renewal_due_at(const struct renewal *renewal);

/* The same with what failed since: not before a pause is over that begins with one minute (for
 * lifetimes below an hour: a sixtieth) and doubles to a day. It is never longer than a sixth of the
 * lifetime, nor than an eighth of what was left at the failure, but for that first pause: however
 * often it fails, there is another try while it still helps. A Retry-After of the CA is kept up to
 * a day after the failure, and up to half of what was left: a request too many costs less than a
 * certificate. */
int64_t renewal_try_at(const struct renewal *renewal);

/* When the CA is asked for its window, at first or again (RFC 9773 section 4.3): after its
 * Retry-After, taken as no less than a minute and no more than a day; without one after six hours.
 * Not before now. INT64_MAX: no more, as the certificate has expired by then or there is none. */
int64_t renewal_ask_at(const struct renewal *renewal, int64_t now);

/* To be asked after a try rather than before it: what has just become due is no failure yet. */
enum renewal_alarm renewal_alarm_at(const struct renewal *renewal, int64_t now);
/* When that will be another answer although nothing changes; 0: never. */
int64_t renewal_alarm_next(const struct renewal *renewal, int64_t now);
