/* Paths that are answered as another path of the same site would be.
 *
 * Those of the site stand in its server, where nginx carries them out once, before it chooses a
 * location; a request that nginx itself sends to another location (an index file, an error page)
 * comes by once more, and is left alone. Those of a path stand in its location, and nginx looks for
 * a location again with what they make. */

#include "renderers/site.h"

void site_rewrite_rules(struct site *site, const struct text_map *rules)
{
    struct nginx_text *nginx = site->nginx;
    for (size_t i = 0; i < rules->count; i++) {
        struct template_part_list parts = site_template(site, rules->items[i].value.text);
        nginx_at(nginx, site_span(site, rules->items[i].value.node));
        nginx_begin(nginx, "rewrite");
        nginx_value(nginx, NGINX_LITERAL, rules->items[i].key.text);
        nginx_open(nginx);
        nginx_template(nginx, &parts, NULL);
        nginx_close(nginx);
        nginx_word(nginx, "last");
        nginx_end(nginx);
    }
}

static void leave_render(struct site *site, const char *condition)
{
    nginx_begin(site->nginx, "if");
    nginx_word(site->nginx, condition);
    nginx_block(site->nginx);
    nginx_line(site->nginx, "break", NULL);
    nginx_block_end(site->nginx);
}

/* Challenges of certificate issuers are answered where they are, whatever a rule says. */
static void exceptions_render(struct site *site)
{
    nginx_at(site->nginx, site->document->span);
    if (!site->uses_tls) {
        leave_render(site, "($uri ~ ^/\\.well-known/acme-challenge/)");
    }
    leave_render(site, "($rc_entered)");
    nginx_line(site->nginx, "set", "$rc_entered", "1", NULL);
}

bool site_has_rewrite(const struct site *site)
{
    return site->spec->route.rewrite.count > 0;
}

void site_rewrite_server(struct site *site)
{
    if (site_has_rewrite(site)) {
        exceptions_render(site);
        site_rewrite_rules(site, &site->spec->route.rewrite);
    }
}

void site_rewrite_route(struct site *site, const struct route *route)
{
    if (route->path != NULL) {
        site_rewrite_rules(site, &route->own->rewrite);
    }
}
