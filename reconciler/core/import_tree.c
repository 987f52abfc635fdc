/* Texts become one tree. Files that distributions ship for inclusion are known here, so that a
 * configuration can be read on another machine than its own. */

#include "core/import_tree.h"

#include "base/utf8.h"
#include "model/nginx_syntax.h"

enum { INCLUDE_DEPTH_MOST = 16, NODES_MOST = 200000 };

/* Only ends of names are compared: /etc/nginx/fastcgi.conf is fastcgi.conf. */
#define PARAMS(directive)                                                                          \
    directive                                                                                      \
        " QUERY_STRING $query_string;\n" directive " REQUEST_METHOD $request_method;\n" directive  \
        " CONTENT_TYPE $content_type;\n" directive " CONTENT_LENGTH $content_length;\n" directive  \
        " REQUEST_URI $request_uri;\n" directive " DOCUMENT_ROOT $document_root;\n" directive      \
        " SERVER_PROTOCOL $server_protocol;\n" directive " REQUEST_SCHEME $scheme;\n" directive    \
        " HTTPS $https if_not_empty;\n" directive " REMOTE_ADDR $remote_addr;\n" directive         \
        " REMOTE_PORT $remote_port;\n" directive " SERVER_PORT $server_port;\n" directive          \
        " SERVER_NAME $server_name;\n"
#define FASTCGI_PARAMS                                                                             \
    PARAMS("fastcgi_param")                                                                        \
    "fastcgi_param SCRIPT_NAME $fastcgi_script_name;\n"                                            \
    "fastcgi_param DOCUMENT_URI $document_uri;\n"                                                  \
    "fastcgi_param GATEWAY_INTERFACE CGI/1.1;\n"                                                   \
    "fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;\n"                                        \
    "fastcgi_param SERVER_ADDR $server_addr;\n"                                                    \
    "fastcgi_param REMOTE_USER $remote_user;\n"                                                    \
    "fastcgi_param REDIRECT_STATUS 200;\n"
#define FASTCGI_CONF                                                                               \
    "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;\n" FASTCGI_PARAMS

// clang-format off
static const struct {
    const char *name;
    const char *text;
} shipped[] = {
    {"mime.types",     ""},
    {"fastcgi_params", FASTCGI_PARAMS},
    {"fastcgi.conf",   FASTCGI_CONF},
    {"uwsgi_params",   PARAMS("uwsgi_param") "uwsgi_param PATH_INFO $document_uri;\n"},
    {"scgi_params",    PARAMS("scgi_param")},
    {"proxy_params",
     "proxy_set_header Host $http_host;\n"
     "proxy_set_header X-Real-IP $remote_addr;\n"
     "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
     "proxy_set_header X-Forwarded-Proto $scheme;\n"},
    {"snippets/fastcgi-php.conf",
     "fastcgi_split_path_info ^(.+?\\.php)(/.*)$;\n"
     "try_files $fastcgi_script_name =404;\n"
     "set $path_info $fastcgi_path_info;\n"
     "fastcgi_param PATH_INFO $path_info;\n"
     "fastcgi_index index.php;\n" FASTCGI_CONF},
};
// clang-format on

struct tree_reader {
    struct arena *arena;
    const struct import_door *door;
    struct error *err;
    size_t depth; /* of includes */
    size_t count;
};

/* ---- Questions ------------------------------------------------------------------------------ */

bool import_is(const struct import_node *node, const char *name)
{
    return strcmp(node->name, name) == 0;
}

const struct import_node *import_find(const struct import_nodes *nodes, const char *name)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (import_is(nodes->items[i], name)) {
            return nodes->items[i];
        }
    }
    return NULL;
}

const char *import_word(const struct import_node *node, size_t i)
{
    return i < node->word_count ? node->words[i] : "";
}

bool import_says(const struct import_node *node, const char *word)
{
    return node->word_count == 1 && strcmp(node->words[0], word) == 0;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/* What no YAML of ours may hold. */
static bool is_writable(uint32_t code)
{
    bool is_blank = code == '\t' || code == '\n' || code == '\r';
    return is_blank || !(utf8_is_control(code) || utf8_is_bidi_control(code));
}

static bool check_bytes(struct tree_reader *reader, const struct import_file *file)
{
    size_t line = 1;
    for (size_t at = 0; at < file->text.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(file->text, at, &code);
        if (length == 0) {
            return error_set(reader->err, ERROR_FORMAT, "%s:%zu: this is not UTF-8", file->path,
                             line);
        }
        if (!is_writable(code)) {
            return error_set(reader->err, ERROR_FORMAT, "%s:%zu: a control character", file->path,
                             line);
        }
        line += code == '\n';
        at += length;
    }
    return true;
}

/* ---- Tree ----------------------------------------------------------------------------------- */

static bool read_file(struct tree_reader *reader, const struct import_file *file,
                      struct import_nodes *out);

static const struct import_file *find_shipped(struct arena *arena, const char *pattern)
{
    for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
        bool is_whole = strcmp(pattern, shipped[i].name) == 0;
        if (is_whole || text_ends_with(pattern, arena_printf(arena, "/%s", shipped[i].name))) {
            struct import_file *file = arena_new(arena, struct import_file);
            *file = (struct import_file){pattern, str_of(shipped[i].text)};
            return file;
        }
    }
    return NULL;
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

/* out_found: whether anything stands for it; a pattern without a file is nothing, and no loss. */
static bool read_include(struct tree_reader *reader, const struct import_node *node,
                         struct import_nodes *out, bool *out_found)
{
    const char *pattern = import_word(node, 0);
    const struct import_file *known = find_shipped(reader->arena, pattern);
    if (known != NULL) {
        *out_found = true;
        return read_file(reader, known, out);
    }
    struct import_files files = {0};
    if (!reader->door->open(reader->door->context, pattern, &files, reader->err)) {
        return error_wrap(reader->err, "%s:%zu", node->file, node->line);
    }
    *out_found = files.count > 0 || is_pattern(pattern);
    for (size_t i = 0; i < files.count; i++) {
        if (!read_file(reader, &files.items[i], out)) {
            return false;
        }
    }
    return true;
}

static struct import_node *node_of(struct tree_reader *reader, const struct import_file *file,
                                   const struct nginx_directive *directive)
{
    struct import_node *node = arena_new(reader->arena, struct import_node);
    *node = (struct import_node){
        .name = directive->name,
        .words = directive->arguments,
        .word_count = directive->argument_count,
        .file = file->path,
        .line = directive->line,
        .text = {file->text.data + directive->first, directive->end - directive->first},
        .head = directive->body - directive->first,
        .is_block = directive->opens_block,
    };
    return node;
}

/* A carriage return that an escape has made, which no YAML of ours may hold. */
static bool has_return(const struct import_node *node)
{
    bool has = strchr(node->name, '\r') != NULL;
    for (size_t i = 0; i < node->word_count; i++) {
        has |= strchr(node->words[i], '\r') != NULL;
    }
    return has;
}

/* Directives from *at on that stand at this depth. */
static bool read_level(struct tree_reader *reader, const struct import_file *file,
                       const struct nginx_directives *directives, size_t *at,
                       struct import_nodes *out)
{
    size_t depth = *at < directives->count ? directives->items[*at].depth : 0;
    while (*at < directives->count && directives->items[*at].depth == depth) {
        const struct nginx_directive *directive = &directives->items[(*at)++];
        struct import_node *node = node_of(reader, file, directive);
        if (has_return(node)) {
            return error_set(reader->err, ERROR_FORMAT, "%s:%zu: a control character", file->path,
                             node->line);
        }
        if (++reader->count > NODES_MOST) {
            return error_set(reader->err, ERROR_LIMIT, "%s:%zu: too many directives", file->path,
                             node->line);
        }
        bool is_included = false;
        if (import_is(node, "include") && node->word_count == 1 && !node->is_block &&
            !read_include(reader, node, out, &is_included)) {
            return false;
        }
        bool has_inside =
            node->is_block && *at < directives->count && directives->items[*at].depth > depth;
        if (has_inside && !read_level(reader, file, directives, at, &node->children)) {
            return false;
        }
        if (!is_included) {
            vec_add(reader->arena, out, node);
        }
    }
    return true;
}

static bool read_file(struct tree_reader *reader, const struct import_file *file,
                      struct import_nodes *out)
{
    struct nginx_directives directives;
    size_t line = 0;
    size_t at = 0;
    if (!check_bytes(reader, file)) {
        return false;
    }
    if (!nginx_parse(reader->arena, file->text, &directives, &line)) {
        return error_set(reader->err, ERROR_FORMAT, "%s:%zu: this is no nginx configuration",
                         file->path, line);
    }
    if (reader->depth == INCLUDE_DEPTH_MOST) {
        return error_set(reader->err, ERROR_LIMIT, "%s:%d: files include each other too deeply",
                         file->path, 1);
    }
    reader->depth++;
    bool is_read = read_level(reader, file, &directives, &at, out);
    reader->depth--;
    return is_read;
}

bool import_tree_read(struct arena *arena, const struct import_files *files,
                      const struct import_door *door, struct import_nodes *out_nodes,
                      struct error *err)
{
    struct tree_reader reader = {.arena = arena, .door = door, .err = err};
    *out_nodes = (struct import_nodes){0};
    for (size_t i = 0; i < files->count; i++) {
        if (!read_file(&reader, &files->items[i], out_nodes)) {
            return false;
        }
    }
    return true;
}
