/* Where the arguments stand in the English words, however a message was put together. */

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static const char *argument(struct arena *arena, const struct message *message, size_t part,
                            size_t index)
{
    struct message_slice slice = message->parts[part].slices[index];
    return arena_strndup(arena, message->text + slice.first, (size_t)(slice.end - slice.first));
}

static const struct message *of(struct arena *arena, const struct error *err)
{
    return message_of_error(arena, err);
}

static void test_message_make_keeps_format_and_arguments(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct message *message =
        message_make(arena, "100%% of %s:%zu, %d", "a b", (size_t)7, -3);
    assert_string_equal(message->text, "100% of a b:7, -3");
    assert_int_equal(message->part_count, 1);
    assert_string_equal(message->parts[0].format, "100%% of %s:%zu, %d");
    assert_string_equal(argument(arena, message, 0, 0), "a b");
    assert_string_equal(argument(arena, message, 0, 1), "7");
    assert_string_equal(argument(arena, message, 0, 2), "-3");
}

static void test_message_make_reads_every_width(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct message *message =
        message_make(arena, "%lu %lld %jd", ULONG_MAX, INT64_C(-5000000000) + 0LL, INTMAX_MAX);
    assert_string_equal(message->text, "18446744073709551615 -5000000000 9223372036854775807");
    assert_string_equal(argument(arena, message, 0, 1), "-5000000000");
    assert_string_equal(argument(arena, message, 0, 2), "9223372036854775807");
    message = message_make(arena, "<%04o|%.*s|%c>", 0640U, 2, "xyz", '!');
    assert_string_equal(message->text, "<0640|xy|!>");
    assert_string_equal(argument(arena, message, 0, 0), "0640");
    assert_string_equal(argument(arena, message, 0, 1), "xy");
    assert_string_equal(argument(arena, message, 0, 2), "!");
}

/* Such formats are not for the catalogue. */
static void test_message_with_more_than_is_understood_is_a_quote(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct message *message = message_make(arena, "%s %s %s %s", "a", "b", "c", "d");
    assert_string_equal(message->text, "a b c d");
    assert_null(message->parts[0].format);
    assert_string_equal(argument(arena, message, 0, 0), "a b c d");
    message = message_make(arena, "%.1f", 0.5);
    assert_string_equal(message->text, "0.5");
    assert_null(message->parts[0].format);
    message = message_make(arena, "%s", "words of others");
    assert_null(message->parts[0].format);
    assert_string_equal(argument(arena, message, 0, 0), "words of others");
}

static void test_message_too_long_for_places_is_a_quote(void **state)
{
    AUTO_ARENA arena = arena_create();
    enum { LENGTH = 70000 };
    char *text = arena_alloc(arena, LENGTH + 1);
    memset(text, 'x', LENGTH);
    const struct message *message = message_make(arena, "<%s>", text);
    assert_int_equal(strlen(message->text), LENGTH + 2);
    assert_int_equal(message->part_count, 0);
    message = message_chain(arena, message_word(arena, "first"), MESSAGE_COLON, message);
    assert_int_equal(message->part_count, 0);
    assert_memory_equal(message->text, "first: <x", 9);
}

static void test_message_chain_moves_the_places(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct message *first = message_make(arena, "read %s", "/a");
    const struct message *rest =
        message_chain(arena, message_make(arena, "open %s", "/b"), MESSAGE_COLON,
                      message_quote(arena, "no such thing"));
    const struct message *message = message_chain(arena, first, MESSAGE_ASIDE, rest);
    assert_string_equal(message->text, "read /a; open /b: no such thing");
    assert_int_equal(message->part_count, 3);
    assert_string_equal(argument(arena, message, 0, 0), "/a");
    assert_string_equal(argument(arena, message, 1, 0), "/b");
    assert_string_equal(argument(arena, message, 2, 0), "no such thing");
    assert_int_equal(message->parts[1].joint, MESSAGE_ASIDE);
    assert_int_equal(message->parts[2].joint, MESSAGE_COLON);
    message = message_chain(arena, message_quote(arena, "name"), MESSAGE_COLON, first);
    assert_string_equal(message->text, "name: read /a");
    assert_string_equal(argument(arena, message, 0, 0), "name");
    assert_string_equal(argument(arena, message, 1, 0), "/a");
}

static void test_message_of_more_parts_than_there_is_room_for(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct message *message = message_make(arena, "part %d", 0);
    for (int i = 1; i < 10; i++) {
        message = message_chain(arena, message_make(arena, "part %d", i), MESSAGE_COLON, message);
        assert_true(message->part_count <= MESSAGE_PARTS);
        assert_int_equal(argument(arena, message, 0, 0)[0], '0' + i);
    }
    const struct message_part *last = &message->parts[message->part_count - 1];
    assert_int_equal(last->slices[0].end,
                     last->format == NULL ? strlen(message->text) : last->slices[0].end);
    assert_string_equal(message->text + strlen(message->text) - 6, "part 0");
}

static void test_message_of_error_knows_its_parts(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    errno = EACCES;
    (void)error_errno(&err, "open %s", "/x");
    (void)error_wrap(&err, "look at %s", "site:shop");
    const struct message *message = of(arena, &err);
    assert_string_equal(message->text, "look at site:shop: open /x: Permission denied");
    assert_int_equal(message->part_count, 3);
    assert_string_equal(argument(arena, message, 0, 0), "site:shop");
    assert_string_equal(argument(arena, message, 1, 0), "/x");
    assert_string_equal(message->parts[2].format, "Permission denied");

    struct error outer = {0};
    (void)error_wrap_other(&outer, &err, "begin");
    assert_int_equal(outer.number, EACCES);
    assert_string_equal(outer.message, "begin: look at site:shop: open /x: Permission denied");
    assert_string_equal(argument(arena, of(arena, &outer), 2, 0), "/x");
    (void)error_add(&outer, MESSAGE_ASIDE, message_make(arena, "and %s too", "/y"));
    assert_string_equal(argument(arena, of(arena, &outer), 4, 0), "/y");
    assert_int_equal(outer.number, EACCES);

    (void)error_set_message(&outer, ERROR_LIMIT, message);
    assert_int_equal(outer.code, ERROR_LIMIT);
    assert_string_equal(outer.message, message->text);
    assert_string_equal(argument(arena, of(arena, &outer), 1, 0), "/x");
    (void)error_set_message(&outer, ERROR_LIMIT, message_quote(arena, "words"));
    (void)error_wrap(&outer, "nginx");
    assert_string_equal(argument(arena, of(arena, &outer), 1, 0), "words");
}

/* What is cut cannot be told apart. */
static void test_message_of_an_error_that_was_cut_is_a_quote(void **state)
{
    AUTO_ARENA arena = arena_create();
    char text[ERROR_MESSAGE_MAX];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct error err = {0};
    (void)error_set(&err, ERROR_FORMAT, "%s is bad", text);
    const struct message *message = of(arena, &err);
    assert_int_equal(message->part_count, 1);
    assert_null(message->parts[0].format);
    assert_string_equal(argument(arena, message, 0, 0), err.message);
    (void)error_set(&err, ERROR_FORMAT, "%s", text);
    (void)error_wrap(&err, "outer");
    assert_string_equal(argument(arena, of(arena, &err), 0, 0), err.message);
    (void)error_add(&err, MESSAGE_LINE, message);
    assert_string_equal(err.message + strlen(err.message) - 3, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_make_keeps_format_and_arguments),
        cmocka_unit_test(test_message_make_reads_every_width),
        cmocka_unit_test(test_message_with_more_than_is_understood_is_a_quote),
        cmocka_unit_test(test_message_too_long_for_places_is_a_quote),
        cmocka_unit_test(test_message_chain_moves_the_places),
        cmocka_unit_test(test_message_of_more_parts_than_there_is_room_for),
        cmocka_unit_test(test_message_of_error_knows_its_parts),
        cmocka_unit_test(test_message_of_an_error_that_was_cut_is_a_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
