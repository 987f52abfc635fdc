/* Proxies before the host: who is one, and how it tells the client's address. */

#include "schemas/trusted_proxies.h"

#include <string.h>

static const char header_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "abcdefghijklmnopqrstuvwxyz0123456789-";

/* proxy_protocol is what nginx calls something that is no header. */
static bool check_header(const char *text)
{
    size_t length = strspn(text, header_characters);
    return length > 0 && length <= 64 && text[length] == '\0';
}

// clang-format off
static const struct syntax syntax_proxy_header = {
    "a header's name of letters, digits and hyphens", "^[A-Za-z0-9-]{1,64}$", "X-Forwarded-For",
    check_header};

static const struct field fields[] = {
    FIELD(struct trusted_proxies_spec, from, .is_required = true, .syntax = &syntax_network,
          .count_most = 1000,
          .help = "Their addresses and networks."),
    FIELD(struct trusted_proxies_spec, header, .fallback = "X-Forwarded-For",
          .syntax = &syntax_proxy_header,
          .help = "The header that has the client's address: X-Forwarded-For, X-Real-IP, or one of "
                  "the proxy's own. Of several addresses in it the last counts that is no trusted "
                  "proxy's."),
};
// clang-format on

const struct schema trusted_proxies_schema = {
    .name = "trusted_proxies",
    .size = sizeof(struct trusted_proxies_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "from",
    .help = "Proxies before the host.",
};
