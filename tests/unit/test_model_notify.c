/* Words of events, scopes, and which URLs lead to this machine. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/notify.h"

static void test_notify_words_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NOTICE_EVENT_COUNT; i++) {
        enum notice_event event = NOTICE_EVENT_COUNT;
        assert_true(notice_event_parse(notice_event_word((enum notice_event)i), &event));
        assert_int_equal(event, i);
    }
    enum notice_event event = NOTICE_HELD;
    assert_false(notice_event_parse("Failed", &event));
    assert_false(notice_event_parse(NULL, &event));
    assert_int_equal(event, NOTICE_HELD);
}

static void test_notify_scope(void **state)
{
    (void)state;
    const char *const only[] = {"site", "service:shop", NULL};
    assert_true(notify_scope_has(NULL, NULL));
    assert_true(notify_scope_has(only, "site:a"));
    assert_true(notify_scope_has(only, "service:shop"));
    assert_false(notify_scope_has(only, "service:shop2"));
    assert_false(notify_scope_has(only, "sites:a"));
    assert_false(notify_scope_has(only, NULL));
}

static void test_notify_loopback(void **state)
{
    (void)state;
    const char *const here[] = {"http://localhost/x", "smtp://127.0.0.1:25", "https://[::1]:8443/",
                                "http://user@localhost"};
    const char *const elsewhere[] = {"http://localhost.example.com/",
                                     "http://localhost@evil.test/",
                                     "smtp://127.0.0.12:25",
                                     "http://127.0.0.1.evil.test/",
                                     "localhost",
                                     "https://evil.test/@localhost",
                                     "http://evil.test?@127.0.0.1"};
    for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
        assert_true(notify_url_is_loopback(here[i]));
    }
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        assert_false(notify_url_is_loopback(elsewhere[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notify_words_read_back),
        cmocka_unit_test(test_notify_scope),
        cmocka_unit_test(test_notify_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
