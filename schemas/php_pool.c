/* The rows of `php.pool`, and the service that such a pool is: a PHP-FPM of its own with one pool,
 * in the sandbox that every service has. A file for the packaged PHP-FPM would be less work, but
 * there one wrong line keeps the pools of all sites from starting, and its sites see each other. */

#include "schemas/php_pool.h"

#include <ctype.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"
#include "model/layout.h"
#include "model/unit_item.h"
#include "schemas/schema.h"
#include "schemas/service_parts.h"
#include "schemas/service_syntax.h"
#include "schemas/site_syntax.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum {
    ACCOUNT_MOST = 31, /* characters of an account's name */
    NAME_DIGITS = 10,  /* of a digest, in names that would not be unique otherwise */
    NAME_KEPT = 15,    /* characters before these digits */
    POOL_UMASK = 0022, /* nginx serves what PHP was given to keep */
    STATE_MODE = 0700,
};

/* ---- Forms of text -------------------------------------------------------------------------- */

/* zend_extension, opcache.memory_consumption, date.timezone */
static bool check_setting(const char *text)
{
    size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return isalpha((unsigned char)text[0]) && text[length] == '\0' && length <= 100;
}

static const struct syntax syntax_setting = {
    .name = N_("the name of a setting of php.ini"),
    .pattern = "^[A-Za-z][A-Za-z0-9_.-]{0,99}$",
    .example = "upload_max_filesize",
    .check = check_setting,
};

/* ---- Rows ----------------------------------------------------------------------------------- */

static const char *const modes[] = {"ondemand", "dynamic", "static", NULL};

// clang-format off
static const struct field memory_fields[] = {
    FIELD(struct php_memory, request, .fallback = "128m", .least = 1 << 20,
          .help = "Most memory of one request; scripts cannot raise it."),
    FIELD(struct php_memory, max, .least = 1 << 24,
          .help = "Most memory of the whole pool: more than this is refused."),
    FIELD(struct php_memory, high, .least = 1 << 24,
          .help = "Above this the whole pool is slowed down."),
};
static const struct schema memory_schema = {
    .name = "php.pool.memory", .size = sizeof(struct php_memory),
    .fields = memory_fields, .field_count = COUNT(memory_fields), .shorthand = "request",
    .help = "Limits of memory.",
};

static const struct field fields[] = {
    FIELD(struct php_pool_spec, on, .fallback = "true",
          .help = "false: PHP-FPM of the host runs the scripts."),
    FIELD(struct php_pool_spec, children, .fallback = "10", .least = 1, .most = 10000,
          .help = "How many requests are worked on at the same time; others wait."),
    FIELD(struct php_pool_spec, mode, .choices = modes, .fallback = "ondemand",
          .help = "When processes are there: ondemand while there are requests, dynamic some at any "
                  "time and more when needed, static all at any time."),
    FIELD(struct php_pool_spec, idle, .fallback = "30s", .least = 1000, .most = 24 * 3600 * 1000,
          .help = "Of mode ondemand: after what time a process ends that has nothing to do."),
    FIELD(struct php_pool_spec, requests, .fallback = "1000", .most = 1000000000,
          .help = "After so many requests a process makes place for a new one, so that leaks stay "
                  "small; 0: never."),
    FIELD(struct php_pool_spec, time, .least = 1000, .most = 24 * 3600 * 1000,
          .fallback_note = "the timeout of the site",
          .help = "Longest time of one request; then its process is ended."),
    FIELD(struct php_pool_spec, memory, .object = &memory_schema,
          .help = "Most memory of one request, or of the pool too."),
    FIELD(struct php_pool_spec, settings, .key_syntax = &syntax_setting, .syntax = &syntax_line,
          .count_most = 200,
          .fallback_note = "post_max_size and upload_max_filesize: body_max of the site",
          .help = "Settings as in php.ini, of this pool alone."),
    FIELD(struct php_pool_spec, env, .key_syntax = &syntax_variable, .syntax = &syntax_any,
          .hides_source = true, .count_most = 500,
          .help = "Environment variables of the scripts. For passwords and keys use secrets."),
    FIELD(struct php_pool_spec, secrets, .syntax = &syntax_name, .count_most = 100,
          .help = "Secrets of the host that the scripts may read, as files below "
                  "$CREDENTIALS_DIRECTORY."),
    FIELD(struct php_pool_spec, write, .syntax = &syntax_service_path, .count_most = 100,
          .help = "Folders that scripts may write to, such as that of uploads. They must exist and "
                  "belong to the pool's account; all else is read-only."),
    FIELD(struct php_pool_spec, user, .syntax = &syntax_user,
          .fallback_note = "a system account of its own",
          .help = "An existing account that the scripts run as."),
    FIELD(struct php_pool_spec, harden, .object = &harden_schema,
          .help = "The sandbox, and what is widened."),
};
// clang-format on

const struct schema php_pool_schema = {
    .name = "php.pool",
    .size = sizeof(struct php_pool_spec),
    .fields = fields,
    .field_count = COUNT(fields),
    .shorthand = "on",
    .help = "PHP-FPM of its own.",
};

/* ---- Names ---------------------------------------------------------------------------------- */

static char name_character(char c)
{
    return c == '.' ? '_' : (char)tolower((unsigned char)c);
}

/* blog.example.test -> blog_example_test; false: other names would become the same. */
static bool name_add(struct text *text, const char *name)
{
    bool is_unique = true;
    for (const char *c = name; *c != '\0'; c++) {
        is_unique = is_unique && !isupper((unsigned char)*c) && *c != '_';
        text_add_char(text, name_character(*c));
    }
    return is_unique;
}

/* One name for unit, account and folders, which an account's name can be at most. */
static const char *pool_name(struct check *check, const char *field)
{
    struct text text = text_make(check->arena);
    bool is_unique = name_add(&text, check->document->name);
    bool is_site = strcmp(field, "php.pool") == 0;
    const char *name = arena_printf(check->arena, "php-%s", text.data);
    if (is_unique && is_site && strlen(name) <= ACCOUNT_MOST) {
        return name;
    }
    char hex[DIGEST_HEX_SIZE];
    digest_hex(str_of(arena_printf(check->arena, "%s %s", check->document->name, field)), hex);
    return arena_printf(check->arena, "php-%.*s-%.*s", NAME_KEPT, text.data, NAME_DIGITS, hex);
}

/* ---- The service ---------------------------------------------------------------------------- */

static const char *const *words_make(struct arena *arena, const char *const *words, size_t count)
{
    const char **copy = arena_array(arena, count + 1, sizeof(*copy));
    memcpy(copy, words, count * sizeof(*copy));
    return copy;
}

static struct argv_value argv_make(struct arena *arena, const char *const *words, size_t count,
                                   const struct node *node)
{
    return (struct argv_value){words_make(arena, words, count), count, node};
}

static const struct text_value *texts_make(struct arena *arena, const char *const *words,
                                           size_t count)
{
    struct text_value *texts = arena_array(arena, count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        texts[i].text = words[i];
    }
    return texts;
}

static const char *folder_of(const struct check *check, const char *name)
{
    const struct layout fallback = layout_debian12();
    const struct layout *layout = check->layout != NULL ? check->layout : &fallback;
    return arena_printf(check->arena, "%s/%s.d", layout->environment, name);
}

/* nginx alone may connect. The account is not in nginx's group, so that scripts see nothing of what
 * that may read (password files); root gives it the socket, and follows no link on the way. */
static void fill_socket(struct check *check, struct service_spec *service, const char *name)
{
    service->socket.text = arena_printf(check->arena, "/run/%s/php.sock", name);
    if (check->layout == NULL || !check->layout->manages_users) {
        return;
    }
    const char *const words[] = {"/usr/bin/chgrp", "--no-dereference", check->layout->nginx_group,
                                 service->socket.text};
    struct service_command *command = arena_new(check->arena, struct service_command);
    command->command = argv_make(check->arena, words, COUNT(words), NULL);
    command->as_root.is_true = true;
    service->run.after = (struct object_list){.items = command, .count = 1};
}

static void fill_run(struct check *check, struct service_spec *service, const char *version,
                     const char *folder, const struct node *node)
{
    const char *program = arena_printf(check->arena, "/usr/sbin/php-fpm%s", version);
    const char *file = arena_printf(check->arena, "%s/pool.fpm", folder);
    const char *const start[] = {program, "--nodaemonize", "--fpm-config", file};
    const char *const test[] = {program, "--test", "--fpm-config", file};
    const char *const reload[] = {"SIGUSR2"};
    service->run.start = argv_make(check->arena, start, COUNT(start), node);
    service->run.test = argv_make(check->arena, test, COUNT(test), node);
    service->run.reload = argv_make(check->arena, reload, COUNT(reload), node);
    service->package = arena_printf(check->arena, "php%s-fpm", version);
    service->type.index = SERVICE_NOTIFY;
    service->kill.mode.index = KILL_MIXED;
    service->kill.signal.text = "SIGQUIT"; /* requests that are worked on are finished */
    service->health.check.text = "tcp";
}

/* What PHP-FPM reads from its environment counts for it alone: a folder of settings behind those of
 * the host. systemd reads the variables only at a start. */
static void fill_environment(struct check *check, const struct php_pool_spec *pool,
                             struct service_spec *service)
{
    struct text_pair *pairs = arena_array(check->arena, pool->env.count + 1, sizeof(*pairs));
    pairs[0].key.text = "PHP_INI_SCAN_DIR";
    pairs[0].value.text = arena_printf(check->arena, ":%s", pool->folder);
    for (size_t i = 0; i < pool->env.count; i++) {
        pairs[i + 1] = pool->env.items[i];
    }
    service->env = (struct text_map){pairs, pool->env.count + 1, pool->env.node};
    service->secrets = pool->secrets;
    service->on_change.index =
        pool->env.count + pool->secrets.count > 0 ? UNIT_CHANGE_RESTART : UNIT_CHANGE_RELOAD;
}

/* "/srv/blog" of "/srv/blog/public", where the code beside what is public stands; the folder itself
 * where it does not lie below one that holds many sites. */
static const char *application_of(struct check *check, const char *root)
{
    static const char *const shared[] = {"/srv/", "/var/www/"};
    for (size_t i = 0; i < COUNT(shared); i++) {
        if (text_starts_with(root, shared[i])) {
            size_t above = strlen(shared[i]);
            return arena_strndup(check->arena, root, above + strcspn(root + above, "/"));
        }
    }
    return root;
}

/* Scripts see nothing of other sites, whatever the permissions of files say; unless their own
 * application is one of the folders with all sites itself. */
static void fill_hidden(struct check *check, const char *application, struct text_list *hide)
{
    static const char *const folders[] = {"/srv", "/var/www"};
    struct text_value *hidden = arena_array(check->arena, COUNT(folders), sizeof(*hidden));
    hide->items = hidden;
    for (size_t i = 0; i < COUNT(folders); i++) {
        if (strcmp(folders[i], application) != 0) {
            hidden[hide->count++].text = folders[i];
        }
    }
}

static void fill_sandbox(struct check *check, const struct php_pool_spec *pool,
                         const struct text_value *root, struct service_spec *service)
{
    const char *application = application_of(check, root->text);
    service->harden = pool->harden;
    service->write = pool->write;
    if (pool->harden.hide.node == NULL && pool->harden.level.index == HARDEN_STRICT) {
        fill_hidden(check, application, &service->harden.hide);
    }
    struct text_value *shown =
        arena_array(check->arena, pool->harden.show.count + 1, sizeof(*shown));
    shown[0] = (struct text_value){application, root->node};
    for (size_t i = 0; i < pool->harden.show.count; i++) {
        shown[i + 1] = pool->harden.show.items[i];
    }
    service->harden.show.items = shown;
    service->harden.show.count = pool->harden.show.count + 1;
}

static void fill_account(struct check *check, const struct php_pool_spec *pool,
                         struct service_spec *service)
{
    const char *const folders[] = {pool->name,
                                   arena_printf(check->arena, "%s/sessions", pool->name)};
    service->user = pool->user;
    if (service->user.text == NULL) {
        service->user.text = pool->name;
    }
    service->group.text = service->user.text;
    service->state.names.items = texts_make(check->arena, folders, COUNT(folders));
    service->state.names.count = COUNT(folders);
    service->state.mode.bits = STATE_MODE;
    service->umask.bits = POOL_UMASK;
}

static void make_service(struct check *check, struct php_pool_spec *pool,
                         const struct text_value *root, const struct text_value *version,
                         const char *field)
{
    struct service_spec *service = arena_new(check->arena, struct service_spec);
    field_decode(check, &service_schema, NULL, service);
    pool->name = pool_name(check, field);
    pool->service = service;
    pool->folder = folder_of(check, pool->name);
    service->common.description.text =
        arena_printf(check->arena, "PHP %s of site %s", version->text, check->document->name);
    fill_socket(check, service, pool->name);
    fill_run(check, service, version->text, pool->folder, pool->object.node);
    fill_environment(check, pool, service);
    fill_sandbox(check, pool, root, service);
    fill_account(check, pool, service);
    service->memory.max = pool->memory.max;
    service->memory.high = pool->memory.high;
}

/* ---- Checks --------------------------------------------------------------------------------- */

bool php_pool_is_on(const struct php_pool_spec *pool)
{
    return pool->object.node != NULL && pool->on.is_true;
}

void php_pool_check(struct check *check, struct php_pool_spec *pool, const struct text_value *root,
                    const struct text_value *version, const char *field)
{
    if (!php_pool_is_on(pool) || root->text == NULL) {
        return; /* without a root it was reported */
    }
    if (version->text == NULL) {
        check_add(check, DIAGNOSTIC_SITE_POOL_VERSION, pool->object.node, field, NULL, NULL);
        return;
    }
    make_service(check, pool, root, version, field);
    if (!syntax_shown_path.check(root->text)) {
        check_add(check, DIAGNOSTIC_BAD_VALUE, root->node, field, root->text,
                  syntax_shown_path.name);
    }
    service_check_visible(check, pool->service, root, field);
    for (size_t i = 0; i < pool->write.count; i++) {
        service_check_visible(check, pool->service, &pool->write.items[i], field);
    }
}
