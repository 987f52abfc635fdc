/* PHP-FPM of a site's own: the service that schemas/php_pool.c has made, and the two files that it
 * reads. What people write goes into the second alone, where it counts as in php.ini; in the first
 * PHP-FPM would put the pool's name in place of $pool. */

#include <string.h>

#include "renderers/ini_text.h"
#include "renderers/service_parts.h"
#include "renderers/site.h"

enum {
    CONFIGURATION_MODE = 0640,
    FOLDER_MODE = 0750,
    RELOAD_SECONDS = 10, /* in which requests may end that were there before; new ones wait */
    LEAST_SHARE = 5,     /* dynamic: one of five children at least waits */
    MOST_SHARE = 2,      /* and at most every second */
};

struct pool {
    struct site *site;
    const struct php_pool_spec *spec;
    const struct size_value *body_max;    /* the largest of the routes that lead here */
    const struct duration_value *timeout; /* the longest */
};

/* Set where nothing is said of the whole by the settings of the pool. */
static bool is_left_to_us(const struct pool *pool, const char *key)
{
    for (size_t i = 0; i < pool->spec->settings.count; i++) {
        if (strcmp(pool->spec->settings.items[i].key.text, key) == 0) {
            return false;
        }
    }
    return true;
}

/* ---- pool.fpm ------------------------------------------------------------------------------ */

static void limit_add(const struct pool *pool, struct ini_text *ini, const char *key,
                      uint64_t bytes, const struct node *node)
{
    if (is_left_to_us(pool, key)) {
        ini_at(ini, node);
        ini_number(ini, arena_printf(pool->site->arena, "php_admin_value[%s]", key), (int64_t)bytes,
                   "");
    }
}

static void processes_add(const struct php_pool_spec *spec, struct ini_text *ini)
{
    static const char *const modes[] = {
        [PHP_ONDEMAND] = "ondemand", [PHP_DYNAMIC] = "dynamic", [PHP_STATIC] = "static"};
    int64_t children = spec->children.number;
    int64_t least = (children + LEAST_SHARE - 1) / LEAST_SHARE;
    int64_t most = (children + MOST_SHARE - 1) / MOST_SHARE;
    ini_at(ini, spec->mode.node);
    ini_value(ini, "pm", modes[spec->mode.index]);
    ini_at(ini, spec->children.node);
    ini_number(ini, "pm.max_children", children, "");
    if (spec->mode.index == PHP_DYNAMIC) {
        ini_number(ini, "pm.start_servers", least, "");
        ini_number(ini, "pm.min_spare_servers", least, "");
        ini_number(ini, "pm.max_spare_servers", most, "");
    }
    if (spec->mode.index == PHP_ONDEMAND) {
        ini_at(ini, spec->idle.node);
        ini_number(ini, "pm.process_idle_timeout", spec->idle.milliseconds / 1000, "s");
    }
    ini_at(ini, spec->requests.node);
    ini_number(ini, "pm.max_requests", spec->requests.number, "");
}

static struct mapped_text pool_text(const struct pool *pool)
{
    const struct php_pool_spec *spec = pool->spec;
    struct ini_text *ini = ini_text_make(pool->site->render->arena);
    const struct duration_value *time = spec->time.node != NULL ? &spec->time : pool->timeout;
    ini_comment(ini, "Written by reconcile: what is changed here is put back.");
    ini_section(ini, "global");
    ini_value(ini, "error_log", "syslog");
    ini_value(ini, "syslog.ident", spec->name);
    ini_number(ini, "process_control_timeout", RELOAD_SECONDS, "s");
    ini_number(ini, "systemd_interval", 0, ""); /* it would wake up for each */
    ini_section(ini, spec->name);
    ini_value(ini, "listen", spec->service->socket.text);
    ini_value(ini, "listen.mode", "0660");
    processes_add(spec, ini);
    ini_at(ini, time->node);
    ini_number(ini, "request_terminate_timeout", (time->milliseconds + 999) / 1000, "s");
    ini_at(ini, NULL);
    ini_value(ini, "clear_env", "no"); /* it is the unit's, and made for this */
    ini_value(ini, "catch_workers_output", "yes");
    ini_value(ini, "decorate_workers_output", "no");
    limit_add(pool, ini, "memory_limit", spec->memory.request.bytes, spec->memory.request.node);
    limit_add(pool, ini, "post_max_size", pool->body_max->bytes, pool->body_max->node);
    limit_add(pool, ini, "upload_max_filesize", pool->body_max->bytes, pool->body_max->node);
    return ini_text_finish(ini);
}

/* ---- settings.ini --------------------------------------------------------------------------- */

static void setting_add(const struct pool *pool, struct ini_text *ini, const char *key,
                        const char *value)
{
    if (is_left_to_us(pool, key)) {
        ini_value(ini, key, value);
    }
}

/* No open_basedir: the sandbox shows nothing else, scripts cannot get around it, and PHP's cache of
 * paths goes on working. Regular expressions are compiled to memory that is written and executed,
 * which only `harden: {jit: true}` permits; without the setting PHP complains at each. */
static struct mapped_text settings_text(const struct pool *pool)
{
    const struct php_pool_spec *spec = pool->spec;
    struct ini_text *ini = ini_text_make(pool->site->render->arena);
    ini_comment(ini, "Written by reconcile: what is changed here is put back.");
    setting_add(pool, ini, "error_log", "syslog");
    setting_add(pool, ini, "syslog.ident", spec->name);
    setting_add(pool, ini, "expose_php", "0");
    setting_add(pool, ini, "session.save_path",
                arena_printf(pool->site->arena, "/var/lib/%s/sessions", spec->name));
    setting_add(pool, ini, "session.gc_probability", "1"); /* Debian's cron job looks elsewhere */
    if (spec->harden.level.index == HARDEN_STRICT && !spec->harden.jit.is_true) {
        setting_add(pool, ini, "pcre.jit", "0");
    }
    for (size_t i = 0; i < spec->settings.count; i++) {
        const struct text_pair *pair = &spec->settings.items[i];
        ini_at(ini, pair->value.node);
        ini_value(ini, pair->key.text, pair->value.text);
    }
    return ini_text_finish(ini);
}

/* ---- Items ---------------------------------------------------------------------------------- */

static const char *file_add(const struct pool *pool, const char *name, struct mapped_text text)
{
    const struct site *site = pool->site;
    const struct render *render = site->render;
    struct file_item *file = arena_new(render->arena, struct file_item);
    file->text = text;
    file->mode = CONFIGURATION_MODE;
    if (render->layout->manages_users) {
        file->group = pool->spec->service->group.text;
    }
    const char *path = arena_printf(render->arena, "%s/%s", pool->spec->folder, name);
    item_add(render->arena, render->items, ITEM_FILE, path, site->document,
             pool->spec->object.node->span, file);
    return path;
}

static void folder_add(const struct pool *pool)
{
    const struct site *site = pool->site;
    const struct render *render = site->render;
    struct directory_item *directory = arena_new(render->arena, struct directory_item);
    directory->mode = FOLDER_MODE;
    if (render->layout->manages_users) {
        directory->owner = "root";
        directory->group = pool->spec->service->group.text;
    }
    item_add(render->arena, render->items, ITEM_DIRECTORY, pool->spec->folder, site->document,
             pool->spec->object.node->span, directory);
}

/* What the routes ask for that lead to this pool. */
static void take_route(struct pool *pool, const struct route_spec *now)
{
    if (pool->body_max == NULL || now->body_max.bytes > pool->body_max->bytes) {
        pool->body_max = &now->body_max;
    }
    if (pool->timeout == NULL || now->timeout.milliseconds > pool->timeout->milliseconds) {
        pool->timeout = &now->timeout;
    }
}

static void pool_add(struct site *site, const struct php_pool_spec *spec)
{
    struct pool pool = {
        .site = site,
        .spec = spec,
    };
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route_spec *now = site->routes[i].now;
        if (now->handler == ROUTE_PHP && now->php->own.service == spec->service) {
            take_route(&pool, now);
        }
    }
    folder_add(&pool);
    const char **files = arena_array(site->render->arena, 3, sizeof(*files));
    files[0] = file_add(&pool, "pool.fpm", pool_text(&pool));
    files[1] = file_add(&pool, "settings.ini", settings_text(&pool));
    service_items_add(site->render, site->document, spec->name, spec->service, files);
}

void site_php_add(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route_spec *own = site->routes[i].own;
        if (own->handler == ROUTE_PHP && own->php->own.service != NULL) {
            pool_add(site, &own->php->own);
        }
    }
}
