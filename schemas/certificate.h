/* certificates: a pair for names that sites share, or that something else than nginx uses. */
#pragma once

#include "model/certificate_item.h"
#include "schemas/common.h"

struct certificate_files_spec {
    struct object object;
    struct text_value chain; /* absolute path, PEM, leaf first */
    struct text_value key;
};

/* Who reads the pair from a folder of its own. */
struct certificate_use {
    struct object object;
    struct text_value folder; /* absolute path */
    struct text_value owner;  /* NULL: root */
    struct text_value group;
    struct mode_value mode;
    struct text_value unit;        /* NULL: nobody is told */
    struct choice_value on_change; /* enum unit_change */
};

struct certificate_spec {
    struct common_spec common;
    struct text_list names;   /* empty: the document's own name */
    struct text_value issuer; /* schemas/issuer.h; see certificate_spec_issuer */
    struct certificate_files_spec files;
    struct choice_value key;
    struct duration_value lifetime;
    struct choice_value challenge; /* enum certificate_challenge, where it is written */
    struct choice_value on_bad_name;
    struct object_list used_by; /* struct certificate_use */
};

struct layout;
/* What is written; else file where files are, else the host's, which signs names that only it knows
 * itself. The names are checked. */
const char *certificate_spec_issuer(const struct certificate_spec *spec,
                                    const struct layout *layout);
/* What is written; else by records of the name system where one of the names is a wildcard. */
enum certificate_challenge certificate_spec_challenge(const struct certificate_spec *spec);

enum bad_name_reaction { BAD_NAME_WAIT, BAD_NAME_DROP }; /* as on_bad_name chooses */
