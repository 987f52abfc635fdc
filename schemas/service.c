/* The rows of a service document. Its rules across fields are in service_check.c, the forms of its
 * texts in service_syntax.c, its presets in service_preset.c. */

#include "schemas/service.h"

#include "schemas/service_parts.h"
#include "schemas/service_syntax.h"

// clang-format off
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_names[] = {"simple", "exec", "notify", "oneshot", "forking", "idle",
                                         NULL};
static const char *const level_names[] = {"strict", "off", NULL};
static const char *const net_names[] = {"none", "local", "internet", "any", NULL};
static const char *const home_names[] = {"hidden", "read-only", "writable", NULL};
static const char *const policy_names[] = {"always", "on-failure", "on-abnormal", "on-success",
                                           "on-abort", "never", NULL};
static const char *const kill_names[] = {"control-group", "mixed", "process", NULL};
static const char *const change_names[] = {"restart", "reload", "nothing", NULL};

static const struct field command_fields[] = {
    FIELD(struct service_command, command, .is_required = true, .syntax = &syntax_any,
          .help = "The program and its arguments; no shell reads them."),
    FIELD(struct service_command, may_fail, .fallback = "false",
          .help = "A failure of the command is not one of the service."),
    FIELD(struct service_command, as_root, .fallback = "false",
          .help = "Runs as root and outside of the sandbox."),
};
static const struct schema command_schema = {
    .name = "service.run.command", .size = sizeof(struct service_command),
    .fields = command_fields, .field_count = COUNT_OF(command_fields), .shorthand = "command",
    .help = "One command around the service's start.",
};

static const struct field run_fields[] = {
    FIELD(struct service_run, start, .is_required = true, .syntax = &syntax_any,
          .help = "The program that is the service, with its arguments. No shell reads them: write "
                  "[/bin/sh, -c, ...] where one is needed."),
    FIELD(struct service_run, reload, .syntax = &syntax_any,
          .help = "What makes the running service read its configuration again: a command, or a "
                  "signal such as SIGHUP."),
    FIELD(struct service_run, stop, .syntax = &syntax_any,
          .help = "A command that ends the service; without it the signal of `kill` does."),
    FIELD(struct service_run, test, .syntax = &syntax_any,
          .help = "A command that must succeed before a reload: one that tests the configuration. "
                  "Where it fails, the service goes on with what it has."),
    FIELD(struct service_run, before, .object = &command_schema, .count_most = 50,
          .help = "Commands, in this order, before the start; the start waits for their success."),
    FIELD(struct service_run, after, .object = &command_schema, .count_most = 50,
          .help = "Commands, in this order, after the start."),
};
static const struct schema run_schema = {
    .name = "service.run", .size = sizeof(struct service_run),
    .fields = run_fields, .field_count = COUNT_OF(run_fields), .shorthand = "start",
    .help = "The programs of a service.",
};

static const struct field folders_fields[] = {
    FIELD(struct service_folders, names, .syntax = &syntax_service_folder, .count_most = 50,
          .help = "Names of the folders."),
    FIELD(struct service_folders, mode, .fallback = "0750", .most = 07777,
          .help = "Permissions of the folders."),
};
static const struct schema folders_schema = {
    .name = "service.folders", .size = sizeof(struct service_folders),
    .fields = folders_fields, .field_count = COUNT_OF(folders_fields), .shorthand = "names",
    .help = "Folders that belong to the service's account.",
};

static const struct field env_file_fields[] = {
    FIELD(struct service_env_file, path, .is_required = true, .syntax = &syntax_service_path,
          .help = "A file of NAME=value lines."),
    FIELD(struct service_env_file, optional, .fallback = "false",
          .help = "The service starts without the file too."),
};
static const struct schema env_file_schema = {
    .name = "service.env_files", .size = sizeof(struct service_env_file),
    .fields = env_file_fields, .field_count = COUNT_OF(env_file_fields), .shorthand = "path",
    .help = "One file of environment variables.",
};

static const struct field harden_fields[] = {
    FIELD(struct service_harden, level, .choices = level_names, .fallback = "strict",
          .help = "strict: the service sees little of the host and can change nothing of it; off: "
                  "no sandbox at all."),
    FIELD(struct service_harden, jit, .fallback = "false",
          .help = "Memory may be written and executed: needed by Node, Java, .NET and other "
                  "programs that compile while they run."),
    FIELD(struct service_harden, net, .choices = net_names, .fallback = "internet",
          .help = "What the service can reach: none, local (this host), internet, or any (also "
                  "netlink and raw sockets)."),
    FIELD(struct service_harden, caps, .syntax = &syntax_capability, .count_most = 41,
          .help = "Capabilities that the service gets. A port below 1024 brings its own."),
    FIELD(struct service_harden, devices, .syntax = &syntax_device, .count_most = 50,
          .help = "Devices that the service may read and write."),
    FIELD(struct service_harden, home, .choices = home_names, .fallback = "hidden",
          .help = "How the service sees /home, /root and /run/user."),
    FIELD(struct service_harden, hide, .syntax = &syntax_shown_path, .count_most = 50,
          .help = "Folders that the service sees empty."),
    FIELD(struct service_harden, show, .syntax = &syntax_shown_path, .count_most = 100,
          .help = "Paths below those of hide that it sees, and may read. They must exist."),
};
const struct schema harden_schema = {
    .name = "service.harden", .size = sizeof(struct service_harden),
    .fields = harden_fields, .field_count = COUNT_OF(harden_fields), .shorthand = "level",
    .help = "The sandbox: strict unless something is widened, one thing at a time.",
};

static const struct field memory_fields[] = {
    FIELD(struct service_memory, max, .least = 1 << 20,
          .help = "More than this is refused, and the service ends when it needs it."),
    FIELD(struct service_memory, high, .least = 1 << 20,
          .help = "Above this the service is slowed down."),
};
static const struct schema memory_schema = {
    .name = "service.memory", .size = sizeof(struct service_memory),
    .fields = memory_fields, .field_count = COUNT_OF(memory_fields), .shorthand = "max",
    .help = "Limits of memory.",
};

static const struct field restart_fields[] = {
    FIELD(struct service_restart, policy, .choices = policy_names,
          .fallback_note = "always; on-failure for type oneshot",
          .help = "When a service that ended is started again."),
    FIELD(struct service_restart, delay, .fallback = "2s", .most = 24 * 3600 * 1000,
          .help = "Time before it is started again."),
    FIELD(struct service_restart, delay_max, .fallback = "1m", .most = 24 * 3600 * 1000,
          .help = "The delay grows up to this from failure to failure, where systemd can (254 and "
                  "later).",
          .example = "delay_max: 5m"),
    FIELD(struct service_restart, attempts, .fallback = "10", .most = 10000,
          .help = "After so many starts within the time of `within` it stays failed; 0: never."),
    FIELD(struct service_restart, within, .fallback = "5m", .least = 1000,
          .most = 24 * 3600 * 1000, .help = "The time in which attempts count."),
};
static const struct schema restart_schema = {
    .name = "service.restart", .size = sizeof(struct service_restart),
    .fields = restart_fields, .field_count = COUNT_OF(restart_fields), .shorthand = "policy",
    .help = "What follows the end of the program.",
};

static const struct field kill_fields[] = {
    FIELD(struct service_kill, mode, .choices = kill_names, .fallback = "control-group",
          .help = "Who gets the signal: control-group all processes, mixed the main one and, when "
                  "time is up, all, process only the main one."),
    FIELD(struct service_kill, signal, .syntax = &syntax_signal, .fallback = "SIGTERM",
          .help = "The signal that asks the service to end."),
};
static const struct schema kill_schema = {
    .name = "service.kill", .size = sizeof(struct service_kill),
    .fields = kill_fields, .field_count = COUNT_OF(kill_fields), .shorthand = "mode",
    .help = "How the service is stopped.",
};

static const struct field health_fields[] = {
    FIELD(struct service_health, check, .is_required = true, .syntax = &syntax_health,
          .help = "tcp: it accepts a connection; http:/PATH: it answers 2xx or 3xx there; "
                  "exec:COMMAND: the command succeeds. tcp and http ask the service's port or "
                  "socket."),
    FIELD(struct service_health, timeout, .fallback = "30s", .least = 100, .most = 3600 * 1000,
          .help = "Time from the start until it must be well."),
};
static const struct schema health_schema = {
    .name = "service.health", .size = sizeof(struct service_health),
    .fields = health_fields, .field_count = COUNT_OF(health_fields), .shorthand = "check",
    .help = "How a started service shows that it works.",
};

static const struct field service_fields[] = {
    FIELD(struct service_spec, preset, .choices = service_preset_names,
          .help = "Values for a known program, below everything that is written: `explain` shows "
                  "them.",
          .example = "preset: gunicorn\n"
                     "run: /usr/bin/gunicorn shop:app"),
    FIELD(struct service_spec, run, .is_required = true, .object = &run_schema,
          .help = "The program and its arguments, or several commands.",
          .example = "run:\n"
                     "  before: /opt/shop/bin/migrate\n"
                     "  start: /opt/shop/bin/server --port 3000\n"
                     "  reload: SIGHUP"),
    FIELD(struct service_spec, type, .choices = type_names, .fallback = "exec",
          .help = "When the service counts as started: exec when its program runs, notify when it "
                  "says so, forking when its first process ended, oneshot when it is done.",
          .example = "type: notify"),
    FIELD(struct service_spec, pid_file, .syntax = &syntax_service_path,
          .help = "The file that a service of type forking writes its process number to.",
          .example = "pid_file: /run/shop/shop.pid\n"
                     "type: forking"),
    FIELD(struct service_spec, user, .syntax = &syntax_user,
          .fallback_note = "a system account of its own, named like the service",
          .help = "An existing account that the service runs as.",
          .example = "user: www-data"),
    FIELD(struct service_spec, group, .syntax = &syntax_user,
          .fallback_note = "named like the user",
          .help = "An existing group that the service runs as.",
          .example = "group: www-data"),
    FIELD(struct service_spec, groups, .syntax = &syntax_user, .count_most = 50,
          .help = "Further existing groups that the service belongs to.",
          .example = "groups: [redis]"),
    FIELD(struct service_spec, port, .least = 1, .most = 65535,
          .help = "The port of 127.0.0.1 that the program listens on. Tell the program too.",
          .example = "port: 3000"),
    FIELD(struct service_spec, socket, .syntax = &syntax_socket,
          .help = "The unix socket that the program listens on; a file name alone stands below "
                  "/run/NAME, which is made for it. The program decides who may connect.",
          .example = "socket: http.sock\n"
                     "run: /opt/shop/bin/server --listen /run/shop/http.sock"),
    FIELD(struct service_spec, env, .key_syntax = &syntax_variable, .syntax = &syntax_any,
          .hides_source = true, .count_most = 500,
          .help = "Environment variables. They win over env_files. For passwords and keys use "
                  "secrets.",
          .example = "env:\n"
                     "  LOG_LEVEL: info"),
    FIELD(struct service_spec, env_files, .object = &env_file_schema, .count_most = 50,
          .help = "Files of environment variables, read at each start; a later one wins.",
          .example = "env_files:\n"
                     "  - { path: /etc/shop/environment, optional: true }"),
    FIELD(struct service_spec, secrets, .syntax = &syntax_name, .count_most = 100,
          .help = "Secrets of the host that the service may read, as files below "
                  "$CREDENTIALS_DIRECTORY.",
          .example = "secrets: [stripe-key]"),
    FIELD(struct service_spec, directory, .syntax = &syntax_service_path, .fallback_note = "/",
          .help = "The folder that the program starts in.",
          .example = "directory: /opt/shop"),
    FIELD(struct service_spec, state, .object = &folders_schema,
          .help = "Folders below /var/lib that the service keeps its data in.",
          .example = "state: shop"),
    FIELD(struct service_spec, cache, .object = &folders_schema,
          .help = "Folders below /var/cache for what can be made again.",
          .example = "cache: shop"),
    FIELD(struct service_spec, logs, .object = &folders_schema,
          .help = "Folders below /var/log for log files.",
          .example = "logs: shop"),
    FIELD(struct service_spec, write, .syntax = &syntax_service_path, .count_most = 100,
          .help = "Other paths that the service may write to; they must exist.",
          .example = "write: [/srv/uploads]"),
    FIELD(struct service_spec, harden, .object = &harden_schema,
          .help = "The sandbox, and what is widened.",
          .example = "harden: { jit: true, net: local }"),
    FIELD(struct service_spec, umask, .fallback = "0077", .most = 0777,
          .help = "Permissions that new files of the service do not get.",
          .example = "umask: \"0027\""),
    FIELD(struct service_spec, memory, .object = &memory_schema,
          .help = "Most memory of all its processes together.",
          .example = "memory: { high: 400m, max: 512m }"),
    FIELD(struct service_spec, cpu, .syntax = &syntax_percent,
          .help = "Most CPU time: 100% is one CPU."),
    FIELD(struct service_spec, tasks, .least = 1, .most = 4194304,
          .help = "Most processes and threads.",
          .example = "tasks: 512"),
    FIELD(struct service_spec, files, .least = 16, .most = 1073741816,
          .help = "Most open files of each process.",
          .example = "files: 65535"),
    FIELD(struct service_spec, restart, .object = &restart_schema,
          .help = "When and how often it is started again.",
          .example = "restart: { policy: on-failure, delay: 5s }"),
    FIELD(struct service_spec, start_timeout, .least = 100, .most = 24 * 3600 * 1000,
          .fallback_note = "90s; none for type oneshot",
          .help = "Longest time for a start; then it failed.",
          .example = "start_timeout: 2m"),
    FIELD(struct service_spec, stop_timeout, .fallback = "30s", .least = 100,
          .most = 24 * 3600 * 1000, .help = "Longest time for a stop; then it is killed.",
          .example = "stop_timeout: 1m"),
    FIELD(struct service_spec, kill, .object = &kill_schema,
          .help = "Which processes are asked to end, and by which signal.",
          .example = "kill: { mode: mixed, signal: SIGINT }"),
    FIELD(struct service_spec, health, .object = &health_schema,
          .help = "What a started service must answer before it counts as well.",
          .example = "health: { check: http:/healthz, timeout: 1m }\n"
                     "port: 3000"),
    FIELD(struct service_spec, on_change, .choices = change_names, .fallback = "restart",
          .help = "What a running service does when its environment, secrets or restart_when paths "
                  "change. A change of its unit restarts it, unless this is nothing.",
          .example = "on_change: reload\n"
                     "run: { start: /opt/shop/bin/server, reload: SIGHUP }"),
    FIELD(struct service_spec, restart_when, .syntax = &syntax_service_path, .count_most = 100,
          .help = "Paths, such as the link to the application's release: when one changes, "
                  "on_change is done.",
          .example = "restart_when: /opt/shop/current"),
    FIELD(struct service_spec, after, .reference = "service", .syntax = &syntax_unit_name,
          .count_most = 100,
          .help = "Services (service:NAME) and systemd units that are started first.",
          .example = "after: [service:search, postgresql.service]"),
    FIELD(struct service_spec, before, .syntax = &syntax_unit_name, .count_most = 100,
          .help = "systemd units that are started only after it.",
          .example = "before: [nginx.service]"),
    FIELD(struct service_spec, wants, .reference = "service", .syntax = &syntax_unit_name,
          .count_most = 100,
          .help = "Services (service:NAME) and systemd units that are started with it.",
          .example = "wants: [postgresql.service]"),
};
// clang-format on

const struct schema service_schema = {
    .name = "service",
    .plural = "services",
    .size = sizeof(struct service_spec),
    .fields = service_fields,
    .field_count = COUNT_OF(service_fields),
    .base = &common_schema,
    .key_syntax = &syntax_service_name,
    .help = "A program that systemd runs, in a sandbox and under an account of its own.",
    .example = "run: /opt/shop/bin/server --port 3000\n"
               "port: 3000",
    .example_name = "shop",
    .check = service_check,
    .claims = service_claims,
    .preset = service_preset,
    .preset_names = service_preset_names,
};
