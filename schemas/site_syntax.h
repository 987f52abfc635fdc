/* Forms of text that only sites know: see schemas/value.h for those of every kind. */
#pragma once

#include "schemas/value.h"

extern const struct syntax syntax_backend;         /* 127.0.0.1:3000, https://name, unix:/run/x */
extern const struct syntax syntax_retry;           /* error, timeout, 503, ... */
extern const struct syntax syntax_static_folder;   /* an absolute path that nginx takes as it is */
extern const struct syntax syntax_location;        /* /prefix, = /exact, ~ regex, ~* regex */
extern const struct syntax syntax_redirect_target; /* a URL, or a path on the same site */
extern const struct syntax syntax_rewrite_target; /* a path on the same site, as it reads decoded */
extern const struct syntax syntax_regex;
extern const struct syntax syntax_method;    /* GET */
extern const struct syntax syntax_parameter; /* of a query, or a cookie: what variables can name */
extern const struct syntax syntax_plain_header; /* the same of a header */
extern const struct syntax syntax_origin;       /* a site: https://app.example.com */
extern const struct syntax syntax_header_value;
extern const struct syntax syntax_media_type; /* application/json; charset=utf-8 */
extern const struct syntax syntax_response_body;
extern const struct syntax syntax_index_file;
/* What a path of try may end in: the query of the request. */
#define TRY_STEP_QUERY "?$args"
extern const struct syntax syntax_try_step; /* $uri, $uri.html, $uri/, /path, /path?$args, =404 */
extern const struct syntax syntax_listen;   /* ADDRESS, ADDRESS:PORT, PORT */
extern const struct syntax syntax_client;   /* address, network or "all" */
extern const struct syntax syntax_probe;    /* a URL path of at most 1,000 bytes */
extern const struct syntax syntax_strip_prefix; /* true, false, or the beginning of the path */
extern const struct syntax syntax_path_log;     /* true, false, off */
extern const struct syntax syntax_tls;          /* auto, internal, false */

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
bool backend_is_socket(const char *address);
/* The host of an address without a scheme is a name that has to be looked up while nginx runs:
 * neither an address nor localhost. */
bool backend_is_name(const char *address);
