/* A service becomes an account, folders that hold its data, an environment file, a unit file and
 * the state of that unit. What the unit says is in service_unit.c and service_sandbox.c. */

#include "renderers/service_parts.h"

#include <assert.h>

#include "renderers/environment_text.h"

enum { ENVIRONMENT_MODE = 0640, UNIT_MODE = 0644 };

VEC(path_list, const char *);

const char *const *text_list_words(struct arena *arena, const struct text_list *list)
{
    const char **words = arena_array(arena, list->count + 1, sizeof(*words));
    for (size_t i = 0; i < list->count; i++) {
        words[i] = list->items[i].text;
    }
    return words;
}

static struct span node_span(const struct node *node)
{
    return node == NULL ? SPAN_NONE : node->span;
}

static struct item *add_item(const struct service *service, const char *type, const char *id,
                             const struct node *node, const void *wanted)
{
    return item_add(service->render->arena, service->render->items, type, id, service->document,
                    node_span(node), wanted);
}

static void render_account(const struct service *service)
{
    if (!service_has_own_account(service->spec) || !service->render->layout->manages_users) {
        return;
    }
    struct arena *arena = service->render->arena;
    struct user_item *user = arena_new(arena, struct user_item);
    user->home = "/nonexistent";
    user->description = arena_printf(arena, "Service %s", service->name);
    add_item(service, ITEM_USER, service->spec->user.text, NULL, user)->has_data = true;
}

/* systemd makes the folders too, and gives the service access to them. As items they are kept
 * right between two starts, and listed as left over when the service is gone. Below another folder
 * of the service they are left to systemd: root makes nothing where somebody else may write. */
static void render_folders(const struct service *service, const struct service_folders *folders,
                           const char *parent)
{
    struct arena *arena = service->render->arena;
    if (!service->render->layout->manages_users) {
        return;
    }
    for (size_t i = 0; i < folders->names.count; i++) {
        const struct text_value *name = &folders->names.items[i];
        if (strchr(name->text, '/') != NULL) {
            continue;
        }
        struct directory_item *directory = arena_new(arena, struct directory_item);
        directory->mode = folders->mode.bits;
        directory->owner = service->spec->user.text;
        directory->group = service->spec->group.text;
        const char *path = arena_printf(arena, "%s/%s", parent, name->text);
        add_item(service, ITEM_DIRECTORY, path, name->node, directory)->has_data = true;
    }
}

static void render_environment(const struct service *service)
{
    if (service->environment_path == NULL) {
        return;
    }
    const struct text_map *env = &service->spec->env;
    struct file_item *file = arena_new(service->render->arena, struct file_item);
    file->text = environment_text(service->render->arena, env);
    file->mode = ENVIRONMENT_MODE;
    if (service->render->layout->manages_users) {
        file->group = service->spec->group.text;
    }
    add_item(service, ITEM_FILE, service->environment_path, env->node, file);
}

static void render_unit_file(const struct service *service)
{
    struct file_item *file = arena_new(service->render->arena, struct file_item);
    file->text = service_unit_text(service);
    file->mode = UNIT_MODE;
    add_item(service, ITEM_FILE, service->unit_path, NULL, file);
}

/* ---- The unit's state ------------------------------------------------------------------------ */

/* Everything that the service reads at its start and that may change under it. */
static const char *const *inputs_of(const struct service *service)
{
    struct arena *arena = service->render->arena;
    const struct service_spec *spec = service->spec;
    const struct service_env_file *env_files = spec->env_files.items;
    struct path_list paths = {0};
    if (service->environment_path != NULL) {
        vec_add(arena, &paths, service->environment_path);
    }
    for (size_t i = 0; service->configuration != NULL && service->configuration[i] != NULL; i++) {
        vec_add(arena, &paths, service->configuration[i]);
    }
    for (size_t i = 0; i < spec->env_files.count; i++) {
        vec_add(arena, &paths, env_files[i].path.text);
    }
    for (size_t i = 0; i < spec->secrets.count; i++) {
        vec_add(arena, &paths,
                arena_printf(arena, "%s/%s", service->render->layout->secrets,
                             spec->secrets.items[i].text));
    }
    for (size_t i = 0; i < spec->restart_when.count; i++) {
        vec_add(arena, &paths, spec->restart_when.items[i].text);
    }
    vec_add(arena, &paths, NULL);
    return paths.items;
}

static const char *address_of(const struct service *service)
{
    const struct service_spec *spec = service->spec;
    return spec->socket.text != NULL
               ? arena_printf(service->render->arena, "unix:%s", spec->socket.text)
               : arena_printf(service->render->arena, "127.0.0.1:%u", spec->port.number);
}

static struct health health_of(const struct service *service)
{
    const char *text = service->spec->health.check.text;
    struct health health = {.type = HEALTH_NONE};
    if (text == NULL) {
        return health;
    }
    health.timeout_ms = (unsigned)service->spec->health.timeout.milliseconds;
    if (text_starts_with(text, "exec:")) {
        const char *why = NULL;
        size_t count = 0;
        bool is_read = value_read_argv(service->render->arena, text + strlen("exec:"), &health.argv,
                                       &count, &why);
        assert(is_read && count > 0); /* the schema's check has read it */
        (void)is_read;
        health.type = HEALTH_EXEC;
        return health;
    }
    health.address = address_of(service);
    if (text_starts_with(text, "http:")) {
        health.type = HEALTH_HTTP;
        health.path = text + strlen("http:");
    } else {
        health.type = HEALTH_TCP;
    }
    return health;
}

static void render_unit(const struct service *service)
{
    static const char *const wanted_by[] = {"multi-user.target", NULL};
    struct unit_item *unit = arena_new(service->render->arena, struct unit_item);
    unit->is_enabled = true;
    unit->is_running = true; /* oneshot ones remain after their exit */
    unit->wanted_by = wanted_by;
    unit->file = service->unit_path;
    unit->program = service->spec->run.start.words[0];
    unit->package = service->spec->package;
    unit->restart_for = inputs_of(service);
    unit->on_change = (enum unit_change)service->spec->on_change.index;
    unit->health = health_of(service);
    add_item(service, ITEM_UNIT, service->unit, NULL, unit);
}

void service_items_add(struct render *render, const struct document *document, const char *name,
                       const struct service_spec *spec, const char *const *configuration)
{
    struct arena *arena = render->arena;
    const struct layout *layout = render->layout;
    struct service service = {
        .render = render,
        .document = document,
        .name = name,
        .spec = spec,
        .unit = arena_printf(arena, "%s.service", name),
        .unit_path = arena_printf(arena, "%s/%s.service", layout->units, name),
        .configuration = configuration,
    };
    if (spec->env.count > 0) {
        service.environment_path = arena_printf(arena, "%s/%s.env", layout->environment, name);
    }
    render_account(&service);
    render_folders(&service, &spec->state, "/var/lib");
    render_folders(&service, &spec->logs, "/var/log");
    render_environment(&service);
    render_unit_file(&service);
    render_unit(&service);
}

void service_render(struct render *render, const struct document *document)
{
    service_items_add(render, document, document->name, document->spec, NULL);
}
