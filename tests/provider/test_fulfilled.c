/* What a provider says it would find after a wish was carried out: no difference to that wish, and
 * to another one exactly what that would change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/certificate_item.h"
#include "model/copy_item.h"
#include "model/directory_item.h"
#include "model/file_item.h"
#include "model/passwords_item.h"
#include "model/tree_item.h"
#include "model/unit_item.h"
#include "model/user_item.h"
#include "providers/providers.h"

/* "field: from -> to" for each change from a fulfilled wish to another, one a line. */
static const char *changes_between(struct arena *arena, const char *type, const char *id,
                                   const void *before, const void *after)
{
    const struct provider *provider = provider_find(type);
    const struct item old = {.type = type, .id = id, .wanted = before};
    const struct item wish = {.type = type, .id = id, .wanted = after};
    const struct observation found = {
        .item = &wish,
        .exists = true,
        .found = provider->fulfilled == NULL ? before : provider->fulfilled(&old, arena)};
    struct change_list changes = {0};
    struct text out = text_make(arena);
    provider->diff(&wish, &found, arena, &changes);
    for (size_t i = 0; i < changes.count; i++) {
        const struct change *change = &changes.items[i];
        text_line(&out, "%s: %s -> %s", change->field, change->from == NULL ? "" : change->from,
                  change->to == NULL ? "" : change->to);
    }
    return out.data;
}

static void assert_settled(struct arena *arena, const char *type, const char *id, const void *wish)
{
    assert_string_equal(changes_between(arena, type, id, wish, wish), "");
}

static int setup(void **state)
{
    *state = arena_create();
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

static void test_fulfilled_files_and_directories(void **state)
{
    struct arena *arena = *state;
    const struct file_item file = {.text.content = STR("a\n"), .mode = 0644};
    struct file_item other = file;
    assert_settled(arena, ITEM_FILE, "/etc/x", &file);
    other.mode = 0600;
    assert_string_equal(changes_between(arena, ITEM_FILE, "/etc/x", &file, &other),
                        "mode: 0644 -> 0600\n");
    const struct directory_item directory = {.mode = 0750, .owner = "shop"};
    assert_settled(arena, ITEM_DIRECTORY, "/var/lib/shop", &directory);
}

static void test_fulfilled_tree(void **state)
{
    struct arena *arena = *state;
    struct tree_item tree = {0};
    struct tree_item other = {0};
    vec_add(arena, &tree.members,
            (struct tree_member){.path = "http/a.conf", .text.content = STR("a;\n")});
    vec_add(arena, &other.members,
            (struct tree_member){.path = "http/a.conf", .text.content = STR("b;\n")});
    assert_settled(arena, ITEM_TREE, "/etc/nginx/reconcile", &tree);
    assert_string_equal(changes_between(arena, ITEM_TREE, "/etc/nginx/reconcile", &tree, &other),
                        "content: a;\n -> b;\n\n");
}

static void test_fulfilled_passwords(void **state)
{
    struct arena *arena = *state;
    struct passwords_item file = {.mode = 0640};
    struct passwords_item other = {.mode = 0640};
    struct passwords_item more = {.mode = 0640};
    const struct password ali = {.user = "ali", .hash = "$6$a$b"};
    vec_add(arena, &file.passwords, ali);
    vec_add(arena, &other.passwords, ((struct password){.user = "ali", .secret = "x"}));
    vec_add(arena, &more.passwords, ali);
    vec_add(arena, &more.passwords, ((struct password){.user = "omar", .secret = "x"}));
    assert_settled(arena, ITEM_PASSWORDS, "/p", &file);
    assert_string_equal(changes_between(arena, ITEM_PASSWORDS, "/p", &file, &other),
                        "passwords:  -> \n");
    assert_string_equal(changes_between(arena, ITEM_PASSWORDS, "/p", &file, &more),
                        "users: ali -> ali, omar\n");
}

static void test_fulfilled_user(void **state)
{
    const struct user_item user = {.home = "/nonexistent", .description = "Service shop"};
    const struct user_item other = {.home = "/srv", .description = "Service shop"};
    assert_settled(*state, ITEM_USER, "shop", &user);
    assert_string_equal(changes_between(*state, ITEM_USER, "shop", &user, &other),
                        "entry: u shop - \"Service shop\" \"/nonexistent\"\n"
                        " -> u shop - \"Service shop\" \"/srv\"\n\n");
}

static void test_fulfilled_unit(void **state)
{
    struct unit_item unit = {.is_enabled = true, .is_running = true, .file = "/etc/x.service"};
    struct unit_item other = unit;
    assert_settled(*state, ITEM_UNIT, "x.service", &unit);
    other.is_enabled = false;
    assert_string_equal(changes_between(*state, ITEM_UNIT, "x.service", &unit, &other),
                        "enabled: yes -> no\n");
    unit.is_running = false;
    assert_settled(*state, ITEM_UNIT, "x.service", &unit);
    other = unit;
    other.is_running = true;
    assert_string_equal(changes_between(*state, ITEM_UNIT, "x.service", &unit, &other),
                        "state: stopped -> running\n");
}

static void test_fulfilled_certificate(void **state)
{
    static const char *const names[] = {"b.example", "a.example", NULL};
    static const char *const fewer[] = {"a.example", NULL};
    const struct certificate_item internal = {.names = names,
                                              .name_count = 2,
                                              .issuer = CERTIFICATE_INTERNAL,
                                              .issuer_name = "internal",
                                              .directory = "/c/x",
                                              .key_type = "ecdsa-p256",
                                              .lifetime_seconds = 90 * 24 * 3600};
    const struct certificate_item files = {.names = names,
                                           .name_count = 2,
                                           .issuer = CERTIFICATE_FILE,
                                           .issuer_name = "file",
                                           .directory = "/c/x",
                                           .source_chain = "/a.pem",
                                           .source_key = "/a.key"};
    struct certificate_item other = internal;
    assert_settled(*state, ITEM_CERTIFICATE, "x", &internal);
    assert_settled(*state, ITEM_CERTIFICATE, "x", &files);
    other.names = fewer;
    other.name_count = 1;
    other.key_type = "rsa-2048";
    other.lifetime_seconds = 30 * 24 * 3600;
    assert_string_equal(changes_between(*state, ITEM_CERTIFICATE, "x", &internal, &other),
                        "names: a.example b.example -> a.example\n"
                        "key: ecdsa-p256 -> rsa-2048\n"
                        "lifetime: 90d -> 30d\n");
    assert_string_equal(changes_between(*state, ITEM_CERTIFICATE, "x", &internal, &files),
                        "files: internal -> /a.pem /a.key\n");
    other = files;
    other.source_key = "/b.key";
    assert_string_equal(changes_between(*state, ITEM_CERTIFICATE, "x", &files, &other),
                        "files: /a.pem /a.key -> /a.pem /b.key\n");
    assert_non_null(strstr(changes_between(*state, ITEM_CERTIFICATE, "x", &files, &internal),
                           "issuer: /a.pem /a.key -> internal\n"));
}

static void test_fulfilled_copy(void **state)
{
    const struct copy_item copy = {.certificate = "mail", .source = "/c/mail", .mode = 0640};
    struct copy_item other = copy;
    assert_settled(*state, ITEM_COPY, "/etc/mail/tls", &copy);
    other.mode = 0600;
    other.group = "mail";
    assert_string_equal(changes_between(*state, ITEM_COPY, "/etc/mail/tls", &copy, &other),
                        "mode: 0640 -> 0600\ngroup: root -> mail\n");
    other = copy;
    other.certificate = "other";
    assert_string_equal(changes_between(*state, ITEM_COPY, "/etc/mail/tls", &copy, &other),
                        "certificate: mail -> other\n");
}

/* What is found of every type can be kept, and reads back. */
static void test_found_of_every_type_has_its_shape(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < provider_count(); i++) {
        const struct shape *shape = provider_at(i)->found;
        struct error err = {0};
        assert_non_null(shape);
        assert_true(shape_is_complete(shape));
        const void *nothing = arena_alloc(arena, shape->size);
        json_t *json = shape_write(shape, nothing, false);
        for (size_t k = 0; k < shape->count; k++) {
            if (shape->rows[k].is_needed) {
                (void)json_object_set_new(json, shape->rows[k].name, json_string("x"));
            }
        }
        void *again = arena_alloc(arena, shape->size);
        if (!shape_read(shape, json, arena, again, &err)) {
            fail_msg("%s: %s", provider_at(i)->type, err.message);
        }
        json_t *other = shape_write(shape, again, false);
        assert_true(json_equal(json, other));
        json_decref(json);
        json_decref(other);
    }
}

/* A unit that was looked at for another wish: links and inputs that this one does not have. */
static void test_found_of_a_unit_is_told_for_another_wish(void **state)
{
    static const char *const multi_user[] = {"multi-user.target", NULL};
    static const char *const graphical[] = {"graphical.target", NULL};
    static const char *const none[] = {NULL};
    static const char *const environment[] = {"/e/x.env", NULL};
    static const char *const inputs[] = {"/e/x.env", "/u/x.service", NULL};
    const struct layout layout = layout_debian12();
    const struct other_host host = {&layout, true};
    const struct unit_item found = {.is_enabled = true,
                                    .is_running = true,
                                    .is_managed = true,
                                    .wanted_by = multi_user,
                                    .file = "/u/x.service",
                                    .restart_for = environment,
                                    .inputs = inputs};
    const struct {
        const char *const *wanted_by;
        const char *const *restart_for;
        bool is_enabled;
        bool finds_enabled;
        const char *finds_outdated;
    } rows[] = {
        {multi_user, environment, true, true, NULL},
        {multi_user, environment, false, true, NULL},
        {graphical, environment, true, false, NULL},
        {graphical, environment, false, false, NULL},
        {none, environment, false, false, NULL},
        {multi_user, none, true, true, "/u/x.service"}, /* it still has the environment */
        {multi_user, multi_user, true, true, "/u/x.service"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct unit_item wanted = {.is_enabled = rows[i].is_enabled,
                                         .is_running = true,
                                         .wanted_by = rows[i].wanted_by,
                                         .file = "/u/x.service",
                                         .restart_for = rows[i].restart_for};
        const struct item item = {.type = ITEM_UNIT, .id = "x.service", .wanted = &wanted};
        struct unit_item told = found;
        struct observation observation = {.item = &item, .exists = true, .found = &told};
        provider_find(ITEM_UNIT)->adapt(&item, &host, *state, &told, &observation);
        assert_int_equal(told.is_enabled, rows[i].finds_enabled);
        assert_true(text_equal(told.outdated, rows[i].finds_outdated));
        assert_null(observation.note);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fulfilled_files_and_directories),
        TEST(test_fulfilled_tree),
        TEST(test_fulfilled_passwords),
        TEST(test_fulfilled_user),
        TEST(test_fulfilled_unit),
        TEST(test_fulfilled_certificate),
        TEST(test_fulfilled_copy),
        TEST(test_found_of_every_type_has_its_shape),
        TEST(test_found_of_a_unit_is_told_for_another_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
