/* Certificate documents become one item each; so do the wishes of sites. */

#include "renderers/certificate.h"

#include <string.h>

#include "schemas/certificate.h"

enum { DEFAULT_LIFETIME_SECONDS = 90 * 24 * 3600 };
#define DEFAULT_KEY_TYPE "ecdsa-p256"

/* In the order of enum certificate_issuer_choice. */
static const enum certificate_issuer issuers[] = {CERTIFICATE_INTERNAL, CERTIFICATE_FILE};
/* In the order of the field's choices. */
static const char *const key_types[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096"};

const char *certificate_directory(struct arena *arena, const struct layout *layout,
                                  const char *name)
{
    return arena_printf(arena, "%s/%s", layout->certificates, name);
}

/* Each name once, in written order. */
static void set_names(struct arena *arena, struct certificate_item *item, const char *const *names,
                      size_t count)
{
    const char **kept = arena_array(arena, count + 1, sizeof(*kept));
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = true;
        for (size_t j = 0; j < kept_count; j++) {
            is_new = is_new && strcmp(kept[j], names[i]) != 0;
        }
        if (is_new) {
            kept[kept_count++] = names[i];
        }
    }
    item->names = kept;
    item->name_count = kept_count;
}

const struct certificate_item *certificate_item_add(struct render *render,
                                                    const struct document *document,
                                                    struct span span, const char *name,
                                                    const char *const *names, size_t name_count)
{
    struct certificate_item *item = arena_new(render->arena, struct certificate_item);
    set_names(render->arena, item, names, name_count);
    item->issuer = CERTIFICATE_INTERNAL;
    item->directory = certificate_directory(render->arena, render->layout, name);
    item->key_type = DEFAULT_KEY_TYPE;
    item->lifetime_seconds = DEFAULT_LIFETIME_SECONDS;
    (void)item_add(render->arena, render->items, ITEM_CERTIFICATE, name, document, span, item);
    return item;
}

void certificate_render(struct render *render, const struct document *document)
{
    const struct certificate_spec *spec = document->spec;
    struct certificate_item *item = arena_new(render->arena, struct certificate_item);
    const char **names = arena_array(render->arena, spec->names.count, sizeof(*names));
    for (size_t i = 0; i < spec->names.count; i++) {
        names[i] = spec->names.items[i].text;
    }
    set_names(render->arena, item, names, spec->names.count);
    item->issuer = issuers[spec->issuer.index];
    item->directory = certificate_directory(render->arena, render->layout, document->name);
    if (item->issuer == CERTIFICATE_FILE) {
        item->source_chain = spec->files.chain.text;
        item->source_key = spec->files.key.text;
    } else {
        item->key_type = key_types[spec->key.index];
        item->lifetime_seconds = spec->lifetime.milliseconds / 1000;
    }
    (void)item_add(render->arena, render->items, ITEM_CERTIFICATE, document->name, document,
                   SPAN_NONE, item);
}
