/* Frames of the control socket: whole, in parts, too long. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/frame.h"

static void test_frame_reads_what_was_written(void **state)
{
    static const char content[] = "{\"ask\":\"status\"}";
    unsigned char bytes[FRAME_HEAD + sizeof(content)];
    struct str found = {0};
    frame_head(sizeof(content), bytes);
    memcpy(bytes + FRAME_HEAD, content, sizeof(content));
    for (size_t length = 0; length < sizeof(bytes); length++) {
        assert_int_equal(frame_read(bytes, length, &found), FRAME_PART);
        assert_null(found.data);
    }
    assert_int_equal(frame_read(bytes, sizeof(bytes), &found), FRAME_WHOLE);
    assert_int_equal(found.length, sizeof(content));
    assert_memory_equal(found.data, content, sizeof(content));
}

static void test_frame_may_be_empty(void **state)
{
    unsigned char bytes[FRAME_HEAD];
    struct str found = {0};
    frame_head(0, bytes);
    assert_int_equal(frame_read(bytes, sizeof(bytes), &found), FRAME_WHOLE);
    assert_int_equal(found.length, 0);
}

static void test_frame_refuses_a_length_that_nobody_may_send(void **state)
{
    static const unsigned char most[] = {0, 1, 0, 0};
    static const unsigned char more[] = {0, 1, 0, 1};
    static const unsigned char huge[] = {255, 255, 255, 255};
    struct str found = {0};
    assert_int_equal(frame_read(most, sizeof(most), &found), FRAME_PART);
    assert_int_equal(frame_read(more, sizeof(more), &found), FRAME_TOO_LONG);
    assert_int_equal(frame_read(huge, sizeof(huge), &found), FRAME_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_reads_what_was_written),
        cmocka_unit_test(test_frame_may_be_empty),
        cmocka_unit_test(test_frame_refuses_a_length_that_nobody_may_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
