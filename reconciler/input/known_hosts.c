/* Reads known_hosts line by line. */
#include "input/known_hosts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/text.h"

enum { SSH_PORT = 22, SHA1_SIZE = 20, HASHED_PART_MOST = 64 };

struct line {
    char *marker; /* "@revoked", "@cert-authority"; or NULL */
    char *hosts;
    char *type;
    char *key;
};

static const char *encode(struct arena *arena, struct str bytes)
{
    if (bytes.length > (1 << 16)) {
        return ""; /* no key is that long */
    }
    unsigned char *out = arena_alloc(arena, (bytes.length + 2) / 3 * 4 + 1);
    (void)EVP_EncodeBlock(out, (const unsigned char *)bytes.data, (int)bytes.length);
    return (const char *)out;
}

/* Of at most HASHED_PART_MOST characters; the length, or 0. */
static size_t decode(const char *text, size_t length, unsigned char out[HASHED_PART_MOST])
{
    if (length == 0 || length % 4 != 0 || length > HASHED_PART_MOST) {
        return 0;
    }
    int size = EVP_DecodeBlock(out, (const unsigned char *)text, (int)length);
    size_t padding = (text[length - 1] == '=' ? 1U : 0U) + (text[length - 2] == '=' ? 1U : 0U);
    return size < 0 || (size_t)size < padding ? 0 : (size_t)size - padding;
}

/* --- names ----------------------------------------------------------------------------------- */

/* ASCII: other names are written in punycode. */
static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool fits(char c, char pattern)
{
    return pattern == '?' || small(pattern) == small(c);
}

/* "*" stands for any text, "?" for one character; capitals are small letters. */
static bool matches_pattern(const char *text, const char *pattern)
{
    const char *star = NULL; /* the last one seen, and what it stands for so far */
    const char *behind = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            behind = text;
        } else if (*pattern != '\0' && fits(*text, *pattern)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++behind;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* "|1|SALT|HASH": HMAC-SHA-1 of the name under the salt. */
static bool matches_hash(const char *name, const char *hashed)
{
    unsigned char salt[HASHED_PART_MOST];
    unsigned char wanted[HASHED_PART_MOST];
    unsigned char found[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const char *first = hashed + strlen("|1|");
    const char *bar = strchr(first, '|');
    if (bar == NULL) {
        return false;
    }
    size_t salt_size = decode(first, (size_t)(bar - first), salt);
    return salt_size == SHA1_SIZE && decode(bar + 1, strlen(bar + 1), wanted) == SHA1_SIZE &&
           HMAC(EVP_sha1(), salt, (int)salt_size, (const unsigned char *)name, strlen(name), found,
                &size) != NULL &&
           size == SHA1_SIZE && memcmp(found, wanted, SHA1_SIZE) == 0;
}

/* A list of patterns, one of which matches, and none that begins with "!". */
static bool matches_hosts(struct arena *arena, const char *name, const char *hosts)
{
    if (text_starts_with(hosts, "|1|")) {
        return matches_hash(name, hosts);
    }
    bool does_match = false;
    char *rest = arena_strdup(arena, hosts);
    const char *pattern = NULL;
    while ((pattern = strsep(&rest, ",")) != NULL) {
        bool is_negated = pattern[0] == '!';
        if (matches_pattern(name, pattern + (is_negated ? 1 : 0))) {
            if (is_negated) {
                return false;
            }
            does_match = true;
        }
    }
    return does_match;
}

static const char *name_of(struct arena *arena, struct ssh_host host)
{
    const char *name = host.port == SSH_PORT ? arena_strdup(arena, host.name)
                                             : arena_printf(arena, "[%s]:%u", host.name, host.port);
    char *lower = arena_strdup(arena, name);
    for (char *c = lower; *c != '\0'; c++) {
        *c = small(*c);
    }
    return lower;
}

/* --- lines ----------------------------------------------------------------------------------- */

static char *next_word(char **rest)
{
    char *word = NULL;
    do {
        word = strsep(rest, " \t\r");
    } while (word != NULL && word[0] == '\0');
    return word;
}

/* The next line that is about this host. */
static bool next_line(struct arena *arena, char **rest, const char *name, struct line *out)
{
    char *text = NULL;
    while ((text = strsep(rest, "\n")) != NULL) {
        char *words = text;
        *out = (struct line){.hosts = next_word(&words)};
        if (out->hosts == NULL || out->hosts[0] == '#') {
            continue;
        }
        if (out->hosts[0] == '@') {
            out->marker = out->hosts;
            out->hosts = next_word(&words);
        }
        out->type = next_word(&words);
        out->key = next_word(&words);
        if (out->key != NULL && matches_hosts(arena, name, out->hosts)) {
            return true;
        }
    }
    return false;
}

enum known_host known_hosts_check(struct arena *arena, struct str file, struct ssh_host host,
                                  struct str key)
{
    char *rest = arena_strndup(arena, file.data, file.length);
    const char *name = name_of(arena, host);
    const char *wanted = encode(arena, key);
    enum known_host answer = KNOWN_HOST_ABSENT;
    struct line line;
    while (next_line(arena, &rest, name, &line)) {
        bool is_same = key.length > 0 && strcmp(line.key, wanted) == 0;
        if (line.marker != NULL) { /* certificates of hosts are not supported by libssh2 */
            if (is_same && strcmp(line.marker, "@revoked") == 0) {
                return KNOWN_HOST_REVOKED;
            }
            continue;
        }
        if (is_same) {
            answer = KNOWN_HOST_MATCHES;
        } else if (answer == KNOWN_HOST_ABSENT) {
            answer = KNOWN_HOST_DIFFERS;
        }
    }
    return answer;
}

const char *known_hosts_of(struct arena *arena, struct str file, struct ssh_host host)
{
    char *rest = arena_strndup(arena, file.data, file.length);
    const char *name = name_of(arena, host);
    struct text out = text_make(arena);
    struct line line;
    while (next_line(arena, &rest, name, &line)) {
        if (line.marker == NULL) {
            text_line(&out, "%s %s %s", name, line.type, line.key);
        }
    }
    return out.data;
}
