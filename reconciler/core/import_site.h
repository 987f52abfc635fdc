/* A server block as a site: its names, ports and certificate, and its locations. */
#pragma once

#include "core/import_route.h"

struct import_listen {
    const char *address; /* NULL: all */
    unsigned port;
    bool uses_tls;
    bool is_ipv6;
};
VEC(import_listens, struct import_listen);
VEC(import_names, const char *);

struct import_server {
    const struct import_node *node;
    struct import_names names; /* that ours can have */
    struct import_listens listens;
    bool has_plain, has_tls, has_http3;
    bool is_default;   /* it answers for unknown names too */
    bool is_catch_all; /* it has no name of its own */
    struct import_scope scope;

    /* What becomes of it. */
    bool is_done;        /* another site says it */
    bool leads_to_https; /* plain HTTP leads to HTTPS there by itself */
    struct import_names aliases;
    bool is_led_to; /* a server of plain HTTP leads to this one */
    bool shares;    /* another server has one of its names on another port */
};
VEC(import_servers, struct import_server *);

/* What stands behind listen; false where it is no address, as a socket or a name. */
bool import_read_address(struct arena *arena, const char *text, struct import_listen *out);

/* All of http, with what each is. */
void import_servers_read(struct import_context *context, const struct import_scope *http,
                         struct import_servers *out);
/* Those that only lead to others become their aliases, or nothing. */
void import_servers_absorb(struct import_context *context, struct import_servers *servers);

/* One document of it. */
struct import_site {
    struct import_server *server;
    const char *key;
    bool uses_tls;
    bool is_twin;              /* the same server over plain HTTP, beside the one with TLS */
    struct import_scope scope; /* the server's, as this document reads it */
    struct import_route *root; /* of "/" */
    bool has_no_root;          /* what holds for "/" stands in the last path */
    struct import_routes paths;
    struct import_nodes raw;            /* of the server, whole locations among them */
    const struct import_node *dotfiles; /* the location that hides them */
};

/* The locations of a server. Called once for each document, since what they say depends on TLS. */
void import_site_read(struct import_site *site);
/* The document, without its key. */
struct import_yaml *import_site_yaml(struct import_context *context, struct import_site *site);
/* What nginx does by itself and ours does not, as a profile. */
struct import_yaml *import_profile(struct arena *arena);
/* The directives as raw text; NULL without any. */
const char *import_raw_text(struct import_context *context, const struct import_nodes *nodes);

/* What a server without a name is called. */
extern const char import_nameless[];
/* The first name that may be a key, with a number behind it where there are several. */
const char *import_free_key(struct import_context *context, const struct import_server *server,
                            bool is_twin);
/* hosts, aliases; listen; tls, with the certificate's own document. */
void import_put_names(struct import_context *context, const struct import_site *site,
                      struct import_yaml *out);
void import_put_listen(struct import_context *context, const struct import_site *site,
                       bool has_twin, struct import_yaml *out);
void import_put_certificate(struct import_context *context, const struct import_site *site,
                            struct import_yaml *out);
