/* The rows of the sections beside the kinds' own. */
#include "schemas/section.h"

#include <string.h>

#include "base/str.h"

// clang-format off
static const struct section sections[] = {
    {SECTION_DEFAULTS,
     "Values for all documents of a kind, below what the documents themselves say.",
     "defaults:\n"
     "  sites:\n"
     "    timeout: 30s\n"
     "  services:\n"
     "    memory: 512m\n"},
    {SECTION_PROFILES,
     "Named sets of fields. A document takes them by use; the last one wins, and what the document "
     "itself says goes before them.",
     "profiles:\n"
     "  office-only:\n"
     "    allow: [192.0.2.0/24]\n"
     "sites:\n"
     "  wiki.example.com:\n"
     "    use: office-only\n"
     "    proxy: 127.0.0.1:3000\n"},
    {SECTION_REMOVED,
     "How what may hold data goes away, named as KIND:NAME. Without an entry here accounts, folders "
     "with data, and what a document with protect made, stay on the host after their document is "
     "gone.",
     "removed:\n"
     "  service:old-shop:\n"
     "    after: 2026-12-31\n"
     "    why: moved to shop\n"},
};

static const struct field removal_fields[] = {
    FIELD(struct removal_spec, after, .syntax = &syntax_date, .fallback_note = "at once",
          .help = "The day from which it may go."),
    FIELD(struct removal_spec, why,
          .help = "The reason, for other people."),
};
// clang-format on

const struct schema removal_schema = {
    .name = SECTION_REMOVED,
    .size = sizeof(struct removal_spec),
    .fields = removal_fields,
    .field_count = sizeof(removal_fields) / sizeof(removal_fields[0]),
    .help = "How something with data goes away.",
};

size_t section_count(void)
{
    return sizeof(sections) / sizeof(sections[0]);
}

const struct section *section_at(size_t index)
{
    return &sections[index];
}

const struct section *section_find(const char *name)
{
    for (size_t i = 0; i < section_count(); i++) {
        if (strcmp(sections[i].name, name) == 0) {
            return &sections[i];
        }
    }
    return NULL;
}
