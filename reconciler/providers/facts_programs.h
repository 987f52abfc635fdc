/* Versions of the programs that rendering depends on. Asking them takes longer than a run that has
 * nothing to do, so what they said is remembered for as long as their files are the same. Only for
 * facts.c. */
#pragma once

#include "model/host.h"

struct program_facts {
    unsigned nginx_version;    /* as in struct facts */
    const char *nginx_modules; /* those that are built in */
    unsigned systemd_version;
};

/* What is not installed has version 0. */
struct program_facts program_facts_gather(struct host *host, struct arena *arena);

/* "nginx version: nginx/1.22.1" and what follows, of nginx -V. */
void program_facts_read_nginx(struct arena *arena, const char *text,
                              struct program_facts *out_facts);
