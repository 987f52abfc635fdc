/* Any bytes as nginx configuration: what is not refused becomes YAML that is whole, has no
 * mistakes, and renders. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/accept_render.h"
#include "core/diagnostics_report.h"
#include "core/import.h"
#include "core/validate.h"
#include "model/facts.h"
#include "model/layout.h"

enum { BYTES_MOST = 16 * 1024, YAML_MOST = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool open_nothing(void *context, const char *pattern, struct import_files *out,
                         struct error *err)
{
    (void)context;
    (void)pattern;
    (void)out;
    (void)err;
    return true;
}

/* Tells why, for whoever looks at a crash. */
static void refuse(struct arena *arena, const struct source *source)
{
    struct diagnostic_list diagnostics = {0};
    struct document_set documents = {0};
    struct decode_sources sources = {0};
    bool is_incomplete = false;
    const struct facts facts = facts_debian12();
    struct layout layout = layout_debian12();
    layout.allows_raw = true;
    vec_add(arena, &sources, (struct decode_source){.source = source});
    const struct decode_input input = {.arena = arena,
                                       .facts = &facts,
                                       .layout = &layout,
                                       .sources = &sources,
                                       .diagnostics = &diagnostics};
    decode_documents(&input, &documents, &is_incomplete);
    validate_documents(arena, &facts, &layout, &documents, &diagnostics);
    struct text text = text_make(arena);
    diagnostics_write_text(&diagnostics, LANGUAGE_ENGLISH, false, &text);
    (void)fputs(text.data, stderr);
    abort();
}

static void check_yaml(struct arena *arena, struct str yaml)
{
    const struct facts facts = facts_debian12();
    struct layout layout = layout_debian12();
    layout.allows_raw = true;
    const struct accept_setting setting = {.facts = &facts, .layout = &layout};
    struct decode_sources sources = {0};
    struct document_set documents;
    struct accept_texts texts;
    const struct source *source = source_make(arena, "sites.yaml", yaml);
    vec_add(arena, &sources, (struct decode_source){.source = source});
    if (!accept_render(&setting, arena, &sources, &documents, &texts)) {
        refuse(arena, source);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > BYTES_MOST) {
        return 0;
    }
    struct arena *arena = arena_create();
    struct error err = {0};
    struct import_files files = {0};
    struct import_result result;
    const struct import_door door = {open_nothing, NULL};
    vec_add(arena, &files, (struct import_file){"in.conf", {(const char *)data, size}});
    if (import_nginx(arena, &files, &door, &result, &err) && result.site_count > 0 &&
        result.yaml.length < YAML_MOST) {
        check_yaml(arena, result.yaml);
    }
    arena_destroy(arena);
    return 0;
}
