/* What rendering may depend on, gathered once. `reconcile facts` is not needed offline: the
 * fixed values of Debian 12 stand in, and are named beside the verdict. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct facts {
    unsigned cpus;
    uint64_t memory_bytes;
    unsigned nginx_version;    /* 1022001 for 1.22.1; 0: no nginx */
    const char *nginx_modules; /* space-separated: "http_v2 http_v3 stream ..." as in nginx -V */
    unsigned systemd_version;  /* 252; 0: none */
    bool has_ipv6;
    const char *nameservers; /* of /etc/resolv.conf, space-separated, IPv6 in brackets; "127.0.0.1"
                                when it names none, as the C library does */
    const char *foreign_default_servers; /* addresses for which nginx configuration that is not ours
                                            claims default_server, space-separated, as ADDRESS:PORT,
                                            each with its place, if that is known:
                                            "0.0.0.0:80=/etc/nginx/x:3 [::]:80"; "" for none */
    bool is_assumed;                     /* the fixed values, not gathered */
};

/* Debian 12: nginx 1.22.1, systemd 252, 2 CPUs, 4 GiB, IPv6. */
struct facts facts_debian12(void);
bool facts_nginx_has(const struct facts *facts, const char *module);
/* As JSON text for --facts FILE and the plan's digest; stable order. */
const char *facts_write(struct arena *arena, const struct facts *facts);
bool facts_read(struct arena *arena, struct str json, struct facts *out_facts,
                struct error *err) MUST_CHECK;
