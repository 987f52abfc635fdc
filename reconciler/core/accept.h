/* What somebody changed on the host by hand, as a change of the documents. No renderer has an
 * inverse: changes that may say it are tried out, through the same stages as every run, and one is
 * kept when it makes differences go and adds none. Pure; the same input has the same answer. */
#pragma once

#include <stdbool.h>

#include "base/message.h"
#include "core/decode.h"

/* A file that differs since the host changed. */
struct accept_file {
    const char *path;                /* absolute */
    const struct document *document; /* who wants it */
    struct str wanted;
    struct str host;
};
VEC(accept_files, struct accept_file);

struct accept_input {
    struct arena *arena;
    const struct facts *facts;
    const struct layout *layout;
    const struct decode_sources *sources;
    const struct document_set *documents;
    const struct accept_files *files;
    bool keeps_tree; /* as in core/desired.h */
};

/* One change of a document. */
struct accept_taken {
    const char *document; /* "site:shop" */
    const char *field;    /* "paths./api.timeout" */
    const char *from;     /* NULL: it is new, or more than one value */
    const char *to;       /* NULL: it goes */
    size_t source;        /* of the result's */
    size_t line;          /* there, from 1 */
    const char *path;     /* the file of the host that it is for */
    size_t path_line;
};
VEC(accept_taken_list, struct accept_taken);

/* A difference that stays. */
struct accept_left {
    const char *document;
    const char *path;
    size_t line;
    const char *text; /* "+ gzip off" of the host, "- gzip on" of ours; "": the file as a whole */
    const struct message *because;
};
VEC(accept_left_list, struct accept_left);

struct accept_result {
    struct decode_sources sources; /* as they would be, in the order of the input's */
    struct accept_taken_list taken;
    struct accept_left_list left;
    struct accept_files respelled; /* these mean the same then, but apply writes them otherwise */
};

/* Why a file is left that the documents would change anyway: which of the two is wanted, nobody can
 * know. */
#define ACCEPT_NEWS                                                                                \
    N_("the documents want something new of it, too: apply that first, or take it back")

void accept_search(const struct accept_input *input, struct accept_result *out);
