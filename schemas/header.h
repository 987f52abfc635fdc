/* What is known of headers by their name. */
#pragma once

#include <stdbool.h>

enum header_rule {
    HEADER_OURS,        /* what a site writes replaces what a program sends */
    HEADER_APPLICATION, /* what a program sends is kept; ours stands in where it sends none */
    HEADER_ADDED,       /* may be sent several times: ours is added */
    HEADER_REFUSED,     /* nginx sends it by itself, or it is not for a site to say */
};

/* Of a response header. Upper and lower case do not matter in names. */
enum header_rule header_rule(const char *name);
/* The request header belongs to one connection (RFC 9110, 7.6.1), or says where the body ends:
 * nginx writes it for the next connection by itself. */
bool header_is_connections(const char *name);
bool header_same(const char *name, const char *other);
