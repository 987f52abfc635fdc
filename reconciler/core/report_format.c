/* The table of formats, made from report_formats.def. */
#include "core/report.h"

#define REPORT_FORMAT(name_, help_)                                                                \
    {.name = #name_, .help = (help_), .write = report_write_##name_},
static const struct report_format formats[] = {
#include "core/report_formats.def"
};
#undef REPORT_FORMAT

size_t report_format_count(void)
{
    return sizeof(formats) / sizeof(formats[0]);
}

const struct report_format *report_format_at(size_t index)
{
    return &formats[index];
}

const struct report_format *report_format_find(struct str name)
{
    for (size_t i = 0; i < report_format_count(); i++) {
        if (str_equal(str_of(formats[i].name), name)) {
            return &formats[i];
        }
    }
    return NULL;
}
