/* The HTTP server in an sd-event loop: libmicrohttpd does the protocol, this decides who may ask
 * what and for how long. */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "statusd/language.h"
#include "statusd/security.h"
#include "statusd/webhook.h"

struct server_options {
    const char *listen; /* "127.0.0.1:8321", "[::1]:8321"; port 0: any that is free */
    const char *store;
    struct security security;
    enum language language;        /* for who asks for none */
    const char *socket;            /* of the loop */
    struct webhook_specs webhooks; /* that are taken; none unless they are named */
    const char *secrets;           /* folder of their secrets; NULL: there is none */
    const char *user_header;       /* in which a proxy tells who asks; NULL: none */
};

struct server;

/* options is copied; what it points to must outlive the server. */
bool server_create(sd_event *event, const struct server_options *options,
                   struct server **out_server, struct error *err) MUST_CHECK;
/* Accepts NULL. Ends open streams, closes the rest. */
void server_destroy(struct server *server);
uint16_t server_port(const struct server *server);
