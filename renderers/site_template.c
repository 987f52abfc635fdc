/* Addresses that are made from the request.
 *
 * What nginx has decoded, the path and what groups of a regular expression have matched, may hold
 * any byte: written into a Location as it is, a line break would begin a header of the client's
 * own, and a question mark or a percent sign would mean something else. nginx encodes what it puts
 * behind the question mark of a rewrite, and nowhere else; so such a text goes there first, and is
 * kept in a variable ($rc_text_1 for $1, $rc_text_0 for the path). */

#include <assert.h>

#include "base/text.h"
#include "renderers/site.h"

#define ENCODED "rc_text_"

static struct template_part_list parts_of(const struct site *site, enum template_place place,
                                          const char *text)
{
    struct template_part_list parts;
    const char *unknown = NULL;
    bool is_known = template_read(site->arena, place, text, &parts, &unknown);
    assert(is_known); /* the check has seen to it */
    (void)is_known;
    return parts;
}

struct template_part_list site_template(const struct site *site, const char *target)
{
    return parts_of(site, TEMPLATE_TARGET, target);
}

/* NULL when there are variables in it. */
static const char *plain_text(const struct site *site, const struct template_part_list *parts)
{
    struct text text = text_make(site->arena);
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->items[i].kind != TEMPLATE_TEXT) {
            return NULL;
        }
        text_add(&text, parts->items[i].text);
    }
    return text.data;
}

void site_value_render(struct site *site, const char *value)
{
    struct template_part_list parts = parts_of(site, TEMPLATE_VALUE, value);
    const char *plain = plain_text(site, &parts);
    if (plain != NULL) {
        nginx_value(site->nginx, NGINX_EVALUATED, plain);
        return;
    }
    nginx_open(site->nginx);
    nginx_template(site->nginx, &parts, NULL);
    nginx_close(site->nginx);
}

/* rewrite REGEX "$uri?$1?"; set $rc_text_1 $args; */
static void encode_render(struct site *site, const char *regex, unsigned group, unsigned number)
{
    struct nginx_text *nginx = site->nginx;
    nginx_begin(nginx, "rewrite");
    nginx_value(nginx, NGINX_LITERAL, regex);
    nginx_word(nginx, arena_printf(site->arena, "$uri?$%u?", group));
    nginx_end(nginx);
    nginx_line(nginx, "set", arena_printf(site->arena, "$" ENCODED "%u", number), "$args", NULL);
}

static bool has_capture(const struct template_part_list *parts, unsigned number)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->items[i].is_decoded && parts->items[i].number == number) {
            return true;
        }
    }
    return false;
}

void site_encode_render(struct site *site, const struct template_part_list *parts,
                        const char *regex)
{
    enum { CAPTURE_MOST = 9 };
    if (!template_has_decoded(parts)) {
        return;
    }
    nginx_line(site->nginx, "set", "$rc_args", "$args", NULL);
    if (has_capture(parts, 0)) {
        encode_render(site, "(?s)^(.*)\\z", 1, 0);
    }
    for (unsigned i = 1; i <= CAPTURE_MOST; i++) {
        if (has_capture(parts, i)) {
            encode_render(site, regex, i, i);
        }
    }
    nginx_line(site->nginx, "set", "$args", "$rc_args", NULL);
}

void site_target_render(struct site *site, const struct template_part_list *parts)
{
    struct nginx_text *nginx = site->nginx;
    nginx_open(nginx);
    if (template_may_leave(parts)) {
        nginx_word(nginx, "$scheme://$host$rc_port");
    }
    nginx_template(nginx, parts, ENCODED);
    if (template_is_origin(parts)) {
        nginx_word(nginx, "$request_uri");
    }
    nginx_close(nginx);
}

const char *route_regex(const struct site *site, const struct route *route)
{
    switch (route->location.match) {
    case LOCATION_REGEX:
        return route->location.pattern;
    case LOCATION_REGEX_NOCASE:
        return arena_printf(site->arena, "(?i)%s", route->location.pattern);
    default:
        return NULL;
    }
}
