/* Error pages: which statuses a key names, and what a page may be. */

#include "schemas/error_pages.h"

#include <string.h>

#include "base/str.h"
#include "schemas/site_syntax.h"

enum { STATUS_DIGITS = 3, STATUS_CLASS = 100, STATUSES_MAX = 200 };

static const char file_prefix[] = "file:";

// clang-format off
static const struct field fields[] = {
    FIELD(struct error_page_spec, page, .is_required = true, .syntax = &syntax_error_page,
          .help = "true: the built-in page; false: none; /path: a path of the site; file:/path: a "
                  "file on the host, as it is."),
};
// clang-format on

const struct schema error_page_schema = {
    .name = "error_pages",
    .size = sizeof(struct error_page_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "page",
    .help = "The page of a status.",
};

/* ---- Forms of text -------------------------------------------------------------------------- */

/* Statuses that HTTP knows and nginx lets a page stand for. */
static bool is_known(int status)
{
    return (status >= 400 && status <= 418) || (status >= 421 && status <= 426) || status == 428 ||
           status == 429 || status == 431 || status == 451 || (status >= 500 && status <= 508) ||
           status == 510 || status == 511;
}

static bool is_class(const char *word)
{
    return (word[0] == '4' || word[0] == '5') && word[1] == 'x' && word[2] == 'x';
}

/* Of three digits. */
static int number_of(const char *word)
{
    return (word[0] - '0') * 100 + (word[1] - '0') * 10 + (word[2] - '0');
}

static bool is_status(const char *word)
{
    return strspn(word, "0123456789") >= STATUS_DIGITS && is_known(number_of(word));
}

/* Words of three characters, one space between them. */
static bool check_statuses(const char *text)
{
    if (strlen(text) > STATUSES_MAX) {
        return false;
    }
    for (const char *word = text;; word += STATUS_DIGITS + 1) {
        if (strlen(word) < STATUS_DIGITS || !(is_class(word) || is_status(word))) {
            return false;
        }
        if (word[STATUS_DIGITS] == '\0') {
            return true;
        }
        if (word[STATUS_DIGITS] != ' ') {
            return false;
        }
    }
}

const char *error_page_file(const char *page)
{
    return text_starts_with(page, file_prefix) ? page + sizeof(file_prefix) - 1 : NULL;
}

static bool check_page(const char *text)
{
    const char *file = error_page_file(text);
    if (file != NULL) {
        return syntax_static_folder.check(file) && strcmp(file, "/") != 0;
    }
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
           syntax_rewrite_target.check(text);
}

// clang-format off
const struct syntax syntax_statuses = {
    "a status such as 404, several (\"502 503\"), 4xx or 5xx",
    "^([45]xx|[45][0-9][0-9])( ([45]xx|[45][0-9][0-9]))*$", "404", check_statuses};
const struct syntax syntax_error_page = {
    "true, false, a path of the site, or file:/path",
    "^(true|false|/.*|file:/.+)$", "/errors/404.html", check_page};
// clang-format on

/* ---- Which page ----------------------------------------------------------------------------- */

const char *error_page_built_in(int status)
{
    switch (status) {
    case 401:
        return "401";
    case 403:
        return "403";
    case 404:
        return "404";
    case 413:
        return "413";
    case 429:
        return "429";
    default:
        return status >= 500 && status <= 504 ? "50x" : NULL;
    }
}

/* How closely a key means the status: 0 not at all, then without a key, by its class, by itself. */
static int closeness(const struct error_page_spec *page, int status)
{
    const struct node *key = page->object.key;
    if (key == NULL) {
        bool is_meant =
            error_page_built_in(status) != NULL || strcmp(page->page.text, "false") == 0;
        return is_meant ? 1 : 0;
    }
    int best = 0;
    for (const char *word = key->text;; word += STATUS_DIGITS + 1) {
        if (is_class(word) && word[0] - '0' == status / STATUS_CLASS && best < 2) {
            best = is_known(status) ? 2 : 0;
        } else if (!is_class(word) && number_of(word) == status) {
            best = 3;
        }
        if (word[STATUS_DIGITS] == '\0') {
            return best;
        }
    }
}

static const struct error_page_spec *find(const struct object_list *pages, int status)
{
    const struct error_page_spec *items = pages->items;
    const struct error_page_spec *found = NULL;
    int best = 0;
    for (size_t i = 0; i < pages->count; i++) {
        int now = items[i].page.text == NULL ? 0 : closeness(&items[i], status);
        if (now > best) {
            best = now;
            found = &items[i];
        }
    }
    return found;
}

const struct text_value *error_page_find(const struct object_list *pages, int status)
{
    const struct error_page_spec *found = find(pages, status);
    return found == NULL ? NULL : &found->page;
}

/* ---- Checks --------------------------------------------------------------------------------- */

static void check_built_in(struct check *check, const struct error_page_spec *page,
                           const char *field)
{
    if (page->object.key == NULL || page->page.text == NULL ||
        strcmp(page->page.text, "true") != 0) {
        return;
    }
    for (int status = ERROR_STATUS_FIRST; status < ERROR_STATUS_END; status++) {
        if (closeness(page, status) == 3 && error_page_built_in(status) == NULL) {
            check_add(check, DIAGNOSTIC_SITE_NO_ERROR_PAGE, page->object.key, field,
                      arena_printf(check->arena, "%d", status), NULL);
            return;
        }
    }
}

static void check_twice(struct check *check, const struct error_page_spec *page,
                        const struct error_page_spec *earlier, const char *field)
{
    for (int status = ERROR_STATUS_FIRST; status < ERROR_STATUS_END; status++) {
        int now = closeness(page, status);
        if (now > 1 && now == closeness(earlier, status)) {
            check_add(check, DIAGNOSTIC_SITE_ERROR_PAGE_TWICE, page->object.key, field,
                      arena_printf(check->arena, "%d", status), NULL)
                ->second = earlier->object.key->span;
            return;
        }
    }
}

void error_pages_check(struct check *check, const struct object_list *pages, const char *field)
{
    const struct error_page_spec *items = pages->items;
    for (size_t i = 0; i < pages->count; i++) {
        check_built_in(check, &items[i], field);
        for (size_t j = 0; j < i && items[i].object.key != NULL; j++) {
            check_twice(check, &items[i], &items[j], field);
        }
    }
}
