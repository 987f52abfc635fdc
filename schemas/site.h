/* What a site document may say: host names, and who answers for them. */
#pragma once

#include "schemas/common.h"
#include "schemas/log.h"
#include "schemas/route.h"
#include "schemas/stream.h"
#include "schemas/trusted_proxies.h"

struct hsts_spec {
    struct object object;
    struct duration_value age; /* 0: no such header */
    struct boolean_value subdomains;
    struct boolean_value preload;
};

enum site_tls { SITE_TLS_AUTO, SITE_TLS_INTERNAL, SITE_TLS_CERTIFICATE, SITE_TLS_NONE };

struct site_spec {
    struct common_spec common;
    struct route_spec route; /* of "/"; what it sets holds for paths that do not set it */
    struct stream_spec stream;
    struct text_list hosts;
    struct text_list aliases;
    struct boolean_value serve_aliases;
    struct text_list listen;
    struct text_value tls;
    struct hsts_spec hsts;
    struct boolean_value http2;
    struct boolean_value http3;
    struct object_list rate_limit; /* struct rate_limit_spec; without a key: the whole site */
    struct object_list paths;      /* struct path_spec */
    struct log_spec log;
    struct trusted_proxies_spec trusted_proxies;
    struct probe_spec probe;

    /* Filled by the check. */
    enum site_tls tls_type;
    const char *certificate;  /* SITE_TLS_CERTIFICATE: the document's name */
    const char *const *names; /* hosts, or the document's own name: what it answers for */
    size_t name_count;        /* at least one; of a stream none */
};

extern const struct schema hsts_schema;

/* It passes bytes on and answers no requests. */
bool site_is_stream(const struct site_spec *site);
/* What the fields of such a site mean together; its tls is found. */
void site_stream_check(struct check *check, struct site_spec *site);
/* The host that redirects and probes use: the first one that is not a wildcard, else the first with
 * "www" for the star. */
const char *site_primary_host(struct arena *arena, const struct site_spec *site);
