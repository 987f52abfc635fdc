/* What a service document may say: a program that systemd runs. */
#pragma once

#include "schemas/common.h"

enum service_type {
    SERVICE_SIMPLE,
    SERVICE_EXEC,
    SERVICE_NOTIFY,
    SERVICE_ONESHOT,
    SERVICE_FORKING,
    SERVICE_IDLE
};

struct service_command {
    struct object object;
    struct argv_value command;
    struct boolean_value may_fail;
    struct boolean_value as_root;
};

struct service_run {
    struct object object;
    struct argv_value start;
    struct argv_value reload; /* or one word, a signal's name */
    struct argv_value stop;
    struct argv_value test;    /* before a reload */
    struct object_list before; /* struct service_command */
    struct object_list after;  /* struct service_command */
};

/* Directories that systemd makes for the service, below /var/lib, /var/cache or /var/log. */
struct service_folders {
    struct object object;
    struct text_list names;
    struct mode_value mode;
};

struct service_env_file {
    struct object object;
    struct text_value path;
    struct boolean_value optional;
};

enum harden_level { HARDEN_STRICT, HARDEN_OFF };
enum harden_net { HARDEN_NET_NONE, HARDEN_NET_LOCAL, HARDEN_NET_INTERNET, HARDEN_NET_ANY };
enum harden_home { HARDEN_HOME_HIDDEN, HARDEN_HOME_READ_ONLY, HARDEN_HOME_WRITABLE };

struct service_harden {
    struct object object;
    struct choice_value level; /* enum harden_level */
    struct boolean_value jit;
    struct choice_value net; /* enum harden_net */
    struct text_list caps;
    struct text_list devices;
    struct choice_value home; /* enum harden_home */
    struct text_list hide;
    struct text_list show;
};

struct service_memory {
    struct object object;
    struct size_value max;
    struct size_value high;
};

enum restart_policy {
    RESTART_ALWAYS,
    RESTART_ON_FAILURE,
    RESTART_ON_ABNORMAL,
    RESTART_ON_SUCCESS,
    RESTART_ON_ABORT,
    RESTART_NEVER
};

struct service_restart {
    struct object object;
    struct choice_value policy; /* enum restart_policy; -1: by the type */
    struct duration_value delay;
    struct duration_value delay_max;
    struct integer_value attempts;
    struct duration_value within;
};

enum kill_mode { KILL_GROUP, KILL_MIXED, KILL_PROCESS };

struct service_kill {
    struct object object;
    struct choice_value mode; /* enum kill_mode */
    struct text_value signal;
};

struct service_health {
    struct object object;
    struct text_value check; /* "tcp", "http:/path", "exec:command" */
    struct duration_value timeout;
};

struct service_spec {
    struct common_spec common;
    struct choice_value preset;
    struct service_run run;
    struct choice_value type; /* enum service_type */
    struct text_value pid_file;
    struct text_value user;  /* after the check never NULL */
    struct text_value group; /* after the check never NULL */
    struct text_list groups;
    struct port_value port; /* on 127.0.0.1 */
    /* Path of the unix socket that the program listens on. Written as an absolute path, or as a
     * file name, which stands below /run/NAME; after the check always absolute. */
    struct text_value socket;
    struct text_map env;
    struct object_list env_files; /* struct service_env_file */
    struct text_list secrets;
    struct text_value directory;
    struct service_folders state;
    struct service_folders cache;
    struct service_folders logs;
    struct text_list write;
    struct service_harden harden;
    struct mode_value umask;
    struct service_memory memory;
    struct text_value cpu; /* "150%" */
    struct integer_value tasks;
    struct integer_value files;
    struct service_restart restart;
    struct duration_value start_timeout;
    struct duration_value stop_timeout;
    struct service_kill kill;
    struct service_health health;
    struct choice_value on_change; /* enum unit_change */
    struct text_list after;
    struct text_list before;
    struct text_list wants;
    struct text_list restart_when;
    const char *package; /* Debian's that brings the program; NULL: nobody knows */
};

extern const struct schema harden_schema;

/* The path is the folder, or lies in it. */
bool service_path_is_below(const char *path, const char *folder);
/* The sandbox lets the service see the path; field is what messages call it. */
void service_check_visible(struct check *check, const struct service_spec *spec,
                           const struct text_value *path, const char *field);
/* Both after the check. */
bool service_has_own_account(const struct service_spec *spec);
bool service_reloads_by_signal(const struct service_spec *spec); /* run.reload is its name */
