/* The locations of a server, and what has to be said once for all of them. */

#include "core/import_site.h"

#include "core/import_lists.h"
#include "core/import_missing.h"

static const char challenge[] = "/.well-known/acme-challenge";

static struct arena *arena_of(const struct import_site *site)
{
    return site->server->scope.context->arena;
}

/* ---- Locations that ours has by itself ------------------------------------------------------ */

static bool refuses(const struct import_route *route)
{
    const char *status = import_get_text(route->handler, "respond");
    return text_equal(status, "403") || text_equal(status, "404");
}

/* deny_dotfiles, as people write it. */
static bool hides_dotfiles(const struct import_route *route)
{
    static const char *const patterns[] = {
        "/\\.",
        "/\\..*",
        "(^|/)\\.",
        "/\\.(?!well-known).*",
        "/\\.(?!well-known)",
        "/\\.(?!well-known/)",
        "/\\.(?!well-known\\/)",
        "/\\.(?!well-known\\/).*",
        "/\\.(?!well-known/).*",
        "\\/\\.",
        "^/\\.",
    };
    if (!route->scope.is_regex || !refuses(route)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        if (strcmp(patterns[i], route->scope.regex) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_challenge(const struct import_site *site, const struct import_route *route)
{
    const char *key = route->key[0] == '/' ? route->key : "";
    size_t length = strlen(challenge);
    return !site->uses_tls && text_starts_with(key, challenge) &&
           (key[length] == '\0' || strcmp(key + length, "/") == 0);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void add_route(struct import_site *site, struct import_route *route,
                      const struct import_node *node)
{
    struct arena *arena = arena_of(site);
    if (route == NULL) {
        vec_add(arena, &site->raw, node);
    } else if (hides_dotfiles(route)) {
        site->dotfiles = node;
    } else if (is_challenge(site, route)) {
        import_note_add(site->server->scope.context, node,
                        message_make(arena, "challenges of certificate issuers are answered by "
                                            "reconcile itself"));
    } else {
        vec_add(arena, &site->paths, route);
    }
}

static bool has_node(const struct import_nodes *nodes, const struct import_node *node)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->items[i] == node) {
            return true;
        }
    }
    return false;
}

/* "/" of a server that has no such location: what the server says itself. */
static struct import_route *root_of_server(struct import_site *site)
{
    struct import_route *route = arena_new(arena_of(site), struct import_route);
    route->key = "/";
    route->scope = site->scope;
    route->scope.raw = (struct import_nodes){0};
    route->scope.own = import_map(arena_of(site));
    route->scope.sets = (struct import_nodes){0};
    route->handler = import_handler(&route->scope, "/", false);
    if (route->handler != NULL) {
        return route;
    }
    /* What the server answers with stays in it; what it looks for is looked for in "/". */
    const char *folder = import_get_text(route->scope.fields, "root");
    route->handler = import_map(arena_of(site));
    import_put_text(arena_of(site), route->handler, "root",
                    folder == NULL ? "/usr/share/nginx/html" : folder);
    if (route->scope.answer != NULL) {
        vec_add(arena_of(site), &site->raw, route->scope.answer);
    } else if (route->scope.try_files != NULL) {
        import_scope_keep(&route->scope, route->scope.try_files);
    }
    return route;
}

static bool is_root(const struct import_node *node)
{
    const char *first = import_word(node, 0);
    bool is_plain = node->word_count == 1 && (strcmp(first, "/") == 0 || strcmp(first, "^~/") == 0);
    bool is_first = node->word_count == 2 && strcmp(first, "^~") == 0;
    return import_is(node, "location") &&
           (is_plain || (is_first && strcmp(node->words[1], "/") == 0));
}

/* Lists that whole locations in raw have from the server, where ours writes none. */
static void keep_for_raw(struct import_site *site)
{
    static const char *const names[] = {"root", "index", "proxy_set_header", "fastcgi_param",
                                        "uwsgi_param"};
    bool has_location = false;
    struct import_nodes raw = {0};
    const struct import_nodes *nodes = site->scope.nodes;
    for (size_t i = 0; i < site->raw.count; i++) {
        has_location |= import_is(site->raw.items[i], "location");
    }
    for (size_t i = 0; has_location && i < nodes->count; i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            if (import_is(nodes->items[i], names[j]) && !has_node(&site->raw, nodes->items[i])) {
                vec_add(arena_of(site), &raw, nodes->items[i]);
            }
        }
    }
    for (size_t i = 0; i < site->raw.count; i++) {
        vec_add(arena_of(site), &raw, site->raw.items[i]);
    }
    site->raw = raw;
}

static struct import_nodes copy_of(struct arena *arena, const struct import_nodes *nodes)
{
    struct import_nodes copy = {0};
    for (size_t i = 0; i < nodes->count; i++) {
        vec_add(arena, &copy, nodes->items[i]);
    }
    return copy;
}

void import_site_read(struct import_site *site)
{
    struct import_scope *scope = &site->scope;
    const struct import_node *root = NULL;
    *scope = site->server->scope;
    scope->uses_tls = site->uses_tls;
    scope->raw = copy_of(arena_of(site), &scope->raw);
    import_access(scope);
    import_response_headers(scope);
    site->raw = copy_of(arena_of(site), &scope->raw);
    bool is_answered = scope->answer != NULL; /* no location is ever reached */
    for (size_t i = 0; i < scope->nodes->count && !is_answered; i++) {
        const struct import_node *node = scope->nodes->items[i];
        if (is_root(node)) {
            root = node;
        } else if (import_is(node, "location")) {
            add_route(site, import_route_read(scope, node), node);
        }
    }
    if (root != NULL && import_word(root, 0)[0] == '^') {
        import_note_add(scope->context, root,
                        message_make(arena_of(site), "regular expressions are looked at for all "
                                                     "paths, also for those of \"location ^~ /\""));
    }
    site->root = root == NULL ? NULL : import_route_read(scope, root);
    if (site->root == NULL) {
        site->root = root_of_server(site);
        if (root != NULL) {
            import_note_add(scope->context, root,
                            message_make(arena_of(site), "\"location /\" is left out: nothing here "
                                                         "says the same"));
        }
    }
    for (size_t i = 0; i < site->root->inside.count; i++) {
        vec_add(arena_of(site), &site->paths, site->root->inside.items[i]);
    }
    import_drop_names(scope->context, &site->paths, &site->raw);
    import_close_asked(scope, &site->paths, &site->raw);
    keep_for_raw(site);
}
