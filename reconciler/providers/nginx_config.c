/* Walks configuration files along their includes, and picks out what a table says is a reference.
 * What does not read well is noted, never an error: nginx itself has the last word. */

#include "providers/nginx_config.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/nginx_default_site.h"
#include "providers/nginx_files.h"
#include "providers/tree_walk.h"

enum {
    BLOCKS_MAX = 64,
    INCLUDES_MAX = 32, /* within each other: more is a circle */
};
static const size_t FILE_MAX_BYTES = (size_t)16 * 1024 * 1024;

/* One walk. blocks: the names of the blocks around the present directive, outermost first. */
struct walk {
    struct host *host;
    struct arena *arena;
    struct nginx_config *config;
    const char *folder; /* includes are relative to it */
    const char *entrances[TREE_LEVEL_COUNT];
    const char *skipped; /* a file that will not be there; or NULL */
    const char *blocks[BLOCKS_MAX];
    size_t block_count;
    size_t server; /* the block that the walk is in; 0: none */
    size_t server_depth;
    unsigned includes;
};

/* ---- References ------------------------------------------------------------------------------ */

static const char *pick_path(struct arena *arena, const char *argument)
{
    (void)arena; /* others need it */
    return argument[0] == '/' && strchr(argument, '$') == NULL ? argument : NULL;
}

static const char *pick_any(struct arena *arena, const char *argument)
{
    (void)arena; /* others need it */
    return argument;
}

/* The host of "http://host:80/path", "host:80", "syslog:server=host:514,tag=x". */
static const char *pick_host(struct arena *arena, const char *argument)
{
    const char *scheme = strstr(argument, "://");
    const char *host = scheme == NULL ? argument : scheme + strlen("://");
    size_t length = strcspn(host, ":/,");
    bool is_name = length > 0 && strchr(host, '$') == NULL && host[0] != '[' &&
                   strspn(host, "0123456789.") < length && strncmp(host, "unix:", 5) != 0;
    return is_name ? arena_strndup(arena, host, length) : NULL;
}

static const char *pick_log_host(struct arena *arena, const char *argument)
{
    static const char prefix[] = "syslog:server=";
    return text_starts_with(argument, prefix) ? pick_host(arena, argument + strlen(prefix)) : NULL;
}

/* A name that begins with an asterisk stands for all directives that end so. */
static const struct rule {
    const char *directive;
    enum nginx_reference_type type;
    /* The text of the reference in an argument; NULL: there is none. */
    const char *(*pick)(struct arena *arena, const char *argument);
    bool is_every_argument;
    const char *inside; /* only in this block; NULL: anywhere */
} rules[] = {
    // clang-format off
    {"*ssl_certificate",         NGINX_CERTIFICATE, pick_path,     false, NULL},
    {"*ssl_certificate_key",     NGINX_CERTIFICATE, pick_path,     false, NULL},
    {"*ssl_trusted_certificate", NGINX_CERTIFICATE, pick_path,     false, NULL},
    {"*ssl_client_certificate",  NGINX_CERTIFICATE, pick_path,     false, NULL},
    {"access_log",               NGINX_LOG,         pick_path,     false, NULL},
    {"error_log",                NGINX_LOG,         pick_path,     false, NULL},
    {"access_log",               NGINX_UPSTREAM,    pick_log_host, false, NULL},
    {"error_log",                NGINX_UPSTREAM,    pick_log_host, false, NULL},
    {"pid",                      NGINX_LOG,         pick_path,     false, NULL},
    {"*_temp_path",              NGINX_CACHE,       pick_path,     false, NULL},
    {"*_cache_path",             NGINX_CACHE,       pick_path,     false, NULL},
    {"proxy_pass",               NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"grpc_pass",                NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"fastcgi_pass",             NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"uwsgi_pass",               NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"scgi_pass",                NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"memcached_pass",           NGINX_UPSTREAM,    pick_host,     false, NULL},
    {"resolver",                 NGINX_UPSTREAM,    pick_host,     true,  NULL},
    {"server",                   NGINX_UPSTREAM,    pick_host,     false, "upstream"},
    {"listen",                   NGINX_LISTEN,      pick_any,      false, "server"},
    {"server_name",              NGINX_NAME,        pick_any,      true,  "server"},
    {"load_module",              NGINX_MODULE,      pick_any,      false, NULL},
    // clang-format on
};

static bool rule_fits(const struct rule *rule, const char *directive, const char *inside)
{
    bool is_name = rule->directive[0] == '*' ? text_ends_with(directive, rule->directive + 1)
                                             : strcmp(directive, rule->directive) == 0;
    return is_name && (rule->inside == NULL || text_equal(rule->inside, inside));
}

static const char *const *copy_arguments(struct arena *arena, const char *const *arguments,
                                         size_t count)
{
    const char **copy = arena_array(arena, count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_strdup(arena, arguments[i]);
    }
    return copy;
}

static void reference_add(struct walk *walk, const struct rule *rule,
                          const struct nginx_directive *directive, size_t index, const char *file)
{
    struct arena *arena = walk->arena;
    const char *text = rule->pick(arena, directive->arguments[index]);
    if (text == NULL) {
        return;
    }
    vec_add(arena, &walk->config->references,
            (struct nginx_reference){
                .type = rule->type,
                .text = arena_strdup(arena, text),
                .arguments = copy_arguments(arena, directive->arguments + index + 1,
                                            directive->argument_count - index - 1),
                .directive = rule->directive,
                .file = file,
                .line = directive->line,
                .level = walk->block_count == 0 ? "main" : arena_strdup(arena, walk->blocks[0]),
                .server = walk->server,
            });
}

static void references_add(struct walk *walk, const struct nginx_directive *directive,
                           const char *file)
{
    const char *inside = walk->block_count == 0 ? NULL : walk->blocks[walk->block_count - 1];
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!rule_fits(&rules[i], directive->name, inside) || directive->opens_block) {
            continue;
        }
        size_t count = rules[i].is_every_argument ? directive->argument_count
                                                  : (directive->argument_count > 0 ? 1 : 0);
        for (size_t argument = 0; argument < count; argument++) {
            reference_add(walk, &rules[i], directive, argument, file);
        }
    }
}

/* ---- Walking --------------------------------------------------------------------------------- */

static void broken_add(struct walk *walk, const char *message, const char *file, size_t line)
{
    vec_add(walk->arena, &walk->config->broken,
            (struct nginx_complaint){"emerg", message, file, line});
}

static void walk_file(struct walk *walk, const char *path, const char *from, size_t line);

/* Does this include lead to the tree, once it is there? */
static void entrance_note(struct walk *walk, const char *pattern)
{
    bool is_at_level[TREE_LEVEL_COUNT] = {
        [TREE_MAIN] = walk->block_count == 0,
        [TREE_HTTP] = walk->block_count == 1 && text_equal(walk->blocks[0], "http"),
    };
    for (int level = 0; level < TREE_LEVEL_COUNT; level++) {
        if (is_at_level[level] &&
            fnmatch(pattern, walk->entrances[level], FNM_PATHNAME | FNM_PERIOD) == 0) {
            walk->config->has_entrance[level] = true;
        }
    }
}

static void walk_include(struct walk *walk, const struct nginx_directive *directive,
                         const char *file)
{
    struct nginx_paths paths;
    const char *given = directive->argument_count > 0 ? directive->arguments[0] : "";
    const char *pattern =
        given[0] == '/' ? given : arena_printf(walk->arena, "%s/%s", walk->folder, given);
    entrance_note(walk, pattern);
    nginx_file_match(walk->host, pattern, walk->arena, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        walk_file(walk, paths.items[i], file, directive->line);
    }
}

/* nginx takes one such block. */
static void streams_note(struct walk *walk, const struct nginx_directive *directive,
                         const char *file)
{
    bool is_block = directive->opens_block && strcmp(directive->name, "stream") == 0;
    if (is_block && walk->block_count == 0 && walk->config->streams == NULL) {
        walk->config->streams = file;
        walk->config->streams_line = directive->line;
    }
}

/* Blocks that this directive is in, or opens. base: those around the file. */
static void walk_blocks(struct walk *walk, const struct nginx_directive *directive, size_t base)
{
    size_t depth = base + directive->depth;
    walk->block_count = depth < BLOCKS_MAX ? depth : BLOCKS_MAX;
    if (walk->server != 0 && depth <= walk->server_depth) {
        walk->server = 0;
    }
    if (!directive->opens_block || depth >= BLOCKS_MAX) {
        return;
    }
    walk->blocks[depth] = directive->name;
    if (strcmp(directive->name, "server") == 0) {
        walk->server = ++walk->config->servers;
        walk->server_depth = depth;
    }
}

static void walk_text(struct walk *walk, struct str content, const char *file,
                      struct arena *scratch)
{
    struct nginx_directives directives;
    size_t base = walk->block_count;
    size_t server = walk->server;
    size_t line = 0;
    /* The blocks of Lua are not written in nginx's language, so nothing is known behind them. */
    if (!nginx_parse(scratch, content, &directives, &line) &&
        memmem(content.data, content.length, "_by_lua", strlen("_by_lua")) == NULL) {
        broken_add(walk, "not well formed", file, line);
    }
    for (size_t i = 0; i < directives.count; i++) {
        const struct nginx_directive *directive = &directives.items[i];
        walk_blocks(walk, directive, base);
        streams_note(walk, directive, file);
        if (strcmp(directive->name, "include") == 0) {
            walk_include(walk, directive, file);
        } else {
            references_add(walk, directive, file);
        }
    }
    walk->block_count = base;
    walk->server = server;
}

static bool is_left_out(const struct walk *walk, const char *path)
{
    return text_equal(path, walk->entrances[TREE_MAIN]) ||
           text_equal(path, walk->entrances[TREE_HTTP]) || text_equal(path, walk->skipped);
}

/* from and line: the include that names the path; NULL for the main file. */
static void walk_file(struct walk *walk, const char *path, const char *from, size_t line)
{
    struct str content;
    struct error why;
    AUTO_ARENA scratch = arena_create();
    if (is_left_out(walk, path)) {
        return;
    }
    if (walk->includes == INCLUDES_MAX) {
        broken_add(walk, "includes lead in a circle", from, line);
        return;
    }
    const char *file = arena_strdup(walk->arena, path);
    if (!nginx_file_read(walk->host, path, FILE_MAX_BYTES, scratch, &content, &why)) {
        const char *message = arena_strdup(walk->arena, why.message);
        broken_add(walk, message, from == NULL ? file : from, line);
        return;
    }
    walk->includes++;
    walk_text(walk, content, file, scratch);
    walk->includes--;
}

static struct walk walk_begin(struct host *host, struct arena *arena, struct nginx_config *config)
{
    const struct layout *layout = host->layout;
    *config = (struct nginx_config){0};
    return (struct walk){
        .host = host,
        .arena = arena,
        .config = config,
        .folder = layout->nginx_directory,
        .entrances = {[TREE_MAIN] = tree_entrance(arena, layout, TREE_MAIN).path,
                      [TREE_HTTP] = tree_entrance(arena, layout, TREE_HTTP).path},
        .skipped = nginx_default_site(host, arena),
    };
}

void nginx_config_read(struct host *host, struct arena *arena, struct nginx_config *out_config)
{
    struct walk walk = walk_begin(host, arena, out_config);
    const char *path = arena_printf(arena, "%s/nginx.conf", host->layout->nginx_directory);
    out_config->is_present = nginx_file_exists(host, path);
    if (out_config->is_present) {
        walk_file(&walk, path, NULL, 0);
    }
}

bool nginx_config_read_tree(struct host *host, int tree, struct arena *arena,
                            struct nginx_config *out_config, struct error *err)
{
    struct tree_paths paths;
    struct walk walk = walk_begin(host, arena, out_config);
    if (!tree_walk(tree, arena, &paths, err)) {
        return false;
    }
    for (size_t i = 0; i < paths.count; i++) {
        struct str content;
        AUTO_ARENA scratch = arena_create();
        const char *path = paths.items[i];
        if (!text_ends_with(path, "/main.conf")) {
            if (!file_read(tree, path, FILE_MAX_BYTES, scratch, &content, err)) {
                return false;
            }
            walk.blocks[0] = text_starts_with(path, TREE_STREAMS) ? "stream" : "http";
            walk.block_count =
                text_starts_with(path, "http/") || text_starts_with(path, TREE_STREAMS) ? 1 : 0;
            const char *file = arena_printf(arena, "%s/%s", host->layout->nginx_tree, path);
            walk_text(&walk, content, file, scratch);
        }
    }
    out_config->is_present = true;
    return true;
}
