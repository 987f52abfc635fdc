/* The rules of renewal, each a few lines of arithmetic. What they do together over years is tried
 * by tests/unit/test_certificate_simulation.c. */
#include "model/renewal.h"

#include <stdbool.h>

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    ASK_AGAIN = 6 * HOUR, /* RFC 9773 section 4.3.3: after an error that lasts */
    /* A CA that says "now" of each new certificate gets no more than Let's Encrypt gives for the
     * same names without "replaces": one in 34 hours. */
    EARLIEST = 36 * HOUR,
    DOUBLINGS = 11, /* more than a day from one minute on */
};

/* What a draw is for: one seed gives independent moments. */
enum { DRAW_DUE, DRAW_WINDOW, DRAW_PAUSE };

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* 0 to most, all as likely: SplitMix64 (Steele, Lea, Flood 2014). What the remainder prefers is one
 * part in 2^32 for spans of a century. */
static int64_t draw(const struct renewal *renewal, uint64_t what, int64_t most)
{
    uint64_t bits = renewal->seed + (what + 1) * UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return most <= 0 ? 0 : (int64_t)(bits % ((uint64_t)most + 1));
}

static bool has_certificate(const struct renewal *renewal)
{
    return renewal->starts_at != 0 || renewal->expires_at != 0;
}

static int64_t lifetime_of(const struct renewal *renewal)
{
    return max(0, renewal->expires_at - renewal->starts_at);
}

/* When so many parts of the lifetime are left. */
static int64_t left_at(const struct renewal *renewal, int64_t parts)
{
    return renewal->expires_at - lifetime_of(renewal) / parts;
}

static bool has_window(const struct renewal *renewal)
{
    return renewal->window_end != 0 && renewal->window_start < renewal->window_end &&
           renewal->window_start < renewal->expires_at;
}

/* Only the part of the window that we accept is drawn from: what was cut off must not gather at its
 * edge. */
static int64_t within_window(const struct renewal *renewal)
{
    int64_t latest = left_at(renewal, 6);
    int64_t end = min(renewal->window_end, latest);
    int64_t earliest = renewal->starts_at + min(lifetime_of(renewal) / 4, EARLIEST);
    int64_t at =
        renewal->window_start >= end
            ? latest
            : renewal->window_start + draw(renewal, DRAW_WINDOW, end - renewal->window_start);
    return max(at, earliest);
}

int64_t renewal_due_at(const struct renewal *renewal)
{
    if (!has_certificate(renewal)) {
        return 0;
    }
    return has_window(renewal)
               ? within_window(renewal)
               : left_at(renewal, 3) - draw(renewal, DRAW_DUE, lifetime_of(renewal) / 10);
}

static int64_t pause_of(const struct renewal *renewal)
{
    int64_t lifetime = lifetime_of(renewal);
    int64_t left = renewal->expires_at - renewal->failed_at;
    int64_t first = lifetime > 0 ? max(1, min(lifetime / 60, MINUTE)) : MINUTE;
    int64_t longest = lifetime > 0 ? min(DAY, lifetime / 6) : DAY;
    unsigned doublings = renewal->failures - 1 < DOUBLINGS ? renewal->failures - 1 : DOUBLINGS;
    if (left > 0) {
        longest = min(longest, left / 8);
    }
    int64_t pause = min(first << doublings, longest);
    pause -= draw(renewal, DRAW_PAUSE + renewal->failures, pause / 5);
    return max(pause, first);
}

/* 0: the CA wants nothing. */
static int64_t asked_pause_of(const struct renewal *renewal)
{
    int64_t left = renewal->expires_at - renewal->failed_at;
    int64_t longest = left > 0 ? min(DAY, left / 2) : DAY;
    return renewal->retry_after <= renewal->failed_at
               ? 0
               : min(renewal->retry_after - renewal->failed_at, longest);
}

int64_t renewal_try_at(const struct renewal *renewal)
{
    int64_t due_at = renewal_due_at(renewal);
    if (renewal->failures == 0) {
        return due_at;
    }
    return max(due_at, renewal->failed_at + max(pause_of(renewal), asked_pause_of(renewal)));
}

int64_t renewal_ask_at(const struct renewal *renewal, int64_t now)
{
    int64_t span = renewal->window_ask_after == 0 ? ASK_AGAIN : renewal->window_ask_after;
    int64_t at = renewal->window_asked_at == 0
                     ? now
                     : max(now, renewal->window_asked_at + max(MINUTE, min(span, DAY)));
    /* RFC 9773 section 4.3: a client must not ask about a certificate that has expired. */
    return at < renewal->expires_at ? at : INT64_MAX;
}

static int64_t warning_at(const struct renewal *renewal)
{
    return max(left_at(renewal, 3), renewal_due_at(renewal));
}

enum renewal_alarm renewal_alarm_at(const struct renewal *renewal, int64_t now)
{
    if (!has_certificate(renewal)) {
        return RENEWAL_CALM;
    }
    if (now >= left_at(renewal, 6)) {
        return RENEWAL_ERROR;
    }
    return now >= warning_at(renewal) ? RENEWAL_WARNING : RENEWAL_CALM;
}

int64_t renewal_alarm_next(const struct renewal *renewal, int64_t now)
{
    int64_t at = 0;
    switch (renewal_alarm_at(renewal, now)) {
    case RENEWAL_CALM:
        at = has_certificate(renewal) ? min(warning_at(renewal), left_at(renewal, 6)) : 0;
        break;
    case RENEWAL_WARNING:
        at = left_at(renewal, 6);
        break;
    case RENEWAL_ERROR:
        break;
    }
    return at;
}
