/* How single directives become fields: what rows of the table call. Each gives false where this one
 * cannot be said, and has then changed nothing. */
#pragma once

#include "core/import_table.h"

#define IMPORT_TAKE(name)                                                                          \
    bool name(struct import_scope *scope, const struct import_node *node,                          \
              const struct import_rule *rule)

/* --- one directive, one field (import_take.c) --- */
IMPORT_TAKE(import_take_size);
IMPORT_TAKE(import_take_timeout);
IMPORT_TAKE(import_take_flag); /* on, off */
IMPORT_TAKE(import_take_off);  /* only off changes anything */
IMPORT_TAKE(import_take_text);
IMPORT_TAKE(import_take_words); /* a list */
IMPORT_TAKE(import_take_protocols);
IMPORT_TAKE(import_take_type);
IMPORT_TAKE(import_take_status);
IMPORT_TAKE(import_take_auth);
IMPORT_TAKE(import_take_client);
IMPORT_TAKE(import_take_ask);
IMPORT_TAKE(import_take_ask_set);
IMPORT_TAKE(import_take_charset);
IMPORT_TAKE(import_take_expires);
IMPORT_TAKE(import_take_error_page);
IMPORT_TAKE(import_take_access_log);
IMPORT_TAKE(import_take_error_log);
IMPORT_TAKE(import_take_log_not_found);
IMPORT_TAKE(import_take_hide);
IMPORT_TAKE(import_take_redirect); /* proxy_redirect */
IMPORT_TAKE(import_take_cookie_path);
IMPORT_TAKE(import_take_pool_time);
IMPORT_TAKE(import_take_pool_number);
IMPORT_TAKE(import_take_retry);
IMPORT_TAKE(import_take_real_ip);

/* --- limits (import_limits.c) --- */
IMPORT_TAKE(import_take_rate);
IMPORT_TAKE(import_take_connections);

/* --- maps whose values are known (import_known.c) --- */
IMPORT_TAKE(import_take_map);

/* --- who answers, noted for import_route (import_route.c) --- */
IMPORT_TAKE(import_take_return);
IMPORT_TAKE(import_take_pass);
IMPORT_TAKE(import_take_alias);
IMPORT_TAKE(import_take_try);
IMPORT_TAKE(import_take_set);
IMPORT_TAKE(import_take_php);
IMPORT_TAKE(import_take_internal);

/* --- conditions (import_when.c) --- */
IMPORT_TAKE(import_take_if);
IMPORT_TAKE(import_take_rewrite);

/* Where a rewrite within the site leads; NULL when ours cannot say it. */
const char *import_rewrite_target(struct import_scope *scope, const struct import_node *node,
                                  const char *regex);
/* The test of an if as a condition of when, put into out (import_condition.c); false: it is none.
 */
bool import_condition(struct import_scope *scope, const struct import_node *node,
                      struct import_yaml *out, bool *out_is_negated);
/* The if compares a variable with a value that it never has. */
bool import_never_holds(struct import_scope *scope, const struct import_node *node);
