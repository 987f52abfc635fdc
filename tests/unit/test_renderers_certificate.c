/* Certificate documents, from their fields to their item, and the wishes of sites. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "renderers/certificate.h"
#include "schemas/certificate.h"
#include "schemas/schema.h"

struct fixture {
    struct arena *arena;
    struct diagnostic_list diagnostics;
    struct item_list items;
    struct document document;
    struct layout layout;
    struct certificate_spec spec;
    struct render render;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->arena = arena_create();
    fixture->layout.certificates = "/c";
    fixture->layout.issuer = "internal";
    fixture->document.kind_name = "certificate";
    fixture->document.name = "shop.example.com";
    fixture->document.spec = &fixture->spec;
    fixture->render = (struct render){
        .arena = fixture->arena,
        .scratch = fixture->arena,
        .layout = &fixture->layout,
        .items = &fixture->items,
        .diagnostics = &fixture->diagnostics,
    };
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* Words: a list is "[ a b ]", a map "{ key value ... }", each sign and word between spaces. */
static const struct node *read_node(struct arena *arena, const char **words);

static const char *next_word(struct arena *arena, const char **words)
{
    size_t length = strcspn(*words, " ");
    const char *word = arena_strndup(arena, *words, length);
    *words += length + ((*words)[length] == ' ' ? 1 : 0);
    return word;
}

static const struct node *make_node(struct arena *arena, const char *word, const char **words)
{
    struct node *node = arena_new(arena, struct node);
    node->text = word;
    node->length = strlen(word);
    if (strcmp(word, "[") == 0) {
        node->type = NODE_LIST;
        while (!text_starts_with(*words, "]")) {
            vec_add(arena, &node->elements, read_node(arena, words));
        }
        (void)next_word(arena, words);
    } else if (strcmp(word, "{") == 0) {
        node->type = NODE_MAPPING;
        while (!text_starts_with(*words, "}")) {
            const struct node *key = read_node(arena, words);
            vec_add(arena, &node->entries, (struct node_entry){key, read_node(arena, words)});
        }
        (void)next_word(arena, words);
    }
    return node;
}

static const struct node *read_node(struct arena *arena, const char **words)
{
    const char *word = next_word(arena, words);
    return make_node(arena, word, words);
}

static void decode(struct fixture *fixture, const char *words)
{
    struct check check = {
        .arena = fixture->arena,
        .diagnostics = &fixture->diagnostics,
        .document = &fixture->document,
        .layout = &fixture->layout,
    };
    field_decode(&check, &certificate_schema, read_node(fixture->arena, &words), &fixture->spec);
    certificate_schema.check(&check, &fixture->spec);
}

static const struct certificate_item *render(struct fixture *fixture, const char *words)
{
    decode(fixture, words);
    assert_int_equal(fixture->diagnostics.count, 0);
    certificate_render(&fixture->render, &fixture->document);
    assert_int_equal(fixture->items.count, 1);
    const struct item *item = &fixture->items.items[0];
    assert_string_equal(item->type, ITEM_CERTIFICATE);
    assert_string_equal(item->id, fixture->document.name);
    assert_ptr_equal(item->document, &fixture->document);
    return item->wanted;
}

static void test_certificate_empty_document_is_for_its_own_name(void **state)
{
    const struct certificate_item *item = render(*state, "{ }");
    assert_int_equal(item->name_count, 1);
    assert_string_equal(item->names[0], "shop.example.com");
    assert_null(item->names[1]);
    assert_int_equal(item->issuer, CERTIFICATE_INTERNAL);
    assert_string_equal(item->directory, "/c/shop.example.com");
    assert_string_equal(item->key_type, "ecdsa-p256");
    assert_int_equal(item->lifetime_seconds, 90 * 24 * 3600);
    assert_null(item->source_chain);
}

static void test_certificate_full_internal_document(void **state)
{
    const struct certificate_item *item =
        render(*state, "{ names [ *.example.com example.com 10.0.0.1 example.com ] "
                       "issuer internal key rsa-4096 lifetime 30d }");
    assert_int_equal(item->name_count, 3);
    assert_string_equal(item->names[0], "*.example.com");
    assert_string_equal(item->names[2], "10.0.0.1");
    assert_null(item->names[3]);
    assert_string_equal(item->key_type, "rsa-4096");
    assert_int_equal(item->lifetime_seconds, 30 * 24 * 3600);
}

static void test_certificate_files_are_an_issuer(void **state)
{
    const struct certificate_item *item =
        render(*state, "{ files { chain /etc/ssl/chain.pem key /etc/ssl/private/key.pem } }");
    assert_int_equal(item->issuer, CERTIFICATE_FILE);
    assert_string_equal(item->source_chain, "/etc/ssl/chain.pem");
    assert_string_equal(item->source_key, "/etc/ssl/private/key.pem");
}

static void test_certificate_of_an_acme_directory(void **state)
{
    const struct certificate_item *item =
        render(*state, "{ issuer letsencrypt-staging key rsa-2048 }");
    assert_int_equal(item->issuer, CERTIFICATE_ACME);
    assert_string_equal(item->issuer_name, "letsencrypt-staging");
    assert_string_equal(item->directory_url,
                        "https://acme-staging-v02.api.letsencrypt.org/directory");
    assert_string_equal(item->key_type, "rsa-2048");
    assert_int_equal(item->lifetime_seconds, 0);
}

static void test_certificate_of_another_directory_may_be_for_local_names(void **state)
{
    const struct certificate_item *item =
        render(*state, "{ names [ a.internal ] issuer https://ca.internal/acme/directory }");
    assert_int_equal(item->issuer, CERTIFICATE_ACME);
    assert_string_equal(item->issuer_name, "https://ca.internal/acme/directory");
    assert_string_equal(item->directory_url, "https://ca.internal/acme/directory");
}

static void test_certificate_without_an_issuer_has_the_hosts(void **state)
{
    struct fixture *fixture = *state;
    fixture->layout.issuer = "letsencrypt";
    assert_int_equal(render(fixture, "{ }")->issuer, CERTIFICATE_ACME);
    fixture->items.count = 0;
    assert_int_equal(render(fixture, "{ names [ a.local b ] }")->issuer, CERTIFICATE_INTERNAL);
    fixture->items.count = 0;
    assert_int_equal(render(fixture, "{ files { chain /a key /b } }")->issuer, CERTIFICATE_FILE);
}

static void test_certificate_each_mistake_has_its_message(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        const char *text;
        enum diagnostic_code code;
    } cases[] = {
        {"wildcard", "{ names [ ] }", DIAGNOSTIC_CERTIFICATE_NO_NAMES},
        {"Wild_Card", "{ }", DIAGNOSTIC_CERTIFICATE_NO_NAMES},
        {"a.test", "{ issuer file }", DIAGNOSTIC_CERTIFICATE_NO_FILES},
        {"a.test", "{ issuer internal files { chain /a key /b } }",
         DIAGNOSTIC_CERTIFICATE_FILES_UNUSED},
        {"a.test", "{ files { chain /a key /b } key rsa-2048 }", DIAGNOSTIC_CERTIFICATE_NOT_OURS},
        {"a.test", "{ files { chain /a key /b } lifetime 30d }", DIAGNOSTIC_CERTIFICATE_NOT_OURS},
        {"a.test", "{ files { chain /a } }", DIAGNOSTIC_MISSING_FIELD},
        {"a.test", "{ files { chain ../a key /b } }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ issuer letsencrypt }", DIAGNOSTIC_CERTIFICATE_LOCAL_NAME},
        {"a.test", "{ issuer letsencrypt names [ a.example.com 10.0.0.1 ] }",
         DIAGNOSTIC_CERTIFICATE_LOCAL_NAME},
        {"a.example.com", "{ issuer letsencrypt lifetime 30d }", DIAGNOSTIC_CERTIFICATE_LIFETIME},
        {"a.example.com", "{ issuer letsencrypt names [ *.example.com ] challenge http-01 }",
         DIAGNOSTIC_CERTIFICATE_WILDCARD},
        {"a.example.com", "{ issuer letsencrypt names [ *.example.com ] }",
         DIAGNOSTIC_CERTIFICATE_NO_DNS_HOOK},
        {"a.example.com", "{ issuer internal challenge dns-01 }", DIAGNOSTIC_CERTIFICATE_NOT_ASKED},
        {"a.example.com", "{ issuer letsencrypt files { chain /a key /b } }",
         DIAGNOSTIC_CERTIFICATE_FILES_UNUSED},
        {"a.test", "{ issuer letsencript }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ issuer http://ca.example.com/dir }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ key dsa }", DIAGNOSTIC_UNKNOWN_CHOICE},
        {"a.test", "{ lifetime 59m }", DIAGNOSTIC_OUT_OF_RANGE},
        {"a.test", "{ lifetime 826d }", DIAGNOSTIC_OUT_OF_RANGE},
        {"a.test", "{ names [ *.*.test ] }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ names [ a.test; ] }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ names [ Upper.test ] }", DIAGNOSTIC_BAD_VALUE},
        {"a.test", "{ chalenge http-01 }", DIAGNOSTIC_UNKNOWN_FIELD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture->diagnostics.count = 0;
        fixture->spec = (struct certificate_spec){0};
        fixture->document.name = cases[i].name;
        decode(fixture, cases[i].text);
        assert_int_equal(fixture->diagnostics.count, 1);
        assert_int_equal(fixture->diagnostics.items[0].code, cases[i].code);
    }
}

static void test_certificate_of_a_site_is_added_by_its_wish(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"a.test", "www.a.test"};
    const struct certificate_item *item = certificate_item_add(
        &fixture->render, &(const struct certificate_wish){.document = &fixture->document,
                                                           .name = "a.test",
                                                           .names = names,
                                                           .name_count = 2,
                                                           .issuer = "internal"});
    assert_int_equal(fixture->items.count, 1);
    assert_ptr_equal(fixture->items.items[0].wanted, item);
    assert_string_equal(fixture->items.items[0].id, "a.test");
    assert_int_equal(item->issuer, CERTIFICATE_INTERNAL);
    assert_int_equal(item->name_count, 2);
    assert_string_equal(item->directory,
                        certificate_directory(fixture->arena, &fixture->layout, "a.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_certificate_empty_document_is_for_its_own_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_certificate_full_internal_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_files_are_an_issuer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_each_mistake_has_its_message, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_certificate_of_a_site_is_added_by_its_wish, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_certificate_of_an_acme_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_certificate_of_another_directory_may_be_for_local_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_without_an_issuer_has_the_hosts, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
