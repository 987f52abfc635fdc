/* A site as a document: what it says, beside what it has without saying it. */

#include <strings.h>

#include "base/text.h"
#include "core/import_path.h"
#include "core/import_site.h"
#include "core/import_table.h"
#include "core/yaml.h"
#include "schemas/template.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct arena *arena_of(const struct import_site *site)
{
    return site->scope.context->arena;
}

/* ---- What nginx does by itself -------------------------------------------------------------- */

static const char *const own_headers[] = {"Referrer-Policy", "X-Content-Type-Options",
                                          "X-Frame-Options"};

struct import_yaml *import_profile(struct arena *arena)
{
    struct import_yaml *profile = import_map(arena);
    struct import_yaml *headers = import_map(arena);
    for (size_t i = 0; i < COUNT(own_headers); i++) {
        import_put(arena, headers, own_headers[i], import_null(arena));
    }
    import_put_text(arena, profile, "hsts", "0");
    import_put(arena, profile, "headers", headers);
    import_put_text(arena, profile, "error_pages", "false");
    import_put_text(arena, profile, "deny_dotfiles", "false");
    import_put_text(arena, profile, "body_max", "1m");
    return profile;
}

/* ---- HSTS ----------------------------------------------------------------------------------- */

/* "max-age=31536000; includeSubDomains" as hsts; NULL when it says anything else. */
static struct import_yaml *hsts_of(struct arena *arena, const char *text)
{
    struct import_yaml *hsts = import_map(arena);
    static const char separators[] = "; ";
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        size_t length = strcspn(text, separators);
        const char *word = arena_strndup(arena, text, length);
        long long milliseconds = 0;
        if (strncasecmp(word, "max-age=", 8) == 0 && import_read_time(word + 8, &milliseconds)) {
            import_put_text(arena, hsts, "age", value_write_duration(arena, milliseconds));
        } else if (strcasecmp(word, "includeSubDomains") == 0) {
            import_put_text(arena, hsts, "subdomains", "true");
        } else if (strcasecmp(word, "preload") == 0) {
            import_put_text(arena, hsts, "preload", "true");
        } else {
            return NULL;
        }
        text += length;
    }
    const char *age = import_get_text(hsts, "age");
    if (age == NULL || hsts->entries.count > 1) {
        return age == NULL ? NULL : hsts;
    }
    return import_text(arena, age);
}

/* Of a site it is a field of its own. */
static void put_hsts(const struct import_site *site, struct import_yaml *out)
{
    static const char name[] = "Strict-Transport-Security";
    struct arena *arena = arena_of(site);
    struct import_yaml *headers = import_get(out, "headers");
    const char *text = import_get_text(headers, name);
    struct import_yaml *hsts = text == NULL ? NULL : hsts_of(arena, text);
    if (hsts == NULL || !site->uses_tls) {
        return;
    }
    struct import_yaml *rest = import_map(arena);
    for (size_t i = 0; i < headers->entries.count; i++) {
        if (strcmp(headers->entries.items[i].key, name) != 0) {
            vec_add(arena, &rest->entries, headers->entries.items[i]);
        }
    }
    import_put(arena, out, "hsts", hsts);
    if (rest->entries.count > 0) {
        import_put(arena, out, "headers", rest);
    } else {
        import_remove(out, "headers");
    }
}

/* ---- "/" ------------------------------------------------------------------------------------ */

static bool has_siblings(const struct import_site *site)
{
    bool has = site->paths.count > 0;
    for (size_t i = 0; i < site->raw.count; i++) {
        has |= import_is(site->raw.items[i], "location");
    }
    return has;
}

/* Left in the server it means the same for "/". */
static bool may_rise(const struct import_site *site, const struct import_node *node)
{
    static const char *const names[] = {"auth_basic",   "auth_basic_user_file",
                                        "auth_request", "auth_request_set",
                                        "satisfy",      "types",
                                        "default_type", "add_header",
                                        "expires",      "error_page",
                                        "access_log",   "allow",
                                        "deny"};
    if (import_is_tuning(node->name)) {
        return true;
    }
    for (size_t i = 0; !has_siblings(site) && i < COUNT(names); i++) {
        if (import_is(node, names[i])) {
            return true;
        }
    }
    return false;
}

/* The site's own fields are those of "/", which all paths have: what holds for "/" alone cannot be
 * among them. */
static bool is_plain_root(const struct import_site *site)
{
    const struct import_scope *scope = &site->root->scope;
    if (site->root->is_whole || import_get(scope->own, "internal") != NULL) {
        return false;
    }
    for (size_t i = 0; i < scope->raw.count; i++) {
        if (!may_rise(site, scope->raw.items[i])) {
            return false;
        }
    }
    return scope->own->entries.count == 0 || !has_siblings(site);
}

/* All that no other prefix has: a regular expression that is looked at last. */
static const char *rest_key(const struct import_site *site)
{
    struct arena *arena = arena_of(site);
    struct text others = text_make(arena);
    for (size_t i = 0; i < site->paths.count; i++) {
        const char *key = site->paths.items[i]->key;
        if (key[0] == '/') {
            text_addf(&others, "%s%s", others.length == 0 ? "" : "|", regex_escape(arena, key));
        }
    }
    for (size_t i = 0; i < site->raw.count; i++) {
        const struct import_node *node = site->raw.items[i];
        const char *last = import_word(node, node->word_count == 0 ? 0 : node->word_count - 1);
        bool is_prefix = import_is(node, "location") && last[0] == '/' &&
                         (node->word_count == 1 || strcmp(node->words[0], "^~") == 0);
        if (is_prefix) {
            text_addf(&others, "%s%s", others.length == 0 ? "" : "|", regex_escape(arena, last));
        }
    }
    return others.length == 0 ? "~ ^/" : arena_printf(arena, "~ ^(?!%s)/", others.data);
}

/* Where the site has so many paths that no key could say which are left. */
static void leave_out(struct import_site *site)
{
    struct import_scope *scope = &site->root->scope;
    for (size_t i = 0; i < scope->raw.count; i++) {
        import_note_add(scope->context, scope->raw.items[i],
                        message_make(arena_of(site),
                                     "\"%s\" of \"location /\" is left out: the site has too many "
                                     "paths to keep it",
                                     scope->raw.items[i]->name));
    }
    scope->raw.count = 0;
    site->root->is_whole = false;
}

/* "/" as the last of the paths; the site's own answer is never reached. */
static void make_last_path(struct import_site *site)
{
    struct arena *arena = arena_of(site);
    struct import_route *route = site->root;
    if (import_get(route->handler, "spa") != NULL) {
        struct import_yaml *index = import_get(route->handler, "index");
        const char *file = index == NULL ? "index.html" : index->entries.items[0].value->text;
        struct import_yaml *steps = import_list(arena);
        import_remove(route->handler, "spa");
        import_add_text(arena, steps, "$uri");
        import_add_text(arena, steps, arena_printf(arena, "/%s", file));
        import_put(arena, route->handler, "try", steps);
    }
    route->key = rest_key(site);
    route->is_first = false;
    route->inside = (struct import_routes){0};
    vec_add(arena, &site->paths, route);
    struct import_route *nothing = arena_new(arena, struct import_route);
    nothing->key = "/";
    nothing->scope = site->scope;
    nothing->scope.raw = (struct import_nodes){0};
    nothing->scope.own = import_map(arena);
    nothing->handler = import_map(arena);
    struct import_yaml *respond = import_text(arena, "404");
    import_comment(arena, respond, "Never reached: the last path takes all that is left.");
    import_put(arena, nothing->handler, "respond", respond);
    site->root = nothing;
    site->has_no_root = true;
}

/* ---- The document --------------------------------------------------------------------------- */

/* Those of the server, and of "/", which it says for itself. */
static void put_own(const struct import_site *site, struct import_yaml *out)
{
    static const char *const lists[] = {"when", "rewrite"};
    struct arena *arena = arena_of(site);
    const struct import_yaml *root = site->root->scope.own;
    struct import_yaml *log = import_get(site->scope.own, "log");
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct import_yaml *server = import_get(site->scope.own, lists[i]);
        const struct import_yaml *own = import_get(root, lists[i]);
        if (server == NULL && own == NULL) {
            continue;
        }
        struct import_yaml *all = i == 0 ? import_list(arena) : import_map(arena);
        for (size_t j = 0; j < 2; j++) {
            const struct import_yaml *from = j == 0 ? server : own;
            for (size_t k = 0; from != NULL && k < from->entries.count; k++) {
                vec_add(arena, &all->entries, from->entries.items[k]);
            }
        }
        import_put(arena, out, lists[i], all);
    }
    struct import_yaml *rate = import_get(root, "rate_limit");
    rate = rate != NULL ? rate : import_get(site->scope.own, "rate_limit");
    if (rate != NULL) {
        import_put(arena, out, "rate_limit", rate);
    }
    if (import_get(root, "cors") != NULL) {
        import_put(arena, out, "cors", import_get(root, "cors"));
    }
    if (import_get(root, "log") != NULL) {
        log = log == NULL ? import_map(arena) : log;
        import_put_text(arena, log, "format", "off");
    }
    if (log != NULL && import_get(log, "format") == NULL) {
        import_put_text(arena, log, "format", "combined");
    }
    if (log != NULL) {
        import_put(arena, out, "log", log);
    }
}

/* A map says nothing of the statuses that it does not have, which nginx answers with its own pages.
 */
static void close_error_pages(struct arena *arena, struct import_yaml *out)
{
    const struct import_yaml *pages = import_get(out, "error_pages");
    if (pages == NULL) {
        return;
    }
    struct import_yaml *map = import_map(arena);
    import_put_all(arena, pages, map);
    import_put_text(arena, map, "4xx", "false");
    import_put_text(arena, map, "5xx", "false");
    import_put(arena, out, "error_pages", map);
}

/* nginx looks into X-Real-IP where it is not told, ours into X-Forwarded-For. */
static void put_proxies(const struct import_site *site, struct import_yaml *out)
{
    struct arena *arena = arena_of(site);
    const struct import_yaml *said = import_get(site->scope.fields, "trusted_proxies");
    if (said == NULL || import_get(said, "from")->entries.count == 0) {
        return;
    }
    struct import_yaml *proxies = import_map(arena);
    const char *header = import_get_text(said, "header");
    import_put(arena, proxies, "from", import_get(said, "from"));
    if (header == NULL || strcasecmp(header, "X-Forwarded-For") != 0) {
        import_put_text(arena, proxies, "header", header == NULL ? "X-Real-IP" : header);
    }
    import_put(arena, out, "trusted_proxies", proxies);
}

struct import_yaml *import_site_yaml(struct import_context *context, struct import_site *site)
{
    struct arena *arena = context->arena;
    struct import_yaml *out = import_map(arena);
    const struct import_yaml nothing = {.type = IMPORT_MAP};
    bool is_plain = is_plain_root(site);
    if (!is_plain && strlen(rest_key(site)) > YAML_KEY_MAX) {
        leave_out(site);
    } else if (!is_plain) {
        make_last_path(site);
    }
    const struct import_scope *root = &site->root->scope;
    import_put_all(arena, site->root->handler, out);
    put_own(site, out);
    import_put_fields(arena, root->fields, &nothing, site->root->handler, out);
    put_hsts(site, out);
    close_error_pages(arena, out);
    put_proxies(site, out);
    if (site->dotfiles != NULL) {
        struct import_yaml *denies = import_text(arena, "true");
        import_comment(arena, denies, "Answers 404; /.well-known/ stays open.");
        import_put(arena, out, "deny_dotfiles", denies);
    }
    struct import_nodes raw = import_with_sets(arena, &site->scope.sets, &site->raw, &site->paths);
    import_add_all(arena, &raw, &root->raw);
    import_put_raw(context, &raw, out);
    const struct import_around around = {
        import_given(arena, root->fields, &nothing, site->root->handler),
        site->has_no_root ? NULL : site->root->handler, &site->paths};
    if (site->paths.count > 0) {
        import_put(arena, out, "paths", import_paths_yaml(context, &site->paths, &around));
    }
    return out;
}
