/* Speaks to the systemd manager over D-Bus. What to ask and what to make of it is left to the unit
 * provider; jobs, which take time, are in systemd_job.c. */
#include "providers/systemd_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

/* A reload of 10,000 units takes seconds, on a busy machine more. */
enum { CALL_LIMIT_US = 90 * 1000 * 1000 };

static void cleanup_message(sd_bus_message **message)
{
    (void)sd_bus_message_unref(*message);
}
#define AUTO_MESSAGE CLEANUP(cleanup_message) sd_bus_message *

bool systemd_bus_error(struct error *err, int result, const sd_bus_error *remote, const char *what)
{
    bool is_refusal = remote != NULL && sd_bus_error_is_set(remote) != 0;
    (void)error_set_word(err, is_refusal ? ERROR_REFUSED : ERROR_SYSTEM, what);
    if (is_refusal && remote->message != NULL) {
        (void)error_add_quote(err, MESSAGE_COLON, remote->message);
    } else {
        const char *description = strerrordesc_np(-result);
        (void)error_add_word(err, MESSAGE_COLON, description == NULL ? "?" : description);
    }
    if (err != NULL) {
        err->number = -result;
    }
    return false;
}

/* ---- connection ---------------------------------------------------------------------------- */

static int open_direct(sd_bus **out_bus)
{
    sd_bus *bus = NULL;
    int result = sd_bus_new(&bus);
    if (result >= 0) {
        result = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
    }
    if (result >= 0) {
        result = sd_bus_start(bus);
    }
    if (result < 0) {
        (void)sd_bus_unref(bus);
        return result;
    }
    *out_bus = bus;
    return 0;
}

bool systemd_bus_open(struct systemd_bus *out_bus, struct error *err)
{
    struct systemd_bus opened = {0};
    int result = sd_bus_open_system(&opened.bus);
    if (result < 0 && geteuid() == 0) {
        opened.is_direct = true;
        result = open_direct(&opened.bus);
    }
    if (result < 0) {
        return systemd_bus_error(err, result, NULL, "connect to systemd");
    }
    (void)sd_bus_set_method_call_timeout(opened.bus, CALL_LIMIT_US); /* else its default: 25 s */
    *out_bus = opened;
    return true;
}

void systemd_bus_close(struct systemd_bus *bus)
{
    bus->bus = sd_bus_flush_close_unref(bus->bus);
}

bool systemd_is_managed(const struct host *host)
{
    return host->layout->manages_units && text_equal(host->root_path, "/") &&
           access("/run/systemd/system", F_OK) == 0; /* as sd_booted(3) does it */
}

/* ---- manager ------------------------------------------------------------------------------- */

static bool read_states(sd_bus_message *reply, size_t count, struct arena *arena,
                        struct systemd_unit_state *out, struct error *err)
{
    int result = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
    size_t seen = 0;
    while (result > 0) {
        const char *load = NULL;
        const char *active = NULL;
        const char *sub = NULL;
        result = sd_bus_message_read(reply, "(ssssssouso)", NULL, NULL, &load, &active, &sub, NULL,
                                     NULL, NULL, NULL, NULL);
        if (result > 0 && seen < count) {
            out[seen] = (struct systemd_unit_state){
                arena_strdup(arena, load), arena_strdup(arena, active), arena_strdup(arena, sub)};
        }
        seen += result > 0;
    }
    if (result < 0) {
        return systemd_bus_error(err, result, NULL, "read the list of units");
    }
    if (seen != count) {
        return error_set(err, ERROR_FORMAT, "systemd told of %zu units when asked for %zu", seen,
                         count);
    }
    return true;
}

bool systemd_bus_list(struct systemd_bus *bus, const char *const *names, size_t count,
                      struct arena *arena, struct systemd_unit_state *out, struct error *err)
{
    AUTO_MESSAGE call = NULL;
    AUTO_MESSAGE reply = NULL;
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    int result = sd_bus_message_new_method_call(bus->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH,
                                                SYSTEMD_MANAGER, "ListUnitsByNames");
    if (result >= 0) {
        result = sd_bus_message_open_container(call, 'a', "s");
    }
    for (size_t i = 0; i < count && result >= 0; i++) {
        result = sd_bus_message_append_basic(call, 's', names[i]);
    }
    if (result >= 0) {
        result = sd_bus_message_close_container(call);
    }
    if (result >= 0) {
        result = sd_bus_call(bus->bus, call, CALL_LIMIT_US, &remote, &reply);
    }
    if (result < 0) {
        return systemd_bus_error(err, result, &remote, "list units");
    }
    return read_states(reply, count, arena, out, err);
}

static bool manager_time(struct systemd_bus *bus, const char *property, uint64_t *out_us,
                         struct error *err)
{
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    int result = sd_bus_get_property_trivial(bus->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                             property, &remote, 't', out_us);
    return result >= 0 || systemd_bus_error(err, result, &remote, property);
}

bool systemd_bus_loaded_at(struct systemd_bus *bus, uint64_t *out_us, struct error *err)
{
    uint64_t loaded_at = 0;
    if (!manager_time(bus, "UnitsLoadTimestamp", &loaded_at, err)) {
        return false;
    }
    /* 0 until the first daemon-reload: the units are those of the boot. */
    if (loaded_at == 0 && !manager_time(bus, "UnitsLoadStartTimestamp", &loaded_at, err)) {
        return false;
    }
    *out_us = loaded_at;
    return true;
}

bool systemd_bus_reload(struct systemd_bus *bus, struct error *err)
{
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    int result = sd_bus_call_method(bus->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload",
                                    &remote, NULL, NULL);
    return result >= 0 || systemd_bus_error(err, result, &remote, "daemon-reload");
}

void systemd_bus_reset_failed(struct systemd_bus *bus, const char *unit)
{
    /* Refused only for units that are not loaded, which have nothing to forget. */
    (void)sd_bus_call_method(bus->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                             "ResetFailedUnit", NULL, NULL, "s", unit);
}

/* ---- one unit ------------------------------------------------------------------------------ */

struct property {
    char *path; /* owned */
    const char *interface;
    const char *what;
};

static void property_release(struct property *property)
{
    free(property->path);
}

static bool property_make(const char *unit, const char *interface, const char *name,
                          struct property *out_property, struct error *err)
{
    int result = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &out_property->path);
    out_property->interface =
        strcmp(interface, "Unit") == 0 ? SYSTEMD_NAME ".Unit" : SYSTEMD_NAME ".Service";
    out_property->what = name;
    return result >= 0 || systemd_bus_error(err, result, NULL, unit);
}

bool systemd_bus_number(struct systemd_bus *bus, const char *unit, const char *interface,
                        const char *property, char type, void *out_value, struct error *err)
{
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    CLEANUP(property_release) struct property asked = {0};
    if (!property_make(unit, interface, property, &asked, err)) {
        return false;
    }
    int result = sd_bus_get_property_trivial(bus->bus, SYSTEMD_NAME, asked.path, asked.interface,
                                             property, &remote, type, out_value);
    return result >= 0 || systemd_bus_error(err, result, &remote, property);
}

bool systemd_bus_text(struct systemd_bus *bus, const char *unit, const char *interface,
                      const char *property, struct arena *arena, const char **out_text,
                      struct error *err)
{
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    CLEANUP(cleanup_free) char *text = NULL;
    CLEANUP(property_release) struct property asked = {0};
    if (!property_make(unit, interface, property, &asked, err)) {
        return false;
    }
    int result = sd_bus_get_property_string(bus->bus, SYSTEMD_NAME, asked.path, asked.interface,
                                            property, &remote, &text);
    if (result < 0) {
        return systemd_bus_error(err, result, &remote, property);
    }
    *out_text = arena_strdup(arena, text);
    return true;
}
