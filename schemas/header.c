/* What is known of headers by their name. */

#include "schemas/header.h"

#include <stddef.h>
#include <strings.h>

bool header_same(const char *name, const char *other)
{
    return strcasecmp(name, other) == 0;
}

enum header_rule header_rule(const char *name)
{
    // clang-format off
    static const struct {
        const char *name;
        enum header_rule rule;
    } rows[] = {
        {"Accept-Ranges",                       HEADER_REFUSED},
        {"Connection",                          HEADER_REFUSED},
        {"Content-Encoding",                    HEADER_REFUSED},
        {"Content-Length",                      HEADER_REFUSED},
        {"Content-Range",                       HEADER_REFUSED},
        {"Content-Security-Policy",             HEADER_APPLICATION},
        {"Content-Security-Policy-Report-Only", HEADER_APPLICATION},
        {"Content-Type",                        HEADER_REFUSED},
        {"Date",                                HEADER_REFUSED},
        {"ETag",                                HEADER_REFUSED},
        {"Keep-Alive",                          HEADER_REFUSED},
        {"Last-Modified",                       HEADER_REFUSED},
        {"Link",                                HEADER_ADDED},
        {"Location",                            HEADER_REFUSED},
        {"Server",                              HEADER_REFUSED},
        {"Set-Cookie",                          HEADER_ADDED},
        {"Trailer",                             HEADER_REFUSED},
        {"Transfer-Encoding",                   HEADER_REFUSED},
        {"Upgrade",                             HEADER_REFUSED},
        {"Vary",                                HEADER_ADDED},
        {"X-Accel-Redirect",                    HEADER_REFUSED},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (header_same(rows[i].name, name)) {
            return rows[i].rule;
        }
    }
    return HEADER_OURS;
}

bool header_is_connections(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length", "Keep-Alive",        "Proxy-Connection",
        "TE",         "Trailer",        "Transfer-Encoding", "Upgrade",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (header_same(names[i], name)) {
            return true;
        }
    }
    return false;
}
