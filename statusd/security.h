/* Who may ask, and what every answer carries. Pure: the server asks, this decides. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { URL_BYTES_MAX = 2048 };

/* The names that a Host header may have, without ports: without such a list any web page could
 * point a name of its own at us and read the answers (DNS rebinding). */
struct security {
    const char *const *hosts;
    size_t host_count;
};

/* What is known of a request when its headers are complete. */
struct request_line {
    const char *method;
    const char *url;
    const char *host;    /* NULL: no Host header */
    size_t host_headers; /* how many there are */
    bool has_body;
    bool takes_post; /* the address is one that is only sent to */
};

/* 0, or the status to answer with: 405 for another method than the address takes, 414 for a long
 * address, 400 for what is malformed, 421 for a foreign host, 413 for a body where none belongs. */
unsigned security_check(const struct security *security, const struct request_line *line);
/* The methods that the address takes: "GET, HEAD". */
const char *security_methods(bool takes_post);

/* True for one of the names, in any case, with or without a port. */
bool security_host_is_allowed(const struct security *security, const char *host);

/* True when a browser says, or says nothing against it, that a page of this very host has sent the
 * request. Each may be NULL: Origin, Sec-Fetch-Site and Host. */
bool security_is_same_origin(const char *origin, const char *site, const char *host);

struct header {
    const char *name;
    const char *value;
};
/* The headers of every answer, ended by a NULL name. */
const struct header *security_headers(void);
