/* What is done where no file is found: named locations, and rewrite behind a look for the file. */
#pragma once

#include "core/import_route.h"

/* try_files leads to a named location. */
bool import_leads_to_name(const struct import_scope *scope);
/* Files first, and what the named location does where there is none: a program that answers, or
 * rewrites. NULL when it does more than ours. */
struct import_yaml *import_named_handler(struct import_scope *scope);
/* if (!-e $request_filename) { rewrite ... }: noted for the handler of files. */
bool import_take_missing(struct import_scope *scope, const struct import_node *node);
/* The steps of try_files before its end, put into the handler where they are not the usual ones. */
bool import_put_steps(struct import_scope *scope, const char *const *words, size_t count,
                      const char *usual, struct import_yaml *handler);
/* Named locations that nothing in raw leads to are left out of it. */
void import_drop_names(struct import_context *context, const struct import_routes *routes,
                       struct import_nodes *raw);
/* Internal locations that only auth_request asks, as ours does by itself: there is nothing at their
 * paths, unless something in raw leads there. */
void import_close_asked(const struct import_scope *server, const struct import_routes *routes,
                        const struct import_nodes *raw);
