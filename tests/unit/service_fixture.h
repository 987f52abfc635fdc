/* One service document on its way from a text to a checked spec, for tests of schema and renderer,
 * which come before YAML. The text is of plain and "quoted" scalars, [a, b] and {a: b}, nested as
 * one likes; a plain scalar ends before , ] } or ": ". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/facts.h"
#include "model/layout.h"
#include "schemas/schema.h"
#include "schemas/service.h"

struct service_fixture {
    struct arena *arena;
    struct diagnostic_list diagnostics;
    struct document document;
    struct layout layout;
    struct facts facts;
    struct service_spec spec; /* of the document */
};

static inline int service_setup(void **state)
{
    struct service_fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->arena = arena_create();
    fixture->layout = layout_debian12();
    fixture->facts = facts_debian12();
    *state = fixture;
    return 0;
}

static inline int service_teardown(void **state)
{
    struct service_fixture *fixture = *state;
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* ---- The text -------------------------------------------------------------------------------- */

static inline const struct node *flow_read(struct arena *arena, const char **at);

static inline bool flow_ends_scalar(const char *at)
{
    return *at == '\0' || strchr(",]}", *at) != NULL || text_starts_with(at, ": ");
}

static inline const struct node *flow_read_scalar(struct arena *arena, const char **at)
{
    struct node *node = arena_new(arena, struct node);
    node->is_quoted = **at == '"';
    const char *first = *at + node->is_quoted;
    const char *end = first;
    while (node->is_quoted ? *end != '"' : !flow_ends_scalar(end)) {
        assert_int_not_equal(*end, '\0');
        end++;
    }
    node->text = arena_strndup(arena, first, (size_t)(end - first));
    node->length = (size_t)(end - first);
    *at = end + node->is_quoted;
    return node;
}

static inline const struct node *flow_read_entries(struct arena *arena, const char **at)
{
    char close = **at == '[' ? ']' : '}';
    struct node *node = arena_new(arena, struct node);
    node->type = close == ']' ? NODE_LIST : NODE_MAPPING;
    ++*at;
    while (**at != close) {
        const struct node *first = flow_read(arena, at);
        if (close == ']') {
            vec_add(arena, &node->elements, first);
        } else {
            assert_true(text_starts_with(*at, ": "));
            *at += 2;
            struct node_entry entry = {first, flow_read(arena, at)};
            vec_add(arena, &node->entries, entry);
        }
        if (**at == ',') {
            *at += 2;
        }
    }
    ++*at;
    return node;
}

static inline const struct node *flow_read(struct arena *arena, const char **at)
{
    return **at == '[' || **at == '{' ? flow_read_entries(arena, at) : flow_read_scalar(arena, at);
}

/* ---- The document ---------------------------------------------------------------------------- */

/* Decodes and checks; what is wrong stands in fixture->diagnostics. May be called again. */
static inline void service_read(struct service_fixture *fixture, const char *name, const char *text)
{
    fixture->diagnostics = (struct diagnostic_list){0};
    fixture->spec = (struct service_spec){0};
    fixture->document = (struct document){
        .kind_name = "service",
        .name = name,
        .node = flow_read(fixture->arena, &text),
        .spec = &fixture->spec,
    };
    struct check check = {
        .arena = fixture->arena,
        .diagnostics = &fixture->diagnostics,
        .document = &fixture->document,
        .facts = &fixture->facts,
        .layout = &fixture->layout,
    };
    field_decode(&check, &service_schema, fixture->document.node, &fixture->spec);
    service_schema.check(&check, &fixture->spec);
}

static inline void service_read_well(struct service_fixture *fixture, const char *name,
                                     const char *text)
{
    service_read(fixture, name, text);
    for (size_t i = 0; i < fixture->diagnostics.count; i++) {
        const struct diagnostic *diagnostic = &fixture->diagnostics.items[i];
        print_error("%s: %s (%s)\n", diagnostic->path, diagnostic_info(diagnostic->code)->text,
                    diagnostic->arguments[0]);
    }
    assert_int_equal(fixture->diagnostics.count, 0);
}
