/* Which address is answered by what. */
#pragma once

#include "statusd/request.h"
#include "statusd/session.h"

/* Always answers, at worst with 404 or 503. */
void router_answer(struct session *session, struct request *request, struct response *out_response);
