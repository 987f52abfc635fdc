/* The fields of every document. */

#include "schemas/common.h"

// clang-format off
static const char *const mode_names[] = {"enforce", "observe", "hold", NULL};

static const struct field ignore_fields[] = {
    FIELD(struct ignore_spec, field, .is_required = true,
          .help = "The field whose difference is left alone, as drift names it."),
    FIELD(struct ignore_spec, until, .syntax = &syntax_date,
          .help = "The day from which it counts again. Without it: for good."),
    FIELD(struct ignore_spec, why,
          .help = "The reason, shown wherever the difference is."),
};

static const struct schema ignore_schema = {
    .name = "ignore",
    .size = sizeof(struct ignore_spec),
    .fields = ignore_fields,
    .field_count = sizeof(ignore_fields) / sizeof(ignore_fields[0]),
    .help = "One difference that is left alone.",
};

static const struct field common_fields[] = {
    FIELD(struct common_spec, mode, .choices = mode_names, .fallback_note = "the host's",
          .help = "enforce repairs drift, observe only reports it, hold repairs drift but takes no "
                  "new change.",
          .example = "mode: observe"),
    FIELD(struct common_spec, protect, .fallback = "false",
          .help = "What this document made is not deleted, even after the document is gone."),
    FIELD(struct common_spec, adopt, .fallback = "false",
          .help = "What this document wants and somebody else made already is taken over; its first "
                  "content is kept. The option --adopt does that for all documents, once."),
    FIELD(struct common_spec, ignore, .object = &ignore_schema,
          .help = "Differences that are left alone, each until a day and for a reason.",
          .example = "ignore:\n"
                     "  - { field: content, until: 2026-12-31, why: tried out by hand }"),
    FIELD(struct common_spec, needs, .reference = "*", .is_reference_only = true,
          .help = "Documents that are made first, such as service:shop.",
          .example = "needs: [service:shop]"),
    FIELD(struct common_spec, use, .syntax = &syntax_name,
          .help = "Profiles whose fields this document takes, the last one wins.",
          .example = "use: [office-only]"),
    FIELD(struct common_spec, description,
          .help = "What this is, in a few words for other people.",
          .example = "description: The shop, as customers see it"),
};
// clang-format on

const struct schema common_schema = {
    .name = "document",
    .size = sizeof(struct common_spec),
    .fields = common_fields,
    .field_count = sizeof(common_fields) / sizeof(common_fields[0]),
    .help = "What every document accepts.",
};
