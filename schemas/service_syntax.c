/* Checks of texts that only services have. What passes here can be said in a unit file. */

#include "schemas/service_syntax.h"

#include <stdlib.h>
#include <string.h>

enum {
    SERVICE_NAME_MAX = 200, /* a unit's name has 255 bytes, with its suffix and an instance */
    SOCKET_PATH_MAX = 107,  /* sun_path of unix(7) without its NUL */
    FOLDER_MAX = 200,
    PERCENT_MAX = 100000, /* a thousand CPUs */
};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool consists_of(const char *text, const char *allowed)
{
    return *text != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool check_service_name(const char *text)
{
    return consists_of(text, LETTERS DIGITS "._-") && strchr(".-", *text) == NULL &&
           strlen(text) <= SERVICE_NAME_MAX && !text_ends_with(text, ".service");
}

/* systemd takes spaces from the end of a line, and a backslash there swallows the next line. */
static bool check_service_path(const char *text)
{
    return syntax_path.check(text) && strchr(" \\", text[strlen(text) - 1]) == NULL;
}

static bool check_service_folder(const char *text)
{
    if (!consists_of(text, LETTERS DIGITS "/._-") || strlen(text) > FOLDER_MAX) {
        return false;
    }
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || *part == '.') {
            return false;
        }
        part += length;
        if (*part == '\0') {
            return true;
        }
    }
}

static bool check_socket(const char *text)
{
    if (strlen(text) > SOCKET_PATH_MAX) {
        return false;
    }
    return *text == '/' ? check_service_path(text) && text[1] != '\0'
                        : check_service_folder(text) && strchr(text, '/') == NULL;
}

static bool is_one_of(const char *text, size_t length, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) == length && strncmp(words[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_capability(const char *text)
{
    static const char *const names[] = {
        "AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
        "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
        "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
        "FOWNER",          "FSETID",       "IPC_LOCK",
        "IPC_OWNER",       "KILL",         "LEASE",
        "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
        "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
        "NET_BROADCAST",   "NET_RAW",      "PERFMON",
        "SETFCAP",         "SETGID",       "SETPCAP",
        "SETUID",          "SYSLOG",       "SYS_ADMIN",
        "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
        "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
        "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
        "SYS_TTY_CONFIG",  "WAKE_ALARM",   NULL,
    };
    return text_starts_with(text, "CAP_") && is_one_of(text + 4, strlen(text + 4), names);
}

/* A colon would part it from options. */
static bool check_shown_path(const char *text)
{
    return check_service_path(text) && strchr(text, ':') == NULL;
}

static bool check_device(const char *text)
{
    return text_starts_with(text, "/dev/") && check_service_path(text);
}

static bool check_signal(const char *text)
{
    static const char *const names[] = {
        "ABRT", "ALRM", "CONT", "HUP",  "INT",  "IO",   "KILL",  "PIPE", "PWR",
        "QUIT", "STOP", "TERM", "TSTP", "USR1", "USR2", "WINCH", NULL,
    };
    return text_starts_with(text, "SIG") && is_one_of(text + 3, strlen(text + 3), names);
}

static bool check_percent(const char *text)
{
    size_t digits = strspn(text, DIGITS);
    return digits >= 1 && digits <= 6 && *text != '0' && strcmp(text + digits, "%") == 0 &&
           strtol(text, NULL, 10) <= PERCENT_MAX;
}

static bool check_health(const char *text)
{
    return strcmp(text, "tcp") == 0 ||
           (text_starts_with(text, "http:") && syntax_url_path.check(text + 5)) ||
           (text_starts_with(text, "exec:") && text[5] != '\0' && syntax_line.check(text));
}

const struct syntax syntax_service_name = {
    "a name of letters, digits, dots, hyphens and underscores, without .service",
    "^[A-Za-z0-9_][A-Za-z0-9._-]*$", "shop", check_service_name};
const struct syntax syntax_service_path = {
    "an absolute path without //, .. or a slash, space or backslash at its end",
    "^/([^/]+(/[^/]+)*)?$", "/srv/shop", check_service_path};
const struct syntax syntax_shown_path = {
    "an absolute path without a colon, //, .. or a slash, space or backslash at its end",
    "^/([^/:]+(/[^/:]+)*)?$", "/srv/shop", check_shown_path};
const struct syntax syntax_service_folder = {
    "a folder's name of letters, digits, dots, hyphens and underscores",
    "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$", "shop", check_service_folder};
const struct syntax syntax_socket = {"an absolute path or a file name, of at most 107 bytes",
                                     "^[^\\n\\t]{1,107}$", "/run/shop/http.sock", check_socket};
const struct syntax syntax_capability = {"a capability in capitals", "^CAP_[A-Z_]+$",
                                         "CAP_NET_BIND_SERVICE", check_capability};
const struct syntax syntax_device = {"a path below /dev", "^/dev/.+$", "/dev/fuse", check_device};
const struct syntax syntax_signal = {"a signal in capitals", "^SIG[A-Z0-9]+$", "SIGTERM",
                                     check_signal};
const struct syntax syntax_percent = {"a share of one CPU's time, 1% or more", "^[1-9][0-9]*%$",
                                      "150%", check_percent};
const struct syntax syntax_health = {"tcp, http:/PATH or exec:COMMAND", "^(tcp|http:/.*|exec:.+)$",
                                     "http:/healthz", check_health};
