/* A request as the pages see it, and what they answer; free of the HTTP library, so that tests and
 * the fuzzer can ask for a page as well. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "statusd/assets.h"
#include "statusd/forms.h"
#include "statusd/language.h"
#include "store/store_read.h"

struct parameter {
    const char *name;
    const char *value;
};
VEC(parameter_list, struct parameter);

struct request {
    struct arena *arena;         /* lives as long as the request */
    struct store_reader *reader; /* with a snapshot; NULL when there is no store yet */
    const char *path;            /* decoded, begins with a slash */
    const char *rest;            /* of a path that a route takes as a prefix: what follows */
    struct parameter_list parameters;
    enum language language;
    bool has_languages; /* there is more than one to choose from */
    int64_t now;        /* microseconds since the epoch */
    const struct assets *assets;
    unsigned connections; /* what the server is busy with: for the metrics */
    unsigned streams;
    struct offer offer;            /* what this browser may ask the loop for */
    char cookie[FORM_COOKIE_SIZE]; /* that the browser is to keep for its forms; "": it has one */
};

struct response {
    unsigned status;  /* 200 when a page has written */
    const char *type; /* media type */
    struct str body;
};

/* The value of a query's parameter, NULL when it is absent or empty. */
const char *request_parameter(const struct request *request, const char *name);
/* A number from least to most in plain digits; fallback for anything else, NULL too. */
int64_t number_parse(const char *text, int64_t least, int64_t most, int64_t fallback);
/* A parameter that is a number from least to most; fallback when absent or none. */
int64_t request_number(const struct request *request, const char *name, int64_t least, int64_t most,
                       int64_t fallback);
/* This address with one parameter set to another value, or dropped (NULL). */
const char *request_url(const struct request *request, const char *name, const char *value);
/* The address of the document's page: "/r/site/shop.example.com". */
const char *resource_url(struct arena *arena, const char *kind, const char *name);

/* Answers a request. False with err filled when the store does not answer. */
typedef bool request_handler(struct request *request, struct response *out_response,
                             struct error *err);
