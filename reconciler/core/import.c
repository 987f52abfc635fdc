#include "core/import.h"

#include <stdlib.h>

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_site.h"
#include "core/import_stream.h"
#include "core/import_table.h"
#include "schemas/value.h"

static const char profile_name[] = "as-nginx";

struct importing {
    struct import_context context;
    struct import_servers servers;
    struct import_nodes streams;
};

/* ---- http ----------------------------------------------------------------------------------- */

static void add_http(struct importing *importing, const struct import_node *http)
{
    for (size_t i = 0; i < http->children.count; i++) {
        vec_add(importing->context.arena, &importing->context.http, http->children.items[i]);
    }
    importing->context.main_file = http->file;
}

/* Locations alone: a part of a server, which is included there. */
static void add_part(struct importing *importing, const struct import_nodes *nodes)
{
    struct arena *arena = importing->context.arena;
    struct import_node *server = arena_new(arena, struct import_node);
    *server = *import_find(nodes, "location");
    server->name = "server";
    server->word_count = 0;
    server->children = *nodes;
    vec_add(arena, &importing->context.http, server);
}

/* A file is a whole configuration, what stands within http, or what stands within a server. */
static void gather_http(struct importing *importing, const struct import_nodes *nodes)
{
    struct arena *arena = importing->context.arena;
    bool is_whole = import_find(nodes, "http") != NULL || import_find(nodes, "events") != NULL ||
                    import_find(nodes, "stream") != NULL;
    if (!is_whole && import_find(nodes, "location") != NULL) {
        add_part(importing, nodes);
        return;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        const struct import_node *node = nodes->items[i];
        if (import_is(node, "http")) {
            add_http(importing, node);
        } else if (import_is(node, "stream")) {
            vec_add(arena, &importing->streams, node);
        } else if (!is_whole) {
            vec_add(arena, &importing->context.http, node);
        } else if (import_rule_find(node->name, IMPORT_MAIN) == NULL) {
            import_note_add(
                &importing->context, node,
                message_make(arena, "\"%s\" is left out: it is no part of a site", node->name));
        }
    }
}

/* ---- Sites ---------------------------------------------------------------------------------- */

static void add_site(struct importing *importing, struct import_server *server, bool uses_tls,
                     bool has_twin)
{
    struct import_context *context = &importing->context;
    struct arena *arena = context->arena;
    bool is_twin = (has_twin || server->shares) && !uses_tls;
    struct import_site site = {
        .server = server,
        .key = import_free_key(&importing->context, server, is_twin),
        .uses_tls = uses_tls,
        .is_twin = is_twin,
    };
    struct import_yaml *out = import_map(arena);
    import_site_read(&site);
    struct import_yaml *use = import_list(arena);
    import_add_text(arena, use, profile_name);
    import_put(arena, out, "use", use);
    import_put_names(&importing->context, &site, out);
    import_put_listen(&importing->context, &site, has_twin || server->shares, out);
    if (!uses_tls) {
        import_put_text(arena, out, "tls", "false");
    } else {
        import_put_certificate(&importing->context, &site, out);
    }
    if (uses_tls && server->has_http3) {
        import_put_text(arena, out, "http3", "true");
    }
    struct import_yaml *fields = import_site_yaml(context, &site);
    for (size_t i = 0; i < fields->entries.count; i++) {
        import_put(arena, out, fields->entries.items[i].key, fields->entries.items[i].value);
    }
    import_comment(arena, out, import_place_text(arena, server->node));
    if (has_twin && is_twin) {
        import_comment(
            arena, out,
            "Plain HTTP as it was. Without this one it leads to HTTPS, once the ports of "
            "the other are left out.");
    }
    import_put(arena, importing->context.sites, site.key, out);
}

static void note_default(struct importing *importing, const struct import_server *server)
{
    static const char unnamed[] = N_("this server has no name: it answered for all that are "
                                     "nobody's, which are rejected now");
    static const char named[] =
        N_("this server answered for all names that are nobody's, which are rejected now");
    if (server->is_catch_all || server->is_default) {
        import_note_add(
            &importing->context, server->node,
            message_word(importing->context.arena, server->is_catch_all ? unnamed : named));
    }
}

static void add_server(struct importing *importing, struct import_server *server)
{
    bool has_twin = server->has_tls && server->has_plain && !server->leads_to_https;
    if (server->listens.count == 0 && !server->has_http3) {
        import_note_add(
            &importing->context, server->node,
            message_make(importing->context.arena,
                         "this server is left out: it listens on nothing that a site can"));
        return;
    }
    note_default(importing, server);
    add_site(importing, server, server->has_tls, has_twin);
    if (has_twin) {
        add_site(importing, server, false, true);
    }
}

/* ---- The whole ------------------------------------------------------------------------------ */

static const char *one_line(struct arena *arena, const char *text)
{
    char *line = arena_strdup(arena, text);
    for (char *c = line; *c != '\0'; c++) {
        *c = strchr("\n\r\t", *c) != NULL ? ' ' : *c;
    }
    return line;
}

static void write_notes(struct importing *importing, struct text *out)
{
    const struct import_notes *notes = &importing->context.notes;
    text_line(out, "# Made of nginx configuration by `reconcile import nginx`.");
    if (notes->count > 0) {
        text_line(out, "#");
        text_line(out, "# What is not as it was:");
    }
    for (size_t i = 0; i < notes->count; i++) {
        const struct import_note *note = &notes->items[i];
        text_line(out, "#   %s:%zu: %s", note->file, note->line,
                  one_line(importing->context.arena, note->message->text));
    }
    text_add_char(out, '\n');
}

static int note_compare(const void *a, const void *b)
{
    const struct import_note *left = a;
    const struct import_note *right = b;
    int files = strcmp(left->file, right->file);
    return files != 0 ? files : (left->line > right->line) - (left->line < right->line);
}

/* Names that are the document's own are left out. */
static void shorten_certificates(struct import_yaml *certificates)
{
    for (size_t i = 0; i < certificates->entries.count; i++) {
        const struct import_entry *entry = &certificates->entries.items[i];
        const struct import_yaml *names = import_get(entry->value, "names");
        bool is_own = names->entries.count == 1 &&
                      strcmp(names->entries.items[0].value->text, entry->key) == 0;
        if (is_own) {
            import_remove(entry->value, "names");
        }
    }
}

static void write_all(struct importing *importing, struct import_result *out)
{
    struct arena *arena = importing->context.arena;
    struct text text = text_make(arena);
    struct import_yaml *all = import_map(arena);
    struct import_yaml *profiles = import_map(arena);
    struct import_yaml *profile = import_profile(arena);
    struct import_notes *notes = &importing->context.notes;
    if (notes->count > 1) {
        qsort(notes->items, notes->count, sizeof(*notes->items), note_compare);
    }
    shorten_certificates(importing->context.certificates);
    write_notes(importing, &text);
    import_comment(
        arena, profile,
        "What nginx does where nothing is said, and reconcile does otherwise. Take a line\n"
        "out, and all sites have the safer default.");
    import_put(arena, profiles, profile_name, profile);
    import_put(arena, all, "profiles", profiles);
    if (importing->context.certificates->entries.count > 0) {
        import_put(arena, all, "certificates", importing->context.certificates);
    }
    import_put(arena, all, "sites", importing->context.sites);
    import_yaml_write(all, &text);
    *out = (struct import_result){
        .yaml = text_str(&text),
        .notes = importing->context.notes,
        .site_count = importing->context.sites->entries.count,
        .raw_count = importing->context.raw_count,
    };
}

bool import_nginx(struct arena *arena, const struct import_files *files,
                  const struct import_door *door, struct import_result *out, struct error *err)
{
    struct importing importing = {.context = {.arena = arena}};
    importing.context.certificates = import_map(arena);
    importing.context.sites = import_map(arena);
    for (size_t i = 0; i < files->count; i++) {
        struct import_nodes nodes;
        struct import_files one = {0};
        vec_add(arena, &one, files->items[i]);
        if (!import_tree_read(arena, &one, door, &nodes, err)) {
            return false;
        }
        gather_http(&importing, &nodes);
    }
    struct import_scope http = {
        .context = &importing.context,
        .place = IMPORT_HTTP,
        .nodes = &importing.context.http,
    };
    import_scope_read(&http);
    import_access(&http);
    import_response_headers(&http);
    import_servers_read(&importing.context, &http, &importing.servers);
    import_servers_absorb(&importing.context, &importing.servers);
    for (size_t i = 0; i < importing.servers.count; i++) {
        if (!importing.servers.items[i]->is_done) {
            add_server(&importing, importing.servers.items[i]);
        }
    }
    for (size_t i = 0; i < importing.streams.count; i++) {
        import_streams(&importing.context, importing.streams.items[i]);
    }
    write_all(&importing, out);
    return true;
}
