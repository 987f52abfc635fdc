/* Checks of a request before anything else looks at it. */

#include "statusd/security.h"

#include <string.h>
#include <strings.h>

/* Nothing but our own files; no page of others may frame, embed or read ours. */
static const struct header headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    /* Others are told nothing; "no-referrer" would make our own forms come from "null". */
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {NULL, NULL},
};

const struct header *security_headers(void)
{
    return headers;
}

/* The length of the name in front of an optional port; 0 when the header is malformed. */
static size_t host_length(const char *host)
{
    size_t length = strcspn(host, ":");
    if (host[0] == '[') { /* an IPv6 address holds colons */
        const char *end = strchr(host, ']');
        if (end == NULL) {
            return 0;
        }
        length = (size_t)(end - host) + 1;
    }
    const char *port = host + length;
    if (port[0] == '\0') {
        return length;
    }
    size_t digits = strspn(port + 1, "0123456789");
    return port[0] == ':' && digits > 0 && digits <= 5 && port[1 + digits] == '\0' ? length : 0;
}

bool security_host_is_allowed(const struct security *security, const char *host)
{
    size_t length = host_length(host);
    for (size_t i = 0; length > 0 && i < security->host_count; i++) {
        const char *allowed = security->hosts[i];
        if (strlen(allowed) == length && strncasecmp(allowed, host, length) == 0) {
            return true;
        }
    }
    return false;
}

const char *security_methods(bool takes_post)
{
    return takes_post ? "POST" : "GET, HEAD";
}

bool security_is_same_origin(const char *origin, const char *site, const char *host)
{
    if (site != NULL && strcmp(site, "same-origin") != 0) {
        return false;
    }
    if (origin == NULL) {
        return true;
    }
    const char *name = strstr(origin, "://");
    return name != NULL && host != NULL && strcasecmp(name + 3, host) == 0;
}

static bool method_is_allowed(const struct request_line *line)
{
    return line->takes_post ? strcmp(line->method, "POST") == 0
                            : strcmp(line->method, "GET") == 0 || strcmp(line->method, "HEAD") == 0;
}

unsigned security_check(const struct security *security, const struct request_line *line)
{
    if (!method_is_allowed(line)) {
        return 405;
    }
    if (strlen(line->url) > URL_BYTES_MAX) {
        return 414;
    }
    if (line->url[0] != '/' || line->host == NULL || line->host_headers != 1) {
        return 400;
    }
    if (!security_host_is_allowed(security, line->host)) {
        return 421;
    }
    return line->has_body && !line->takes_post ? 413 : 0;
}
