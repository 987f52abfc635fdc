/* What answers browsers that ask whether a page of another site may do something (CORS). */
#pragma once

#include "core/import_scope.h"

/* if ($request_method = OPTIONS) { add_header ...; return 204; } -> cors. False where it is another
 * sort of if, or the headers of other answers say something else. */
bool import_take_preflight(struct import_scope *scope, const struct import_node *node);
/* The header is sent by the scope's cors. */
bool import_is_in_cors(const struct import_scope *scope, const char *name);
