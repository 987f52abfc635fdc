/* Any bytes as the ledger of orders: what is read keeps every promise of model/acme_ledger.h, is
 * written as a whole ledger, and that one is read as it was written. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/acme_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static bool is_visible(const char *text)
{
    bool is_good = *text != '\0';
    for (; *text != '\0'; text++) {
        is_good = is_good && *text > ' ' && *text <= '~';
    }
    return is_good;
}

static void check_names(const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        require(names[i][0] != '\0');
        require(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        require(acme_names_have(names, names[i]));
    }
}

static void check_records(const struct acme_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct acme_record *record = &ledger->items[i];
        require(i == 0 || ledger->items[i - 1].at <= record->at);
        require(record->at >= 0 && record->event < ACME_EVENT_COUNT);
        require(!record->is_open || record->event == ACME_ORDERED);
        require(is_visible(record->directory));
        check_names(record->names);
        check_names(record->domains);
    }
}

static void check_round_trip(struct arena *arena, const struct acme_ledger *ledger)
{
    struct acme_ledger again = {0};
    bool is_whole = false;
    struct str text = acme_ledger_write(arena, ledger);
    acme_ledger_read(arena, text, &again, &is_whole);
    require(is_whole && again.count == ledger->count);
    require(str_equal(acme_ledger_write(arena, &again), text));
}

/* Whatever was read, asking what it leaves of the limits ends with an answer. */
static void check_limits(struct arena *arena, struct acme_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct acme_record *record = &ledger->items[i];
        const struct acme_order order = {record->directory, ACME_NEW, record->names,
                                         record->domains};
        const struct acme_answer answer = acme_limits_ask(ledger, &order, record->at);
        require(answer.possible_at >= record->at);
        require((answer.limit == ACME_LIMIT_NONE) == (answer.possible_at == record->at));
    }
    size_t count = ledger->count;
    acme_limits_prune(ledger, count == 0 ? 0 : ledger->items[count - 1].at);
    require(ledger->count <= count);
    check_records(ledger);
    check_round_trip(arena, ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct acme_ledger ledger = {0};
    bool is_whole = false;
    acme_ledger_read(arena, (struct str){(const char *)data, size}, &ledger, &is_whole);
    check_records(&ledger);
    check_round_trip(arena, &ledger);
    check_limits(arena, &ledger);
    arena_destroy(arena);
    return 0;
}
