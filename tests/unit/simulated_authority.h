/* A certificate authority as its customers see it: limits as token buckets that are filled while
 * time goes on, in code of its own, so that what is tested does not check itself. Times are seconds
 * and never go back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"

struct bucket {
    double tokens;
    int64_t filled_at;
};

/* Buckets by what they are for: "example.com". */
struct buckets {
    struct map map;
    double size;
    double seconds; /* in which it is filled from empty */
};

struct authority {
    struct arena *arena;
    bool has_limits;
    struct buckets orders; /* of the account, under "" */
    struct buckets domains;
    struct buckets sets;
    struct buckets failures;
    struct map issued; /* sets of names that have had a certificate */
    unsigned refusals;
};

/* What an order is for. Texts outlive the authority. */
struct request {
    const char *set;
    const char *domain;
    const char *const *names; /* NULL-terminated */
    bool is_replacement;
};

static inline struct authority authority_make(struct arena *arena, bool has_limits)
{
    return (struct authority){
        .arena = arena,
        .has_limits = has_limits,
        .orders = {.size = 300, .seconds = 3 * 3600},
        .domains = {.size = 50, .seconds = 7 * 86400},
        .sets = {.size = 5, .seconds = 7 * 86400},
        .failures = {.size = 5, .seconds = 3600},
    };
}

static inline struct bucket *bucket_at(struct arena *arena, struct buckets *buckets,
                                       const char *key, int64_t at)
{
    struct bucket *bucket = map_get(&buckets->map, key);
    if (bucket == NULL) {
        bucket = arena_new(arena, struct bucket);
        *bucket = (struct bucket){.tokens = buckets->size, .filled_at = at};
        (void)map_put(arena, &buckets->map, key, bucket);
    }
    bucket->tokens += (double)(at - bucket->filled_at) * buckets->size / buckets->seconds;
    bucket->tokens = bucket->tokens > buckets->size ? buckets->size : bucket->tokens;
    bucket->filled_at = at;
    return bucket;
}

static inline bool bucket_has_one(struct arena *arena, struct buckets *buckets, const char *key,
                                  int64_t at)
{
    return bucket_at(arena, buckets, key, at)->tokens >= 1 - 1e-6;
}

/* A replacement takes, too, what it was not refused for. */
static inline void bucket_take(struct arena *arena, struct buckets *buckets, const char *key,
                               int64_t at)
{
    struct bucket *bucket = bucket_at(arena, buckets, key, at);
    bucket->tokens = bucket->tokens > 1 ? bucket->tokens - 1 : 0;
}

/* False: 429 Too Many Requests. */
static inline bool authority_order(struct authority *authority, const struct request *request,
                                   int64_t at)
{
    struct arena *arena = authority->arena;
    bool is_renewal = map_has(&authority->issued, request->set);
    bool is_allowed =
        bucket_has_one(arena, &authority->orders, "", at) &&
        bucket_has_one(arena, &authority->sets, request->set, at) &&
        (is_renewal || bucket_has_one(arena, &authority->domains, request->domain, at));
    for (size_t i = 0; request->names[i] != NULL; i++) {
        is_allowed &= bucket_has_one(arena, &authority->failures, request->names[i], at);
    }
    bucket_take(arena, &authority->orders, "", at);
    if (!is_allowed && authority->has_limits && !request->is_replacement) {
        authority->refusals++;
        return false;
    }
    return true;
}

/* None of the names could be validated. */
static inline void authority_fail(struct authority *authority, const struct request *request,
                                  int64_t at)
{
    for (size_t i = 0; request->names[i] != NULL; i++) {
        bucket_take(authority->arena, &authority->failures, request->names[i], at);
    }
}

static inline void authority_issue(struct authority *authority, const struct request *request,
                                   int64_t at)
{
    bucket_take(authority->arena, &authority->sets, request->set, at);
    if (!map_has(&authority->issued, request->set)) {
        bucket_take(authority->arena, &authority->domains, request->domain, at);
        (void)map_put(authority->arena, &authority->issued, request->set, authority);
    }
}
