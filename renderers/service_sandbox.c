/* The sandbox of a service, as a table of settings and of what widens each. The whole of it scores
 * at most 1.5 in `systemd-analyze security`. Two sets of system calls are given back, which costs a
 * tenth: without capabilities they do nothing, but servers such as gunicorn give their socket to
 * themselves and become who they are already, and end when that is refused. */

#include "renderers/service_parts.h"

/* What makes a setting go away. */
enum widening {
    WIDENED_BY_NOTHING,
    WIDENED_BY_JIT,
    WIDENED_BY_DEVICES,
    WIDENED_BY_CAPABILITIES, /* also that of a port below 1024 */
    WIDENED_BY_WRITTEN_CAPABILITIES,
    WIDENING_COUNT
};

enum { PRIVILEGED_PORTS = 1024 };

// clang-format off
static const struct {
    const char *key;
    const char *value;
    enum widening widening;
} sandbox[] = {
    {"NoNewPrivileges",        "yes",                    WIDENED_BY_NOTHING},
    {"ProtectSystem",          "strict",                 WIDENED_BY_NOTHING},
    {"PrivateTmp",             "yes",                    WIDENED_BY_NOTHING},
    {"PrivateMounts",          "yes",                    WIDENED_BY_NOTHING},
    {"PrivateIPC",             "yes",                    WIDENED_BY_NOTHING},
    {"PrivateDevices",         "yes",                    WIDENED_BY_DEVICES},
    /* In a user namespace of its own a service has no capability over the host. */
    {"PrivateUsers",           "yes",                    WIDENED_BY_CAPABILITIES},
    {"ProtectHostname",        "yes",                    WIDENED_BY_NOTHING},
    {"ProtectClock",           "yes",                    WIDENED_BY_NOTHING},
    {"ProtectKernelTunables",  "yes",                    WIDENED_BY_NOTHING},
    {"ProtectKernelModules",   "yes",                    WIDENED_BY_NOTHING},
    {"ProtectKernelLogs",      "yes",                    WIDENED_BY_NOTHING},
    {"ProtectControlGroups",   "yes",                    WIDENED_BY_NOTHING},
    {"ProtectProc",            "invisible",              WIDENED_BY_NOTHING},
    {"RestrictNamespaces",     "yes",                    WIDENED_BY_NOTHING},
    {"RestrictRealtime",       "yes",                    WIDENED_BY_NOTHING},
    {"RestrictSUIDSGID",       "yes",                    WIDENED_BY_NOTHING},
    {"LockPersonality",        "yes",                    WIDENED_BY_NOTHING},
    {"MemoryDenyWriteExecute", "yes",                    WIDENED_BY_JIT},
    {"RemoveIPC",              "yes",                    WIDENED_BY_NOTHING},
    {"SystemCallArchitectures", "native",                WIDENED_BY_NOTHING},
    {"SystemCallErrorNumber",  "EPERM",                  WIDENED_BY_NOTHING},
    {"SystemCallFilter",       "@system-service",        WIDENED_BY_NOTHING},
    {"SystemCallFilter",       "~@privileged @resources", WIDENED_BY_WRITTEN_CAPABILITIES},
    {"SystemCallFilter",       "@chown @setuid",         WIDENED_BY_WRITTEN_CAPABILITIES},
};
// clang-format on

static bool binds_privileged_port(const struct service_spec *spec)
{
    return spec->port.number != 0 && spec->port.number < PRIVILEGED_PORTS;
}

static void write_table(struct systemd_text *systemd, const struct service_spec *spec)
{
    const struct service_harden *harden = &spec->harden;
    const bool is_widened[WIDENING_COUNT] = {
        [WIDENED_BY_JIT] = harden->jit.is_true,
        [WIDENED_BY_DEVICES] = harden->devices.count > 0,
        [WIDENED_BY_CAPABILITIES] = harden->caps.count > 0 || binds_privileged_port(spec),
        [WIDENED_BY_WRITTEN_CAPABILITIES] = harden->caps.count > 0,
    };
    systemd_at_node(systemd, harden->object.node);
    for (size_t i = 0; i < sizeof(sandbox) / sizeof(sandbox[0]); i++) {
        if (!is_widened[sandbox[i].widening]) {
            systemd_line(systemd, sandbox[i].key, sandbox[i].value);
        }
    }
}

static void write_home(struct systemd_text *systemd, const struct service_harden *harden)
{
    static const char *const values[] = {
        [HARDEN_HOME_HIDDEN] = "yes", [HARDEN_HOME_READ_ONLY] = "read-only"};
    systemd_at_node(systemd, harden->home.node);
    if (harden->home.index != HARDEN_HOME_WRITABLE) {
        systemd_line(systemd, "ProtectHome", values[harden->home.index]);
    }
}

static bool is_below_any(const struct text_list *folders, const char *path)
{
    for (size_t i = 0; i < folders->count; i++) {
        if (service_path_is_below(path, folders->items[i].text)) {
            return true;
        }
    }
    return false;
}

/* What is written to below a hidden folder is there only when it is put there. */
static void write_hidden(struct arena *arena, struct systemd_text *systemd,
                         const struct service_spec *spec)
{
    VEC(, const char *) bound = {0};
    const struct service_harden *harden = &spec->harden;
    systemd_at_node(systemd, harden->hide.node);
    for (size_t i = 0; i < harden->hide.count; i++) {
        systemd_words(
            systemd, "TemporaryFileSystem",
            (const char *const[]){arena_printf(arena, "%s:ro", harden->hide.items[i].text), NULL});
    }
    if (harden->show.count > 0) {
        systemd_at_node(systemd, harden->show.node);
        systemd_words(systemd, "BindReadOnlyPaths", text_list_words(arena, &harden->show));
    }
    for (size_t i = 0; i < spec->write.count; i++) {
        const char *path = spec->write.items[i].text;
        if (is_below_any(&harden->hide, path) && !is_below_any(&harden->show, path)) {
            vec_add(arena, &bound, path);
        }
    }
    if (bound.count > 0) {
        vec_add(arena, &bound, NULL);
        systemd_at_node(systemd, spec->write.node);
        systemd_words(systemd, "BindPaths", bound.items);
    }
}

static void write_devices(struct systemd_text *systemd, const struct text_list *devices)
{
    systemd_at_node(systemd, devices->node);
    if (devices->count > 0) {
        systemd_line(systemd, "DevicePolicy", "closed");
    }
    for (size_t i = 0; i < devices->count; i++) {
        const char *const words[] = {devices->items[i].text, "rw", NULL};
        systemd_words(systemd, "DeviceAllow", words);
    }
}

static void write_network(struct systemd_text *systemd, const struct service_harden *harden)
{
    systemd_at_node(systemd, harden->net.node);
    switch ((enum harden_net)harden->net.index) {
    case HARDEN_NET_NONE:
        systemd_line(systemd, "PrivateNetwork", "yes");
        systemd_line(systemd, "RestrictAddressFamilies", "AF_UNIX");
        break;
    case HARDEN_NET_LOCAL:
        systemd_line(systemd, "IPAddressDeny", "any");
        systemd_line(systemd, "IPAddressAllow", "localhost");
        systemd_line(systemd, "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6");
        break;
    case HARDEN_NET_INTERNET:
        systemd_line(systemd, "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6");
        break;
    case HARDEN_NET_ANY:
        break;
    }
}

static void write_capabilities(struct arena *arena, struct systemd_text *systemd,
                               const struct service_spec *spec)
{
    static const char bind_service[] = "CAP_NET_BIND_SERVICE";
    VEC(, const char *) words = {0};
    bool binds = binds_privileged_port(spec);
    for (size_t i = 0; i < spec->harden.caps.count; i++) {
        const char *name = spec->harden.caps.items[i].text;
        binds = binds && strcmp(name, bind_service) != 0;
        vec_add(arena, &words, name);
    }
    if (binds) {
        vec_add(arena, &words, bind_service);
    }
    size_t count = words.count;
    vec_add(arena, &words, NULL);
    systemd_at_node(systemd, spec->harden.caps.node);
    if (spec->harden.level.index == HARDEN_STRICT) {
        systemd_words(systemd, "CapabilityBoundingSet", words.items);
    }
    if (count > 0) {
        systemd_words(systemd, "AmbientCapabilities", words.items);
    }
}

void service_sandbox_write(const struct service *service, struct systemd_text *systemd)
{
    const struct service_spec *spec = service->spec;
    struct arena *arena = service->render->arena;
    if (spec->harden.level.index == HARDEN_STRICT) {
        write_table(systemd, spec);
        write_home(systemd, &spec->harden);
        write_hidden(arena, systemd, spec);
        write_devices(systemd, &spec->harden.devices);
        write_network(systemd, &spec->harden);
    }
    write_capabilities(arena, systemd, spec);
}
