/* The manager's D-Bus interface, as little of it as the providers need. For providers/ only. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/host.h"

struct systemd_bus {
    sd_bus *bus;
    bool is_direct; /* the manager's own socket: the peer has no name to match */
};

/* The system bus; without it, for root, the manager's own socket. */
bool systemd_bus_open(struct systemd_bus *out_bus, struct error *err) MUST_CHECK;
/* Accepts a bus that was never opened. */
void systemd_bus_close(struct systemd_bus *bus);
#define AUTO_SYSTEMD_BUS CLEANUP(systemd_bus_close) struct systemd_bus
#define AUTO_BUS_ERROR   CLEANUP(sd_bus_error_free) sd_bus_error

/* True when systemd could be spoken to: the real root, a booted systemd, and the settings allow it.
 * Speaks to nobody. */
bool systemd_is_managed(const struct host *host);

struct systemd_unit_state {
    const char *load;   /* "loaded", "not-found", "masked", ... */
    const char *active; /* "active", "inactive", "failed", "activating", ... */
    const char *sub;    /* "running", "auto-restart", "listening", ... */
};

/* One call for all; loads units that are not. out has count entries, in the order of names. */
bool systemd_bus_list(struct systemd_bus *bus, const char *const *names, size_t count,
                      struct arena *arena, struct systemd_unit_state *out,
                      struct error *err) MUST_CHECK;
/* When the manager read its unit files the last time, in us since the epoch. */
bool systemd_bus_loaded_at(struct systemd_bus *bus, uint64_t *out_us, struct error *err) MUST_CHECK;
/* daemon-reload; returns when it is done. */
bool systemd_bus_reload(struct systemd_bus *bus, struct error *err) MUST_CHECK;
/* Forgets that a unit failed, and its start limit; a unit that is not known is fine. */
void systemd_bus_reset_failed(struct systemd_bus *bus, const char *unit);

/* One property of one unit: interface "Unit" or "Service". */
bool systemd_bus_number(struct systemd_bus *bus, const char *unit, const char *interface,
                        const char *property, char type, void *out_value,
                        struct error *err) MUST_CHECK;
bool systemd_bus_text(struct systemd_bus *bus, const char *unit, const char *interface,
                      const char *property, struct arena *arena, const char **out_text,
                      struct error *err) MUST_CHECK;

/* sd-bus's negative errno and, when it is set, the peer's message. Returns false. */
bool systemd_bus_error(struct error *err, int result, const sd_bus_error *remote, const char *what);

#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
