/* What keeps a difference from being carried out, in words that name the way out: what people said,
 * modes, tombstones, protection, too many removals. Shared by the files that make the plan. Pure.
 */
#pragma once

#include "core/plan.h"

struct planning {
    const struct plan_input *input;
    struct map owned;   /* item_name -> struct owned_item * */
    struct map parts;   /* path -> struct owned_item * */
    struct map refused; /* document id -> struct refusal *, those that still hold */
    bool deletes_too_many;
    const struct message *has_shrunk; /* why nothing new is taken; NULL: it has not */
};

struct planning planning_make(const struct plan_input *input);

/* Why a difference stays; because is NULL when it does not. */
struct left {
    const struct message *because;
    bool is_suspended;
};

/* What people said over the modes that the documents and the settings name. item: what differs, or
 * the part of it as an item. owner: the document's id where the document itself is gone, or "";
 * document may be NULL. */
struct left guard_change(const struct planning *planning, const struct item *item,
                         const char *owner, const struct document *document,
                         enum action_cause cause);
/* The same for what nobody wants any more. */
struct left guard_deletion(const struct planning *planning, const struct item *item,
                           const struct owned_item *owned);
/* Whether the document, which may be NULL, leaves differences of this field alone today. */
bool guard_ignores(const struct planning *planning, const struct document *document,
                   const char *field);
/* The document that it belongs to, or belonged to; NULL: none. owned may be NULL. */
const char *guard_owner(const struct owned_item *owned);
