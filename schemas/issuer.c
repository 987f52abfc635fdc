/* The words that name an issuer, and which names are this host's own business. */

#include "schemas/issuer.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define STAGING "https://acme-staging-v02.api.letsencrypt.org/directory"

// clang-format off
static const struct {
    const char *word;
    enum certificate_issuer type;
    const char *directory;
    const char *rehearsal;
} issuers[] = {
    {"internal",            CERTIFICATE_INTERNAL, NULL, NULL},
    {"file",                CERTIFICATE_FILE,     NULL, NULL},
    /* https://letsencrypt.org/docs/acme-protocol-updates/ */
    {"letsencrypt",         CERTIFICATE_ACME, "https://acme-v02.api.letsencrypt.org/directory", STAGING},
    {"letsencrypt-staging", CERTIFICATE_ACME, STAGING, NULL},
};
// clang-format on
enum { ISSUER_COUNT = sizeof(issuers) / sizeof(issuers[0]) };

static bool is_directory(const char *text)
{
    static const char scheme[] = "https://";
    return text_starts_with(text, scheme) && text[sizeof(scheme) - 1] != '\0' &&
           syntax_url.check(text);
}

static bool check_issuer(const char *text)
{
    for (size_t i = 0; i < ISSUER_COUNT; i++) {
        if (strcmp(issuers[i].word, text) == 0) {
            return true;
        }
    }
    return is_directory(text);
}

static bool check_host_issuer(const char *text)
{
    return strcmp(text, "file") != 0 && check_issuer(text);
}

static bool check_rehearsal(const char *text)
{
    return strcmp(text, "none") == 0 || (check_issuer(text) && issuer_directory(text) != NULL);
}

const struct syntax syntax_rehearsal = {
    "letsencrypt-staging, the https:// address of an ACME directory, or none",
    "^(letsencrypt|letsencrypt-staging|https://[^\\s]+|none)$", "letsencrypt-staging",
    check_rehearsal};

const struct syntax syntax_issuer = {
    "internal, file, letsencrypt, letsencrypt-staging, or the https:// address of an ACME "
    "directory",
    "^(internal|file|letsencrypt|letsencrypt-staging|https://[^\\s]+)$", "letsencrypt",
    check_issuer};
const struct syntax syntax_host_issuer = {
    "internal, letsencrypt, letsencrypt-staging, or the https:// address of an ACME directory",
    "^(internal|letsencrypt|letsencrypt-staging|https://[^\\s]+)$", "letsencrypt",
    check_host_issuer};

enum certificate_issuer issuer_type(const char *issuer)
{
    for (size_t i = 0; i < ISSUER_COUNT; i++) {
        if (strcmp(issuers[i].word, issuer) == 0) {
            return issuers[i].type;
        }
    }
    return CERTIFICATE_ACME;
}

const char *issuer_directory(const char *issuer)
{
    for (size_t i = 0; i < ISSUER_COUNT; i++) {
        if (strcmp(issuers[i].word, issuer) == 0) {
            return issuers[i].directory;
        }
    }
    return issuer;
}

const char *issuer_rehearsal(const char *issuer)
{
    for (size_t i = 0; i < ISSUER_COUNT; i++) {
        if (strcmp(issuers[i].word, issuer) == 0) {
            return issuers[i].rehearsal;
        }
    }
    return NULL;
}

bool issuer_is_public(const char *issuer)
{
    return issuer_type(issuer) == CERTIFICATE_ACME && strcmp(issuer, issuer_directory(issuer)) != 0;
}

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

bool issuer_is_local_name(const char *name)
{
    static const char *const below[] = {".test", ".localhost", ".internal", ".local"};
    if (text_starts_with(name, "*.")) {
        name += 2;
    }
    if (is_address(name) || strchr(name, '.') == NULL) {
        return true;
    }
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        size_t suffix = strlen(below[i]);
        if (length > suffix && strcasecmp(name + length - suffix, below[i]) == 0) {
            return true;
        }
    }
    return false;
}
