/* Answers in the HTTP library's terms. Each carries the security headers. */
#pragma once

#include <microhttpd.h>

#include "statusd/assets.h"

void answer_header(struct MHD_Response *response, const char *name, const char *value);
/* Sends and releases the response; NULL (no memory) closes the connection. */
enum MHD_Result answer_queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response);
/* A short answer without content of ours, after which the connection is closed. allow: the methods
 * that there are, where the status is 405; else NULL. */
enum MHD_Result answer_refuse(struct MHD_Connection *connection, unsigned status,
                              const char *allow);
enum MHD_Result answer_asset(struct MHD_Connection *connection, const struct asset *asset);
