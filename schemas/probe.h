/* What a site is asked after each change, and which answer is well. */
#pragma once

#include "schemas/field.h"

enum probe_method { PROBE_GET, PROBE_HEAD };

struct probe_spec {
    struct object object; /* node NULL: nothing is asked */
    struct text_value path;
    struct choice_value method; /* enum probe_method */
    struct text_list status;
    struct text_value contains;
    struct text_map header;
    struct duration_value within;
    struct duration_value window;
    struct text_value host;
};

extern const struct schema probe_schema;

struct site_spec;
struct path_spec;

/* The path that is asked; path NULL: of the site itself. NULL: none follows from its place. */
const char *probe_path(const struct probe_spec *probe, const struct path_spec *path);
/* "2xx" or "404" as the statuses that it stands for. */
void probe_status_read(const char *text, unsigned *out_first, unsigned *out_last);
/* Those of the site and of all its paths. */
void probes_check(struct check *check, const struct site_spec *site);
