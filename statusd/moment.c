/* Moments as text. */

#include "statusd/moment.h"

#include <time.h>

/* A year that no struct tm holds, as only a damaged store has it, reads as the epoch. */
static struct tm parts_of(int64_t at)
{
    time_t seconds = (time_t)(at / 1000000);
    struct tm parts = {.tm_year = 70, .tm_mday = 1};
    (void)gmtime_r(&seconds, &parts);
    return parts;
}

static const char *moment_write(struct arena *arena, int64_t at, char between, const char *behind)
{
    struct tm parts = parts_of(at);
    return arena_printf(arena, "%04d-%02d-%02d%c%02d:%02d:%02d%s", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, between, parts.tm_hour, parts.tm_min,
                        parts.tm_sec, behind);
}

const char *moment_iso(struct arena *arena, int64_t at)
{
    return moment_write(arena, at, 'T', "Z");
}

const char *moment_full(struct arena *arena, int64_t at)
{
    return moment_write(arena, at, ' ', " UTC");
}

const char *moment_short(struct arena *arena, int64_t at)
{
    struct tm parts = parts_of(at);
    return arena_printf(arena, "%02d-%02d %02d:%02d", parts.tm_mon + 1, parts.tm_mday,
                        parts.tm_hour, parts.tm_min);
}
