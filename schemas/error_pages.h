/* What a site shows when something goes wrong: a page for each status. */
#pragma once

#include "schemas/field.h"

struct error_page_spec {
    struct object object;   /* key: "404", "500 502", "5xx"; NULL: the usual ones */
    struct text_value page; /* "true": built in, "false": none, "/path", "file:/path" */
};

enum { ERROR_STATUS_FIRST = 400, ERROR_STATUS_END = 600 };

extern const struct schema error_page_schema;
extern const struct syntax syntax_statuses;
extern const struct syntax syntax_error_page;

/* The page that the list names for a status; NULL where it does not say. What is written for one
 * status counts before what is written for its class, and that before what has no key. */
const struct text_value *error_page_find(const struct object_list *pages, int status);
/* Something is built in for this status: the name of its page, "404" or "50x"; NULL: nothing. */
const char *error_page_built_in(int status);
/* The path of a file; NULL for what is none. */
const char *error_page_file(const char *page);
void error_pages_check(struct check *check, const struct object_list *pages, const char *field);
