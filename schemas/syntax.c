/* The forms that a text can have, by name. Each has a pattern for the JSON Schema, which is at
 * least as permissive as the check: what an editor marks is always wrong, and what it does not mark
 * may still be refused here. */

#include <arpa/inet.h>
#include <string.h>

#include "schemas/value.h"

enum {
    HOST_NAME_MAX_LENGTH = 253, /* RFC 1035, without the final dot */
    LABEL_MAX_LENGTH = 63,
    PATH_MAX_LENGTH = 4095, /* PATH_MAX of Linux without its NUL */
    PART_MAX_LENGTH = 255,  /* NAME_MAX: of one name in a path */
    USER_MAX_LENGTH = 31,   /* utmp */
    UNIT_MAX_LENGTH = 255,  /* UNIT_NAME_MAX of systemd without its NUL */
    ADDRESS_MAX_LENGTH = 45,
};

#define LOWER      "abcdefghijklmnopqrstuvwxyz"
#define UPPER      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS     "0123456789"
#define NAME_BYTES LOWER UPPER DIGITS "._-"

/* text is one to `most` bytes, all of them among the allowed ones. */
static bool consists_of(const char *text, const char *allowed, size_t most)
{
    size_t length = strspn(text, allowed);
    return text[length] == '\0' && length >= 1 && length <= most;
}

static bool check_any(const char *text)
{
    (void)text;
    return true;
}

static bool check_line(const char *text)
{
    return strpbrk(text, "\n\t") == NULL;
}

static bool check_name(const char *text)
{
    return consists_of(text, NAME_BYTES, HOST_NAME_MAX_LENGTH) && text[0] != '.' && text[0] != '-';
}

static bool check_label(const char *label, size_t length)
{
    return length >= 1 && length <= LABEL_MAX_LENGTH && label[0] != '-' && label[length - 1] != '-';
}

/* Lower case only: one host has one spelling. The last label is not a number, so that a mistyped
 * address is not taken for a name. */
static bool check_dns_name(const char *text)
{
    if (!consists_of(text, LOWER DIGITS "-.", HOST_NAME_MAX_LENGTH)) {
        return false;
    }
    const char *label = text;
    for (;;) {
        size_t length = strcspn(label, ".");
        if (!check_label(label, length)) {
            return false;
        }
        if (label[length] == '\0') {
            return !consists_of(label, DIGITS, LABEL_MAX_LENGTH);
        }
        label += length + 1;
    }
}

static bool check_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool check_host_name(const char *text)
{
    return check_dns_name(text) || check_address(text);
}

static bool check_server_name(const char *text)
{
    if (text_starts_with(text, "*.")) {
        return check_dns_name(text + 2);
    }
    return check_host_name(text);
}

/* No empty, "." or ".." parts and no slash at the end, so that one file has one spelling. */
static bool check_path(const char *text)
{
    if (text[0] != '/' || strlen(text) > PATH_MAX_LENGTH || !check_line(text)) {
        return false;
    }
    if (text[1] == '\0') {
        return true;
    }
    for (const char *part = text + 1;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || length > PART_MAX_LENGTH || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part += length;
        if (*part == '\0') {
            return true;
        }
    }
}

static bool check_url_path(const char *text)
{
    return text[0] == '/' && strpbrk(text, " \t\n") == NULL && strlen(text) <= PATH_MAX_LENGTH;
}

/* HOST:PORT with the port left to be absent where that is allowed; host: [::1], 127.0.0.1 or a
 * name. length bytes of text. */
static bool check_authority(const char *text, size_t length, bool needs_port)
{
    if (length == 0 || length > HOST_NAME_MAX_LENGTH + sizeof("[]:65535")) {
        return false;
    }
    char copy[HOST_NAME_MAX_LENGTH + sizeof("[]:65535") + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';

    char *host = copy;
    char *behind = NULL; /* where a port may follow */
    if (host[0] == '[') {
        behind = strchr(host, ']');
        if (behind == NULL) {
            return false;
        }
        *behind++ = '\0';
        host++;
        struct in6_addr address;
        if (inet_pton(AF_INET6, host, &address) != 1) {
            return false;
        }
    } else {
        behind = host + strcspn(host, ":");
    }

    uint16_t port = 0;
    bool has_port = *behind == ':';
    bool port_is_good = has_port ? value_read_port(behind + 1, &port) : *behind == '\0';
    if (!port_is_good || (needs_port && !has_port)) {
        return false;
    }
    if (copy[0] == '[') {
        return true;
    }
    *behind = '\0';
    return check_host_name(host);
}

static bool check_address_port(const char *text)
{
    return check_authority(text, strlen(text), true);
}

static bool check_url(const char *text)
{
    const char *authority = NULL;
    if (text_starts_with(text, "http://")) {
        authority = text + strlen("http://");
    } else if (text_starts_with(text, "https://")) {
        authority = text + strlen("https://");
    } else {
        return false;
    }
    return check_authority(authority, strcspn(authority, "/?#"), false) &&
           strpbrk(authority, " \t\n\"<>\\^`{|}") == NULL && strlen(text) <= PATH_MAX_LENGTH;
}

static bool check_header_name(const char *text)
{
    return consists_of(text, LOWER UPPER DIGITS "!#$%&'*+-.^_`|~", 256);
}

static bool check_variable(const char *text)
{
    return consists_of(text, LOWER UPPER DIGITS "_", 256) && strchr(DIGITS, text[0]) == NULL;
}

static bool check_user(const char *text)
{
    return consists_of(text, LOWER DIGITS "_-", USER_MAX_LENGTH) && text[0] != '-' &&
           strchr(DIGITS, text[0]) == NULL;
}

static bool check_unit_name(const char *text)
{
    static const char *const suffixes[] = {".service", ".socket", ".target", ".timer",
                                           ".path",    ".mount",  ".device", ".automount",
                                           ".slice",   ".scope",  ".swap"};
    if (!consists_of(text, LOWER UPPER DIGITS ":-_.\\@", UNIT_MAX_LENGTH)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (text_ends_with(text, suffixes[i]) && text[0] != '.') {
            return true;
        }
    }
    return false;
}

static bool check_network(const char *text)
{
    size_t length = strcspn(text, "/");
    if (length > ADDRESS_MAX_LENGTH) {
        return false;
    }
    char address[ADDRESS_MAX_LENGTH + 1];
    memcpy(address, text, length);
    address[length] = '\0';
    if (!check_address(address)) {
        return false;
    }
    if (text[length] == '\0') {
        return true;
    }
    int64_t bits = 0;
    return value_read_integer(text + length + 1, &bits) && bits >= 0 &&
           bits <= (strchr(address, ':') != NULL ? 128 : 32);
}

static bool check_domain(const char *text)
{
    return check_dns_name(text) || check_network(text);
}

/* Reads exactly count digits; NULL when there are fewer. */
static const char *read_fixed(const char *text, size_t count, unsigned *out)
{
    unsigned number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return NULL;
        }
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    *out = number;
    return text + count;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1U : 0U);
}

/* "2026-12-31"; returns what follows. */
static const char *read_day(const char *text)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    const char *at = read_fixed(text, 4, &year);
    if (at == NULL || *at != '-' || (at = read_fixed(at + 1, 2, &month)) == NULL || *at != '-' ||
        (at = read_fixed(at + 1, 2, &day)) == NULL) {
        return NULL;
    }
    bool exists =
        month >= 1 && month <= 12 && day >= 1 && year >= 1 && day <= days_in_month(year, month);
    return exists ? at : NULL;
}

/* "23:59"; returns what follows. */
static const char *read_minute(const char *text)
{
    unsigned hour = 0;
    unsigned minute = 0;
    const char *at = read_fixed(text, 2, &hour);
    if (at == NULL || *at != ':' || (at = read_fixed(at + 1, 2, &minute)) == NULL) {
        return NULL;
    }
    return hour < 24 && minute < 60 ? at : NULL;
}

/* A day, or a day with a time and its zone (RFC 3339 without fractions). */
static bool check_date(const char *text)
{
    const char *at = read_day(text);
    if (at == NULL || *at == '\0') {
        return at != NULL;
    }
    unsigned second = 0;
    if ((*at != 'T' && *at != ' ') || (at = read_minute(at + 1)) == NULL || *at != ':' ||
        (at = read_fixed(at + 1, 2, &second)) == NULL || second > 59) {
        return false;
    }
    if (*at == 'Z') {
        return at[1] == '\0';
    }
    if (*at != '+' && *at != '-') {
        return false;
    }
    at = read_minute(at + 1);
    return at != NULL && *at == '\0';
}

const struct syntax syntax_any = {"text", NULL, "any text", check_any};
const struct syntax syntax_line = {"text on one line", "^[^\\n\\t]*$", "any text", check_line};
const struct syntax syntax_name = {"a name of letters, digits, dots, hyphens and underscores",
                                   "^[A-Za-z0-9_][A-Za-z0-9._-]*$", "shop", check_name};
const struct syntax syntax_host_name = {"a host name in lower case", "^[a-z0-9:.-]+$",
                                        "shop.example.com", check_host_name};
const struct syntax syntax_server_name = {"a host name in lower case", "^(\\*\\.)?[a-z0-9:.-]+$",
                                          "shop.example.com", check_server_name};
const struct syntax syntax_path = {"an absolute path without //, .. or a slash at its end",
                                   "^/([^/]+(/[^/]+)*)?$", "/srv/shop", check_path};
const struct syntax syntax_url_path = {"a URL path, which begins with / and has no spaces",
                                       "^/[^\\s]*$", "/healthz", check_url_path};
const struct syntax syntax_url = {"a URL that begins with http:// or https://",
                                  "^https?://[^\\s]+$", "https://example.com/", check_url};
const struct syntax syntax_header_name = {"a header name", "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
                                          "X-Request-Id", check_header_name};
const struct syntax syntax_variable = {"an environment variable's name", "^[A-Za-z_][A-Za-z0-9_]*$",
                                       "DATABASE_URL", check_variable};
const struct syntax syntax_user = {"an account name of at most 31 lower-case letters and digits",
                                   "^[a-z_][a-z0-9_-]{0,30}$", "shop", check_user};
const struct syntax syntax_unit_name = {
    "a systemd unit with its suffix",
    "^[A-Za-z0-9:_.\\\\@-]+\\."
    "(service|socket|target|timer|path|mount|device|automount|slice|scope|swap)$",
    "shop.service", check_unit_name};
const struct syntax syntax_network = {"an address or network", "^[0-9a-fA-F:.]+(/[0-9]+)?$",
                                      "10.0.0.0/8", check_network};
const struct syntax syntax_domain = {"a domain in lower case, an address or a network",
                                     "^[a-z0-9:.-]+(/[0-9]+)?$", "example.com", check_domain};
const struct syntax syntax_address_port = {"an address or name with a port", "^.+:[0-9]+$",
                                           "127.0.0.1:3000", check_address_port};
const struct syntax syntax_date = {
    "a date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2}))?$", "2026-12-31",
    check_date};
