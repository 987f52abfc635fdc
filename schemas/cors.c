/* The rows of `cors`. */

#include "schemas/cors.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

// clang-format off
static const struct field cors_fields[] = {
    FIELD(struct cors_spec, origins, .is_required = true, .syntax = &syntax_origin,
          .count_most = 200,
          .help = "The sites: https://app.example.com, https://*.example.com for all names below, "
                  "or \"*\" for all sites; empty: none."),
    FIELD(struct cors_spec, methods, .syntax = &syntax_method, .count_most = 16,
          .fallback = "[GET, HEAD, POST]",
          .help = "The methods that their pages may use."),
    FIELD(struct cors_spec, headers, .syntax = &syntax_header_name, .count_most = 64,
          .help = "Headers that their requests may have beside the usual ones."),
    FIELD(struct cors_spec, expose, .syntax = &syntax_header_name, .count_most = 64,
          .help = "Headers of answers that their pages may read."),
    FIELD(struct cors_spec, credentials, .fallback = "false",
          .help = "Their requests may carry cookies and passwords."),
    FIELD(struct cors_spec, age, .fallback = "10m", .most = 24LL * 3600 * 1000,
          .help = "How long browsers may remember this."),
};
// clang-format on

const struct schema cors_schema = {
    .name = "cors",
    .size = sizeof(struct cors_spec),
    .fields = cors_fields,
    .field_count = COUNT(cors_fields),
    .shorthand = "origins",
    .help = "Other sites whose pages may ask this one.",
};

bool cors_is_open(const struct cors_spec *cors)
{
    for (size_t i = 0; i < cors->origins.count; i++) {
        if (strcmp(cors->origins.items[i].text, "*") == 0) {
            return true;
        }
    }
    return false;
}

void cors_check(struct check *check, const struct cors_spec *cors, const char *field)
{
    if (cors_is_open(cors) && cors->credentials.is_true) {
        check_add(check, DIAGNOSTIC_SITE_CORS_CREDENTIALS, cors->credentials.node,
                  field_below(check, field, "credentials"), NULL, NULL);
    }
}
