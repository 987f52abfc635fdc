#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/decode.h"
#include "core/order.h"
#include "core/resolve.h"
#include "core/validate.h"
#include "schemas/service.h"
#include "schemas/site.h"

/* Texts of files by layer become documents, with all the stages up to the order. */
struct fixture {
    struct arena *arena;
    struct facts facts;
    struct layout layout;
    struct decode_sources sources;
    struct diagnostic_list diagnostics;
    struct document_set documents;
    bool is_incomplete;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    fixture->facts = facts_debian12();
    fixture->layout = layout_debian12();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

static void add(struct fixture *fixture, size_t layer, const char *name, const char *text)
{
    const struct source *source = source_make(fixture->arena, name, str_of(text));
    vec_add(fixture->arena, &fixture->sources,
            (struct decode_source){.source = source, .layer = layer});
}

static void decode(struct fixture *fixture)
{
    const struct decode_input input = {.arena = fixture->arena,
                                       .facts = &fixture->facts,
                                       .layout = &fixture->layout,
                                       .sources = &fixture->sources,
                                       .diagnostics = &fixture->diagnostics};
    decode_documents(&input, &fixture->documents, &fixture->is_incomplete);
    validate_documents(fixture->arena, &fixture->facts, &fixture->layout, &fixture->documents,
                       &fixture->diagnostics);
    resolve_documents(fixture->arena, &fixture->documents, fixture->is_incomplete,
                      &fixture->diagnostics);
    order_documents(fixture->arena, &fixture->documents, &fixture->diagnostics);
}

static const struct site_spec *site(const struct fixture *fixture, const char *name)
{
    const struct document *document = document_find(&fixture->documents, "site", name);
    assert_non_null(document);
    return document->spec;
}

static void assert_codes(const struct fixture *fixture, const enum diagnostic_code *codes,
                         size_t count)
{
    assert_int_equal(fixture->diagnostics.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(diagnostic_info(fixture->diagnostics.items[i].code)->number,
                            diagnostic_info(codes[i])->number);
    }
}

#define ASSERT_CODES(fixture, ...)                                                                 \
    assert_codes((fixture), (const enum diagnostic_code[]){__VA_ARGS__},                           \
                 sizeof((const enum diagnostic_code[]){__VA_ARGS__}) /                             \
                     sizeof(enum diagnostic_code))

static void test_decode_files_are_one_set(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml", "sites:\n  a.example.com: {proxy: 127.0.0.1:1}\n");
    add(fixture, 0, "b.yaml", "sites:\n  b.example.com: {proxy: 127.0.0.1:2}\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->documents.documents.count, 2);
}

static void test_decode_same_identity_twice_shows_both_places(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml", "sites:\n  a.example.com: {proxy: 127.0.0.1:1}\n");
    add(fixture, 0, "b.yaml", "sites:\n  a.example.com: {proxy: 127.0.0.1:2}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_DUPLICATE_DOCUMENT);
    assert_string_equal(span_text(fixture->arena, fixture->diagnostics.items[0].span),
                        "b.yaml:2:3");
    assert_string_equal(span_text(fixture->arena, fixture->diagnostics.items[0].second),
                        "a.yaml:2:3");
}

static void test_decode_layers_merge_and_keep_their_places(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "sites:\n  a.example.com:\n    proxy: 127.0.0.1:1\n    body_max: 1m\n    hsts: 30d\n");
    add(fixture, 1, "environments/x/a.yaml", "sites:\n  a.example.com: {body_max: 2m}\n");
    add(fixture, 2, "hosts/y/a.yaml", "sites:\n  a.example.com: {hsts: }\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    const struct document *document = document_find(&fixture->documents, "site", "a.example.com");
    const struct node *body = node_get(document->node, "body_max");
    assert_string_equal(body->text, "2m");
    assert_string_equal(span_text(fixture->arena, body->span), "environments/x/a.yaml:2:29");
    assert_true(node_is_null(node_get(document->node, "hsts")));
    assert_string_equal(span_text(fixture->arena, document->span), "a.yaml:2:3");
}

static void test_decode_overlay_removes_a_document(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml", "sites:\n  a.example.com: {proxy: 127.0.0.1:1}\n");
    add(fixture, 1, "e.yaml", "sites:\n  a.example.com:\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->documents.documents.count, 0);
}

static void test_decode_precedence_is_defaults_profiles_document(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "defaults:\n  sites: {body_max: 1m, timeout: 1s, description: default}\n"
        "profiles:\n  one: {timeout: 2s, body_max: 2m}\n  two: {body_max: 3m}\n"
        "sites:\n"
        "  a.example.com: {proxy: 127.0.0.1:1, use: [one, two]}\n"
        "  b.example.com: {proxy: 127.0.0.1:1, use: one, body_max: 9m}\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_string_equal(site(fixture, "a.example.com")->common.description.text, "default");
    const struct document *a = document_find(&fixture->documents, "site", "a.example.com");
    const struct document *b = document_find(&fixture->documents, "site", "b.example.com");
    assert_string_equal(node_get(a->node, "body_max")->text, "3m");
    assert_string_equal(node_get(a->node, "timeout")->text, "2s");
    assert_string_equal(node_get(b->node, "body_max")->text, "9m");
    assert_string_equal(span_text(fixture->arena, node_get(b->node, "timeout")->span),
                        "a.yaml:4:18");
}

static void test_decode_preset_stands_below_everything(void **state)
{
    struct fixture *fixture = *state;
    fixture->facts.cpus = 3;
    add(fixture, 0, "a.yaml",
        "services:\n  app: {run: /usr/bin/gunicorn app:app, port: 5000, preset: gunicorn}\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    const struct document *document = document_find(&fixture->documents, "service", "app");
    const struct node *workers = node_get(node_get(document->node, "env"), "WEB_CONCURRENCY");
    assert_non_null(workers);
    assert_string_equal(workers->text, "7");
    assert_string_equal(workers->span.source->name, "preset gunicorn");
}

static void test_decode_shorthand_replaces_its_own_field_only(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "defaults:\n  services: {restart: {delay: 5s}, memory: 1g}\n"
        "profiles:\n  slow: {memory: {high: 1m}}\n"
        "services:\n  app: {run: /usr/bin/gunicorn app:app, preset: gunicorn, use: slow,\n"
        "        restart: on-failure}\n");
    add(fixture, 1, "e.yaml", "services:\n  app: {run: /usr/bin/gunicorn --reload app:app}\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    const struct document *document = document_find(&fixture->documents, "service", "app");
    const struct service_spec *spec = document->spec;
    assert_int_equal(spec->run.start.count, 3);
    assert_string_equal(spec->run.reload.words[0], "SIGHUP");
    assert_int_equal(spec->restart.policy.index, RESTART_ON_FAILURE);
    assert_int_equal(spec->restart.delay.milliseconds, 5000);
    assert_int_equal(spec->memory.max.bytes, 1 << 30);
    assert_int_equal(spec->memory.high.bytes, 1 << 20);
    assert_string_equal(span_text(fixture->arena, spec->run.start.node->span), "e.yaml:2:14");
}

static void test_decode_unknown_names_get_a_suggestion(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "profiles: {web: {timeout: 1s}}\n"
        "site: {}\n"
        "services:\n  app: {run: /bin/true, preset: gunicor}\n"
        "sites:\n  a.example.com: {proxy: 127.0.0.1:1, use: wep}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_UNKNOWN_SECTION, DIAGNOSTIC_UNKNOWN_CHOICE,
                 DIAGNOSTIC_UNKNOWN_PROFILE);
    assert_string_equal(fixture->diagnostics.items[0].suggestion, "sites");
    assert_string_equal(fixture->diagnostics.items[1].suggestion, "gunicorn");
    assert_string_equal(fixture->diagnostics.items[2].suggestion, "web");
}

static void test_decode_profile_cannot_use_another(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml", "profiles: {web: {use: other}}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_NESTED_PROFILE);
}

static void test_decode_removed_becomes_a_tombstone(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "removed:\n  service:old: {after: 2026-12-31, why: moved}\n  nonsense: {}\n"
        "  shop:old: {}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_BAD_REFERENCE, DIAGNOSTIC_UNKNOWN_KIND);
    assert_int_equal(fixture->documents.tombstones.count, 1);
    assert_string_equal(fixture->documents.tombstones.items[0].name, "old");
    assert_string_equal(fixture->documents.tombstones.items[0].after, "2026-12-31");
}

static void test_decode_written_and_removed_exclude_each_other(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "removed:\n  service:app: {why: gone}\nservices:\n  app: {run: /bin/true}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_REMOVED_BUT_WRITTEN);
}

static void test_resolve_leads_to_the_document(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "sites:\n  a.example.com: {proxy: service:app}\n"
        "services:\n  app: {run: /bin/true, port: 5000}\n");
    decode(fixture);
    assert_int_equal(fixture->diagnostics.count, 0);
    const struct document *document = document_find(&fixture->documents, "site", "a.example.com");
    assert_int_equal(document->references.count, 1);
    assert_string_equal(document->references.items[0].target->name, "app");
}

static void test_resolve_missing_document_gets_a_suggestion(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "sites:\n  a.example.com: {proxy: service:shpo}\n"
        "services:\n  shop: {run: /bin/true, port: 5000}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_MISSING_DOCUMENT);
    assert_string_equal(fixture->diagnostics.items[0].suggestion, "service:shop");
}

static void test_resolve_missing_document_is_not_said_of_a_broken_set(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml", "sites:\n  a.example.com: {proxy: service:shop}\n");
    add(fixture, 0, "b.yaml", "services:\n  shop: {run: [/bin/true\n");
    decode(fixture);
    assert_true(fixture->is_incomplete);
    for (size_t i = 0; i < fixture->diagnostics.count; i++) {
        assert_int_not_equal(fixture->diagnostics.items[i].code, DIAGNOSTIC_MISSING_DOCUMENT);
    }
    assert_true(fixture->diagnostics.count > 0);
}

static void test_resolve_two_sites_of_one_host_show_both_places(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "sites:\n  a.example.com: {proxy: 127.0.0.1:1, aliases: [www.example.com]}\n"
        "  b.example.com: {proxy: 127.0.0.1:1, aliases: [www.example.com]}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_DUPLICATE_CLAIM);
    assert_non_null(fixture->diagnostics.items[0].second.source);
}

static void test_order_what_is_needed_comes_first(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "services:\n"
        "  a: {run: /bin/true, needs: [service:c]}\n"
        "  b: {run: /bin/true}\n"
        "  c: {run: /bin/true, needs: [service:b]}\n");
    decode(fixture);
    static const char *const order[] = {"b", "c", "a"};
    assert_int_equal(fixture->diagnostics.count, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(fixture->documents.documents.items[i]->name, order[i]);
        assert_int_equal(fixture->documents.documents.items[i]->order, i);
    }
}

static void test_order_circle_is_shown_step_by_step(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 0, "a.yaml",
        "services:\n"
        "  a: {run: /bin/true, needs: [service:b]}\n"
        "  b: {run: /bin/true, needs: [service:c]}\n"
        "  c: {run: /bin/true, needs: [service:b]}\n"
        "  d: {run: /bin/true, needs: [service:d]}\n");
    decode(fixture);
    ASSERT_CODES(fixture, DIAGNOSTIC_SELF_REFERENCE, DIAGNOSTIC_DEPENDENCY_CYCLE,
                 DIAGNOSTIC_CYCLE_STEP, DIAGNOSTIC_CYCLE_STEP);
    assert_string_equal(fixture->diagnostics.items[1].arguments[0],
                        "service:b -> service:c -> service:b");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_decode_files_are_one_set),
        TEST(test_decode_same_identity_twice_shows_both_places),
        TEST(test_decode_layers_merge_and_keep_their_places),
        TEST(test_decode_overlay_removes_a_document),
        TEST(test_decode_precedence_is_defaults_profiles_document),
        TEST(test_decode_preset_stands_below_everything),
        TEST(test_decode_shorthand_replaces_its_own_field_only),
        TEST(test_decode_unknown_names_get_a_suggestion),
        TEST(test_decode_profile_cannot_use_another),
        TEST(test_decode_removed_becomes_a_tombstone),
        TEST(test_decode_written_and_removed_exclude_each_other),
        TEST(test_resolve_leads_to_the_document),
        TEST(test_resolve_missing_document_gets_a_suggestion),
        TEST(test_resolve_missing_document_is_not_said_of_a_broken_set),
        TEST(test_resolve_two_sites_of_one_host_show_both_places),
        TEST(test_order_what_is_needed_comes_first),
        TEST(test_order_circle_is_shown_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
