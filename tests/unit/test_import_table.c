/* How much of what admins write in nginx configuration the importer says in our own words. The
 * counts are of published configurations: a directive, the place where it stands, how often, and of
 * how many of those it is known, or has to be taken for likely, that they have a form that stays
 * raw (named locations that say more than a program or rewrites, conditions that set variables,
 * headers with variables of maps). By directive is what the table can say; by form is what is left
 * of it. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/import_table.h"

enum { MISSING_SHOWN = 20, TENTHS_BY_DIRECTIVE = 950, TENTHS_BY_FORM = 950 };

static const struct {
    const char *word;
    enum import_place place;
} places[] = {
    {"main", IMPORT_MAIN},     {"events", IMPORT_EVENTS},     {"http", IMPORT_HTTP},
    {"server", IMPORT_SERVER}, {"location", IMPORT_LOCATION}, {"upstream", IMPORT_UPSTREAM},
    {"server-if", IMPORT_IF},  {"location-if", IMPORT_IF},
};

static bool is_said(const char *directive, const char *context)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i].word, context) == 0) {
            const struct import_rule *rule = import_rule_find(directive, places[i].place);
            return rule != NULL && rule->said != IMPORT_RAW;
        }
    }
    return false;
}

struct counts {
    unsigned long total, said, said_by_form;
    unsigned shown;
};

/* "directive\tcontext\toccurrences\tunsaid" */
static void count_row(struct counts *counts, char *row)
{
    char *rest = NULL;
    const char *directive = strtok_r(row, "\t", &rest);
    const char *context = strtok_r(NULL, "\t", &rest);
    const char *occurrences = strtok_r(NULL, "\t", &rest);
    const char *unsaid = strtok_r(NULL, "\t\n", &rest);
    assert_non_null(unsaid);
    unsigned long count = strtoul(occurrences, NULL, 10);
    bool is_ours = is_said(directive, context);
    unsigned long missing = is_ours ? strtoul(unsaid, NULL, 10) : count;
    counts->total += count;
    counts->said += is_ours ? count : 0;
    counts->said_by_form += count - missing;
    if (missing > 0 && counts->shown < MISSING_SHOWN) {
        counts->shown++;
        print_message("left as it is: %s in %s, %lu of %lu\n", directive, context, missing, count);
    }
}

/* The rows are sorted, the most frequent first. */
static void test_import_table_says_most_of_what_is_written(void **state)
{
    enum { ROW_MOST = 200 };
    FILE *file = fopen(TEST_SOURCE_DIR "/tests/golden/import/corpus.tsv", "r");
    struct counts counts = {0};
    char row[ROW_MOST];
    assert_non_null(file);
    assert_non_null(fgets(row, sizeof(row), file)); /* the names of the columns */
    while (fgets(row, sizeof(row), file) != NULL) {
        count_row(&counts, row);
    }
    (void)fclose(file);
    print_message("by directive: %lu of %lu, %.2f %%; by form: %lu, %.2f %%\n", counts.said,
                  counts.total, 100.0 * (double)counts.said / (double)counts.total,
                  counts.said_by_form, 100.0 * (double)counts.said_by_form / (double)counts.total);
    assert_true(counts.total > 20000);
    assert_true(counts.said * 1000 >= counts.total * TENTHS_BY_DIRECTIVE);
    assert_true(counts.said_by_form * 1000 >= counts.total * TENTHS_BY_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import_table_says_most_of_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
