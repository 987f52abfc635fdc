/* The pages: one file each. All are request_handler. */
#pragma once

#include "statusd/request.h"

request_handler overview_page;
request_handler resources_page;
request_handler resource_page;
request_handler runs_page;
request_handler run_page;
request_handler events_page;
request_handler history_page;
request_handler sources_page;

/* Any status with its explanation, in the frame of the pages. */
void error_page(struct request *request, unsigned status, struct response *out_response);
/* Why the loop was not asked (403), or what it said (409; 503: nothing). detail may be NULL. */
void refusal_page(struct request *request, unsigned status, const char *detail,
                  struct response *out_response);
