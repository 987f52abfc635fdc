/* Names and addresses by the rules of name constraints (RFC 5280, section 4.2.1.10). */

#include "model/domains.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

bool domains_read_network(const char *text, struct domains_network *out_network)
{
    char address[INET6_ADDRSTRLEN] = "";
    struct domains_network network = {0};
    size_t length = strcspn(text, "/");
    if (length >= sizeof(address)) {
        return false;
    }
    memcpy(address, text, length);
    if (inet_pton(AF_INET, address, network.address) == 1) {
        network.size = sizeof(struct in_addr);
    } else if (inet_pton(AF_INET6, address, network.address) == 1) {
        network.size = sizeof(struct in6_addr);
    } else {
        return false;
    }
    size_t bits =
        text[length] == '/' ? strtoul(text + length + 1, NULL, 10) : network.size * CHAR_BIT;
    for (size_t i = 0; i < network.size * CHAR_BIT; i++) {
        unsigned bit = i < bits ? 0x80U >> (i % CHAR_BIT) : 0;
        network.mask[i / CHAR_BIT] |= (unsigned char)bit;
    }
    for (size_t i = 0; i < network.size; i++) {
        network.address[i] &= network.mask[i];
    }
    *out_network = network;
    return true;
}

static bool network_has(const struct domains_network *network,
                        const struct domains_network *address)
{
    bool has = network->size == address->size;
    for (size_t i = 0; has && i < network->size; i++) {
        has = (address->address[i] & network->mask[i]) == network->address[i];
    }
    return has;
}

static bool domain_has(const char *domain, const char *name)
{
    size_t domain_length = strlen(domain);
    size_t length = strlen(name);
    if (length < domain_length || strcmp(name + length - domain_length, domain) != 0) {
        return false;
    }
    return length == domain_length || name[length - domain_length - 1] == '.';
}

bool domains_have(const char *const *domains, const char *name)
{
    struct domains_network address;
    bool is_address = domains_read_network(name, &address);
    bool has = domains == NULL;
    for (size_t i = 0; !has && domains[i] != NULL; i++) {
        struct domains_network network;
        bool is_network = domains_read_network(domains[i], &network);
        has = is_address
                  ? is_network && network_has(&network, &address)
                  : !is_network &&
                        domain_has(domains[i], text_starts_with(name, "*.") ? name + 2 : name);
    }
    return has;
}
