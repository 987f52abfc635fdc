/* Looks at the names of orders before an authority does. */
#pragma once

#include "model/certificate_item.h"
#include "providers/acme_client.h"

/* One order that is to be made. */
struct order_preflight {
    const struct certificate_item *wanted;
    bool is_served;                    /* nginx answers for its names now */
    const struct message *refusal;     /* out: against all of it; NULL: nothing */
    const struct message **objections; /* out: for each of its names; NULL: nothing */
};

/* Names that several orders share are looked at once for each authority. asks: as of struct
 * acme_preflight. With the setting acme.preflight off nothing speaks against anything. */
void certificate_preflight(const struct acme_client *client, struct host *host, bool asks,
                           struct order_preflight *orders, size_t count, struct arena *arena);
