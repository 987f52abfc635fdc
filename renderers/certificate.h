/* Certificates for documents of any kind: a site's `tls: auto` asks for its pair here, in the same
 * way as a certificate document does. */
#pragma once

#include "renderers/render.h"

/* Adds the item of a pair that the internal authority signs, with the default key type and
 * lifetime. name is the item's id and the folder below layout->certificates; names (name_count of
 * them) are what it is valid for. A pair that this run already wants under the same name is left to
 * core/desired to refuse. The item's directory holds fullchain.pem and key.pem. */
const struct certificate_item *certificate_item_add(struct render *render,
                                                    const struct document *document,
                                                    struct span span, const char *name,
                                                    const char *const *names, size_t name_count);

/* Where the pair of that name stands: "/var/lib/reconcile/certificates/NAME". For a site that says
 * `tls: certificate:NAME`. */
const char *certificate_directory(struct arena *arena, const struct layout *layout,
                                  const char *name);
