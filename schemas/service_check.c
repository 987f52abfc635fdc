/* The rules of a service across its fields, and the values that follow from others: its account
 * and the place of its socket. */

#include <string.h>

#include "model/layout.h"
#include "model/unit_item.h"
#include "schemas/service_parts.h"
#include "schemas/service_syntax.h"

enum {
    PROGRAM_TEXT_MAX = 1 << 20, /* of the environment; Linux takes 2 MiB with the arguments */
    COMMAND_TEXT_MAX = 1 << 17, /* of one command: a line of a unit file has at most 1 MiB */
};

/* ---- Commands -------------------------------------------------------------------------------- */

/* systemd takes an absolute path, or a name to search in its own fixed list of folders. A program's
 * name is the only word in which it expands no variable, and in which it takes no quote or
 * backslash, also not a quoted one. Some characters before it are no part of the name for it. */
static bool is_program(const char *program)
{
    if (strchr("@-:+!|", *program) != NULL) {
        return false;
    }
    if (*program == '/') {
        return syntax_service_path.check(program) && strpbrk(program, "$\"'\\") == NULL &&
               program[1] != '\0';
    }
    return syntax_service_folder.check(program) && strchr(program, '/') == NULL;
}

static void check_command(struct check *check, const struct argv_value *command, const char *field)
{
    if (command->count == 0) {
        return;
    }
    if (!is_program(command->words[0])) {
        check_add(check, DIAGNOSTIC_SERVICE_BAD_PROGRAM, command->node, field, command->words[0],
                  NULL);
    }
    size_t length = 0;
    for (size_t i = 0; i < command->count; i++) {
        length += strlen(command->words[i]) + 1;
    }
    if (length > COMMAND_TEXT_MAX) {
        check_add(check, DIAGNOSTIC_SERVICE_TOO_MUCH_TEXT, command->node, field, "128k", NULL);
    }
}

static void check_commands(struct check *check, const struct object_list *list, const char *field)
{
    const struct service_command *commands = list->items;
    for (size_t i = 0; i < list->count; i++) {
        check_command(check, &commands[i].command, field);
    }
}

bool service_reloads_by_signal(const struct service_spec *spec)
{
    const struct argv_value *reload = &spec->run.reload;
    return reload->count == 1 && syntax_signal.check(reload->words[0]);
}

static void check_run(struct check *check, const struct service_spec *spec)
{
    const struct service_run *run = &spec->run;
    check_command(check, &run->start, "run.start");
    if (!service_reloads_by_signal(spec)) {
        check_command(check, &run->reload, "run.reload");
    }
    check_command(check, &run->stop, "run.stop");
    check_command(check, &run->test, "run.test");
    check_commands(check, &run->before, "run.before");
    check_commands(check, &run->after, "run.after");
    if (spec->on_change.index == UNIT_CHANGE_RELOAD && run->reload.count == 0) {
        check_add(check, DIAGNOSTIC_SERVICE_NO_RELOAD, spec->on_change.node, "on_change", NULL,
                  NULL);
    }
    if (run->test.count > 0 && run->reload.count == 0) {
        check_add(check, DIAGNOSTIC_SERVICE_NO_RELOAD, run->test.node, "run.test", NULL, NULL);
    }
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Units without which a host cannot be reached or repaired. That a package owns a unit of the same
 * name is seen on the host. */
static void check_name(struct check *check)
{
    static const char *const reserved[] = {
        "cron",  "dbus",       "dbus-broker", "emergency", "getty",   "init", "network",
        "nginx", "networking", "polkit",      "rescue",    "rsyslog", "ssh",  "sshd",
        "sudo",  "udev",       "reconcile",   "statusd",   "user",    NULL,
    };
    const char *name = check->document->name;
    const char *nginx = check->layout != NULL ? check->layout->nginx_service : NULL;
    size_t length = strlen(name);
    if (is_one_of(name, reserved) || text_starts_with(name, "systemd-") ||
        (nginx != NULL && strncmp(nginx, name, length) == 0 &&
         strcmp(nginx + length, ".service") == 0)) {
        check_add(check, DIAGNOSTIC_SERVICE_RESERVED_UNIT, NULL, NULL, name, NULL);
    }
}

/* Accounts that Debian's base-passwd gives each host: never those of a service by accident. */
static bool is_system_account(const char *name)
{
    static const char *const accounts[] = {
        "root", "daemon", "bin",   "sys",      "sync",   "games", "man",   "lp",         "mail",
        "news", "uucp",   "proxy", "www-data", "backup", "list",  "irc",   "_apt",       "nobody",
        "adm",  "tty",    "disk",  "shadow",   "sudo",   "staff", "users", "messagebus", NULL,
    };
    return is_one_of(name, accounts);
}

bool service_has_own_account(const struct service_spec *spec)
{
    return spec->user.node == NULL;
}

static void fill_account(struct check *check, struct service_spec *spec)
{
    if (spec->user.text == NULL) {
        const char *name = check->document->name;
        spec->user.text = name;
        if (!syntax_user.check(name) || is_system_account(name)) {
            check_add(check, DIAGNOSTIC_SERVICE_NO_ACCOUNT_NAME, NULL, "user", name, NULL);
        }
    }
    if (spec->group.text == NULL) {
        spec->group.text = spec->user.text;
    }
}

/* ---- Where it listens ------------------------------------------------------------------------ */

static void fill_socket(struct check *check, struct service_spec *spec)
{
    const char *socket = spec->socket.text;
    if (socket == NULL) {
        return;
    }
    if (*socket != '/') {
        socket = arena_printf(check->arena, "/run/%s/%s", check->document->name, socket);
        spec->socket.text = socket;
        if (!syntax_socket.check(socket)) {
            check_add(check, DIAGNOSTIC_BAD_VALUE, spec->socket.node, "socket", socket,
                      syntax_socket.name);
        }
    }
    if (spec->port.number != 0) {
        check_add(check, DIAGNOSTIC_SERVICE_PORT_AND_SOCKET, spec->socket.node, "socket", NULL,
                  NULL);
    }
}

static void check_health(struct check *check, const struct service_spec *spec)
{
    const char *text = spec->health.check.text;
    if (text == NULL) {
        return;
    }
    if (text_starts_with(text, "exec:")) {
        struct argv_value command = {.node = spec->health.check.node};
        const char *why = NULL;
        if (!value_read_argv(check->arena, text + strlen("exec:"), &command.words, &command.count,
                             &why)) {
            check_add(check, DIAGNOSTIC_BAD_COMMAND, command.node, "health", why, NULL);
            return;
        }
        check_command(check, &command, "health");
        return;
    }
    if (spec->port.number == 0 && spec->socket.text == NULL) {
        check_add(check, DIAGNOSTIC_SERVICE_NOTHING_TO_ASK, spec->health.check.node, "health", text,
                  NULL);
    }
}

/* ---- The sandbox ----------------------------------------------------------------------------- */

bool service_path_is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void check_path(struct check *check, const struct service_spec *spec, const char *path,
                       const struct node *node, const char *field)
{
    static const char *const homes[] = {"/home", "/root", "/run/user", NULL};
    static const char *const temporary[] = {"/tmp", "/var/tmp", NULL};
    if (path == NULL || spec->harden.level.index == HARDEN_OFF) {
        return;
    }
    for (size_t i = 0; temporary[i] != NULL; i++) {
        if (service_path_is_below(path, temporary[i])) {
            check_add(check, DIAGNOSTIC_SERVICE_PRIVATE_PATH, node, field, path, temporary[i]);
        }
    }
    for (size_t i = 0; homes[i] != NULL && spec->harden.home.index == HARDEN_HOME_HIDDEN; i++) {
        if (service_path_is_below(path, homes[i])) {
            check_add(check, DIAGNOSTIC_SERVICE_HIDDEN_PATH, node, field, path, homes[i]);
        }
    }
}

void service_check_visible(struct check *check, const struct service_spec *spec,
                           const struct text_value *path, const char *field)
{
    check_path(check, spec, path->text, path->node, field);
}

static void check_sandbox(struct check *check, const struct service_spec *spec)
{
    if (spec->port.number != 0 && spec->harden.net.index == HARDEN_NET_NONE &&
        spec->harden.level.index == HARDEN_STRICT) {
        check_add(check, DIAGNOSTIC_SERVICE_PORT_WITHOUT_NETWORK, spec->harden.net.node,
                  "harden.net", NULL, NULL);
    }
    if (spec->run.start.count > 0) {
        check_path(check, spec, spec->run.start.words[0], spec->run.start.node, "run.start");
    }
    check_path(check, spec, spec->directory.text, spec->directory.node, "directory");
    check_path(check, spec, spec->socket.text, spec->socket.node, "socket");
    check_path(check, spec, spec->pid_file.text, spec->pid_file.node, "pid_file");
    for (size_t i = 0; i < spec->write.count; i++) {
        const struct text_value *path = &spec->write.items[i];
        service_check_visible(check, spec, path, "write");
    }
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void check_environment(struct check *check, const struct text_map *env)
{
    size_t length = 0;
    for (size_t i = 0; i < env->count; i++) {
        length += strlen(env->items[i].key.text) + strlen(env->items[i].value.text) + 2;
    }
    if (length > PROGRAM_TEXT_MAX) {
        check_add(check, DIAGNOSTIC_SERVICE_TOO_MUCH_TEXT, env->node, "env", "1m", NULL)
            ->hides_source = true;
    }
}

static void check_restart(struct check *check, const struct service_spec *spec)
{
    const struct service_restart *restart = &spec->restart;
    int policy = restart->policy.index;
    if (spec->type.index == SERVICE_ONESHOT &&
        (policy == RESTART_ALWAYS || policy == RESTART_ON_SUCCESS)) {
        check_add(check, DIAGNOSTIC_SERVICE_ONESHOT_RESTART, restart->policy.node, "restart",
                  policy == RESTART_ALWAYS ? "always" : "on-success", NULL);
    }
    if (restart->delay_max.node != NULL &&
        restart->delay_max.milliseconds < restart->delay.milliseconds) {
        check_add(check, DIAGNOSTIC_SERVICE_DELAY_SHRINKS, restart->delay_max.node, "restart", NULL,
                  NULL);
    }
}

void service_check(struct check *check, void *object)
{
    struct service_spec *spec = object;
    check_name(check);
    fill_account(check, spec);
    fill_socket(check, spec);
    check_run(check, spec);
    check_health(check, spec);
    check_sandbox(check, spec);
    check_environment(check, &spec->env);
    check_restart(check, spec);
}

/* ---- Claims ---------------------------------------------------------------------------------- */

static void claim_folders(struct arena *arena, const struct document *document,
                          const struct service_folders *folders, const char *parent,
                          struct claim_list *claims)
{
    for (size_t i = 0; i < folders->names.count; i++) {
        const struct text_value *name = &folders->names.items[i];
        claim_add(arena, claims, document, "folder",
                  arena_printf(arena, "%s/%s", parent, name->text), name->node);
    }
}

/* What can be there only once on a host. */
void service_claims(struct arena *arena, const struct document *document, struct claim_list *claims)
{
    const struct service_spec *spec = document->spec;
    if (spec->port.number != 0) {
        claim_add(arena, claims, document, "port", arena_printf(arena, "%u", spec->port.number),
                  spec->port.node);
    }
    if (spec->socket.text != NULL) {
        claim_add(arena, claims, document, "socket", spec->socket.text, spec->socket.node);
    }
    claim_folders(arena, document, &spec->state, "/var/lib", claims);
    claim_folders(arena, document, &spec->cache, "/var/cache", claims);
    claim_folders(arena, document, &spec->logs, "/var/log", claims);
}
