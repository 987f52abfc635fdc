/* What libyaml could not read, said in our words. */
#pragma once

#include "base/str.h"
#include "model/diagnostic.h"

/* libyaml's report with byte offsets in place of its marks. */
struct yaml_complaint {
    const char *problem;
    const char *context; /* "" when there is none */
    size_t problem_at;
    size_t context_at;   /* 0 when there is none */
    size_t open_bracket; /* of the innermost [ or { that is open; SIZE_MAX: none */
};

struct yaml_mistake {
    enum diagnostic_code code;
    size_t first; /* what is shown */
    size_t end;
    const char *argument; /* or NULL */
    /* Replacing these bytes lets the parser go on to find more mistakes; length 0: it cannot. */
    size_t replace_at;
    size_t replace_length;
};

struct yaml_mistake yaml_mistake_of(struct arena *arena, struct str content,
                                    const struct yaml_complaint *complaint);
