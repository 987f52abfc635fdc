/* The records and their text. What they are counted against is in acme_limits.c. */
#include "model/acme_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "model/json.h"

enum { LEDGER_FORMAT = 1 };

/* The end of the year 9999, as of certificates (RFC 5280 section 4.1.2.5): sums do not overflow. */
static const int64_t latest = INT64_C(253402300799);

static const char *const event_words[ACME_EVENT_COUNT] = {
    [ACME_ORDERED] = "ordered",
    [ACME_ISSUED] = "issued",
    [ACME_FAILED] = "failed",
};

static const char *const no_names[] = {NULL};

/* ---- Sets of names --------------------------------------------------------------------------- */

VEC(name_list, const char *);

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once, NULL-terminated. */
static const char *const *names_finish(struct arena *arena, struct name_list *list)
{
    size_t kept = 0;
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof(*list->items), name_compare);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || strcmp(list->items[kept - 1], list->items[i]) != 0) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
    vec_add(arena, list, NULL);
    return list->items;
}

/* DNS names are compared without regard to case, and are ASCII here (RFC 5890 A-labels). */
static const char *lower_case(struct arena *arena, const char *name)
{
    char *lower = arena_strdup(arena, name);
    for (char *c = lower; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return lower;
}

bool acme_names_equal(const char *const *a, const char *const *b)
{
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return *a == NULL && *b == NULL;
}

bool acme_names_have(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

const char *acme_identifier(const char *name)
{
    return text_starts_with(name, "*.") ? name + 2 : name;
}

struct acme_order acme_order_make(struct arena *arena, const char *directory,
                                  enum acme_order_type type, const char *const *names,
                                  const struct acme_domains *domains)
{
    struct name_list own = {0};
    struct name_list registered = {0};
    for (; *names != NULL; names++) {
        const char *name = lower_case(arena, *names);
        const char *identifier = acme_identifier(name);
        const char *domain = domains->find(domains->context, identifier);
        vec_add(arena, &own, name);
        vec_add(arena, &registered, domain == NULL ? identifier : lower_case(arena, domain));
    }
    return (struct acme_order){.directory = arena_strdup(arena, directory),
                               .type = type,
                               .names = names_finish(arena, &own),
                               .domains = names_finish(arena, &registered)};
}

/* ---- Records --------------------------------------------------------------------------------- */

/* Behind all that are not later: a clock that was set back does not disturb the order. */
static void put(struct arena *arena, struct acme_ledger *ledger, const struct acme_record *record)
{
    vec_add(arena, ledger, *record);
    size_t at = ledger->count - 1;
    for (; at > 0 && ledger->items[at - 1].at > record->at; at--) {
        ledger->items[at] = ledger->items[at - 1];
    }
    ledger->items[at] = *record;
}

void acme_ledger_settle(struct acme_ledger *ledger, const struct acme_order *order)
{
    for (size_t i = ledger->count; i-- > 0;) {
        struct acme_record *record = &ledger->items[i];
        if (record->is_open && strcmp(record->directory, order->directory) == 0 &&
            acme_names_equal(record->names, order->names)) {
            record->is_open = false;
            return;
        }
    }
}

static struct acme_record record_of(const struct acme_order *order, enum acme_event event,
                                    int64_t at)
{
    return (struct acme_record){
        .at = at,
        .event = event,
        .directory = order->directory,
        .names = order->names,
        .domains = order->type == ACME_NEW ? order->domains : no_names,
        .is_open = event == ACME_ORDERED,
    };
}

void acme_ledger_add_order(struct arena *arena, struct acme_ledger *ledger,
                           const struct acme_order *order, int64_t at)
{
    const struct acme_record record = record_of(order, ACME_ORDERED, at);
    put(arena, ledger, &record);
}

void acme_ledger_add_certificate(struct arena *arena, struct acme_ledger *ledger,
                                 const struct acme_order *order, int64_t at)
{
    const struct acme_record record = record_of(order, ACME_ISSUED, at);
    acme_ledger_settle(ledger, order);
    put(arena, ledger, &record);
}

void acme_ledger_add_failure(struct arena *arena, struct acme_ledger *ledger,
                             const struct acme_order *order, const char *const *names, int64_t at)
{
    struct acme_record record = record_of(order, ACME_FAILED, at);
    struct name_list identifiers = {0};
    for (; *names != NULL; names++) {
        vec_add(arena, &identifiers, lower_case(arena, acme_identifier(*names)));
    }
    record.names = names_finish(arena, &identifiers);
    record.domains = no_names;
    acme_ledger_settle(ledger, order);
    put(arena, ledger, &record);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *write_names(const char *const *names)
{
    json_t *list = json_array();
    for (; *names != NULL; names++) {
        (void)json_array_append_new(list, json_text(*names));
    }
    return list;
}

struct str acme_ledger_write(struct arena *arena, const struct acme_ledger *ledger)
{
    json_t *records = json_array();
    AUTO_JSON root = json_pack("{s:i, s:o}", "format", LEDGER_FORMAT, "records", records);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct acme_record *record = &ledger->items[i];
        (void)json_array_append_new(
            records, json_pack("{s:I, s:s, s:s, s:o, s:o, s:b}", "at", (json_int_t)record->at,
                               "event", event_words[record->event], "directory", record->directory,
                               "names", write_names(record->names), "domains",
                               write_names(record->domains), "open", record->is_open));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    return str_of(arena_printf(arena, "%s\n", text == NULL ? "{}" : text));
}

/* Names are shown to people: nothing else than what a name or an address may hold. */
static bool is_name(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.:*_-/")] == '\0';
}

static bool is_url(const char *text)
{
    size_t visible = 0;
    while (text[visible] > ' ' && text[visible] <= '~') {
        visible++;
    }
    return text[visible] == '\0' && text_starts_with(text, "http");
}

static bool read_names(struct arena *arena, const json_t *json, const char *const **out_names)
{
    struct name_list names = {0};
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(json, index, entry)
    {
        const char *name = json_string_value(entry);
        if (name == NULL || !is_name(name)) {
            return false;
        }
        vec_add(arena, &names, arena_strdup(arena, name));
    }
    *out_names = names_finish(arena, &names);
    return json_is_array(json);
}

static bool read_event(const json_t *json, enum acme_event *out_event)
{
    for (enum acme_event event = 0; event < ACME_EVENT_COUNT; event++) {
        if (text_equal(json_string_value(json), event_words[event])) {
            *out_event = event;
            return true;
        }
    }
    return false;
}

static bool read_record(struct arena *arena, const json_t *json, struct acme_record *out_record)
{
    const char *directory = json_string_value(json_object_get(json, "directory"));
    const json_t *at = json_object_get(json, "at");
    if (directory == NULL || !is_url(directory) || !json_is_integer(at) ||
        json_integer_value(at) < 0 || json_integer_value(at) > latest ||
        !read_event(json_object_get(json, "event"), &out_record->event) ||
        !read_names(arena, json_object_get(json, "names"), &out_record->names) ||
        !read_names(arena, json_object_get(json, "domains"), &out_record->domains)) {
        return false;
    }
    out_record->at = json_integer_value(at);
    out_record->directory = arena_strdup(arena, directory);
    out_record->is_open =
        out_record->event == ACME_ORDERED && json_is_true(json_object_get(json, "open"));
    return true;
}

void acme_ledger_read(struct arena *arena, struct str json, struct acme_ledger *out_ledger,
                      bool *out_is_whole)
{
    struct acme_ledger ledger = {0};
    AUTO_JSON root = json_loadb(json.data, json.length, 0, NULL);
    const json_t *records = json_object_get(root, "records");
    bool is_whole = json_is_array(records) &&
                    json_integer_value(json_object_get(root, "format")) == LEDGER_FORMAT;
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(records, index, entry)
    {
        struct acme_record record = {0};
        if (read_record(arena, entry, &record)) {
            put(arena, &ledger, &record);
        } else {
            is_whole = false;
        }
    }
    *out_ledger = ledger;
    *out_is_whole = is_whole;
}
