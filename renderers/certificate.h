/* Certificates for documents of any kind: a site's `tls: auto` asks for its pair here, in the same
 * way as a certificate document does. */
#pragma once

#include "renderers/render.h"

struct certificate_wish {
    const struct document *document; /* NULL: the engine's own */
    struct span span;
    const char *name;         /* the item's id, and the folder below layout->certificates */
    const char *const *names; /* what it is valid for */
    size_t name_count;
    const char *issuer; /* schemas/issuer.h; never file */
};
/* Adds the item of a pair with the default key type and lifetime. A pair that this run already
 * wants under the same name is left to core/desired to refuse. The item's directory holds
 * fullchain.pem and key.pem. */
const struct certificate_item *certificate_item_add(struct render *render,
                                                    const struct certificate_wish *wish);

/* What nginx includes while the pair of that name is on its way, as a pattern that may match
 * nothing: an included file that is named must be there. */
const char *certificate_waiting_pattern(struct arena *arena, const struct layout *layout,
                                        const char *name);

/* Where the pair of that name stands: "/var/lib/reconcile/certificates/NAME". For a site that says
 * `tls: certificate:NAME`. */
const char *certificate_directory(struct arena *arena, const struct layout *layout,
                                  const char *name);
