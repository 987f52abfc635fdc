/* The same answers for programs: JSON below /api/v1, described by /api/v1/openapi.json. */
#pragma once

#include "statusd/request.h"

request_handler api_status;
request_handler api_resources;
request_handler api_resource;
request_handler api_runs;
request_handler api_run;
/* api_events.c */
request_handler api_events;
request_handler api_history;
request_handler api_sources;
request_handler api_openapi;

/* What went wrong, as application/problem+json. */
void api_error(struct request *request, unsigned status, struct response *out_response);
