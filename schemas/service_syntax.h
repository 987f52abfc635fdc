/* The forms of texts that only services have. */
#pragma once

#include "schemas/value.h"

extern const struct syntax syntax_service_name;   /* a unit's name without its suffix */
extern const struct syntax syntax_service_path;   /* absolute, and a unit can hold it unquoted */
extern const struct syntax syntax_shown_path;     /* the same without a colon */
extern const struct syntax syntax_service_folder; /* shop, shop/uploads: below /var/lib and so on */
extern const struct syntax syntax_socket; /* absolute path or file name; fits a socket address */
extern const struct syntax syntax_capability; /* CAP_NET_BIND_SERVICE */
extern const struct syntax syntax_device;     /* /dev/fuse */
extern const struct syntax syntax_signal;     /* SIGTERM */
extern const struct syntax syntax_percent;    /* 150% */
extern const struct syntax syntax_health;     /* tcp, http:/path, exec:command */
