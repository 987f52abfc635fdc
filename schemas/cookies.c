/* Cookies of programs: where they hold, and how they are kept. */

#include "schemas/cookies.h"

#include <string.h>

#include "model/facts.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

enum { PATH_LENGTH_MAX = 500, DOMAIN_LENGTH_MAX = 255, CHARSET_LENGTH_MAX = 40 };
enum { NGINX_COOKIE_FLAGS = 1019003 };

static bool consists_of(const char *text, const char *characters, size_t most)
{
    size_t length = strspn(text, characters);
    return length > 0 && length <= most && text[length] == '\0';
}

static bool check_path(const char *text)
{
    return text[0] == '/' && consists_of(text, LETTERS_AND_DIGITS "/._~-", PATH_LENGTH_MAX);
}

static bool check_domain(const char *text)
{
    return consists_of(text, LETTERS_AND_DIGITS ".-", DOMAIN_LENGTH_MAX);
}

static bool check_charset(const char *text)
{
    return consists_of(text, LETTERS_AND_DIGITS "_-", CHARSET_LENGTH_MAX);
}

// clang-format off
static const struct syntax syntax_cookie_path = {
    "a path of letters, digits and / . _ ~ -", "^/[A-Za-z0-9/._~-]*$", "/app/", check_path};
static const struct syntax syntax_cookie_domain = {
    "a domain of letters, digits, dots and hyphens", "^[A-Za-z0-9.-]{1,255}$", "example.com",
    check_domain};
const struct syntax syntax_charset = {
    "a character set such as utf-8, or off", "^[A-Za-z0-9_-]{1,40}$", "utf-8", check_charset};

static const char *const same_sites[] = {
    [SAME_SITE_STRICT] = "strict",
    [SAME_SITE_LAX]    = "lax",
    [SAME_SITE_NONE]   = "none",
    NULL,
};

static const struct field fields[] = {
    FIELD(struct cookies_spec, paths, .key_syntax = &syntax_cookie_path,
          .syntax = &syntax_cookie_path, .count_most = 20,
          .help = "Paths that cookies hold for, as the program writes them, and what stands in "
                  "their place. A path is exchanged where a cookie's begins with it."),
    FIELD(struct cookies_spec, domains, .key_syntax = &syntax_cookie_domain,
          .syntax = &syntax_cookie_domain, .count_most = 20,
          .help = "Domains that cookies hold for, as the program writes them, and what stands in "
                  "their place."),
    FIELD(struct cookies_spec, secure, .fallback = "false",
          .help = "Browsers send them over HTTPS only."),
    FIELD(struct cookies_spec, http_only, .fallback = "false",
          .help = "Scripts of a page do not see them."),
    FIELD(struct cookies_spec, same_site, .choices = same_sites,
          .fallback_note = "as the program says",
          .help = "Whether they go along with requests that come from other sites: strict: never; "
                  "lax: where somebody follows a link; none: always."),
};
// clang-format on

const struct schema cookies_schema = {
    .name = "cookies",
    .size = sizeof(struct cookies_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .help = "What is changed in the cookies of a program.",
};

bool cookies_have_flags(const struct cookies_spec *cookies)
{
    return cookies->secure.is_true || cookies->http_only.is_true || cookies->same_site.node != NULL;
}

void cookies_check(struct check *check, const struct cookies_spec *cookies, const char *field)
{
    unsigned version = check->facts == NULL ? 0 : check->facts->nginx_version;
    if (cookies_have_flags(cookies) && version != 0 && version < NGINX_COOKIE_FLAGS) {
        check_add(check, DIAGNOSTIC_SITE_COOKIE_FLAGS, cookies->object.node, field,
                  arena_printf(check->arena, "%u.%u.%u", version / 1000000, version / 1000 % 1000,
                               version % 1000),
                  NULL);
    }
    if (cookies->same_site.node != NULL && cookies->same_site.index == SAME_SITE_NONE &&
        !cookies->secure.is_true) {
        check_add(check, DIAGNOSTIC_SITE_COOKIE_NONE, cookies->same_site.node, field, NULL, NULL);
    }
}
