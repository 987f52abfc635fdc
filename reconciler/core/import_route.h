/* One location of a server: who answers there, and what else holds, as fields of a path. */
#pragma once

#include "core/import_scope.h"

struct import_route;
VEC(import_routes, struct import_route *);

struct import_route {
    const char *key; /* of the path: "/api/", "= /x", "~ \.php$"; "/" is the site's own */
    bool is_first;   /* it is taken before regular expressions are tried: ^~ */
    bool is_whole;   /* nothing of it can be said but its folder: the rest is raw */
    struct import_scope scope;
    struct import_yaml *handler; /* proxy, root ..., with the fields that are bound to them */
    struct import_routes inside;
};

/* The location's block, read; NULL when it has no form of ours and stays as it is. around: the
 * scope that it lies in. */
struct import_route *import_route_read(const struct import_scope *around,
                                       const struct import_node *node);
/* Who answers in this scope, NULL when that cannot be said. What cannot be said beside it is kept
 * in the scope's raw. prefix: of a plain or exact location, else NULL. */
struct import_yaml *import_handler(struct import_scope *scope, const char *prefix, bool is_exact);

/* What nginx serves where no root is said. */
extern const char import_default_root[];
/* The same for files (import_static.c). */
struct import_yaml *import_files_handler(struct import_scope *scope, const char *prefix,
                                         bool is_exact);

/* The servers of an address or of a group of this name, put into the handler (import_pool.c). False
 * when one of them cannot be said. */
bool import_pool(struct import_scope *scope, const char *address, bool uses_tls,
                 struct import_yaml *handler);
const struct import_node *import_group_find(const struct import_context *context, const char *name);
/* The address of a group's first server; NULL when it has none. */
const char *import_group_first(struct arena *arena, const struct import_node *group,
                               bool *out_is_alone);

/* A target of redirects; NULL when it has variables that ours do not know (import_answer.c). */
const char *import_target(const struct import_scope *scope, const char *text, const char *regex);
/* A value of a header or a parameter; NULL when it has more than one line, or variables that ours
 * do not know. */
const char *import_value(const struct import_scope *scope, const char *text);
/* return CODE TEXT as redirect or respond, put into the map; false when it cannot be said. */
bool import_answer(const struct import_scope *scope, const struct import_node *node,
                   const char *regex, struct import_yaml *map);
