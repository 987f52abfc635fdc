/* Goes through nginx configuration as nginx would, and says what it refers to outside itself. Only
 * for the nginx files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "model/nginx_syntax.h"
#include "providers/nginx.h"

enum nginx_reference_type {
    NGINX_CERTIFICATE, /* a file of a pair, read when nginx loads */
    NGINX_LOG,         /* a file that nginx creates */
    NGINX_CACHE,       /* a directory that nginx creates */
    NGINX_UPSTREAM,    /* a host name that must resolve when nginx loads */
    NGINX_LISTEN,
    NGINX_NAME, /* one word of server_name */
    NGINX_MODULE,
};

struct nginx_reference {
    enum nginx_reference_type type;
    const char *text;             /* the path, name or address */
    const char *const *arguments; /* behind it, NULL-terminated: parameters of listen */
    const char *directive;
    const char *file; /* absolute; of the candidate: below layout->nginx_tree */
    size_t line;
    const char *level; /* "main", "http", "stream", "mail": the outermost block */
    size_t server;     /* which server block, from 1; 0: none */
};
VEC(nginx_references, struct nginx_reference);

struct nginx_config {
    struct nginx_references references;
    size_t servers;                      /* blocks seen */
    bool is_present;                     /* the main file is there */
    bool has_entrance[TREE_LEVEL_COUNT]; /* an include at that level fits tree_entrance's path */
    const char *streams; /* the file that has a block of streams, and the line; NULL: none has */
    size_t streams_line;
    struct nginx_complaints broken; /* includes that are missing, text that is not well formed */
};

/* The machine's own configuration from nginx_directory/nginx.conf on, without what is ours. */
void nginx_config_read(struct host *host, struct arena *arena, struct nginx_config *out_config);
/* The members of a tree on this machine (a descriptor of its directory). */
bool nginx_config_read_tree(struct host *host, int tree, struct arena *arena,
                            struct nginx_config *out_config, struct error *err) MUST_CHECK;
