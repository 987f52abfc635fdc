/* The unit file of a service: one function for each group of settings, in the order in which people
 * read a unit. */

#include "renderers/service_parts.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RESTART_STEPS_VERSION = 254, RESTART_STEPS = 5 };

VEC(word_list, const char *);

void systemd_at_node(struct systemd_text *systemd, const struct node *node)
{
    systemd_at(systemd, node == NULL ? SPAN_NONE : node->span);
}

/* ---- Small writers: nothing for what is absent ----------------------------------------------- */

static void write_value(struct systemd_text *systemd, const char *key,
                        const struct text_value *value)
{
    if (value->text != NULL) {
        systemd_at_node(systemd, value->node);
        systemd_value(systemd, key, value->text);
    }
}

static void write_list(struct arena *arena, struct systemd_text *systemd, const char *key,
                       const struct text_list *list)
{
    if (list->count > 0) {
        systemd_at_node(systemd, list->node);
        systemd_words(systemd, key, text_list_words(arena, list));
    }
}

static void write_number(struct systemd_text *systemd, const char *key,
                         const struct integer_value *value)
{
    if (value->number != 0) {
        systemd_at_node(systemd, value->node);
        systemd_linef(systemd, key, "%" PRId64, value->number);
    }
}

static void write_size(struct systemd_text *systemd, const char *key,
                       const struct size_value *value)
{
    if (value->bytes != 0) {
        systemd_at_node(systemd, value->node);
        systemd_linef(systemd, key, "%" PRIu64, value->bytes);
    }
}

static void write_duration(struct systemd_text *systemd, const char *key,
                           const struct duration_value *value)
{
    systemd_at_node(systemd, value->node);
    if (value->milliseconds % 1000 == 0) {
        systemd_linef(systemd, key, "%" PRId64 "s", value->milliseconds / 1000);
    } else {
        systemd_linef(systemd, key, "%" PRId64 "ms", value->milliseconds);
    }
}

/* ---- [Unit] ---------------------------------------------------------------------------------- */

/* A line of a unit begins and ends with neither a space nor a backslash. */
static const char *description_of(const struct service *service)
{
    const char *text = service->spec->common.description.text;
    if (text == NULL) {
        return service->name;
    }
    text += strspn(text, " ");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \\", text[length - 1]) != NULL) {
        length--;
    }
    return length == 0 ? service->name : arena_strndup(service->render->arena, text, length);
}

static void words_add(struct arena *arena, struct word_list *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], word) == 0) {
            return;
        }
    }
    vec_add(arena, words, word);
}

/* Adds the units that a list names: service:NAME, or a unit. Relations to other kinds are none. */
static void words_add_units(struct arena *arena, struct word_list *words,
                            const struct text_list *list)
{
    static const char relation[] = "service:";
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i].text;
        if (text_starts_with(text, relation)) {
            words_add(arena, words, arena_printf(arena, "%s.service", text + strlen(relation)));
        } else if (syntax_unit_name.check(text)) {
            words_add(arena, words, text);
        }
    }
}

static void write_units(struct arena *arena, struct systemd_text *systemd, const char *key,
                        struct word_list *words, const struct node *node)
{
    if (words->count > 0) {
        vec_add(arena, words, NULL);
        systemd_at_node(systemd, node);
        systemd_units(systemd, key, words->items);
    }
}

static void write_order(const struct service *service, struct systemd_text *systemd)
{
    static const char online[] = "network-online.target";
    struct arena *arena = service->render->arena;
    const struct service_spec *spec = service->spec;
    struct word_list after = {0};
    struct word_list wants = {0};
    struct word_list before = {0};
    words_add(arena, &after, "network.target");
    words_add_units(arena, &after, &spec->common.needs);
    words_add_units(arena, &after, &spec->after);
    words_add_units(arena, &wants, &spec->common.needs);
    words_add_units(arena, &wants, &spec->wants);
    for (size_t i = 0; i < after.count; i++) {
        if (strcmp(after.items[i], online) == 0) {
            words_add(arena, &wants, online); /* being after it alone does not start it */
        }
    }
    words_add_units(arena, &before, &spec->before);
    write_units(arena, systemd, "After", &after, spec->after.node);
    write_units(arena, systemd, "Wants", &wants, spec->wants.node);
    write_units(arena, systemd, "Before", &before, spec->before.node);
}

static enum restart_policy restart_policy_of(const struct service_spec *spec)
{
    if (spec->restart.policy.index >= 0) {
        return (enum restart_policy)spec->restart.policy.index;
    }
    return spec->type.index == SERVICE_ONESHOT ? RESTART_NEVER : RESTART_ALWAYS;
}

static void write_start_limit(const struct service_spec *spec, struct systemd_text *systemd)
{
    const struct service_restart *restart = &spec->restart;
    if (restart_policy_of(spec) == RESTART_NEVER) {
        return;
    }
    if (restart->attempts.number == 0) {
        systemd_at_node(systemd, restart->attempts.node);
        systemd_line(systemd, "StartLimitIntervalSec", "0");
        return;
    }
    write_duration(systemd, "StartLimitIntervalSec", &restart->within);
    write_number(systemd, "StartLimitBurst", &restart->attempts);
}

/* ---- [Service] ------------------------------------------------------------------------------- */

static void write_type(const struct service *service, struct systemd_text *systemd)
{
    static const char *const types[] = {
        [SERVICE_SIMPLE] = "simple",   [SERVICE_EXEC] = "exec",       [SERVICE_NOTIFY] = "notify",
        [SERVICE_ONESHOT] = "oneshot", [SERVICE_FORKING] = "forking", [SERVICE_IDLE] = "idle",
    };
    const struct service_spec *spec = service->spec;
    systemd_at_node(systemd, spec->type.node);
    systemd_line(systemd, "Type", types[spec->type.index]);
    if (spec->type.index == SERVICE_ONESHOT) {
        systemd_line(systemd, "RemainAfterExit", "yes");
    }
    write_value(systemd, "PIDFile", &spec->pid_file);
    systemd_at(systemd, SPAN_NONE);
    systemd_value(systemd, "SyslogIdentifier", service->name);
}

static void write_account(const struct service *service, struct systemd_text *systemd)
{
    const struct service_spec *spec = service->spec;
    /* Where accounts are not managed, that of the service does not exist. */
    if (!service_has_own_account(spec) || service->render->layout->manages_users) {
        write_value(systemd, "User", &spec->user);
        write_value(systemd, "Group", &spec->group);
    }
    write_list(service->render->arena, systemd, "SupplementaryGroups", &spec->groups);
}

static void write_command(struct systemd_text *systemd, const char *key,
                          const struct argv_value *command)
{
    if (command->count > 0) {
        systemd_at_node(systemd, command->node);
        systemd_command(systemd, key, "", command->words);
    }
}

static void write_commands(struct systemd_text *systemd, const char *key,
                           const struct object_list *list)
{
    const struct service_command *commands = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct service_command *command = &commands[i];
        const char *prefix = command->may_fail.is_true ? (command->as_root.is_true ? "-+" : "-")
                                                       : (command->as_root.is_true ? "+" : "");
        systemd_at_node(systemd, command->command.node);
        systemd_command(systemd, key, prefix, command->command.words);
    }
}

static void write_run(const struct service_spec *spec, struct systemd_text *systemd)
{
    write_value(systemd, "WorkingDirectory", &spec->directory);
    write_commands(systemd, "ExecStartPre", &spec->run.before);
    write_command(systemd, "ExecStart", &spec->run.start);
    write_commands(systemd, "ExecStartPost", &spec->run.after);
    write_command(systemd, "ExecReload", &spec->run.test);
    if (service_reloads_by_signal(spec)) {
        /* One word of the schema's own list. */
        systemd_at_node(systemd, spec->run.reload.node);
        systemd_linef(systemd, "ExecReload", "/bin/kill -s %s $MAINPID", spec->run.reload.words[0]);
    } else {
        write_command(systemd, "ExecReload", &spec->run.reload);
    }
    write_command(systemd, "ExecStop", &spec->run.stop);
}

/* The document's own file comes last, since a later one wins. */
static void write_environment(const struct service *service, struct systemd_text *systemd)
{
    struct arena *arena = service->render->arena;
    const struct service_spec *spec = service->spec;
    const struct service_env_file *files = spec->env_files.items;
    for (size_t i = 0; i < spec->env_files.count; i++) {
        systemd_at_node(systemd, files[i].path.node);
        systemd_value(
            systemd, "EnvironmentFile",
            arena_printf(arena, "%s%s", files[i].optional.is_true ? "-" : "", files[i].path.text));
    }
    if (service->environment_path != NULL) {
        systemd_at_node(systemd, spec->env.node);
        systemd_value(systemd, "EnvironmentFile", service->environment_path);
    }
    for (size_t i = 0; i < spec->secrets.count; i++) {
        const char *name = spec->secrets.items[i].text;
        systemd_at_node(systemd, spec->secrets.items[i].node);
        systemd_value(
            systemd, "LoadCredential",
            arena_printf(arena, "%s:%s/%s", name, service->render->layout->secrets, name));
    }
}

/* True when the path lies in the service's own folder below /run, which systemd then makes. */
static bool is_in_run(const struct service *service, const char *path)
{
    static const char run[] = "/run/";
    const char *name = service->name;
    size_t length = strlen(name);
    return path != NULL && text_starts_with(path, run) &&
           strncmp(path + strlen(run), name, length) == 0 && path[strlen(run) + length] == '/';
}

static void write_folders(const struct service *service, struct systemd_text *systemd)
{
    static const struct {
        const char *key;
        size_t offset;
    } kinds[] = {
        {"StateDirectory", offsetof(struct service_spec, state)},
        {"CacheDirectory", offsetof(struct service_spec, cache)},
        {"LogsDirectory", offsetof(struct service_spec, logs)},
    };
    struct arena *arena = service->render->arena;
    const struct service_spec *spec = service->spec;
    if (is_in_run(service, spec->socket.text) || is_in_run(service, spec->pid_file.text)) {
        systemd_at_node(systemd, spec->socket.node);
        systemd_value(systemd, "RuntimeDirectory", service->name);
        systemd_line(systemd, "RuntimeDirectoryMode", "0755"); /* nginx must reach the socket */
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct service_folders *folders =
            (const void *)((const char *)spec + kinds[i].offset);
        if (folders->names.count > 0) {
            write_list(arena, systemd, kinds[i].key, &folders->names);
            systemd_at_node(systemd, folders->mode.node);
            systemd_linef(systemd, arena_printf(arena, "%sMode", kinds[i].key), "%04o",
                          (unsigned)folders->mode.bits);
        }
    }
    if (spec->harden.level.index == HARDEN_STRICT) {
        write_list(arena, systemd, "ReadWritePaths", &spec->write);
    }
    systemd_at_node(systemd, spec->umask.node);
    systemd_linef(systemd, "UMask", "%04o", (unsigned)spec->umask.bits);
}

static void write_limits(const struct service_spec *spec, struct systemd_text *systemd)
{
    write_size(systemd, "MemoryHigh", &spec->memory.high);
    write_size(systemd, "MemoryMax", &spec->memory.max);
    if (spec->cpu.text != NULL) {
        systemd_at_node(systemd, spec->cpu.node);
        systemd_linef(systemd, "CPUQuota", "%lu%%", strtoul(spec->cpu.text, NULL, 10));
    }
    write_number(systemd, "TasksMax", &spec->tasks);
    write_number(systemd, "LimitNOFILE", &spec->files);
}

static void write_restart(const struct service *service, struct systemd_text *systemd)
{
    static const char *const policies[] = {
        [RESTART_ALWAYS] = "always",           [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ON_ABNORMAL] = "on-abnormal", [RESTART_ON_SUCCESS] = "on-success",
        [RESTART_ON_ABORT] = "on-abort",       [RESTART_NEVER] = "no",
    };
    const struct service_restart *restart = &service->spec->restart;
    enum restart_policy policy = restart_policy_of(service->spec);
    systemd_at_node(systemd, restart->policy.node);
    systemd_line(systemd, "Restart", policies[policy]);
    if (policy == RESTART_NEVER) {
        return;
    }
    write_duration(systemd, "RestartSec", &restart->delay);
    if (service->render->facts->systemd_version >= RESTART_STEPS_VERSION &&
        restart->delay_max.milliseconds > restart->delay.milliseconds) {
        systemd_linef(systemd, "RestartSteps", "%d", RESTART_STEPS);
        write_duration(systemd, "RestartMaxDelaySec", &restart->delay_max);
    }
}

static void write_stop(const struct service_spec *spec, struct systemd_text *systemd)
{
    static const char *const modes[] = {
        [KILL_GROUP] = "control-group", [KILL_MIXED] = "mixed", [KILL_PROCESS] = "process"};
    if (spec->start_timeout.milliseconds != 0) {
        write_duration(systemd, "TimeoutStartSec", &spec->start_timeout);
    }
    write_duration(systemd, "TimeoutStopSec", &spec->stop_timeout);
    systemd_at_node(systemd, spec->kill.mode.node);
    systemd_line(systemd, "KillMode", modes[spec->kill.mode.index]);
    write_value(systemd, "KillSignal", &spec->kill.signal);
}

struct mapped_text service_unit_text(const struct service *service)
{
    struct arena *arena = service->render->arena;
    const struct service_spec *spec = service->spec;
    struct systemd_text *systemd = systemd_text_make(arena, service->render->scratch);
    systemd_comment(systemd, "Written by reconcile: what is changed here is put back.");
    systemd_section(systemd, "Unit");
    systemd_at_node(systemd, spec->common.description.node);
    systemd_value(systemd, "Description", description_of(service));
    write_order(service, systemd);
    write_start_limit(spec, systemd);
    systemd_section(systemd, "Service");
    write_type(service, systemd);
    write_account(service, systemd);
    write_run(spec, systemd);
    write_environment(service, systemd);
    write_folders(service, systemd);
    write_limits(spec, systemd);
    write_restart(service, systemd);
    write_stop(spec, systemd);
    service_sandbox_write(service, systemd);
    systemd_at(systemd, SPAN_NONE);
    systemd_section(systemd, "Install");
    systemd_line(systemd, "WantedBy", "multi-user.target");
    return systemd_text_finish(systemd);
}
