#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "model/layout.h"
#include "schemas/common.h"

/* A schema that has a row of every type. */
struct wheel_spec {
    struct object object;
    struct text_value tire;
    struct integer_value pressure;
};

static const struct field wheel_fields[] = {
    FIELD(struct wheel_spec, tire, .is_required = true, .help = "The tire."),
    FIELD(struct wheel_spec, pressure, .fallback = "2", .least = 1, .most = 9, .help = "In bar."),
};

static const struct schema wheel_schema = {
    .name = "car.wheel",
    .size = sizeof(struct wheel_spec),
    .fields = wheel_fields,
    .field_count = 2,
    .shorthand = "tire",
};

struct car_spec {
    struct common_spec common;
    struct text_value color;
    struct boolean_value electric;
    struct integer_value doors;
    struct port_value port;
    struct size_value trunk;
    struct duration_value warranty;
    struct rate_value speed;
    struct mode_value lock;
    struct choice_value fuel;
    struct argv_value start;
    struct text_list owners;
    struct text_map labels;
    struct wheel_spec spare;
    struct object_list wheels;
    struct object_list seats;
    struct text_value engine;
    struct text_value pin;
    struct text_value raw;
};

enum { FUEL_PETROL, FUEL_DIESEL };
static const char *const fuels[] = {"petrol", "diesel", NULL};

static const struct field car_fields[] = {
    FIELD(struct car_spec, color, .is_required = true, .help = "The color."),
    FIELD(struct car_spec, electric, .fallback = "true"),
    FIELD(struct car_spec, doors, .fallback = "4", .least = 2, .most = 5),
    FIELD(struct car_spec, port, .help = "Of the charger."),
    FIELD(struct car_spec, trunk, .fallback = "16m", .most = 1 << 30),
    FIELD(struct car_spec, warranty, .fallback = "2y"),
    FIELD(struct car_spec, speed, .fallback = "10/s"),
    FIELD(struct car_spec, lock, .fallback = "0640"),
    FIELD(struct car_spec, fuel, .choices = fuels),
    FIELD(struct car_spec, start, .fallback = "[turn, the key]"),
    FIELD(struct car_spec, owners, .syntax = &syntax_name, .count_most = 3),
    FIELD(struct car_spec, labels, .fallback = "{a: b, c: \"d e\"}"),
    FIELD(struct car_spec, spare, .object = &wheel_schema),
    FIELD(struct car_spec, wheels, .object = &wheel_schema),
    FIELD(struct car_spec, seats, .object = &wheel_schema, .shape = SHAPE_MAP),
    FIELD(struct car_spec, engine, .reference = "engine", .syntax = &syntax_name),
    FIELD(struct car_spec, pin, .hides_source = true, .syntax = &syntax_name),
    FIELD(struct car_spec, raw, .is_raw = true, .syntax = &syntax_any),
};

static void check_car(struct check *check, void *spec)
{
    (void)spec;
    check_add(check, DIAGNOSTIC_CHECK_FAILED, NULL, "color", "the car is red", NULL);
}

static const struct schema car_schema = {
    .name = "car",
    .plural = "cars",
    .size = sizeof(struct car_spec),
    .fields = car_fields,
    .field_count = sizeof(car_fields) / sizeof(car_fields[0]),
    .base = &common_schema,
    .check = check_car,
};

/* One document being decoded. */
struct fixture {
    struct arena *arena;
    struct diagnostic_list diagnostics;
    struct document document;
    struct layout layout;
    struct check check;
    struct car_spec car;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->arena = arena_create();
    fixture->document = (struct document){.kind_name = "car", .name = "beetle"};
    fixture->check = (struct check){
        .arena = fixture->arena,
        .diagnostics = &fixture->diagnostics,
        .document = &fixture->document,
        .layout = &fixture->layout,
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

static struct node *make(struct fixture *fixture, enum node_type type)
{
    struct node *node = arena_new(fixture->arena, struct node);
    node->type = type;
    return node;
}

static const struct node *plain(struct fixture *fixture, const char *text)
{
    struct node *node = make(fixture, NODE_SCALAR);
    node->text = text;
    node->length = strlen(text);
    return node;
}

static const struct node *quoted(struct fixture *fixture, const char *text)
{
    struct node *node = make(fixture, NODE_SCALAR);
    node->text = text;
    node->length = strlen(text);
    node->is_quoted = true;
    return node;
}

static void add(struct fixture *fixture, struct node *mapping, const char *key,
                const struct node *value)
{
    vec_add(fixture->arena, &mapping->entries, (struct node_entry){plain(fixture, key), value});
}

static void append(struct fixture *fixture, struct node *list, const struct node *element)
{
    vec_add(fixture->arena, &list->elements, element);
}

/* A mapping with the required color and one more field. */
static void decode_with(struct fixture *fixture, const char *key, const struct node *value)
{
    struct node *mapping = make(fixture, NODE_MAPPING);
    add(fixture, mapping, "color", plain(fixture, "red"));
    add(fixture, mapping, key, value);
    fixture->car = (struct car_spec){0};
    fixture->diagnostics.count = 0;
    fixture->document.references.count = 0;
    field_decode(&fixture->check, &car_schema, mapping, &fixture->car);
}

static void assert_no_diagnostics(const struct fixture *fixture)
{
    assert_int_equal(fixture->diagnostics.count, 0);
}

static const struct diagnostic *assert_one(const struct fixture *fixture, enum diagnostic_code code)
{
    assert_int_equal(fixture->diagnostics.count, 1);
    assert_string_equal(diagnostic_info(fixture->diagnostics.items[0].code)->number,
                        diagnostic_info(code)->number);
    return &fixture->diagnostics.items[0];
}

static void test_field_defaults_fill_what_is_not_written(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "port", plain(fixture, "80"));
    assert_no_diagnostics(fixture);
    const struct car_spec *car = &fixture->car;
    assert_true(car->electric.is_true);
    assert_null(car->electric.node);
    assert_int_equal(car->doors.number, 4);
    assert_int_equal(car->trunk.bytes, 16 << 20);
    assert_true(car->warranty.milliseconds == INT64_C(2) * 365 * 86400 * 1000);
    assert_int_equal(car->speed.count, 10);
    assert_int_equal(car->lock.bits, 0640);
    assert_int_equal(car->fuel.index, -1);
    assert_int_equal(car->start.count, 2);
    assert_string_equal(car->start.words[1], "the key");
    assert_null(car->start.node);
    assert_int_equal(car->labels.count, 2);
    assert_string_equal(car->labels.items[1].value.text, "d e");
    assert_null(car->labels.items[1].value.node);
    assert_null(car->owners.items);
    assert_null(car->spare.object.node);
    assert_int_equal(car->spare.pressure.number, 2); /* defaults of an absent object, too */
    assert_int_equal(car->common.mode.index, -1);
    assert_false(car->common.protect.is_true);
}

static void test_field_written_values_know_their_node(void **state)
{
    struct fixture *fixture = *state;
    const struct node *node = plain(fixture, "5");
    decode_with(fixture, "doors", node);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.doors.number, 5);
    assert_ptr_equal(fixture->car.doors.node, node);
}

static void test_field_null_counts_as_not_written(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "doors", plain(fixture, "~"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.doors.number, 4);
}

static void test_field_unknown_name_is_reported_with_the_nearest(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "electirc", plain(fixture, "true"));
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_UNKNOWN_FIELD);
    assert_string_equal(diagnostic->arguments[0], "electirc");
    assert_string_equal(diagnostic->suggestion, "electric");
    assert_string_equal(diagnostic->path, "car beetle");
    decode_with(fixture, "protekt", plain(fixture, "true"));
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_UNKNOWN_FIELD)->suggestion, "protect");
    decode_with(fixture, "zzz", plain(fixture, "true"));
    assert_null(assert_one(fixture, DIAGNOSTIC_UNKNOWN_FIELD)->suggestion);
}

static void test_field_every_mistake_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct node *mapping = make(fixture, NODE_MAPPING);
    add(fixture, mapping, "doors", plain(fixture, "012"));
    add(fixture, mapping, "port", plain(fixture, "http"));
    add(fixture, mapping, "wings", plain(fixture, "2"));
    field_decode(&fixture->check, &car_schema, mapping, &fixture->car);
    assert_int_equal(fixture->diagnostics.count, 4);
    assert_int_equal(fixture->diagnostics.items[0].code, DIAGNOSTIC_MISSING_FIELD);
    assert_string_equal(fixture->diagnostics.items[0].arguments[0], "color");
    assert_int_equal(fixture->diagnostics.items[1].code, DIAGNOSTIC_BAD_VALUE);
    assert_int_equal(fixture->diagnostics.items[2].code, DIAGNOSTIC_BAD_VALUE);
    assert_int_equal(fixture->diagnostics.items[3].code, DIAGNOSTIC_UNKNOWN_FIELD);
}

static void test_field_limits_are_shown_in_the_unit(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "doors", plain(fixture, "6"));
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_OUT_OF_RANGE);
    assert_string_equal(diagnostic->arguments[1], "2");
    assert_string_equal(diagnostic->arguments[2], "5");
    decode_with(fixture, "trunk", plain(fixture, "2g"));
    diagnostic = assert_one(fixture, DIAGNOSTIC_OUT_OF_RANGE);
    assert_string_equal(diagnostic->arguments[1], "0");
    assert_string_equal(diagnostic->arguments[2], "1g");
}

static void test_field_boolean_hints_at_the_word_that_is_meant(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "electric", plain(fixture, "no"));
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_BAD_VALUE)->suggestion, "false");
    decode_with(fixture, "electric", quoted(fixture, "true"));
    assert_one(fixture, DIAGNOSTIC_QUOTED_BOOLEAN);
}

static void test_field_mode_must_be_quoted(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "lock", plain(fixture, "0600"));
    assert_one(fixture, DIAGNOSTIC_UNQUOTED_MODE);
    decode_with(fixture, "lock", quoted(fixture, "0600"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.lock.bits, 0600);
}

static void test_field_choice_suggests_the_nearest(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "fuel", plain(fixture, "diesel"));
    assert_int_equal(fixture->car.fuel.index, FUEL_DIESEL);
    decode_with(fixture, "fuel", plain(fixture, "deisel"));
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_UNKNOWN_CHOICE);
    assert_string_equal(diagnostic->arguments[1], "petrol, diesel");
    assert_string_equal(diagnostic->suggestion, "diesel");
    assert_int_equal(fixture->car.fuel.index, -1);
}

static void test_field_single_value_is_a_list_of_one(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "owners", plain(fixture, "ann"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.owners.count, 1);
    assert_string_equal(fixture->car.owners.items[0].text, "ann");
}

static void test_field_written_empty_list_is_not_an_absent_one(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "owners", make(fixture, NODE_LIST));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.owners.count, 0);
    assert_non_null(fixture->car.owners.node);
}

static void test_field_list_refuses_nothing_maps_and_too_many(void **state)
{
    struct fixture *fixture = *state;
    struct node *list = make(fixture, NODE_LIST);
    append(fixture, list, plain(fixture, ""));
    append(fixture, list, make(fixture, NODE_MAPPING));
    append(fixture, list, plain(fixture, "a b"));
    decode_with(fixture, "owners", list);
    assert_int_equal(fixture->diagnostics.count, 3);
    assert_string_equal(fixture->diagnostics.items[0].arguments[1], "nothing");
    assert_string_equal(fixture->diagnostics.items[1].arguments[1], "a map");
    append(fixture, list, plain(fixture, "c"));
    decode_with(fixture, "owners", list);
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_TOO_MANY_ENTRIES)->arguments[1], "3");
}

static void test_field_text_refuses_line_breaks(void **state)
{
    struct fixture *fixture = *state;
    struct node *mapping = make(fixture, NODE_MAPPING);
    add(fixture, mapping, "color", quoted(fixture, "red\nblue"));
    field_decode(&fixture->check, &car_schema, mapping, &fixture->car);
    assert_one(fixture, DIAGNOSTIC_BAD_VALUE);
}

static void test_field_argv_takes_a_line_or_a_list(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "start", plain(fixture, "turn 'the key' twice"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.start.count, 3);
    struct node *list = make(fixture, NODE_LIST);
    append(fixture, list, plain(fixture, "push it"));
    decode_with(fixture, "start", list);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.start.count, 1);
    assert_null(fixture->car.start.words[1]);
    decode_with(fixture, "start", make(fixture, NODE_LIST));
    assert_one(fixture, DIAGNOSTIC_BAD_COMMAND);
    decode_with(fixture, "start", plain(fixture, "turn 'the key"));
    assert_one(fixture, DIAGNOSTIC_BAD_COMMAND);
}

static void test_field_map_keeps_the_written_order(void **state)
{
    struct fixture *fixture = *state;
    struct node *map = make(fixture, NODE_MAPPING);
    add(fixture, map, "z", plain(fixture, "1"));
    add(fixture, map, "a", plain(fixture, "2"));
    decode_with(fixture, "labels", map);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.labels.count, 2);
    assert_string_equal(fixture->car.labels.items[0].key.text, "z");
    add(fixture, map, "b c", plain(fixture, "3"));
    decode_with(fixture, "labels", map);
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_BAD_VALUE)->path, "car beetle: labels.b c");
}

static void test_field_object_takes_its_shorthand(void **state)
{
    struct fixture *fixture = *state;
    const struct node *node = plain(fixture, "winter");
    decode_with(fixture, "spare", node);
    assert_no_diagnostics(fixture);
    assert_string_equal(fixture->car.spare.tire.text, "winter");
    assert_int_equal(fixture->car.spare.pressure.number, 2);
    assert_ptr_equal(fixture->car.spare.object.node, node);
}

static void test_field_object_without_its_required_field_is_reported(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "spare", make(fixture, NODE_MAPPING));
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_MISSING_FIELD);
    assert_string_equal(diagnostic->arguments[0], "tire");
    assert_string_equal(diagnostic->path, "car beetle: spare");
}

static void test_field_object_list_is_a_list_or_a_single_shorthand(void **state)
{
    struct fixture *fixture = *state;
    struct node *list = make(fixture, NODE_LIST);
    struct node *wheel = make(fixture, NODE_MAPPING);
    add(fixture, wheel, "tire", plain(fixture, "summer"));
    add(fixture, wheel, "pressure", plain(fixture, "3"));
    append(fixture, list, wheel);
    append(fixture, list, plain(fixture, "winter"));
    decode_with(fixture, "wheels", list);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.wheels.count, 2);
    const struct wheel_spec *wheels = fixture->car.wheels.items;
    assert_int_equal(wheels[0].pressure.number, 3);
    assert_string_equal(wheels[1].tire.text, "winter");
    assert_int_equal(wheels[1].pressure.number, 2);

    decode_with(fixture, "wheels", plain(fixture, "winter"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->car.wheels.count, 1);
    decode_with(fixture, "wheels", wheel);
    assert_one(fixture, DIAGNOSTIC_WRONG_TYPE);
}

static void test_field_object_map_keeps_keys_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct node *seats = make(fixture, NODE_MAPPING);
    struct node *front = make(fixture, NODE_MAPPING);
    add(fixture, front, "tire", plain(fixture, "x"));
    add(fixture, front, "presure", plain(fixture, "3"));
    add(fixture, seats, "rear", plain(fixture, "y"));
    add(fixture, seats, "front", front);
    add(fixture, seats, "gone", plain(fixture, "~"));
    decode_with(fixture, "seats", seats);
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_UNKNOWN_FIELD);
    assert_string_equal(diagnostic->suggestion, "pressure");
    assert_string_equal(diagnostic->path, "car beetle: seats.front");
    assert_int_equal(fixture->car.seats.count, 2);
    const struct wheel_spec *items = fixture->car.seats.items;
    assert_string_equal(items[0].object.key->text, "rear");
    assert_string_equal(items[1].object.key->text, "front");
}

static void test_field_reference_is_appended_and_plain_text_is_not(void **state)
{
    struct fixture *fixture = *state;
    const struct node *node = plain(fixture, "engine:v8");
    decode_with(fixture, "engine", node);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->document.references.count, 1);
    const struct reference *reference = &fixture->document.references.items[0];
    assert_string_equal(reference->kind, "engine");
    assert_string_equal(reference->name, "v8");
    assert_string_equal(reference->path, "engine");
    assert_ptr_equal(document_reference(&fixture->document, fixture->car.engine.node), reference);

    decode_with(fixture, "engine", plain(fixture, "v8"));
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->document.references.count, 0);
    decode_with(fixture, "engine", plain(fixture, "engine:v 8"));
    assert_one(fixture, DIAGNOSTIC_BAD_REFERENCE);
}

static void test_field_reference_only_wants_kind_and_name(void **state)
{
    struct fixture *fixture = *state;
    struct node *list = make(fixture, NODE_LIST);
    append(fixture, list, plain(fixture, "service:shop"));
    append(fixture, list, plain(fixture, "database:shop"));
    decode_with(fixture, "needs", list);
    assert_no_diagnostics(fixture);
    assert_int_equal(fixture->document.references.count, 2);
    append(fixture, list, plain(fixture, "shop"));
    decode_with(fixture, "needs", list);
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_BAD_REFERENCE)->arguments[1], "KIND:NAME");
}

static void test_field_value_that_may_be_a_secret_is_never_shown(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "pin", plain(fixture, "hunter two"));
    const struct diagnostic *diagnostic = assert_one(fixture, DIAGNOSTIC_BAD_VALUE);
    assert_true(diagnostic->hides_source);
    assert_string_equal(diagnostic->arguments[0], "...");
}

static void test_field_raw_needs_the_permission_of_the_host(void **state)
{
    struct fixture *fixture = *state;
    decode_with(fixture, "raw", quoted(fixture, "gzip on;\n"));
    assert_one(fixture, DIAGNOSTIC_RAW_NOT_ALLOWED);
    assert_null(fixture->car.raw.text);
    fixture->layout.allows_raw = true;
    decode_with(fixture, "raw", quoted(fixture, "gzip on;\n"));
    assert_no_diagnostics(fixture);
    assert_string_equal(fixture->car.raw.text, "gzip on;\n");
}

static void test_field_check_add_names_the_document(void **state)
{
    struct fixture *fixture = *state;
    car_schema.check(&fixture->check, &fixture->car);
    assert_string_equal(assert_one(fixture, DIAGNOSTIC_CHECK_FAILED)->path, "car beetle: color");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_field_defaults_fill_what_is_not_written),
        TEST(test_field_written_values_know_their_node),
        TEST(test_field_null_counts_as_not_written),
        TEST(test_field_unknown_name_is_reported_with_the_nearest),
        TEST(test_field_every_mistake_is_reported),
        TEST(test_field_limits_are_shown_in_the_unit),
        TEST(test_field_boolean_hints_at_the_word_that_is_meant),
        TEST(test_field_mode_must_be_quoted),
        TEST(test_field_choice_suggests_the_nearest),
        TEST(test_field_single_value_is_a_list_of_one),
        TEST(test_field_written_empty_list_is_not_an_absent_one),
        TEST(test_field_list_refuses_nothing_maps_and_too_many),
        TEST(test_field_text_refuses_line_breaks),
        TEST(test_field_argv_takes_a_line_or_a_list),
        TEST(test_field_map_keeps_the_written_order),
        TEST(test_field_object_takes_its_shorthand),
        TEST(test_field_object_without_its_required_field_is_reported),
        TEST(test_field_object_list_is_a_list_or_a_single_shorthand),
        TEST(test_field_object_map_keeps_keys_in_order),
        TEST(test_field_reference_is_appended_and_plain_text_is_not),
        TEST(test_field_reference_only_wants_kind_and_name),
        TEST(test_field_value_that_may_be_a_secret_is_never_shown),
        TEST(test_field_raw_needs_the_permission_of_the_host),
        TEST(test_field_check_add_names_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
