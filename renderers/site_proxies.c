/* Proxies before the host. What they say of the client is believed, and nobody else: the address
 * then is that of the client everywhere, for rules, limits, logs and programs. */

#include "renderers/site.h"

static bool has_proxies(const struct site *site)
{
    return site->spec->trusted_proxies.from.count > 0;
}

static const char *variable_of(const struct site *site, const char *type)
{
    return arena_printf(site->arena, "$%s", site_variable(site, type, ""));
}

static bool stands_earlier(const struct text_list *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(list->items[i].text, list->items[index].text) == 0) {
            return true;
        }
    }
    return false;
}

/* 1 where the connection itself comes from one of them. */
static void peers_render(struct site *site)
{
    struct nginx_text *nginx = site->nginx;
    const struct text_list *from = &site->spec->trusted_proxies.from;
    nginx_table(nginx, "geo", "$realip_remote_addr", variable_of(site, "trusted"));
    nginx_line(nginx, "default", "0", NULL);
    for (size_t i = 0; i < from->count; i++) {
        if (!stands_earlier(from, i)) { /* nginx would warn */
            nginx_at(nginx, site_span(site, from->items[i].node));
            nginx_begin_value(nginx, NGINX_LITERAL, from->items[i].text);
            nginx_word(nginx, "1");
            nginx_end(nginx);
        }
    }
    nginx_at(nginx, site_span(site, from->node));
    nginx_block_end(nginx);
}

/* What a program is told in X-Forwarded-For and X-Forwarded-Proto. */
static void forwarded_render(struct site *site)
{
    struct nginx_text *nginx = site->nginx;
    const char *trusted = variable_of(site, "trusted");
    const char *proto = variable_of(site, "proto");
    nginx_table(nginx, "map", arena_printf(site->arena, "%s$http_x_forwarded_for", trusted),
                variable_of(site, "for"));
    nginx_line(nginx, "~^1.", "\"$http_x_forwarded_for, $realip_remote_addr\"", NULL);
    nginx_line(nginx, "default", "$remote_addr", NULL);
    nginx_block_end(nginx);
    nginx_table(nginx, "map", arena_printf(site->arena, "%s$http_x_forwarded_proto", trusted),
                proto);
    nginx_line(nginx, "1https", "https", NULL);
    nginx_line(nginx, "1http", "http", NULL);
    nginx_line(nginx, "default", "$scheme", NULL);
    nginx_block_end(nginx);
    nginx_table(nginx, "map", proto, variable_of(site, "https"));
    nginx_line(nginx, "https", "on", NULL);
    nginx_line(nginx, "default", "\"\"", NULL);
    nginx_block_end(nginx);
}

void site_proxies_http(struct site *site)
{
    if (has_proxies(site) && site_has_programs(site)) {
        nginx_at(site->nginx, site_span(site, site->spec->trusted_proxies.object.node));
        peers_render(site);
        forwarded_render(site);
    }
}

void site_proxies_server(struct site *site)
{
    struct nginx_text *nginx = site->nginx;
    const struct trusted_proxies_spec *proxies = &site->spec->trusted_proxies;
    if (!has_proxies(site)) {
        return;
    }
    for (size_t i = 0; i < proxies->from.count; i++) {
        nginx_at(nginx, site_span(site, proxies->from.items[i].node));
        nginx_begin(nginx, "set_real_ip_from");
        nginx_value(nginx, NGINX_LITERAL, proxies->from.items[i].text);
        nginx_end(nginx);
    }
    nginx_at(nginx, site_span(site, proxies->header.node));
    nginx_begin(nginx, "real_ip_header");
    nginx_value(nginx, NGINX_LITERAL, proxies->header.text);
    nginx_end(nginx);
    nginx_line(nginx, "real_ip_recursive", "on", NULL);
}

const char *site_forwarded_for(const struct site *site)
{
    return has_proxies(site) ? variable_of(site, "for") : "$remote_addr";
}

const char *site_forwarded_proto(const struct site *site)
{
    return has_proxies(site) ? variable_of(site, "proto") : "$scheme";
}

const char *site_forwarded_https(const struct site *site)
{
    return has_proxies(site) ? variable_of(site, "https") : "$https";
}
