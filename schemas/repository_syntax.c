/* Names of Git repositories, branches and folders in them. */
#include "schemas/repository_syntax.h"

#include <string.h>

#include "base/str.h"

enum { REPOSITORY_MOST = 2048, BRANCH_MOST = 200, INNER_PATH_MOST = 1024 };

static bool is_printable(const char *text, size_t most)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        if ((unsigned char)text[length] < ' ' || text[length] == 0x7f || length == most) {
            return false;
        }
    }
    return length > 0;
}

/* --- repositories ---------------------------------------------------------------------------- */

struct authority {
    struct str user; /* empty: none is named */
    struct str host;
};

/* Nothing, or a colon with a port. */
static bool has_good_port(const char *behind)
{
    char digits[sizeof("65535")] = "";
    uint16_t port = 0;
    size_t length = strcspn(behind, "/");
    if (behind[0] != ':') {
        return length == 0;
    }
    if (length - 1 >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, behind + 1, length - 1);
    return value_read_port(digits, &port);
}

/* "user@host:port" up to a slash; false for a password, an empty host, or a host that a program
 * would take for an option. */
static bool read_authority(const char *text, struct authority *out)
{
    size_t length = strcspn(text, "/?#");
    const char *at = memchr(text, '@', length);
    *out = (struct authority){.user = STR("")};
    if (at != NULL) {
        out->user = (struct str){text, (size_t)(at - text)};
        length -= out->user.length + 1;
        text = at + 1;
    }
    bool is_closed = text[0] != '[' || memchr(text, ']', length) != NULL;
    bool has_password = memchr(out->user.data, ':', out->user.length) != NULL;
    size_t end = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?#");
    out->host = (struct str){text, end < length ? end : length};
    return !has_password && is_closed && has_good_port(out->host.data + out->host.length) &&
           (at == NULL || out->user.length > 0) && out->host.length > 0 && text[0] != '-' &&
           memchr(text, '@', length) == NULL && text[length] == '/' &&
           strpbrk(text, "?# \\") == NULL;
}

static const struct {
    const char *scheme;
    enum repository_transport transport;
} schemes[] = {
    {"https://", REPOSITORY_HTTPS},
    {"ssh://", REPOSITORY_SSH},
    {"http://", REPOSITORY_PLAIN},
    {"git://", REPOSITORY_PLAIN},
};

static const char *behind_scheme(const char *text, enum repository_transport *out_transport)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (text_starts_with(text, schemes[i].scheme)) {
            *out_transport = schemes[i].transport;
            return text + strlen(schemes[i].scheme);
        }
    }
    return NULL;
}

/* git@host:path, as scp has it: a colon before the first slash, and a user, so that a mistyped
 * scheme is not taken for a host. */
static bool is_scp_like(const char *text)
{
    size_t colon = strcspn(text, ":/");
    const char *at = memchr(text, '@', colon);
    return text[colon] == ':' && text[colon + 1] != '\0' && text[colon + 1] != '/' && at != NULL &&
           at > text && at + 1 < text + colon && at[1] != '-' && text[0] != '-';
}

const char *repository_local_path(const char *text)
{
    return text_starts_with(text, "file://") ? text + strlen("file://") : text;
}

enum repository_transport repository_transport_of(const char *text)
{
    enum repository_transport transport = REPOSITORY_INVALID;
    struct authority authority;
    if (!is_printable(text, REPOSITORY_MOST)) {
        return REPOSITORY_INVALID;
    }
    if (repository_local_path(text)[0] == '/') {
        return REPOSITORY_PATH;
    }
    const char *rest = behind_scheme(text, &transport);
    if (rest == NULL) {
        return is_scp_like(text) ? REPOSITORY_SSH : REPOSITORY_INVALID;
    }
    bool is_good = read_authority(rest, &authority) &&
                   (authority.user.length == 0 || transport == REPOSITORY_SSH);
    return is_good ? transport : REPOSITORY_INVALID;
}

bool repository_is_loopback(const char *text)
{
    enum repository_transport transport = REPOSITORY_INVALID;
    struct authority authority;
    const char *rest = behind_scheme(text, &transport);
    if (rest == NULL || !read_authority(rest, &authority)) {
        return false;
    }
    return str_equal(authority.host, STR("localhost")) ||
           str_equal(authority.host, STR("127.0.0.1")) || str_equal(authority.host, STR("[::1]"));
}

const char *repository_host(struct arena *arena, const char *text, unsigned *out_port)
{
    enum { SSH_PORT = 22 };
    enum repository_transport transport = REPOSITORY_INVALID;
    struct authority authority;
    const char *rest = behind_scheme(text, &transport);
    *out_port = SSH_PORT;
    if (rest == NULL || !read_authority(rest, &authority)) { /* user@host:path */
        const char *host = strchr(text, '@') + 1;
        return arena_strndup(arena, host, strcspn(host, ":"));
    }
    const char *behind = authority.host.data + authority.host.length;
    uint16_t port = 0;
    if (*behind == ':' &&
        value_read_port(arena_strndup(arena, behind + 1, strcspn(behind + 1, "/")), &port)) {
        *out_port = port;
    }
    bool has_brackets = authority.host.data[0] == '[';
    return has_brackets ? arena_strndup(arena, authority.host.data + 1, authority.host.length - 2)
                        : arena_strndup(arena, authority.host.data, authority.host.length);
}

static bool check_repository(const char *text)
{
    return repository_transport_of(text) != REPOSITORY_INVALID;
}

/* --- branches and folders -------------------------------------------------------------------- */

static bool check_branch(const char *text)
{
    if (!is_printable(text, BRANCH_MOST) || strpbrk(text, " ~^:?*[\\") != NULL ||
        strstr(text, "..") != NULL || strstr(text, "@{") != NULL || strstr(text, "//") != NULL ||
        strstr(text, "/.") != NULL || strstr(text, ".lock/") != NULL) {
        return false;
    }
    return text[0] != '/' && text[0] != '.' && text[0] != '-' && !text_ends_with(text, "/") &&
           !text_ends_with(text, ".") && !text_ends_with(text, ".lock") && strcmp(text, "@") != 0;
}

static bool check_inner_path(const char *text)
{
    if (!is_printable(text, INNER_PATH_MOST)) {
        return false;
    }
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || part[0] == '.') { /* also "." and "..": hidden ones hold no documents */
            return false;
        }
        part += length;
        if (*part == '\0') {
            return true;
        }
    }
}

const struct syntax syntax_repository = {
    "a repository: a path, or a URL of ssh, https, http, git or file without a password", NULL,
    "git@git.example.com:ops/site.git", check_repository};
const struct syntax syntax_branch = {"the name of a branch", NULL, "main", check_branch};
const struct syntax syntax_inner_path = {"a path inside of the repository without . and ..", NULL,
                                         "conf/web", check_inner_path};
