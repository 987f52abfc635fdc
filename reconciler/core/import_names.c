/* A site's key, names, addresses and certificate. */

#include "core/import_site.h"
#include "schemas/value.h"

const char import_nameless[] = "localhost";

static void add_once(struct arena *arena, struct import_yaml *list, const char *text)
{
    for (size_t i = 0; i < list->entries.count; i++) {
        if (strcmp(list->entries.items[i].value->text, text) == 0) {
            return;
        }
    }
    import_add_text(arena, list, text);
}

/* ---- Certificates --------------------------------------------------------------------------- */

static bool is_placeholder(const char *chain)
{
    return strstr(chain, "snakeoil") != NULL;
}

/* "/etc/letsencrypt/live/NAME/fullchain.pem" -> NAME */
static const char *certificate_name(struct arena *arena, const char *chain, const char *fallback)
{
    const char *live = strstr(chain, "/live/");
    const char *slash = live == NULL ? NULL : strchr(live + strlen("/live/"), '/');
    const char *name = slash == NULL ? fallback
                                     : arena_strndup(arena, live + strlen("/live/"),
                                                     (size_t)(slash - live) - strlen("/live/"));
    return syntax_name.check(name) ? name : fallback;
}

static const char *find_certificate(const struct import_yaml *certificates, const char *chain)
{
    for (size_t i = 0; i < certificates->entries.count; i++) {
        const struct import_entry *entry = &certificates->entries.items[i];
        if (text_equal(import_get_text(import_get(entry->value, "files"), "chain"), chain)) {
            return entry->key;
        }
    }
    return NULL;
}

/* All names that it is shown for. */
static void add_names(struct import_context *context, const struct import_server *server,
                      struct import_yaml *certificate)
{
    struct arena *arena = context->arena;
    struct import_yaml *names = import_get(certificate, "names");
    for (size_t i = 0; i < server->names.count; i++) {
        add_once(arena, names, server->names.items[i]);
    }
    for (size_t i = 0; i < server->aliases.count; i++) {
        add_once(arena, names, server->aliases.items[i]);
    }
    if (server->names.count == 0) {
        add_once(arena, names, import_nameless);
    }
}

/* The pair stays where it is and whose it is; sites of one pair name one document. */
void import_put_certificate(struct import_context *context, const struct import_site *site,
                            struct import_yaml *out)
{
    struct arena *arena = context->arena;
    struct import_yaml *certificates = context->certificates;
    const struct import_node *chain = import_nearest(&site->scope, "ssl_certificate");
    const struct import_node *key = import_nearest(&site->scope, "ssl_certificate_key");
    const char *path = chain == NULL ? "" : import_word(chain, 0);
    const char *key_path = key == NULL ? "" : import_word(key, 0);
    if (is_placeholder(path)) {
        import_put_text(arena, out, "tls", "internal");
        return;
    }
    if (!syntax_path.check(path) || !syntax_path.check(key_path) || import_has_variable(path)) {
        import_note_add(context, site->server->node,
                        message_make(arena,
                                     "the certificate of %s is not known by a path: it gets "
                                     "one of the host's issuer",
                                     site->key));
        return;
    }
    const char *name = find_certificate(certificates, path);
    if (name == NULL) {
        name = certificate_name(arena, path, site->key);
        if (import_get(certificates, name) != NULL) {
            name = arena_printf(arena, "%s-2", site->key);
        }
        struct import_yaml *certificate = import_map(arena);
        struct import_yaml *files = import_map(arena);
        import_put_text(arena, files, "chain", path);
        import_put_text(arena, files, "key", key_path);
        import_put(arena, certificate, "names", import_list(arena));
        import_put(arena, certificate, "files", files);
        import_put(arena, certificates, name, certificate);
    }
    add_names(context, site->server, import_get(certificates, name));
    import_put_text(arena, out, "tls", arena_printf(arena, "certificate:%s", name));
}

/* ---- Names and addresses -------------------------------------------------------------------- */

static const char *file_name(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    length -= text_ends_with(name, ".conf") ? strlen(".conf") : 0;
    return arena_strndup(arena, name, length);
}

static bool is_free(const struct import_context *context, const char *key)
{
    return syntax_name.check(key) && import_get(context->sites, key) == NULL;
}

/* The first name that may be a key; with a number behind it where there are several. */
const char *import_free_key(struct import_context *context, const struct import_server *server,
                            bool is_twin)
{
    struct arena *arena = context->arena;
    const char *first = server->names.count == 0 ? file_name(arena, server->node->file) : NULL;
    for (size_t i = 0; i < server->names.count && first == NULL; i++) {
        first = server->names.items[i][0] == '*' ? NULL : server->names.items[i];
    }
    if (first == NULL) {
        first = server->names.items[0] + 2;
    }
    if (!syntax_name.check(first)) {
        first = "site";
    }
    const char *key = is_twin ? arena_printf(arena, "%s-http", first) : first;
    for (unsigned i = 2; !is_free(context, key); i++) {
        key = arena_printf(arena, "%s%s-%u", first, is_twin ? "-http" : "", i);
    }
    return key;
}

void import_put_names(struct import_context *context, const struct import_site *site,
                      struct import_yaml *out)
{
    struct arena *arena = context->arena;
    const struct import_server *server = site->server;
    bool is_key = server->names.count == 1 && strcmp(server->names.items[0], site->key) == 0;
    struct import_yaml *hosts = import_list(arena);
    struct import_yaml *aliases = import_list(arena);
    for (size_t i = 0; i < server->names.count; i++) {
        import_add_text(arena, hosts, server->names.items[i]);
    }
    if (server->names.count == 0) {
        const char *name =
            context->nameless_count++ == 0
                ? import_nameless
                : arena_printf(arena, "site-%zu.%s", context->nameless_count, import_nameless);
        import_add_text(arena, hosts, name);
        import_comment(arena, hosts,
                       "It answered for names that were nobody's. Say here for which it shall.");
    }
    for (size_t i = 0; i < server->aliases.count; i++) {
        import_add_text(arena, aliases, server->aliases.items[i]);
    }
    if (!is_key) {
        import_put(arena, out, "hosts", hosts);
    }
    if (aliases->entries.count > 0 && (site->uses_tls || !server->has_tls)) {
        import_put(arena, out, "aliases", aliases);
    }
}

/* An address alone has both usual ports, plain HTTP leading to HTTPS. */
static const char *listen_text(struct arena *arena, const struct import_site *site,
                               const struct import_listen *listen, bool leads)
{
    bool is_usual = listen->port == (site->uses_tls ? 443U : 80U);
    if (is_usual && leads) {
        return listen->address != NULL ? listen->address : listen->is_ipv6 ? "::" : "0.0.0.0";
    }
    if (listen->address == NULL) {
        return arena_printf(arena, "%u", listen->port);
    }
    bool is_ipv6 = strchr(listen->address, ':') != NULL;
    return arena_printf(arena, is_ipv6 ? "[%s]:%u" : "%s:%u", listen->address, listen->port);
}

void import_put_listen(struct import_context *context, const struct import_site *site,
                       bool has_twin, struct import_yaml *out)
{
    struct arena *arena = context->arena;
    const struct import_server *server = site->server;
    struct import_yaml *list = import_list(arena);
    bool is_usual = !has_twin;
    for (size_t i = 0; i < server->listens.count; i++) {
        const struct import_listen *listen = &server->listens.items[i];
        if (listen->uses_tls != site->uses_tls) {
            continue;
        }
        is_usual =
            is_usual && listen->address == NULL && listen->port == (site->uses_tls ? 443U : 80U);
        add_once(arena, list, listen_text(arena, site, listen, !has_twin && server->is_led_to));
    }
    if (!is_usual && list->entries.count > 0) {
        import_put(arena, out, "listen", list);
    }
}
