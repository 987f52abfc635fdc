/* The committed pages are what the rows, codes and words give today. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "core/kind.h"
#include "core/manual.h"
#include "core/reference.h"

#define PAGES TEST_SOURCE_DIR "/docs/reference/en"

enum { PAGE_MOST = 1 << 20 };

static const struct reference_page *find_page(const struct reference_pages *pages, const char *name)
{
    for (size_t i = 0; i < pages->count; i++) {
        if (strcmp(pages->items[i].name, name) == 0) {
            return &pages->items[i];
        }
    }
    return NULL;
}

static void assert_current(const char *folder, const struct reference_pages *pages)
{
    AUTO_ARENA arena = arena_create();
    for (size_t i = 0; i < pages->count; i++) {
        const struct reference_page *page = &pages->items[i];
        struct error err = {0};
        struct str written = {0};
        const char *path = arena_printf(arena, "%s/%s", folder, page->name);
        if (!file_read(AT_FDCWD, path, PAGE_MOST, arena, &written, &err)) {
            fail_msg("%s: run docs/generate", err.message);
        }
        if (!str_equal(written, text_str(&page->text))) {
            fail_msg("%s is not current: run docs/generate", path);
        }
    }
}

static void test_reference_is_current(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct reference_pages pages = {0};
    reference_collect(arena, &pages);
    assert_current(PAGES, &pages);
}

static void test_reference_manual_is_current(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct reference_pages pages = {0};
    manual_add_documents(arena, &pages);
    assert_current(TEST_SOURCE_DIR "/docs", &pages);
}

static void test_reference_has_a_page_for_each_kind(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct reference_pages pages = {0};
    reference_collect(arena, &pages);
    for (size_t i = 0; i < kind_count(); i++) {
        const struct schema *schema = kind_at(i)->schema;
        const struct reference_page *page =
            find_page(&pages, arena_printf(arena, "%s.md", schema->name));
        assert_non_null(page);
        for (size_t j = 0; j < schema->field_count; j++) {
            const char *heading = arena_printf(arena, "\n### %s\n", schema->fields[j].name);
            assert_non_null(strstr(page->text.data, heading));
        }
    }
}

static void test_reference_index_links_each_page(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct reference_pages pages = {0};
    reference_collect(arena, &pages);
    size_t count = pages.count;
    reference_add_index(arena, &pages);
    assert_int_equal(pages.count, count + 1);
    const char *index = find_page(&pages, "README.md")->text.data;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr(index, arena_printf(arena, "](%s)", pages.items[i].name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_is_current),
        cmocka_unit_test(test_reference_manual_is_current),
        cmocka_unit_test(test_reference_has_a_page_for_each_kind),
        cmocka_unit_test(test_reference_index_links_each_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
