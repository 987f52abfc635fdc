/* When a pair that an authority has signed is renewed, and what the authority itself suggests. */
#pragma once

#include "model/item.h"
#include "model/renewal.h"
#include "providers/certificate_parts.h"
#include "providers/certificate_record.h"

/* Elsewhere nobody could be shown a proof: a pair is only stood in for. */
bool certificate_can_be_asked_for(const struct host *host);

/* By the authority that is wanted, when we asked it. pair may be NULL. */
bool certificate_is_issued(const struct certificate_item *wanted,
                           const struct certificate_pair *pair,
                           const struct certificate_record *record);

/* issued: NULL where there is none. */
struct renewal certificate_renewal(const struct certificate_item *wanted,
                                   const struct certificate_pair *issued,
                                   const struct certificate_record *record, struct arena *arena);

/* What failures are counted for: another wish is another matter. */
const char *certificate_wish_text(const struct certificate_item *wanted, struct arena *arena);

/* Names that the pair was ordered without, which is as good as with them until they are tried
 * again. */
void certificate_look_at_dropped(const struct certificate_work *work,
                                 const struct certificate_item *wanted,
                                 const struct certificate_record *record,
                                 struct certificate_item *found, struct observation *out);
/* Looks once a day whether such a name could be proven now; the next order is for all that can. */
void certificate_try_dropped(struct host *host, const struct item_list *items, struct arena *arena);

/* Asks authorities when they want their certificates renewed (RFC 9773), for those of the items for
 * which it is time to. What they say, or that they do not, is kept with the pairs' records. */
void certificate_ask_windows(struct host *host, const struct item_list *items, struct arena *arena);
