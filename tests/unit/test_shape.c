/* Structs as JSON and back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/vec.h"
#include "model/json.h"
#include "model/layout.h"
#include "model/shape.h"

struct part {
    const char *name;
    struct str bytes;
};
VEC(part_list, struct part);

struct thing {
    const char *text;
    const char *needed;
    struct str bytes;
    bool is_so;
    uint16_t small;
    unsigned middle;
    unsigned long large;
    int64_t negative;
    const char *const *names;
    size_t name_count;
    const struct file_fingerprint *seen;
    const struct part *part;
    struct part_list parts;
    const char *left_out;
};

// clang-format off
static const struct shape_row part_rows[] = {
    SHAPE_NEEDED(struct part, name),
    SHAPE(struct part, bytes),
};
static const struct shape part_shape = SHAPE_OF(struct part, part_rows);
static const struct shape_row thing_rows[] = {
    SHAPE(struct thing, text),
    SHAPE_NEEDED(struct thing, needed),
    SHAPE(struct thing, bytes),
    SHAPE(struct thing, is_so),
    SHAPE(struct thing, small),
    SHAPE(struct thing, middle),
    SHAPE(struct thing, large),
    SHAPE(struct thing, negative),
    SHAPE(struct thing, names),
    SHAPE_COUNT(struct thing, name_count, names),
    SHAPE(struct thing, seen),
    SHAPE_OBJECT(struct thing, part, &part_shape),
    SHAPE_LIST(struct thing, parts, &part_shape),
    SHAPE_OMIT(struct thing, left_out),
};
// clang-format on
static const struct shape thing_shape = SHAPE_OF(struct thing, thing_rows);

static struct thing make_thing(struct arena *arena)
{
    static const char *const names[] = {"a", "b", NULL};
    static const struct part part = {"one", {"1\n", 2}};
    static const struct file_fingerprint seen = {.inode = 7, .size = 8};
    struct thing thing = {
        .text = "\xD9\x85\"\\",
        .needed = "x",
        .bytes = STR("line\nline\n"),
        .is_so = true,
        .small = UINT16_MAX,
        .middle = UINT32_MAX,
        .large = INT64_MAX,
        .negative = INT64_MIN,
        .names = names,
        .name_count = 2,
        .seen = &seen,
        .part = &part,
        .left_out = "left out",
    };
    vec_add(arena, &thing.parts, part);
    vec_add(arena, &thing.parts, (struct part){"two", STR("\xff\0")});
    return thing;
}

static bool read_again(struct arena *arena, const json_t *json, struct thing *out,
                       struct error *err)
{
    CLEANUP(cleanup_free) char *text = json_dumps(json, 0);
    AUTO_JSON root = json_loads(text, 0, NULL);
    return shape_read(&thing_shape, root, arena, out, err);
}

static void test_shape_reads_back_what_it_wrote(void **state)
{
    struct arena *arena = arena_create();
    struct thing thing = make_thing(arena);
    struct thing again;
    struct error err = {0};
    AUTO_JSON json = shape_write(&thing_shape, &thing, false);
    assert_true(read_again(arena, json, &again, &err));
    assert_string_equal(again.text, thing.text);
    assert_true(str_equal(again.bytes, thing.bytes));
    assert_true(again.is_so);
    assert_int_equal(again.small, UINT16_MAX);
    assert_int_equal(again.middle, UINT32_MAX);
    assert_true(again.large == INT64_MAX);
    assert_true(again.negative == INT64_MIN);
    assert_int_equal(again.name_count, 2);
    assert_string_equal(again.names[1], "b");
    assert_null(again.names[2]);
    assert_null(again.seen);
    assert_string_equal(again.part->name, "one");
    assert_int_equal(again.parts.count, 2);
    assert_true(str_equal(again.parts.items[0].bytes, STR("1\n")));
    assert_null(again.left_out);
    arena_destroy(arena);
}

static void test_shape_keeps_what_is_no_text(void **state)
{
    struct arena *arena = arena_create();
    struct thing thing = make_thing(arena);
    struct thing again;
    struct error err = {0};
    AUTO_JSON json = shape_write(&thing_shape, &thing, false);
    assert_true(read_again(arena, json, &again, &err));
    assert_true(str_equal(again.parts.items[1].bytes, STR("\xff\0")));
    arena_destroy(arena);
}

static void test_shape_absent_members_stay_absent(void **state)
{
    struct arena *arena = arena_create();
    const struct thing thing = {.needed = ""};
    struct thing again;
    struct error err = {0};
    AUTO_JSON json = shape_write(&thing_shape, &thing, false);
    assert_true(read_again(arena, json, &again, &err));
    assert_null(again.text);
    assert_null(again.names);
    assert_int_equal(again.name_count, 0);
    assert_null(again.part);
    assert_int_equal(again.parts.count, 0);
    assert_int_equal(again.bytes.length, 0);
    arena_destroy(arena);
}

static void test_shape_of_a_secret_has_no_byte_of_it(void **state)
{
    struct arena *arena = arena_create();
    struct thing thing = make_thing(arena);
    thing.bytes = STR("hunter2");
    AUTO_JSON json = shape_write(&thing_shape, &thing, true);
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_SORT_KEYS);
    assert_null(strstr(text, "hunter2"));
    struct file_fingerprint changed = *thing.seen;
    changed.size++;
    thing.seen = &changed;
    AUTO_JSON other = shape_write(&thing_shape, &thing, true);
    assert_false(json_equal(json, other)); /* a change is told all the same */
    thing.seen = NULL;
    AUTO_JSON plain = shape_write(&thing_shape, &thing, false);
    assert_true(json_is_null(json_object_get(plain, "seen")));
    arena_destroy(arena);
}

static void test_shape_refuses_what_it_did_not_write(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        const char *complaint;
    } rows[] = {
        {"text", "1", "text is missing"},
        {"needed", "null", "needed is missing"},
        {"bytes", "{\"hex\": \"abc\"}", "bytes is missing"},
        {"bytes", "{\"hex\": \"0g\"}", "bytes is missing"},
        {"bytes", "{\"hex\": 3}", "bytes is missing"},
        {"bytes", "null", "bytes is missing"},
        {"is_so", "0", "is_so is missing"},
        {"small", "65536", "small is missing"},
        {"middle", "-1", "middle is missing"},
        {"large", "\"1\"", "large is missing"},
        {"negative", "1.5", "negative is missing"},
        {"names", "[1]", "names is missing"},
        {"names", "{}", "names is missing"},
        {"part", "{}", "part: name is missing"},
        {"part", "3", "part: name is missing"},
        {"parts", "null", "parts is missing"},
        {"parts", "[{\"name\": \"x\"}]", "parts: bytes is missing"},
    };
    struct arena *arena = arena_create();
    struct thing thing = make_thing(arena);
    struct thing again;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        AUTO_JSON json = shape_write(&thing_shape, &thing, false);
        (void)json_object_set_new(json, rows[i].key,
                                  json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        assert_false(read_again(arena, json, &again, &err));
        if (strstr(err.message, rows[i].complaint) == NULL) {
            fail_msg("%s: %s: %s", rows[i].key, rows[i].value, err.message);
        }
    }
    AUTO_JSON empty = json_object();
    struct error err = {0};
    assert_false(shape_read(&thing_shape, empty, arena, &again, &err));
    arena_destroy(arena);
}

static void test_shape_knows_when_a_member_has_no_row(void **state)
{
    struct shape shape = thing_shape;
    struct shape_row rows[sizeof(thing_rows) / sizeof(thing_rows[0])];
    assert_true(shape_is_complete(&thing_shape));
    assert_true(shape_is_complete(&part_shape));
    for (size_t left = 0; left < shape.count; left++) {
        memcpy(rows, thing_rows, sizeof(rows));
        bool is_small = rows[left].size < sizeof(void *);
        rows[left] = rows[left == 0 ? 1 : 0];
        shape.rows = rows;
        /* Small ones may be taken for what aligns their neighbours. */
        assert_true(is_small || !shape_is_complete(&shape));
    }
}

static void test_shape_of_the_layout(void **state)
{
    struct arena *arena = arena_create();
    struct layout layout = layout_debian12();
    struct layout again;
    struct error err = {0};
    assert_true(shape_is_complete(&layout_shape));
    AUTO_JSON json = shape_write(&layout_shape, &layout, false);
    assert_true(shape_read(&layout_shape, json, arena, &again, &err));
    AUTO_JSON other = shape_write(&layout_shape, &again, false);
    assert_true(json_equal(json, other));
    assert_string_equal(again.nginx_tree, layout.nginx_tree);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_reads_back_what_it_wrote),
        cmocka_unit_test(test_shape_keeps_what_is_no_text),
        cmocka_unit_test(test_shape_absent_members_stay_absent),
        cmocka_unit_test(test_shape_of_a_secret_has_no_byte_of_it),
        cmocka_unit_test(test_shape_refuses_what_it_did_not_write),
        cmocka_unit_test(test_shape_knows_when_a_member_has_no_row),
        cmocka_unit_test(test_shape_of_the_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
