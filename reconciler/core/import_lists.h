/* Directives that only mean something together: lists of headers, of parameters, of who may come.
 * Each turns the scope's whole list into fields, and keeps what cannot be said in raw. */
#pragma once

#include "core/import_scope.h"

/* add_header -> headers, and what of Cache-Control goes with expires into cache. */
void import_response_headers(struct import_scope *scope);
/* allow, deny. */
void import_access(struct import_scope *scope);
/* proxy_set_header -> request_headers; *out_host: the Host header as a fixed text, "" when it is
 * the one that the client asked for, NULL when nothing is said of it. */
void import_request_headers(struct import_scope *scope, const char **out_host);
/* fastcgi_param, uwsgi_param -> root, script and params of the handler. False: it has no script
 * that can be said. */
bool import_params(struct import_scope *scope, struct import_yaml *handler);
/* "X-Tenant" -> "x_tenant" */
const char *import_header_variable(struct arena *arena, const char *name);
/* The name, where the value is the header of that name of the program that auth_request asks. */
const char *import_asked_header(const struct import_scope *scope, const char *name,
                                const char *value);
/* An auth_request somewhere asks this path. */
bool import_is_asked(const struct import_nodes *nodes, const char *path);
/* The node stands in this scope itself, not in one around it. */
bool import_is_own(const struct import_scope *scope, const struct import_node *node);
