/* Requests that are answered in another way than the rest.
 *
 * Each condition becomes a variable that is 1 where it holds, and each entry one that joins those
 * of its conditions. `if` of nginx is safe only around the directives of its rewrite module, and
 * nothing else stands in ours: the variable is asked, and the answer given at once. In a location
 * the entries of its path stand before those of the paths around it. */

#include <strings.h>

#include "base/text.h"
#include "renderers/site.h"

/* An entry's conditions while they are written: what is joined, and what it has to be. */
struct conditions {
    struct site *site;
    const char *entry; /* its name, for the names of variables */
    struct text variables;
    struct text wanted;
    bool is_negated;
};

static const char *entry_name(const struct site *site, const struct route *route, size_t number)
{
    return arena_printf(site->arena, "%zu_%zu", route->number, number);
}

static const char *entry_variable(const struct site *site, const struct route *route, size_t number)
{
    return arena_printf(site->arena, "$%s",
                        site_variable(site, "when", entry_name(site, route, number)));
}

static const char *file_variable(const struct site *site, const char *path)
{
    return arena_printf(site->arena, "$%s", site_variable(site, "file", path));
}

/* ---- Conditions ----------------------------------------------------------------------------- */

static const char *join(struct conditions *conditions, const char *variable)
{
    text_add(&conditions->variables, variable);
    text_add_char(&conditions->wanted, conditions->is_negated ? '0' : '1');
    return variable;
}

static const char *next_variable(struct conditions *conditions)
{
    const char *what = arena_printf(conditions->site->arena, "%s %zu", conditions->entry,
                                    conditions->wanted.length);
    return join(conditions, arena_printf(conditions->site->arena, "$%s",
                                         site_variable(conditions->site, "is", what)));
}

static void map_begin(struct conditions *conditions, const char *directive, const char *source,
                      const struct node *node)
{
    struct nginx_text *nginx = conditions->site->nginx;
    nginx_at(nginx, site_span(conditions->site, node));
    nginx_table(nginx, directive, source, next_variable(conditions));
    nginx_line(nginx, "default", "0", NULL);
}

/* Words that mean something to nginx where a text could stand. */
static const char *protected(struct arena *arena, const char *text)
{
    static const char *const words[] = {"default", "hostnames", "include", "volatile"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(words[i], text) == 0) {
            return arena_printf(arena, "\\%s", text);
        }
    }
    return text;
}

static void row_render(struct conditions *conditions, const char *text, const char *value)
{
    text = protected(conditions->site->arena, text);
    nginx_begin_value(conditions->site->nginx, NGINX_LITERAL, text);
    nginx_word(conditions->site->nginx, value);
    nginx_end(conditions->site->nginx);
}

static void map_end(struct conditions *conditions)
{
    nginx_block_end(conditions->site->nginx);
}

static void regex_render(struct conditions *conditions, const char *source, const char *sign,
                         const struct text_value *regex, bool changes)
{
    if (regex->text == NULL) {
        return;
    }
    map_begin(conditions, "map", source, regex->node);
    if (changes) {
        nginx_line(conditions->site->nginx, "volatile", NULL);
    }
    row_render(conditions, arena_printf(conditions->site->arena, "%s%s", sign, regex->text), "1");
    map_end(conditions);
}

static void regexes_render(struct conditions *conditions, const char *prefix, bool keeps_case,
                           const struct text_map *regexes)
{
    struct arena *arena = conditions->site->arena;
    for (size_t i = 0; i < regexes->count; i++) {
        const char *name = regexes->items[i].key.text;
        const char *source = keeps_case ? arena_printf(arena, "%s%s", prefix, name)
                                        : header_variable(arena, prefix, name);
        regex_render(conditions, source, "~", &regexes->items[i].value, false);
    }
}

static bool is_written_before(const struct text_list *list, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (strcasecmp(list->items[i].text, list->items[number].text) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows that stand twice are a mistake to nginx. */
static void list_render(struct conditions *conditions, const char *directive, const char *source,
                        const struct text_list *list, const char *option)
{
    if (list->node == NULL) {
        return;
    }
    map_begin(conditions, directive, source, list->node);
    if (option != NULL) {
        nginx_line(conditions->site->nginx, option, NULL);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!is_written_before(list, i)) {
            nginx_at(conditions->site->nginx, site_span(conditions->site, list->items[i].node));
            row_render(conditions, list->items[i].text, "1");
        }
    }
    map_end(conditions);
}

static void scheme_render(struct conditions *conditions, const struct choice_value *scheme)
{
    if (scheme->node == NULL) {
        return;
    }
    map_begin(conditions, "map", "$scheme", scheme->node);
    row_render(conditions, scheme->index == WHEN_HTTPS ? "https" : "http", "1");
    map_end(conditions);
}

static void own_pages_render(struct conditions *conditions, const char *name)
{
    struct arena *arena = conditions->site->arena;
    bool is_wildcard = text_starts_with(name, "*.");
    const char *host = regex_escape(arena, is_wildcard ? name + 2 : name);
    row_render(conditions,
               arena_printf(arena, "~*^https?://%s%s(?::[0-9]+)?(?:[/?#]|\\z)",
                            is_wildcard ? "[^/?#]+\\." : "", host),
               "0");
}

/* Pages of other sites: neither none nor our own. */
static void foreign_pages_render(struct conditions *conditions, const struct text_value *referer)
{
    const struct site_spec *spec = conditions->site->spec;
    struct nginx_text *nginx = conditions->site->nginx;
    nginx_at(nginx, site_span(conditions->site, referer->node));
    nginx_table(nginx, "map", "$http_referer", next_variable(conditions));
    nginx_line(nginx, "default", "1", NULL);
    nginx_line(nginx, "\"\"", "0", NULL);
    for (size_t i = 0; i < spec->name_count; i++) {
        own_pages_render(conditions, spec->names[i]);
    }
    for (size_t i = 0; i < spec->aliases.count; i++) {
        own_pages_render(conditions, spec->aliases.items[i].text);
    }
    map_end(conditions);
}

static void referer_render(struct conditions *conditions, const struct text_value *referer)
{
    if (referer->text == NULL) {
        return;
    }
    if (strcmp(referer->text, "others") == 0) {
        foreign_pages_render(conditions, referer);
    } else if (strcmp(referer->text, "none") == 0) {
        map_begin(conditions, "map", "$http_referer", referer->node);
        nginx_line(conditions->site->nginx, "\"\"", "1", NULL);
        map_end(conditions);
    } else {
        regex_render(conditions, "$http_referer", "~*", referer, false);
    }
}

static void conditions_render(struct conditions *conditions, const struct condition_spec *spec)
{
    list_render(conditions, "map", "$request_method", &spec->method, NULL);
    list_render(conditions, "map", "$host", &spec->host, "hostnames");
    scheme_render(conditions, &spec->scheme);
    regex_render(conditions, "$uri", "~", &spec->path, true);
    regexes_render(conditions, "$arg_", true, &spec->query);
    regexes_render(conditions, "$http_", false, &spec->header);
    regexes_render(conditions, "$cookie_", true, &spec->cookie);
    regex_render(conditions, "$http_user_agent", "~*", &spec->user_agent, false);
    referer_render(conditions, &spec->referer);
    list_render(conditions, "geo", NULL, &spec->remote, NULL);
    if (spec->file_exists.text != NULL) {
        (void)join(conditions, file_variable(conditions->site, spec->file_exists.text));
    }
}

/* A request that was sent on once is not sent on again: $rc_sent_on is 1 then. */
static void entry_http(struct site *site, const struct route *route, size_t number)
{
    const struct when_spec *entry = &((const struct when_spec *)route->own->when.items)[number];
    struct conditions conditions = {
        .site = site,
        .entry = entry_name(site, route, number),
        .variables = text_make(site->arena),
        .wanted = text_make(site->arena),
    };
    conditions_render(&conditions, &entry->all);
    conditions.is_negated = true;
    conditions_render(&conditions, &entry->not );
    const char *once = entry->rewrite.text != NULL ? "$rc_sent_on" : "";
    nginx_at(site->nginx, site_span(site, entry->all.object.node));
    nginx_table(site->nginx, "map",
                arena_printf(site->arena, "%s%s", conditions.variables.data, once),
                entry_variable(site, route, number));
    nginx_line(site->nginx, "volatile", NULL);
    nginx_line(site->nginx, "default", "0", NULL);
    nginx_line(site->nginx, conditions.wanted.data, "1", NULL);
    nginx_block_end(site->nginx);
}

void site_when_http(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        for (size_t j = 0; j < site->routes[i].own->when.count; j++) {
            entry_http(site, &site->routes[i], j);
        }
    }
}

/* ---- Answers -------------------------------------------------------------------------------- */

/* A text has a type, which can be said in a location only. */
static const char *text_location(const struct site *site, const struct route *route, size_t number)
{
    return arena_printf(site->arena, "/.when_%s", entry_name(site, route, number));
}

static void file_render(struct site *site, const struct text_value *path)
{
    if (path->text == NULL) {
        return;
    }
    const char *variable = file_variable(site, path->text);
    nginx_at(site->nginx, site_span(site, path->node));
    nginx_line(site->nginx, "set", variable, "0", NULL);
    nginx_begin(site->nginx, "if");
    nginx_word(site->nginx, "(-f");
    nginx_open(site->nginx);
    nginx_value(site->nginx, NGINX_STATIC, path->text);
    nginx_close(site->nginx);
    nginx_word(site->nginx, ")");
    nginx_block(site->nginx);
    nginx_line(site->nginx, "set", variable, "1", NULL);
    nginx_block_end(site->nginx);
}

static void rewrite_render(struct site *site, const struct when_spec *entry)
{
    struct nginx_text *nginx = site->nginx;
    struct template_part_list parts = site_template(site, entry->rewrite.text);
    nginx_line(nginx, "set", "$rc_sent_on", "1", NULL);
    site_headers_of_site(site);
    nginx_begin(nginx, "rewrite");
    nginx_value(nginx, NGINX_LITERAL, entry->all.path.text != NULL ? entry->all.path.text : "^");
    nginx_open(nginx);
    nginx_template(nginx, &parts, NULL);
    nginx_close(nginx);
    nginx_word(nginx, "last");
    nginx_end(nginx);
}

static void action_render(struct site *site, const struct route *route, size_t number)
{
    const struct when_spec *entry = &((const struct when_spec *)route->own->when.items)[number];
    if (entry->redirect.object.node != NULL) {
        struct template_part_list parts = site_template(site, entry->redirect.to.text);
        site_encode_render(site, &parts, entry->all.path.text);
        site_redirect_render(site, &entry->redirect);
    } else if (entry->rewrite.text != NULL) {
        rewrite_render(site, entry);
    } else if (entry->respond.body.text != NULL) {
        nginx_line(site->nginx, "rewrite", "^", text_location(site, route, number), "last", NULL);
    } else {
        site_respond_render(site, &entry->respond);
    }
}

static void entry_render(struct site *site, const struct route *route, size_t number)
{
    const struct when_spec *entry = &((const struct when_spec *)route->own->when.items)[number];
    file_render(site, &entry->all.file_exists);
    file_render(site, &entry->not .file_exists);
    nginx_at(site->nginx, site_span(site, entry->all.object.node));
    nginx_begin(site->nginx, "if");
    nginx_word(site->nginx, arena_printf(site->arena, "(%s)", entry_variable(site, route, number)));
    nginx_block(site->nginx);
    action_render(site, route, number);
    nginx_at(site->nginx, site_span(site, entry->all.object.node));
    nginx_block_end(site->nginx);
}

void site_when_route(struct site *site, const struct route *route)
{
    for (; route != NULL; route = route->parent) {
        for (size_t i = 0; i < route->own->when.count; i++) {
            entry_render(site, route, i);
        }
    }
}

static void text_render(struct site *site, const struct route *route, size_t number)
{
    const struct when_spec *entry = &((const struct when_spec *)route->own->when.items)[number];
    if (entry->respond.body.text == NULL) {
        return;
    }
    nginx_at(site->nginx, site_span(site, entry->respond.object.node));
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, "=");
    nginx_word(site->nginx, text_location(site, route, number));
    nginx_block(site->nginx);
    nginx_line(site->nginx, "internal", NULL);
    site_respond_render(site, &entry->respond);
    nginx_block_end(site->nginx);
}

void site_when_behind(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        for (size_t j = 0; j < site->routes[i].own->when.count; j++) {
            text_render(site, &site->routes[i], j);
        }
    }
}

bool site_has_when(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (site->routes[i].own->when.count > 0) {
            return true;
        }
    }
    return false;
}
