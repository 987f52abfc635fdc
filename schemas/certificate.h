/* certificates: a pair for names that sites share, or that something else than nginx uses. */
#pragma once

#include "schemas/common.h"

/* In the order of the row's choices. */
enum certificate_issuer_choice { CERTIFICATE_ISSUER_INTERNAL, CERTIFICATE_ISSUER_FILE };

struct certificate_files_spec {
    struct object object;
    struct text_value chain; /* absolute path, PEM, leaf first */
    struct text_value key;
};

struct certificate_spec {
    struct common_spec common;
    struct text_list names; /* empty: the document's own name */
    struct choice_value issuer;
    struct certificate_files_spec files;
    struct choice_value key;
    struct duration_value lifetime;
};
