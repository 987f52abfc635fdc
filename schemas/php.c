/* The rows of `php`. */

#include "schemas/php.h"

#include <string.h>

#include "base/str.h"
#include "schemas/site_syntax.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- Forms of text -------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "8.2": as Debian names its packages. */
static bool check_version(const char *text)
{
    return is_digit(text[0]) && text[1] == '.' && is_digit(text[2]) &&
           (text[3] == '\0' || (is_digit(text[3]) && text[4] == '\0'));
}

static const struct syntax syntax_php_version = {
    .name = N_("a version of PHP, as \"8.2\""),
    .pattern = "^[0-9]\\.[0-9]{1,2}$",
    .example = "8.2",
    .check = check_version,
};

static bool check_front(const char *text)
{
    return strcmp(text, "false") == 0 ||
           (syntax_static_folder.check(text) && text_ends_with(text, ".php"));
}

static const struct syntax syntax_front = {
    .name = N_("false, or the path of a script, as /index.php"),
    .pattern = "^(false|/.*\\.php)$",
    .example = "/index.php",
    .check = check_front,
};

/* ---- Rows ----------------------------------------------------------------------------------- */

// clang-format off
static const struct field php_fields[] = {
    FIELD(struct php_spec, root, .is_required = true, .syntax = &syntax_static_folder,
          .help = "The folder that files and scripts are in."),
    FIELD(struct php_spec, version, .syntax = &syntax_php_version,
          .fallback_note = "the host's default",
          .help = "Whose PHP-FPM runs the scripts, as Debian installs it: /run/php/phpVERSION-fpm.sock.",
          .example = "version: \"8.2\"\n"
                     "root: /srv/blog"),
    FIELD_NAMED(struct php_spec, own, "pool", .object = &php_pool_schema,
          .fallback_note = "PHP-FPM of the host",
          .help = "A PHP-FPM of its own, which runs as a service in a sandbox and under an account of "
                  "its own: true, or what its processes may use and change.",
          .example = "pool: { children: 20, memory: 256m, write: /srv/blog/uploads }\n"
                     "version: \"8.2\"\n"
                     "root: /srv/blog"),
    FIELD_NAMED(struct php_spec, pool.to, "to", .object = &backend_schema, .count_most = 200,
          .fallback_note = "PHP-FPM of the host",
          .help = "Where PHP-FPM listens, if not where Debian's does: a service of ours, a socket, an "
                  "address.",
          .example = "to: [10.0.0.5:9000, 10.0.0.6:9000]\n"
                     "root: /srv/blog"),
    FIELD_NAMED(struct php_spec, pool.connect_timeout, "connect_timeout", .fallback = "5s", .least = 1,
          .most = 75 * 1000,
          .help = "How long it may take to accept a connection."),
    FIELD(struct php_spec, front, .syntax = &syntax_front, .fallback_note = "index.php of the path",
          .help = "The script that answers for all paths without a file; false: 404."),
    FIELD(struct php_spec, only_front, .fallback = "false",
          .help = "No other script is run: 404. For frameworks that have one entrance."),
    FIELD(struct php_spec, path_info, .fallback = "false",
          .help = "What stands behind a script in the path is told to the script: /index.php/a/b runs "
                  "index.php with PATH_INFO /a/b. For applications that have such paths, as Nextcloud "
                  "and Moodle."),
    FIELD(struct php_spec, params, .key_syntax = &syntax_variable, .syntax = &syntax_header_value,
          .count_most = 64,
          .help = "Further parameters, beside the usual ones, with the variables that values of "
                  "request_headers may name."),
};
// clang-format on

const struct schema php_schema = {
    .name = "php",
    .size = sizeof(struct php_spec),
    .fields = php_fields,
    .field_count = COUNT(php_fields),
    .shorthand = "root",
    .help = "Files, and scripts that PHP-FPM runs.",
};

/* ---- Checks --------------------------------------------------------------------------------- */

static void fill_in_address(struct check *check, struct php_spec *php)
{
    struct backend_spec *backend = arena_new(check->arena, struct backend_spec);
    if (php->own.service != NULL) {
        backend->address.text =
            arena_printf(check->arena, "unix:%s", php->own.service->socket.text);
    } else {
        backend->address.text =
            php->version.text == NULL
                ? "unix:/run/php/php-fpm.sock"
                : arena_printf(check->arena, "unix:/run/php/php%s-fpm.sock", php->version.text);
    }
    backend->address.node = php->version.node;
    backend->weight.number = 1;
    backend->failures.number = 1;
    php->pool.to.items = backend;
    php->pool.to.count = 1;
}

const struct php_spec *php_check(struct check *check, const struct php_spec *written,
                                 const char *field)
{
    if (written->pool.object.node == NULL) {
        return written;
    }
    struct php_spec *php = arena_new(check->arena, struct php_spec);
    *php = *written;
    if (php->pool.to.node != NULL && php->version.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, php->version.node, field, "to", "version")
            ->second = php->pool.to.node->span;
    }
    if (php->pool.to.node != NULL && php_pool_is_on(&php->own)) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, php->own.object.node, field, "to", "pool")
            ->second = php->pool.to.node->span;
    } else {
        php_pool_check(check, &php->own, &php->root, &php->version,
                       field_below(check, field, "pool"));
    }
    if (php->only_front.is_true && php->front.text != NULL &&
        strcmp(php->front.text, "false") == 0) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, php->only_front.node, field, "front: false",
                  "only_front")
            ->second = php->front.node->span;
    }
    if (php->pool.to.node == NULL) {
        fill_in_address(check, php);
    }
    return php;
}
