/* Turns what systemd knows about a unit that failed into words that an admin would use. */
#include <string.h>

#include "providers/unit_parts.h"

static const struct reason {
    const char *result; /* the Result property */
    const char *words;
} reasons[] = {
    {"success", "it ended by itself"},
    {"timeout", "it was not ready in time"},
    {"oom-kill", "it ran out of memory"},
    {"start-limit-hit", "it failed too often in a short time"},
    {"protocol", "it did not behave as its type says"},
    {"watchdog", "it did not answer its watchdog"},
    {"resources", "systemd could not set it up"},
    {"exec-condition", "its condition is not met"},
};

/* Exit statuses of systemd itself, before the program runs: systemd.exec(5). */
static const struct set_up {
    int status;
    const char *words;
} set_ups[] = {
    {200, "its working directory cannot be entered"},
    {203, "its program cannot be run"},
    {214, "its scheduling cannot be set"},
    {216, "its group does not exist"},
    {217, "its user does not exist"},
    {218, "its capabilities cannot be set"},
    {226, "its sandbox cannot be set up: a path that it names is missing or refused"},
    {228, "its system call filter cannot be set"},
    {233, "its runtime directory cannot be made"},
    {238, "its state directory cannot be made"},
    {243, "its credentials cannot be read"},
};

static const char *exit_words(struct systemd_bus *bus, const char *name, struct arena *arena)
{
    int32_t status = 0;
    if (!systemd_bus_number(bus, name, "Service", "ExecMainStatus", 'i', &status, NULL) ||
        status == 0) {
        return "a command that it runs failed";
    }
    for (size_t i = 0; i < sizeof(set_ups) / sizeof(set_ups[0]); i++) {
        if (set_ups[i].status == status) {
            return set_ups[i].words;
        }
    }
    return arena_printf(arena, "its program ended with status %d", (int)status);
}

static const char *signal_words(struct systemd_bus *bus, const char *name, struct arena *arena)
{
    int32_t number = 0;
    if (!systemd_bus_number(bus, name, "Service", "ExecMainStatus", 'i', &number, NULL)) {
        return "it was killed";
    }
    return arena_printf(arena, "it was killed by signal %d (%s)", (int)number, strsignal(number));
}

const char *unit_failure_words(struct systemd_bus *bus, const char *name, struct arena *arena)
{
    const char *result = "";
    if (!text_ends_with(name, ".service") ||
        !systemd_bus_text(bus, name, "Service", "Result", arena, &result, NULL)) {
        return "";
    }
    if (strcmp(result, "exit-code") == 0) {
        return exit_words(bus, name, arena);
    }
    if (strcmp(result, "signal") == 0 || strcmp(result, "core-dump") == 0) {
        return signal_words(bus, name, arena);
    }
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reasons[i].result, result) == 0) {
            return reasons[i].words;
        }
    }
    return result;
}
