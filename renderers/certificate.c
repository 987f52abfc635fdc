/* Certificate documents become one item each; so do the wishes of sites. */

#include "renderers/certificate.h"

#include <string.h>

#include "base/text.h"
#include "renderers/nginx_text.h"
#include "schemas/certificate.h"
#include "schemas/issuer.h"

enum { DEFAULT_LIFETIME_SECONDS = 90 * 24 * 3600 };
#define DEFAULT_KEY_TYPE "ecdsa-p256"

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

/* Signs of glob(7) stand for themselves in brackets. */
static const char *glob_text(struct arena *arena, const char *text)
{
    struct text out = text_make(arena);
    for (const char *c = text; *c != '\0'; c++) {
        text_addf(&out, strchr("*?[\\", *c) != NULL ? "[%c]" : "%c", *c);
    }
    return out.data;
}

const char *certificate_waiting_pattern(struct arena *arena, const struct layout *layout,
                                        const char *name)
{
    const char *directory = certificate_directory(arena, layout, glob_text(arena, name));
    return certificate_beside(arena, directory, CERTIFICATE_WAITING, "[c]onf");
}

/* Balancers take a host out that says 503, and then the authority would not reach it either. */
static const char *waiting_text(struct render *render)
{
    struct nginx_text *nginx = nginx_text_make(render->arena, render->scratch);
    nginx_comment(nginx, "Written by reconcile: the certificate is on its way.");
    nginx_line(nginx, "add_header", "Retry-After", "60", "always", NULL);
    nginx_begin(nginx, "if");
    nginx_word(nginx, "($request_uri = /healthz)");
    nginx_block(nginx);
    nginx_begin(nginx, "return");
    nginx_word(nginx, "200");
    nginx_value(nginx, NGINX_STATIC, "waiting for the certificate\n");
    nginx_end(nginx);
    nginx_block_end(nginx);
    nginx_line(nginx, "return", "503", NULL);
    return nginx_text_finish(nginx).content.data;
}

/* The settings say where the host's issuer is rehearsed; of others only what is known. */
static const char *rehearsal_for(const struct layout *layout, const char *issuer)
{
    return strcmp(issuer, layout->issuer) == 0 ? layout->acme_rehearsal : issuer_rehearsal(issuer);
}

static void set_issuer(struct render *render, struct certificate_item *item, const char *issuer)
{
    item->issuer = issuer_type(issuer);
    item->issuer_name = issuer;
    item->directory_url = issuer_directory(issuer);
    if (item->issuer == CERTIFICATE_ACME) {
        item->rehearsal_url = rehearsal_for(render->layout, issuer);
        item->waiting_text = waiting_text(render);
    }
}

/* A wildcard stands for names under which nothing can be asked for. */
static enum certificate_challenge challenge_for(const struct certificate_wish *wish)
{
    for (size_t i = 0; i < wish->name_count; i++) {
        if (text_starts_with(wish->names[i], "*.")) {
            return CERTIFICATE_OVER_DNS;
        }
    }
    return CERTIFICATE_OVER_HTTP;
}

const struct certificate_item *certificate_item_add(struct render *render,
                                                    const struct certificate_wish *wish)
{
    struct arena *arena = render->arena;
    struct certificate_item *item = arena_new(arena, struct certificate_item);
    set_names(arena, item, wish->names, wish->name_count);
    set_issuer(render, item, wish->issuer);
    item->challenge = challenge_for(wish);
    item->directory = certificate_directory(arena, render->layout, wish->name);
    item->key_type = DEFAULT_KEY_TYPE;
    if (item->issuer == CERTIFICATE_INTERNAL) {
        item->lifetime_seconds = DEFAULT_LIFETIME_SECONDS;
    }
    (void)item_add(arena, render->items, ITEM_CERTIFICATE, wish->name, wish->document, wish->span,
                   item);
    return item;
}

static void render_use(struct render *render, const struct document *document,
                       const struct certificate_item *certificate,
                       const struct certificate_use *use)
{
    struct copy_item *copy = arena_new(render->arena, struct copy_item);
    *copy = (struct copy_item){
        .certificate = document->name,
        .source = certificate->directory,
        .mode = use->mode.bits,
        .owner = use->owner.text,
        .group = use->group.text,
        .unit = use->unit.text,
        .on_change = (enum unit_change)use->on_change.index,
    };
    (void)item_add(render->arena, render->items, ITEM_COPY, use->folder.text, document,
                   use->object.node->span, copy);
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
    set_issuer(render, item, certificate_spec_issuer(spec, render->layout));
    item->challenge = certificate_spec_challenge(spec);
    item->drops_bad_names = spec->on_bad_name.index == BAD_NAME_DROP;
    item->directory = certificate_directory(render->arena, render->layout, document->name);
    if (item->issuer == CERTIFICATE_FILE) {
        item->source_chain = spec->files.chain.text;
        item->source_key = spec->files.key.text;
    } else {
        item->key_type = key_types[spec->key.index];
    }
    if (item->issuer == CERTIFICATE_INTERNAL) {
        item->lifetime_seconds = spec->lifetime.milliseconds / 1000;
    }
    (void)item_add(render->arena, render->items, ITEM_CERTIFICATE, document->name, document,
                   SPAN_NONE, item);
    const struct certificate_use *uses = spec->used_by.items;
    for (size_t i = 0; i < spec->used_by.count; i++) {
        render_use(render, document, item, &uses[i]);
    }
}
