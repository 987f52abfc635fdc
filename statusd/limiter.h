/* How often one address may do what costs something: so many at once, and so many a minute. What
 * is remembered is bounded; the one that was quiet the longest is forgotten first. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_ADDRESSES = 256 };

struct limiter {
    unsigned burst;
    unsigned a_minute;
    struct limiter_entry {
        struct in6_addr address;
        int64_t tokens_us; /* what is left, as the time that it takes to come back */
        int64_t seen_at;   /* 0: free */
    } entries[LIMITER_ADDRESSES];
};

/* True while there is something left; takes nothing. now: monotonic microseconds. */
bool limiter_allows(struct limiter *limiter, const struct in6_addr *address, int64_t now);
/* Takes one. */
void limiter_take(struct limiter *limiter, const struct in6_addr *address, int64_t now);
