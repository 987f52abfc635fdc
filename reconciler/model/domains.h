/* What the host's own authority signs, where the settings list it: domains with everything below
 * them, addresses and networks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { DOMAINS_ADDRESS_SIZE = 16 };

struct domains_network {
    unsigned char address[DOMAINS_ADDRESS_SIZE]; /* in network order, zero below the mask */
    unsigned char mask[DOMAINS_ADDRESS_SIZE];
    size_t size; /* of both: 4 or 16 bytes */
};

/* Reads "192.0.2.10", "10.0.0.0/8", "2001:db8::/32". False: it is a name. */
bool domains_read_network(const char *text, struct domains_network *out_network);

/* The name (DNS, also a wildcard, or an address) lies in one of the domains, NULL-terminated. NULL:
 * nothing is said, and every name does. */
bool domains_have(const char *const *domains, const char *name);
