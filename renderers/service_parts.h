/* The parts of the service renderer; for renderers/service*.c only, and the entrance for kinds that
 * bring a service along. */
#pragma once

#include "renderers/render.h"
#include "renderers/systemd_text.h"
#include "schemas/service.h"

/* One service on its way to items. */
struct service {
    struct render *render;
    const struct document *document; /* that asks for it: itself one, or another kind's */
    const char *name;                /* "shop" */
    const struct service_spec *spec;
    const char *unit;             /* "shop.service" */
    const char *unit_path;        /* its file */
    const char *environment_path; /* NULL: it has no variables */
    const char *const *configuration;
};

/* Adds all items of a service. configuration: files among the document's items that the running
 * service has read, NULL-terminated; may be NULL. */
void service_items_add(struct render *render, const struct document *document, const char *name,
                       const struct service_spec *spec, const char *const *configuration);

struct mapped_text service_unit_text(const struct service *service);
void service_sandbox_write(const struct service *service, struct systemd_text *systemd);

/* Following lines come from the node; from nobody when it is NULL. */
void systemd_at_node(struct systemd_text *systemd, const struct node *node);
/* NULL-terminated texts of a list, on the arena. */
const char *const *text_list_words(struct arena *arena, const struct text_list *list);
