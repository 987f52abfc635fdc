/* Token buckets by address. */

#include "statusd/limiter.h"

#include <string.h>

#define MINUTE_US ((int64_t)60 * 1000000)

static int64_t cost_of(const struct limiter *limiter)
{
    return MINUTE_US / limiter->a_minute;
}

/* The address' entry as it stands now; made when there is none. */
static struct limiter_entry *entry_of(struct limiter *limiter, const struct in6_addr *address,
                                      int64_t now)
{
    struct limiter_entry *oldest = &limiter->entries[0];
    int64_t most = cost_of(limiter) * limiter->burst;
    for (size_t i = 0; i < LIMITER_ADDRESSES; i++) {
        struct limiter_entry *entry = &limiter->entries[i];
        if (entry->seen_at != 0 && IN6_ARE_ADDR_EQUAL(&entry->address, address)) {
            int64_t back = entry->tokens_us + (now - entry->seen_at);
            entry->tokens_us = back < most ? back : most;
            entry->seen_at = now;
            return entry;
        }
        oldest = entry->seen_at < oldest->seen_at ? entry : oldest;
    }
    *oldest = (struct limiter_entry){.address = *address, .tokens_us = most, .seen_at = now};
    return oldest;
}

bool limiter_allows(struct limiter *limiter, const struct in6_addr *address, int64_t now)
{
    return entry_of(limiter, address, now)->tokens_us >= cost_of(limiter);
}

void limiter_take(struct limiter *limiter, const struct in6_addr *address, int64_t now)
{
    struct limiter_entry *entry = entry_of(limiter, address, now);
    entry->tokens_us -= cost_of(limiter);
    entry->tokens_us = entry->tokens_us > 0 ? entry->tokens_us : 0;
}
