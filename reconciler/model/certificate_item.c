/* What stands beside the pairs of certificates, and their times in words. */

#include "model/certificate_item.h"

#include <string.h>
#include <time.h>

const char *certificate_beside(struct arena *arena, const char *directory, const char *folder,
                               const char *ending)
{
    const char *slash = strrchr(directory, '/');
    return arena_printf(arena, "%.*s/%s/%s.%s", (int)(slash - directory), directory, folder,
                        slash + 1, ending);
}

const char *certificate_date(int64_t seconds, struct arena *arena)
{
    time_t time = seconds;
    struct tm utc = {0};
    if (gmtime_r(&time, &utc) == NULL) {
        return "?";
    }
    return arena_printf(arena, "%04d-%02d-%02d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

const char *certificate_moment(int64_t seconds, struct arena *arena)
{
    time_t time = seconds;
    struct tm utc = {0};
    if (gmtime_r(&time, &utc) == NULL) {
        return "?";
    }
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900,
                        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}
