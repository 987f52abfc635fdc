/* Chance and trouble for simulations: numbers that are the same for the same seed, and spans of
 * time in which something is out of order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

/* 0 to most; SplitMix64. */
static inline int64_t chance(uint64_t *random, int64_t most)
{
    uint64_t bits = *random += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((bits ^ (bits >> 31)) % ((uint64_t)most + 1));
}

static inline bool one_in(uint64_t *random, int64_t times)
{
    return chance(random, times - 1) == 0;
}

struct interval {
    int64_t from;
    int64_t to; /* the first second after it */
};
/* In order, none touches another. */
VEC(intervals, struct interval);

/* The first that ends after a moment; NULL: none does. */
static inline const struct interval *interval_after(const struct intervals *intervals, int64_t at)
{
    size_t first = 0;
    size_t last = intervals->count;
    while (first < last) {
        size_t middle = (first + last) / 2;
        if (intervals->items[middle].to > at) {
            last = middle;
        } else {
            first = middle + 1;
        }
    }
    return first < intervals->count ? &intervals->items[first] : NULL;
}

static inline bool is_within(const struct intervals *intervals, int64_t at)
{
    const struct interval *interval = interval_after(intervals, at);
    return interval != NULL && interval->from <= at;
}
