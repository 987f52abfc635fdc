/* How the API writes values; what is absent is null. */
#pragma once

#include <jansson.h>

#include "base/cleanup.h"
#include "statusd/request.h"

enum {
    API_ROWS = 100, /* of a list, unless asked for others */
    API_ROWS_MAX = 1000,
};

static inline void json_release(json_t **value)
{
    json_decref(*value);
}
#define AUTO_JSON CLEANUP(json_release) json_t *

json_t *json_text(struct arena *arena, const char *text);
json_t *json_moment(struct arena *arena, int64_t at);

/* Members; json_set takes the value. */
void json_set(json_t *object, const char *name, json_t *value);
void json_set_text(struct arena *arena, json_t *object, const char *name, const char *text);
void json_set_number(json_t *object, const char *name, int64_t number);
void json_set_moment(struct arena *arena, json_t *object, const char *name, int64_t at);

/* The member "next" of a list: the address of the rows behind this key; NULL: there are none. */
void api_set_next(struct request *request, json_t *object, const char *key);
const char *api_number_key(struct arena *arena, int64_t number);

/* Writes the answer; takes the value. */
void api_answer(struct request *request, json_t *value, struct response *out_response);
/* One page of a list of that name: how many rows there are in all, and next as of api_set_next.
 * Takes the list. */
void api_answer_page(struct request *request, const char *name, json_t *list, int64_t total,
                     const char *key, struct response *out_response);
