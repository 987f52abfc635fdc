/* One server or location while it is read: its directives, and what they say as fields. What it
 * does not say it has from the one around it, as nginx has it. */
#pragma once

#include "base/map.h"
#include "core/import_tree.h"
#include "core/import_yaml.h"

struct import_context {
    struct arena *arena;
    struct import_nodes http; /* what stands within http, of all files */
    struct import_notes notes;
    const char *main_file; /* the one with http in it; NULL without one */
    struct import_yaml *certificates;
    struct import_yaml *sites;
    size_t raw_count;
    size_t nameless_count;    /* servers without a name, so far */
    bool has_noted_forwarded; /* said once, although it is written everywhere */
};

enum import_place {
    IMPORT_MAIN = 1,
    IMPORT_EVENTS = 2,
    IMPORT_HTTP = 4,
    IMPORT_SERVER = 8,
    IMPORT_LOCATION = 16,
    IMPORT_UPSTREAM = 32,
    IMPORT_IF = 64, /* within an if that stands in a server or location */
    IMPORT_BOTH = IMPORT_SERVER | IMPORT_LOCATION,
    IMPORT_SITES = IMPORT_HTTP | IMPORT_SERVER | IMPORT_LOCATION,
};

struct import_scope {
    struct import_context *context;
    const struct import_scope *parent; /* NULL: http */
    enum import_place place;
    const struct import_node *block; /* NULL: http */
    const struct import_nodes *nodes;
    const char *host;  /* the first name of the server */
    bool uses_tls;     /* of the server */
    bool is_regex;     /* of the location */
    const char *regex; /* its expression */

    struct import_yaml *fields; /* with those of the scope around */
    struct import_yaml *pool;   /* what stands within proxy, in the same way */

    /* Lists of which the nearest scope that has any says all. */
    struct import_nodes request_headers, response_headers, params, access;

    /* What only this scope says. */
    const struct import_node *answer; /* return */
    const struct import_node *pass;   /* proxy_pass and its kind */
    const struct import_node *alias, *try_files;
    struct import_yaml *missing; /* rewrites where no file is found */
    const char *looked_for;      /* by what try does then, in words; NULL: try_files says it */
    struct import_yaml *own;     /* when, rewrite, cors, log, internal */
    struct import_nodes raw;     /* what stays as it is */
    struct import_nodes sets;    /* set, whose values are put where they are used */
    bool keeps_all;              /* nothing of it can be said: the block stays as it is */
};

/* Fills the scope from its directives. The one around it is filled. */
void import_scope_read(struct import_scope *scope);
void import_scope_keep(struct import_scope *scope, const struct import_node *node);

/* The directive that holds here, of this scope or one around it; NULL without. */
const struct import_node *import_nearest(const struct import_scope *scope, const char *name);

/* The text with constants of `set` put in. */
const char *import_expand(const struct import_scope *scope, const char *text);
/* A variable is left in it. */
bool import_has_variable(const char *text);
/* It uses this variable, written as $name or ${name}; name without the dollar sign. */
bool import_mentions(struct str text, const char *name);

/* nginx's units; false when it is none. */
bool import_read_time(const char *text, long long *out_milliseconds);
bool import_read_size(const char *text, unsigned long long *out_bytes);

void import_note_add(struct import_context *context, const struct import_node *node,
                     const struct message *message);
/* The note that it has to stay in a file of its own: nothing below http can say it. */
void import_leave_to_http(struct import_context *context, const struct import_node *node);
/* "shop.conf:12" */
const char *import_place_text(struct arena *arena, const struct import_node *node);
