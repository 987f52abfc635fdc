/* The response cache: for how long, how much, and what goes past it. */

#include "schemas/response_cache.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { STATUS_DIGITS = 3, STATUSES_MAX = 200, NAME_MAX_LENGTH = 100 };

static const char name_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz0123456789_.-";

/* Words of three characters, one space between them: from 200 to 599. */
static bool check_statuses(const char *text)
{
    if (strcmp(text, "any") == 0) {
        return true;
    }
    for (const char *word = text; strlen(text) <= STATUSES_MAX; word += STATUS_DIGITS + 1) {
        if (word[0] < '2' || word[0] > '5' || strspn(word, "0123456789") != STATUS_DIGITS) {
            return false;
        }
        if (word[STATUS_DIGITS] == '\0') {
            return true;
        }
        if (word[STATUS_DIGITS] != ' ') {
            return false;
        }
    }
    return false;
}

static bool check_query(const char *text)
{
    size_t length = strspn(text, name_characters);
    return length > 0 && length <= NAME_MAX_LENGTH && text[length] == '\0';
}

static bool check_cookie(const char *text)
{
    size_t length = strspn(text, name_characters);
    return length > 0 && length <= NAME_MAX_LENGTH &&
           (text[length] == '\0' || strcmp(text + length, "*") == 0);
}

static bool check_header(const char *text)
{
    return check_query(text) && strpbrk(text, "_.") == NULL;
}

// clang-format off
static const struct syntax syntax_kept_statuses = {
    "a status such as 200, several (\"301 302\"), or any",
    "^(any|[2-5][0-9][0-9]( [2-5][0-9][0-9])*)$", "200", check_statuses};
static const struct syntax syntax_query_name = {
    "a name of letters, digits, dots, hyphens and underscores", "^[A-Za-z0-9_.-]{1,100}$",
    "preview", check_query};
static const struct syntax syntax_cookie_name = {
    "a cookie's name, or the beginning of names with * behind it", "^[A-Za-z0-9_.-]{1,100}\\*?$",
    "session", check_cookie};
static const struct syntax syntax_bypass_header = {
    "a header's name of letters, digits and hyphens", "^[A-Za-z0-9-]{1,100}$", "X-Preview",
    check_header};

static const struct field age_fields[] = {
    FIELD(struct response_age_spec, age, .is_required = true, .least = 1000,
          .most = 365LL * 24 * 3600 * 1000,
          .help = "For how long such an answer is kept, where the program says nothing itself."),
};

static const struct field bypass_fields[] = {
    FIELD(struct cache_bypass_spec, cookies, .syntax = &syntax_cookie_name, .count_most = 50,
          .help = "Cookies of those who have answers of their own; a * stands for any end of the "
                  "name."),
    FIELD(struct cache_bypass_spec, queries, .syntax = &syntax_query_name, .count_most = 50,
          .help = "Parameters of the query that ask for a fresh answer."),
    FIELD(struct cache_bypass_spec, headers, .syntax = &syntax_bypass_header, .count_most = 20,
          .help = "Headers of requests with answers of their own, beside Authorization."),
};
// clang-format on

static const struct schema age_schema = {
    .name = "response_cache.age",
    .size = sizeof(struct response_age_spec),
    .fields = age_fields,
    .field_count = COUNT(age_fields),
    .shorthand = "age",
    .help = "For how long answers are kept.",
};

static const struct schema bypass_schema = {
    .name = "response_cache.bypass",
    .size = sizeof(struct cache_bypass_spec),
    .fields = bypass_fields,
    .field_count = COUNT(bypass_fields),
    .help = "Requests that the program answers each time, and whose answers are not kept.",
};

// clang-format off
static const struct field fields[] = {
    FIELD(struct response_cache_spec, on, .fallback = "true",
          .help = "false: the program answers each time."),
    FIELD(struct response_cache_spec, age, .shape = SHAPE_MAP, .object = &age_schema,
          .key_syntax = &syntax_kept_statuses, .count_most = 20,
          .help = "For how long answers are kept of which the program does not say it itself, with "
                  "Cache-Control or Expires: one time for 200, 301 and 302, or a map of statuses. "
                  "Without it only the program's word counts."),
    FIELD(struct response_cache_spec, size, .fallback = "1g", .least = 1024 * 1024,
          .help = "How much is kept on disk; what was not asked for the longest goes first."),
    FIELD(struct response_cache_spec, unused, .fallback = "1d", .least = 1000,
          .most = 365LL * 24 * 3600 * 1000,
          .help = "After what time an answer goes for which nobody has asked."),
    FIELD(struct response_cache_spec, bypass, .object = &bypass_schema,
          .help = "Requests that go past it. Those with Authorization always do, and answers with "
                  "Set-Cookie are never kept."),
    FIELD(struct response_cache_spec, stale, .fallback = "true",
          .help = "Gives an old answer while a new one is fetched, and where the program fails."),
    FIELD(struct response_cache_spec, lock, .fallback = "true",
          .help = "Of several requests for the same, one goes to the program and the others wait "
                  "for its answer."),
    FIELD(struct response_cache_spec, status_header, .fallback = "false",
          .help = "Tells clients in X-Cache-Status where the answer came from: HIT, MISS, BYPASS "
                  "and so on."),
};
// clang-format on

const struct schema response_cache_schema = {
    .name = "response_cache",
    .size = sizeof(struct response_cache_spec),
    .fields = fields,
    .field_count = COUNT(fields),
    .shorthand = "on",
    .help = "Answers of programs that nginx keeps.",
};
