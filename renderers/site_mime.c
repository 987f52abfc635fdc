/* Media types of files. A block of types in nginx replaces the one around it, and two at the same
 * level add up, so that a level with types of its own reads the machine's once more, and has all
 * that stands around it. A type that the machine knows otherwise is a warning of nginx's about what
 * somebody asked for: providers/nginx_complaint.c leaves it out. */

#include <strings.h>

#include "renderers/site.h"
#include "schemas/mime.h"

VEC(pair_list, const struct text_pair *);
VEC(word_list, const char *);

static bool is_same(const struct text_pair *a, const struct text_pair *b)
{
    return strcasecmp(mime_extension(a->key.text), mime_extension(b->key.text)) == 0;
}

static void pair_set(struct site *site, struct pair_list *pairs, const struct text_pair *pair)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (is_same(pairs->items[i], pair)) {
            pairs->items[i] = pair;
            return;
        }
    }
    vec_add(site->arena, pairs, pair);
}

/* Those around the route first: what lies further inside counts. */
static void pairs_collect(struct site *site, const struct route *route, struct pair_list *pairs)
{
    if (route->parent != NULL) {
        pairs_collect(site, route->parent, pairs);
    }
    for (size_t i = 0; i < route->own->mime.count; i++) {
        pair_set(site, pairs, &route->own->mime.items[i]);
    }
}

static void types_render(struct site *site, const struct route *route)
{
    struct pair_list pairs = {0};
    struct nginx_text *nginx = site->nginx;
    pairs_collect(site, route, &pairs);
    struct span span = site_span(site, route->own->mime.node);
    nginx_at(nginx, span);
    nginx_line(nginx, "types_hash_max_size", "4096", NULL);
    nginx_line(nginx, "types_hash_bucket_size", "128", NULL);
    nginx_begin(nginx, "include");
    nginx_value(nginx, NGINX_STATIC,
                arena_printf(site->arena, "%s/mime.types", site->render->layout->nginx_directory));
    nginx_end(nginx);
    nginx_begin(nginx, "types");
    nginx_block(nginx);
    for (size_t i = 0; i < pairs.count; i++) {
        nginx_at(nginx, site_span(site, pairs.items[i]->value.node));
        nginx_begin_value(nginx, NGINX_STATIC, pairs.items[i]->value.text);
        nginx_value(nginx, NGINX_STATIC, mime_extension(pairs.items[i]->key.text));
        nginx_end(nginx);
    }
    nginx_at(nginx, span);
    nginx_block_end(nginx);
}

/* An answer with a text says its type itself, for what lies in it too, and nginx takes one. */
static bool has_other_type(const struct route *route)
{
    return route != NULL && route->now->handler == ROUTE_RESPOND;
}

static void default_type_render(struct site *site, const struct route *route)
{
    const struct text_value *type = &route->now->default_type;
    bool is_new = route->own->default_type.node != NULL || has_other_type(route->parent);
    if (type->text != NULL && is_new && !has_other_type(route)) {
        nginx_at(site->nginx, site_span(site, type->node));
        nginx_begin(site->nginx, "default_type");
        nginx_value(site->nginx, NGINX_STATIC, type->text);
        nginx_end(site->nginx);
    }
}

void site_mime_render(struct site *site, const struct route *route)
{
    if (route->own->mime.count > 0) {
        types_render(site, route);
    }
    default_type_render(site, route);
}

static bool has_word(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* nginx always has text/html in such lists, and warns of what stands there twice. */
void site_text_types_render(struct site *site, const struct route *route, const char *directive,
                            const char *const *known, size_t count)
{
    struct pair_list pairs = {0};
    struct word_list own = {0};
    pairs_collect(site, route, &pairs);
    nginx_begin(site->nginx, directive);
    for (size_t i = 0; i < count; i++) {
        nginx_word(site->nginx, known[i]);
    }
    for (size_t i = 0; i < pairs.count; i++) {
        const char *type = pairs.items[i]->value.text;
        bool is_known = strcasecmp(type, "text/html") == 0 || has_word(known, count, type) ||
                        has_word(own.items, own.count, type);
        if (strncasecmp(type, "text/", strlen("text/")) == 0 && !is_known) {
            vec_add(site->arena, &own, type);
            nginx_value(site->nginx, NGINX_STATIC, type);
        }
    }
    nginx_end(site->nginx);
}
