/* The parts of the service schema that its row names; for schemas/service*.c only. */
#pragma once

#include "schemas/service.h"

/* Rules across fields; fills user, group and socket. */
void service_check(struct check *check, void *spec);
/* Port, socket and folders with data belong to one service each. */
void service_claims(struct arena *arena, const struct document *document,
                    struct claim_list *claims);

extern const char *const service_preset_names[];
const char *service_preset(const char *name, const struct facts *facts, struct arena *arena);
