/* Forms of text that only sites know. They also keep out what nginx cannot take at that place: a
 * dollar sign where it would become a variable, and more bytes than one argument holds. */

#include "schemas/site_syntax.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

enum {
    /* nginx ends an argument at 4,096 bytes, and ours have some of their own around the text. */
    WRITTEN_MAX = 3900,
    /* What nginx_value makes of a dollar sign: ${rc_dollar}. */
    DOLLAR_LENGTH = 12,
    LOCATION_MAX = 1000,
    MEDIA_TYPE_MAX = 200,
    TRY_STEP_MAX = 500,
    ADDRESS_MAX = 45,
    NAME_MAX_LENGTH = 100,
};

/* Whether the text, quoted for any context, is no longer than an argument may be. */
static bool fits_argument(const char *text)
{
    size_t length = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '$') {
            length += DOLLAR_LENGTH;
        } else if (strchr("\"\\\n\r\t", *c) != NULL) {
            length += 2;
        } else {
            length += 1;
        }
        if (length > WRITTEN_MAX) {
            return false;
        }
    }
    return true;
}

static bool is_printable_ascii(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return true;
}

static bool is_one_line(const char *text)
{
    return strpbrk(text, "\n\r\t") == NULL;
}

static bool is_static_text(const char *text)
{
    return strchr(text, '$') == NULL && fits_argument(text);
}

bool backend_is_socket(const char *address)
{
    return text_starts_with(address, "unix:");
}

bool backend_is_name(const char *address)
{
    if (backend_is_socket(address) || address[0] == '[' ||
        text_starts_with(address, "localhost:")) {
        return false;
    }
    char host[ADDRESS_MAX + 1];
    size_t length = strcspn(address, ":");
    if (length > ADDRESS_MAX) {
        return true;
    }
    memcpy(host, address, length);
    host[length] = '\0';
    struct in_addr parsed;
    return inet_pton(AF_INET, host, &parsed) != 1;
}

/* "https://name", "http://[::1]:3000": nothing behind host and port. */
static bool check_backend_url(const char *host)
{
    if (syntax_address_port.check(host)) {
        return true;
    }
    size_t length = strlen(host);
    char address[ADDRESS_MAX + 1];
    if (host[0] != '[') {
        return syntax_host_name.check(host) && strchr(host, ':') == NULL;
    }
    if (host[length - 1] != ']' || length - 2 > ADDRESS_MAX) {
        return false;
    }
    memcpy(address, host + 1, length - 2);
    address[length - 2] = '\0';
    struct in6_addr parsed;
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

/* nginx takes what follows a second colon of a socket for a URI. */
static bool check_backend(const char *text)
{
    if (backend_is_socket(text)) {
        const char *path = text + strlen("unix:");
        return syntax_path.check(path) && is_static_text(path) && strchr(path, ':') == NULL;
    }
    const char *scheme = strstr(text, "://");
    if (scheme != NULL) {
        return (text_starts_with(text, "http://") || text_starts_with(text, "https://")) &&
               check_backend_url(scheme + strlen("://"));
    }
    /* An address with two or more colons is refused here: it wants brackets. */
    return syntax_address_port.check(text);
}

static bool check_retry(const char *text)
{
    static const char *const words[] = {
        "error",    "timeout",  "invalid_header", "http_500", "http_502", "http_503",
        "http_504", "http_403", "http_404",       "http_429", "off",      "non_idempotent",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *word = words[i];
        if (strcmp(text_starts_with(word, "http_") ? word + strlen("http_") : word, text) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_static_folder(const char *text)
{
    return syntax_path.check(text) && is_static_text(text);
}

/* nginx compares the decoded and normalised path, so that none of these could ever match. */
static bool is_reachable(const char *path)
{
    return path[0] == '/' && strpbrk(path, "?#%") == NULL && strstr(path, "//") == NULL &&
           strstr(path, "/./") == NULL && strstr(path, "/../") == NULL &&
           !text_ends_with(path, "/.") && !text_ends_with(path, "/..");
}

struct location location_read(const char *key)
{
    static const struct {
        const char *sign;
        enum location_match match;
    } signs[] = {
        {"=", LOCATION_EXACT},
        {"~*", LOCATION_REGEX_NOCASE},
        {"~", LOCATION_REGEX},
    };
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (text_starts_with(key, signs[i].sign)) {
            const char *pattern = key + strlen(signs[i].sign);
            return (struct location){signs[i].match, pattern + strspn(pattern, " ")};
        }
    }
    return (struct location){LOCATION_PREFIX, key};
}

static bool check_location(const char *text)
{
    struct location location = location_read(text);
    if (!is_one_line(text) || strlen(text) > LOCATION_MAX || location.pattern[0] == '\0') {
        return false;
    }
    bool is_regex = location.match == LOCATION_REGEX || location.match == LOCATION_REGEX_NOCASE;
    return is_regex || is_reachable(location.pattern);
}

/* A host with variables in it; which of them may stand there is checked where the target is read.
 */
static bool check_varied_url(const char *text)
{
    const char *host = strstr(text, "://");
    size_t length = host == NULL ? 0 : strcspn(host + strlen("://"), "/?#");
    bool has_scheme = text_starts_with(text, "$scheme://") || text_starts_with(text, "https://") ||
                      text_starts_with(text, "http://");
    return has_scheme && length > 0 && strcspn(host + strlen("://"), "@") >= length;
}

static bool check_redirect_target(const char *text)
{
    bool is_path = text[0] == '/' && text[1] != '/';
    bool is_url = strchr(text, '$') == NULL ? syntax_url.check(text) : check_varied_url(text);
    return (is_path || is_url) && is_printable_ascii(text) &&
           strpbrk(text, "\"<>\\^`{|}") == NULL && fits_argument(text);
}

/* nginx takes what stands before the question mark for a decoded path, and the rest as it is. */
static bool check_rewrite_target(const char *text)
{
    size_t length = strcspn(text, "?");
    return text[0] == '/' && text[1] != '/' && strcspn(text, "%#") >= length && is_one_line(text) &&
           fits_argument(text) && (text[length] == '\0' || is_printable_ascii(text + length));
}

static bool check_regex(const char *text)
{
    return text[0] != '\0' && is_one_line(text) && strlen(text) <= LOCATION_MAX;
}

static bool is_of(const char *text, const char *characters)
{
    return text[0] != '\0' && text[strspn(text, characters)] == '\0' &&
           strlen(text) <= NAME_MAX_LENGTH;
}

#define LOWER   "abcdefghijklmnopqrstuvwxyz"
#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LETTERS LOWER UPPER "0123456789_"

static bool check_method(const char *text)
{
    return is_of(text, UPPER "-");
}

static bool check_parameter(const char *text)
{
    return is_of(text, LETTERS);
}

static bool check_plain_header(const char *text)
{
    return is_of(text, LETTERS "-");
}

/* Browsers write an origin in lower case, without the usual port and without a path. */
static bool check_origin(const char *text)
{
    if (strcmp(text, "*") == 0) {
        return true;
    }
    const char *host = strstr(text, "://");
    if (host == NULL || strpbrk(text, UPPER "?#$") != NULL) {
        return false;
    }
    host += strlen("://");
    bool has_scheme = text_starts_with(text, "https://") || text_starts_with(text, "http://");
    host += text_starts_with(host, "*.") ? strlen("*.") : 0;
    return has_scheme && strpbrk(host, "/*") == NULL && check_backend_url(host);
}

static bool check_header_value(const char *text)
{
    return is_one_line(text) && fits_argument(text);
}

static bool check_media_type(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash != NULL && slash != text && slash[1] != '\0' && strlen(text) <= MEDIA_TYPE_MAX &&
           is_one_line(text) && is_static_text(text) && strpbrk(text, "\\\"") == NULL;
}

static bool check_response_body(const char *text)
{
    return fits_argument(text);
}

static bool check_index_file(const char *text)
{
    return text[0] != '\0' && is_one_line(text) && strchr(text, '/') == NULL &&
           fits_argument(text) && strcmp(text, "..") != 0 && strcmp(text, ".") != 0;
}

static bool is_status_step(const char *text)
{
    return text[0] == '=' && text[1] >= '2' && text[1] <= '5' &&
           strspn(text + 1, "0123456789") == 3 && text[4] == '\0';
}

static bool check_try_step(const char *text)
{
    if (!is_one_line(text) || strlen(text) > TRY_STEP_MAX) {
        return false;
    }
    if (text_starts_with(text, "$uri")) {
        const char *rest = text + strlen("$uri");
        return strpbrk(rest, "$?#%") == NULL &&
               (rest[0] == '\0' || strchr("/.-_", rest[0]) != NULL);
    }
    const char *query = strchr(text, '?');
    if (query != NULL && strcmp(query, TRY_STEP_QUERY) == 0) {
        char path[TRY_STEP_MAX + 1] = {0};
        memcpy(path, text, (size_t)(query - text));
        return is_reachable(path) && strchr(path, '$') == NULL;
    }
    return is_status_step(text) || (is_reachable(text) && strchr(text, '$') == NULL);
}

static bool is_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool check_listen(const char *text)
{
    uint16_t port = 0;
    return value_read_port(text, &port) || is_address(text) ||
           (syntax_address_port.check(text) && !backend_is_name(text) &&
            !text_starts_with(text, "localhost:"));
}

struct listen listen_read(struct arena *arena, const char *text)
{
    struct listen listen = {0};
    if (value_read_port(text, &listen.port)) {
        return listen;
    }
    if (is_address(text)) {
        listen.address = text;
        return listen;
    }
    const char *colon = strrchr(text, ':');
    size_t brackets = text[0] == '[' ? 1 : 0;
    listen.address = arena_strndup(arena, text + brackets, (size_t)(colon - text) - 2 * brackets);
    (void)value_read_port(colon + 1, &listen.port); /* the syntax has seen to it */
    return listen;
}

static bool check_client(const char *text)
{
    return strcmp(text, "all") == 0 || syntax_network.check(text);
}

/* So short that it fits into a regular expression, too. */
static bool check_probe(const char *text)
{
    return syntax_url_path.check(text) && strlen(text) <= LOCATION_MAX;
}

/* Whether it begins the path that it stands in is checked there. */
static bool check_strip_prefix(const char *text)
{
    bool is_switch = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    bool is_path = text[0] == '/' && text[1] != '\0';
    return is_switch || (is_path && is_one_line(text) && strlen(text) <= LOCATION_MAX);
}

static bool check_path_log(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0;
}

static bool check_tls(const char *text)
{
    return strcmp(text, "auto") == 0 || strcmp(text, "internal") == 0 || strcmp(text, "false") == 0;
}

// clang-format off
const struct syntax syntax_backend = {
    "service:NAME, an address or name with a port, a URL without a path, or unix:/path",
    "^(service:.+|unix:/.+|https?://[^/]+|.+:[0-9]+)$", "127.0.0.1:3000", check_backend};
const struct syntax syntax_retry = {
    "error, timeout, invalid_header, non_idempotent, off, 403, 404, 429, 500, 502, 503 or 504",
    "^(error|timeout|invalid_header|non_idempotent|off|403|404|429|50[0234])$", "503", check_retry};
const struct syntax syntax_static_folder = {
    "an absolute path without //, .., $ or a slash at its end",
    "^/([^/$]+(/[^/$]+)*)?$", "/srv/shop/public", check_static_folder};
const struct syntax syntax_location = {
    "a path such as /api, \"= /exact\" or \"~ regex\", as it reads decoded",
    "^(/|= */|~\\*? *[^ ]).*$", "/api/", check_location};
const struct syntax syntax_redirect_target = {
    "a URL, or a path on the same site",
    "^(https?://|\\$scheme://|/)[!-~]*$", "https://example.com", check_redirect_target};
const struct syntax syntax_rewrite_target = {
    "a path on the same site, as it reads decoded, and perhaps a query",
    "^/([^/%#?\\n][^%#?\\n]*)?(\\?[!-~]*)?$", "/index.php?page=$1", check_rewrite_target};
const struct syntax syntax_regex = {
    "a regular expression of at most 1,000 bytes on one line", "^[^\\n\\r\\t]+$", "^/v1/(.*)$",
    check_regex};
const struct syntax syntax_method = {
    "a method in capital letters", "^[A-Z-]+$", "GET", check_method};
const struct syntax syntax_parameter = {
    "a name of letters, digits and underscores", "^[A-Za-z0-9_]+$", "lang", check_parameter};
const struct syntax syntax_plain_header = {
    "a header's name of letters, digits, hyphens and underscores", "^[A-Za-z0-9_-]+$",
    "X-Tenant", check_plain_header};
const struct syntax syntax_origin = {
    "a site's address in lower case such as https://app.example.com or https://*.example.com, or "
    "\"*\"",
    "^(\\*|https?://(\\*\\.)?[a-z0-9.:\\[\\]-]+)$", "https://app.example.com", check_origin};
const struct syntax syntax_header_value = {
    "a header's value of at most 3,900 bytes on one line",
    "^[^\\n\\r\\t]*$", "SAMEORIGIN", check_header_value};
const struct syntax syntax_media_type = {
    "a media type", "^[^/$\\\\\"]+/[^$\\\\\"]+$", "text/plain", check_media_type};
const struct syntax syntax_response_body = {
    "a text of at most 3,900 bytes", NULL, "ok", check_response_body};
const struct syntax syntax_index_file = {
    "a file's name without a folder", "^[^/\\n\\r\\t]+$", "index.html", check_index_file};
const struct syntax syntax_try_step = {
    "$uri, $uri with an ending such as .html or /, a path, which may end in ?$args, or a status such "
    "as =404",
    "^(\\$uri.*|/.*|=[2-5][0-9][0-9])$", "$uri.html", check_try_step};
const struct syntax syntax_listen = {
    "an address, a port, or both", "^[0-9a-fA-F.:\\[\\]]+$", "192.0.2.1", check_listen};
const struct syntax syntax_client = {
    "an address, a network or \"all\"", "^(all|[0-9a-fA-F:.]+(/[0-9]+)?)$", "10.0.0.0/8",
    check_client};
const struct syntax syntax_probe = {
    "a URL path of at most 1,000 bytes, which begins with / and has no spaces", "^/[^\\s]*$",
    "/healthz", check_probe};
const struct syntax syntax_strip_prefix = {
    "true, false, or the beginning of the path up to one of its slashes", "^(true|false|/.+)$",
    "/app", check_strip_prefix};
const struct syntax syntax_path_log = {
    "true, false or off", "^(true|false|off)$", "off", check_path_log};
const struct syntax syntax_tls = {
    "auto, internal, false or certificate:NAME", "^(auto|internal|false|certificate:.+)$", "auto",
    check_tls};
// clang-format on
