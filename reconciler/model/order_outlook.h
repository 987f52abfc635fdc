/* What the orders of a plan would meet and cost, as far as it can be seen before they are made. */
#pragma once

#include "base/message.h"
#include "model/acme_limits.h"

/* Why a certificate would not be ordered, or not with all of its names. */
struct order_note {
    const char *id; /* of its item */
    const struct message *text;
};
VEC(order_notes, struct order_note);

struct order_outlook {
    struct order_notes notes;
    struct acme_spendings spendings;
};
