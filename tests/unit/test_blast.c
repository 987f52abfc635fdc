#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/blast.h"
#include "model/json.h"
#include "model/nginx_load.h"
#include "model/tree_item.h"
#include "model/unit_item.h"

struct fixture {
    struct arena *arena;
    struct plan plan;
    struct report report;
    struct tree_item tree;
    struct text out;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    *fixture = (struct fixture){
        .arena = arena,
        .report = {.arena = arena, .is_dry_run = true, .plan = &fixture->plan},
        .out = text_make(arena),
    };
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

static struct action *add_action(struct fixture *fixture, const char *type, const char *id)
{
    struct item *item = arena_new(fixture->arena, struct item);
    struct observation *found = arena_new(fixture->arena, struct observation);
    *item = (struct item){.type = type, .id = id, .wanted = &fixture->tree};
    *found = (struct observation){.item = item, .exists = true};
    vec_add(fixture->arena, &fixture->plan.actions,
            (struct action){
                .verb = ACTION_UPDATE, .cause = CAUSE_PENDING, .item = item, .found = found});
    return vec_last(&fixture->plan.actions);
}

static struct change *add_change(struct fixture *fixture, struct action *action, const char *path,
                                 const char *from, const char *to)
{
    const char *thing = arena_printf(fixture->arena, "/tree/%s", path);
    vec_add(fixture->arena, &action->changes,
            (struct change){
                .field = "content", .thing = thing, .from = from, .to = to, .is_text = true});
    if (to != NULL) {
        vec_add(fixture->arena, &fixture->tree.members,
                (struct tree_member){.path = path, .text = {.content = str_of(to)}});
    }
    return vec_last(&action->changes);
}

static const char *text_of(struct fixture *fixture)
{
    blast_write_text(&fixture->report, LANGUAGE_ENGLISH, &fixture->out);
    return fixture->out.data;
}

static const char one[] =
    "server {\n listen 80;\n listen [::]:443 ssl;\n server_name b.test a.test _;\n}\n";
static const char two[] =
    "server {\n listen 80;\n listen 8443 quic;\n server_name a.test c.test;\n}\n";

static void test_blast_names_hosts_and_listeners(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, ITEM_TREE, "/tree");
    (void)add_change(fixture, action, "x.conf", one, two);
    const struct nginx_load load = {
        .is_running = true, .workers = 2, .knows_clients = true, .clients = 1};
    fixture->report.load = &load;
    assert_string_equal(text_of(fixture),
                        "  host names touched: a.test, b.test, c.test\n"
                        "  listeners opened: *:8443 (udp)\n"
                        "  listeners closed: [::]:443\n"
                        "  2 nginx workers are replaced; 1 open connection stays with the old ones "
                        "until it ends\n");
}

static void test_blast_knows_streams(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, ITEM_TREE, "/tree");
    (void)add_change(fixture, action, "stream/sites/a.conf", "server {\n listen 2222;\n}\n",
                     "server {\n listen 53 udp reuseport;\n listen [::]:53 udp reuseport;\n}\n");
    assert_string_equal(text_of(fixture), "  listeners opened: *:53 (udp), [::]:53 (udp)\n"
                                          "  listeners closed: *:2222\n"
                                          "  nginx workers and their open connections: unknown\n");
}

static void test_blast_others_go_on_listening(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, ITEM_TREE, "/tree");
    (void)add_change(fixture, action, "x.conf", one, NULL);
    vec_add(fixture->arena, &fixture->tree.members,
            (struct tree_member){.path = "y.conf",
                                 .text = {.content = STR("server { listen [::]:443 ssl; }\n")}});
    assert_string_equal(text_of(fixture), "  host names touched: a.test, b.test\n"
                                          "  listeners closed: *:80\n"
                                          "  nginx workers and their open connections: unknown\n");
}

static void test_blast_says_what_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, ITEM_TREE, "/tree");
    (void)add_change(fixture, action, "x.conf", one, one);
    const struct nginx_load load = {.is_running = true, .workers = 1};
    fixture->report.load = &load;
    assert_non_null(strstr(text_of(fixture), "1 nginx worker is replaced; their open connections: "
                                             "unknown\n"));
    AUTO_JSON json = blast_json(&fixture->report);
    assert_true(json_is_null(json_object_get(json, "connections")));
    assert_int_equal(json_integer_value(json_object_get(json, "workers")), 1);
    assert_int_equal(json_array_size(json_object_get(json, "hosts")), 2);
}

static void test_blast_nothing_is_said_without_nginx(void **state)
{
    struct fixture *fixture = *state;
    struct action *unit = add_action(fixture, ITEM_UNIT, "shop.service");
    unit->impact = message_word(fixture->arena, "restart shop");
    assert_string_equal(text_of(fixture), "");
    AUTO_JSON json = blast_json(&fixture->report);
    assert_true(json_is_null(json));
    struct action *tree = add_action(fixture, ITEM_TREE, "/tree");
    (void)add_change(fixture, tree, "x.conf", one, two);
    tree->held_because = message_word(fixture->arena, "mode: observe");
    assert_string_equal(text_of(fixture), "");
}

static void test_blast_services_stand_beside_nginx(void **state)
{
    struct fixture *fixture = *state;
    add_action(fixture, ITEM_UNIT, "shop.service")->impact =
        message_word(fixture->arena, "restart shop");
    (void)add_change(fixture, add_action(fixture, ITEM_TREE, "/tree"), "x.conf", one, one);
    assert_non_null(strstr(text_of(fixture), "  services: restart shop\n"));
}

static void test_blast_is_of_plans_alone(void **state)
{
    struct fixture *fixture = *state;
    (void)add_change(fixture, add_action(fixture, ITEM_TREE, "/tree"), "x.conf", one, two);
    fixture->report.is_dry_run = false;
    assert_string_equal(text_of(fixture), "");
}

static void test_blast_stands_in_markdown_and_json(void **state)
{
    struct fixture *fixture = *state;
    const struct report_style style = {0};
    struct text json = text_make(fixture->arena);
    struct facts facts = facts_debian12();
    fixture->report.facts = &facts;
    fixture->report.diagnostics = arena_new(fixture->arena, struct diagnostic_list);
    (void)add_change(fixture, add_action(fixture, ITEM_TREE, "/tree"), "x.conf", one, two);
    report_write_markdown(&fixture->report, &style, &fixture->out);
    assert_non_null(strstr(fixture->out.data, "\n- <code>host names touched: a.test, b.test, "
                                              "c.test</code>\n- <code>listeners opened"));
    report_write_json(&fixture->report, &style, &json);
    AUTO_JSON root = json_loads(json.data, 0, NULL);
    const json_t *opened = json_object_get(json_object_get(root, "reach"), "listeners_opened");
    assert_string_equal(json_string_value(json_array_get(opened, 0)), "*:8443 (udp)");
}

static void test_blast_many_names_are_counted(void **state)
{
    struct fixture *fixture = *state;
    (void)add_change(fixture, add_action(fixture, ITEM_TREE, "/tree"), "x.conf", NULL,
                     "server { server_name a b c d e f g h i j; }\n");
    assert_non_null(strstr(text_of(fixture), "touched: a, b, c, d, e, f, g, h, 2 more\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_blast_names_hosts_and_listeners),
        TEST(test_blast_knows_streams),
        TEST(test_blast_others_go_on_listening),
        TEST(test_blast_says_what_is_not_known),
        TEST(test_blast_nothing_is_said_without_nginx),
        TEST(test_blast_services_stand_beside_nginx),
        TEST(test_blast_is_of_plans_alone),
        TEST(test_blast_stands_in_markdown_and_json),
        TEST(test_blast_many_names_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
