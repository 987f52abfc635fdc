/* Maintenance: for how long, who passes, and what all others see. */

#include "schemas/maintenance.h"

#include "schemas/site_syntax.h"

// clang-format off
static const struct field fields[] = {
    FIELD(struct maintenance_spec, on, .fallback = "true",
          .help = "false: all is well; what else is written here waits for the next time."),
    FIELD(struct maintenance_spec, retry_after, .fallback = "10m", .least = 1000,
          .most = 365LL * 24 * 3600 * 1000,
          .help = "After what time clients shall ask again (Retry-After)."),
    FIELD(struct maintenance_spec, until, .syntax = &syntax_date,
          .help = "When clients shall ask again, instead of retry_after. It is told to them; it "
                  "does not end the maintenance."),
    FIELD(struct maintenance_spec, allow, .syntax = &syntax_network, .count_most = 200,
          .help = "Addresses and networks that see the site as ever."),
    FIELD(struct maintenance_spec, page, .syntax = &syntax_static_folder,
          .fallback_note = "a page in English and Arabic",
          .help = "A file on the host that is shown instead, as it is; all that it needs is in it."),
};
// clang-format on

const struct schema maintenance_schema = {
    .name = "maintenance",
    .size = sizeof(struct maintenance_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "on",
    .help = "Everybody but a few is told to come back later.",
};

void maintenance_check(struct check *check, const struct maintenance_spec *maintenance,
                       const char *field)
{
    const struct node *until = maintenance->until.node;
    const struct node *after = maintenance->retry_after.node;
    if (until != NULL && after != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, until, field, "retry_after", "until")->second =
            after->span;
    }
}
