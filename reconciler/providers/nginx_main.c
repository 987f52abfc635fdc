/* A main nginx.conf like the one that Debian 12 installs: the same includes at the same levels, and
 * the same directives already taken at http level, so that a tree which passes here passes there.
 */

#include "providers/nginx.h"

#include <string.h>

#include "base/text.h"

static const char *const types[] = {
    "text/html html htm shtml",
    "text/css css",
    "text/plain txt",
    "text/xml xml",
    "application/javascript js mjs",
    "application/json json",
    "application/pdf pdf",
    "application/wasm wasm",
    "application/xhtml+xml xhtml",
    "application/zip zip",
    "font/woff woff",
    "font/woff2 woff2",
    "image/avif avif",
    "image/gif gif",
    "image/jpeg jpeg jpg",
    "image/png png",
    "image/svg+xml svg svgz",
    "image/webp webp",
    "image/x-icon ico",
    "video/mp4 mp4",
    "video/webm webm",
};

/* The folders that are compiled in belong to root. */
static void temporary_paths(struct text *text, const struct layout *layout)
{
    static const char *const names[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        text_line(text, "    %s_temp_path %s/%s;", names[i], layout->nginx_cache, names[i]);
    }
}

const char *nginx_types_text(struct arena *arena)
{
    struct text text = text_make(arena);
    text_line(&text, "types {");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        text_line(&text, "    %s;", types[i]);
    }
    text_line(&text, "}");
    return text_str(&text).data;
}

const char *nginx_main_text(struct arena *arena, const struct layout *layout)
{
    struct text text = text_make(arena);
    bool is_system = strcmp(layout->nginx_directory, "/etc/nginx") == 0;
    if (is_system) {
        text_line(&text, "user www-data;");
    }
    text_line(&text, "worker_processes auto;");
    text_line(&text, "pid %s;", layout->nginx_pid);
    text_line(&text, "error_log %s/error.log;", layout->nginx_log);
    text_line(&text, "include %s/modules-enabled/*.conf;", layout->nginx_directory);
    text_line(&text, "events {");
    text_line(&text, "    worker_connections 768;");
    text_line(&text, "}");
    text_line(&text, "http {");
    text_line(&text, "    sendfile on;");
    text_line(&text, "    tcp_nopush on;");
    text_line(&text, "    types_hash_max_size 2048;");
    text_add(&text, nginx_types_text(arena));
    text_line(&text, "    default_type application/octet-stream;");
    text_line(&text, "    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;");
    text_line(&text, "    ssl_prefer_server_ciphers on;");
    text_line(&text, "    access_log %s/access.log;", layout->nginx_log);
    text_line(&text, "    gzip on;");
    if (!is_system) {
        temporary_paths(&text, layout);
    }
    text_line(&text, "    include %s/conf.d/*.conf;", layout->nginx_directory);
    text_line(&text, "    include %s/sites-enabled/*;", layout->nginx_directory);
    text_line(&text, "}");
    return text_str(&text).data;
}
