/* What others configured beside us: the names they serve on our ports, and the addresses for which
 * they answer everything that nobody else claims. */

#include "providers/nginx.h"

#include <stdlib.h>
#include <string.h>

#include "providers/nginx_address.h"
#include "providers/nginx_config.h"

static void claim_add(struct arena *arena, struct nginx_claims *claims, const char *text,
                      const struct nginx_reference *reference)
{
    vec_add(arena, claims, (struct nginx_claim){text, reference->file, reference->line});
}

static const char *lower_case(struct arena *arena, const char *text)
{
    char *lower = arena_strdup(arena, text);
    for (char *at = lower; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    return lower;
}

/* "stream" for "modules/ngx_stream_module.so"; the name of the file for anything else. */
static const char *module_name(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    name += text_starts_with(name, "ngx_") ? strlen("ngx_") : 0;
    size_t length = strlen(name);
    length -= text_ends_with(name, "_module.so") ? strlen("_module.so") : 0;
    return arena_strndup(arena, name, length);
}

/* The servers that can answer what comes to our ports: an array with one entry each, and its
 * length. A server without a listen directive stands on port 80. */
static bool *servers_on_our_ports(const struct layout *layout,
                                  const struct nginx_addresses *addresses, size_t servers,
                                  struct arena *arena)
{
    bool *has_address = arena_array(arena, servers + 1, sizeof(*has_address));
    bool *is_ours = arena_array(arena, servers + 1, sizeof(*is_ours));
    for (size_t i = 0; i < addresses->count; i++) {
        unsigned port = nginx_address_port(&addresses->items[i]);
        size_t server = addresses->items[i].reference->server;
        has_address[server] = true;
        is_ours[server] =
            is_ours[server] || port == layout->http_port || port == layout->https_port;
    }
    for (size_t i = 0; i <= servers; i++) {
        is_ours[i] = is_ours[i] || (!has_address[i] && layout->http_port == 80);
    }
    return is_ours;
}

static struct nginx_addresses http_addresses(const struct nginx_config *config, struct arena *arena)
{
    struct nginx_addresses addresses = {0};
    for (size_t i = 0; i < config->references.count; i++) {
        struct nginx_address address;
        const struct nginx_reference *reference = &config->references.items[i];
        if (reference->type == NGINX_LISTEN && strcmp(reference->level, "http") == 0 &&
            nginx_address_read(arena, reference, &address)) {
            vec_add(arena, &addresses, address);
        }
    }
    return addresses;
}

static void names_add(const struct nginx_config *config, const bool *is_on_our_ports,
                      struct arena *arena, struct nginx_foreign *foreign)
{
    for (size_t i = 0; i < config->references.count; i++) {
        const struct nginx_reference *reference = &config->references.items[i];
        /* "" and "_" are nobody's name. */
        bool is_name = reference->type == NGINX_NAME && strcmp(reference->level, "http") == 0 &&
                       reference->text[0] != '\0' && strcmp(reference->text, "_") != 0;
        if (is_name && is_on_our_ports[reference->server]) {
            claim_add(arena, &foreign->names, lower_case(arena, reference->text), reference);
        } else if (reference->type == NGINX_MODULE) {
            claim_add(arena, &foreign->modules, module_name(arena, reference->text), reference);
        }
    }
}

void nginx_foreign_read(struct host *host, struct arena *arena, struct nginx_foreign *out_foreign)
{
    struct nginx_config config;
    struct nginx_foreign foreign = {0};
    nginx_config_read(host, arena, &config);
    struct nginx_addresses addresses = http_addresses(&config, arena);
    for (size_t i = 0; i < addresses.count; i++) {
        if (addresses.items[i].is_default) {
            claim_add(arena, &foreign.defaults, addresses.items[i].text,
                      addresses.items[i].reference);
        }
    }
    names_add(&config, servers_on_our_ports(host->layout, &addresses, config.servers, arena), arena,
              &foreign);
    foreign.is_present = config.is_present;
    foreign.has_entrance = config.has_entrance[TREE_HTTP];
    foreign.broken = config.broken.count > 0 ? &config.broken.items[0] : NULL;
    *out_foreign = foreign;
}

const struct nginx_claim *nginx_foreign_find(const struct nginx_foreign *foreign,
                                             const char *host_name)
{
    for (size_t i = 0; i < foreign->names.count; i++) {
        if (strcasecmp(foreign->names.items[i].text, host_name) == 0) {
            return &foreign->names.items[i];
        }
    }
    return NULL;
}
