/* Forms of text that only sites know: see schemas/value.h for those of every kind. */
#pragma once

#include "schemas/value.h"

extern const struct syntax syntax_proxy_target;    /* 127.0.0.1:3000, name:3000, unix:/run/x */
extern const struct syntax syntax_static_folder;   /* an absolute path that nginx takes as it is */
extern const struct syntax syntax_location;        /* /prefix, = /exact, ~ regex, ~* regex */
extern const struct syntax syntax_redirect_target; /* a URL, or a path on the same site */
extern const struct syntax syntax_header_value;
extern const struct syntax syntax_media_type; /* application/json; charset=utf-8 */
extern const struct syntax syntax_response_body;
extern const struct syntax syntax_index_file;
extern const struct syntax syntax_try_step; /* $uri, $uri.html, $uri/, /path, =404 */
extern const struct syntax syntax_listen;   /* ADDRESS, ADDRESS:PORT, PORT */
extern const struct syntax syntax_client;   /* address, network or "all" */
extern const struct syntax syntax_tls;      /* auto, internal, false */

/* What a location's key says. */
enum location_match {
    LOCATION_PREFIX,      /* /api: everything that begins so */
    LOCATION_EXACT,       /* = /api */
    LOCATION_REGEX,       /* ~ \.php$ */
    LOCATION_REGEX_NOCASE /* ~* \.jpe?g$ */
};
struct location {
    enum location_match match;
    const char *pattern; /* points into the key */
};
/* key has passed syntax_location. */
struct location location_read(const char *key);

/* An entry of listen, which has passed syntax_listen. */
struct listen {
    const char *address; /* without brackets; NULL: all */
    uint16_t port;       /* 0: the host's own ports */
};
struct listen listen_read(struct arena *arena, const char *text);

/* "unix:/run/x" */
bool proxy_target_is_socket(const char *target);
/* The host of target, a name that has to be looked up while nginx runs: neither an address nor
 * localhost. */
bool proxy_target_is_name(const char *target);
