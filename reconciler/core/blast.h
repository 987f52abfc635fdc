/* What a plan reaches beyond its files, for those who ask "who will notice": host names, listeners,
 * workers and their open connections, services. Pure: what runs is observed elsewhere. */
#pragma once

#include <jansson.h>

#include "core/plan.h"
#include "core/report.h"

VEC(blast_names, const char *);

struct blast {
    bool touches_nginx;
    struct blast_names hosts;  /* in the servers of changed files, before or after; sorted */
    struct blast_names opened; /* addresses that nothing listened on before; sorted */
    struct blast_names closed;
    struct blast_names services; /* "restart shop" */
};

void blast_collect(struct arena *arena, const struct plan *plan, struct blast *out_blast);

/* Some lines below the verdict; nothing where nginx is not touched. */
void blast_write_text(const struct report *report, enum language language, struct text *out);
/* One object; null where nginx is not touched. Owned by the caller. */
json_t *blast_json(const struct report *report);
