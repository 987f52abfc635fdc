/* What the rows show to people is what the program takes: each example, alone or laid over a small
 * document of its kind, has no mistakes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/decode.h"
#include "core/diagnostics_report.h"
#include "core/kind.h"
#include "core/topic.h"
#include "core/validate.h"
#include "core/yaml.h"
#include "schemas/section.h"
#include "schemas/settings.h"

struct reading {
    struct arena *arena;
    struct facts facts;
    struct layout layout;
    struct diagnostic_list diagnostics;
};

static struct reading reading_make(struct arena *arena)
{
    struct reading reading = {
        .arena = arena, .facts = facts_debian12(), .layout = layout_debian12()};
    reading.layout.allows_raw = true; /* a host that allows all that a row may show */
    return reading;
}

static const char *said(struct reading *reading)
{
    struct text out = text_make(reading->arena);
    diagnostics_write_text(&reading->diagnostics, LANGUAGE_ENGLISH, false, &out);
    return out.data;
}

static void add_indented(struct text *out, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        text_line(out, "    %.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

/* "sites:\n  NAME:\n    FIELDS" */
static struct str document_of(struct arena *arena, const struct schema *schema, const char *fields)
{
    struct text out = text_make(arena);
    text_line(&out, "%s:\n  %s:", schema->plural, schema->example_name);
    add_indented(&out, fields);
    return text_str(&out);
}

static void add_source(struct reading *reading, struct decode_sources *sources, size_t layer,
                       struct str text)
{
    const struct source *source =
        source_make(reading->arena, arena_printf(reading->arena, "layer-%zu", layer), text);
    vec_add(reading->arena, sources, (struct decode_source){.source = source, .layer = layer});
}

/* True when the documents have no mistakes; lower may be NULL. */
static bool reads(struct reading *reading, const char *lower, struct str upper)
{
    struct decode_sources sources = {0};
    struct document_set documents = {0};
    bool is_incomplete = false;
    if (lower != NULL) {
        add_source(reading, &sources, 0, str_of(lower));
    }
    add_source(reading, &sources, lower == NULL ? 0 : 1, upper);
    const struct decode_input input = {.arena = reading->arena,
                                       .facts = &reading->facts,
                                       .layout = &reading->layout,
                                       .sources = &sources,
                                       .diagnostics = &reading->diagnostics};
    reading->diagnostics = (struct diagnostic_list){0};
    decode_documents(&input, &documents, &is_incomplete);
    validate_documents(reading->arena, &reading->facts, &reading->layout, &documents,
                       &reading->diagnostics);
    return reading->diagnostics.count == 0;
}

/* The example shows the field that it stands at. */
static void assert_shows(struct reading *reading, const struct field *field, const char *example)
{
    const struct source *source = source_make(reading->arena, "example", str_of(example));
    const struct node *root = yaml_parse(reading->arena, source, &reading->diagnostics).root;
    assert_non_null(root);
    assert_non_null(node_get(root, field->name));
    assert_ptr_equal(root->entries.items[0].value, node_get(root, field->name));
}

static void try_example(const struct schema *schema, const struct field *field, const char *example)
{
    AUTO_ARENA arena = arena_create();
    struct reading reading = reading_make(arena);
    /* A field that says who answers stands in the place of the small document's own. */
    const char *small = arena_strdup(arena, document_of(arena, schema, schema->example).data);
    struct str text = document_of(arena, schema, example);
    text =
        str_of(arena_printf(arena, "%sprofiles: { office-only: { protect: true } }\n", text.data));
    if (!reads(&reading, NULL, text) && !reads(&reading, small, text)) {
        fail_msg("the example of %s.%s:\n%s\n%s", schema->name, field->name, example,
                 said(&reading));
    }
    assert_shows(&reading, field, example);
}

static void try_kind(const struct schema *schema)
{
    AUTO_ARENA arena = arena_create();
    struct reading reading = reading_make(arena);
    assert_non_null(schema->example);
    if (!reads(&reading, NULL, document_of(arena, schema, schema->example))) {
        fail_msg("the example of %s:\n%s", schema->name, said(&reading));
    }
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(schema, i)) != NULL; i++) {
        const char *example = field_example_text(arena, field);
        if (example == NULL) {
            fail_msg("%s.%s shows no example", schema->name, field->name);
        } else {
            try_example(schema, field, example);
        }
    }
}

static void test_topic_examples_of_kinds_are_right(void **state)
{
    assert_true(kind_count() > 0);
    for (size_t i = 0; i < kind_count(); i++) {
        try_kind(kind_at(i)->schema);
    }
}

static void test_topic_a_wrong_example_would_be_seen(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct reading reading = reading_make(arena);
    assert_false(reads(&reading, NULL, document_of(arena, kind_find("site")->schema, "prox: a")));
    assert_non_null(strstr(said(&reading), "unknown field \"prox\""));
}

static void test_topic_examples_of_settings_are_right(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(&settings_schema, i)) != NULL; i++) {
        struct reading reading = reading_make(arena);
        const char *example = field_example_text(arena, field);
        if (example == NULL) {
            fail_msg("settings.%s shows no example", field->name);
            return;
        }
        assert_shows(&reading, field, example);
        const struct source *source = source_make(arena, "settings", str_of(example));
        struct document document = {.kind_name = "settings", .name = ""};
        struct check check = {
            .arena = arena, .diagnostics = &reading.diagnostics, .document = &document};
        field_decode(&check, &settings_schema, yaml_parse(arena, source, &reading.diagnostics).root,
                     arena_alloc(arena, settings_schema.size));
        if (reading.diagnostics.count > 0) {
            fail_msg("the example of settings.%s:\n%s", field->name, said(&reading));
        }
    }
}

static void test_topic_examples_of_sections_are_right(void **state)
{
    AUTO_ARENA arena = arena_create();
    for (size_t i = 0; i < section_count(); i++) {
        struct reading reading = reading_make(arena);
        if (!reads(&reading, NULL, str_of(section_at(i)->example))) {
            fail_msg("the example of %s:\n%s", section_at(i)->name, said(&reading));
        }
    }
}

static void test_topic_is_found_by_either_name(void **state)
{
    assert_ptr_equal(topic_find("sites"), topic_find("site"));
    assert_ptr_equal(topic_find("settings"), &settings_schema);
    assert_ptr_equal(topic_find("removed"), &removal_schema);
    assert_null(topic_find("sit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topic_examples_of_kinds_are_right),
        cmocka_unit_test(test_topic_a_wrong_example_would_be_seen),
        cmocka_unit_test(test_topic_examples_of_settings_are_right),
        cmocka_unit_test(test_topic_examples_of_sections_are_right),
        cmocka_unit_test(test_topic_is_found_by_either_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
