/* Turns what systemd knows about a unit that failed into words that an admin would use. */
#include <string.h>
#include <time.h>

#include "providers/unit_parts.h"

static const struct reason {
    const char *result; /* the Result property */
    const char *words;
} reasons[] = {
    {"success", N_("it ended by itself")},
    {"timeout", N_("it was not ready in time")},
    {"oom-kill", N_("it ran out of memory")},
    {"start-limit-hit", N_("it failed too often in a short time")},
    {"protocol", N_("it did not behave as its type says")},
    {"watchdog", N_("it did not answer its watchdog")},
    {"resources", N_("systemd could not set it up")},
    {"exec-condition", N_("its condition is not met")},
};

/* Exit statuses of systemd itself, before the program runs: systemd.exec(5). */
static const struct set_up {
    int status;
    const char *words;
} set_ups[] = {
    {200, N_("its working directory cannot be entered")},
    {203, N_("its program cannot be run")},
    {214, N_("its scheduling cannot be set")},
    {216, N_("its group does not exist")},
    {217, N_("its user does not exist")},
    {218, N_("its capabilities cannot be set")},
    {226, N_("its sandbox cannot be set up: a path that it names is missing or refused")},
    {228, N_("its system call filter cannot be set")},
    {233, N_("its runtime directory cannot be made")},
    {238, N_("its state directory cannot be made")},
    {243, N_("its credentials cannot be read")},
};

static const struct message *exit_words(struct systemd_bus *bus, const char *name,
                                        struct arena *arena)
{
    int32_t status = 0;
    if (!systemd_bus_number(bus, name, "Service", "ExecMainStatus", 'i', &status, NULL) ||
        status == 0) {
        return message_word(arena, N_("a command that it runs failed"));
    }
    for (size_t i = 0; i < sizeof(set_ups) / sizeof(set_ups[0]); i++) {
        if (set_ups[i].status == status) {
            return message_word(arena, set_ups[i].words);
        }
    }
    return message_make(arena, "its program ended with status %d", (int)status);
}

static const struct message *signal_words(struct systemd_bus *bus, const char *name,
                                          struct arena *arena)
{
    int32_t number = 0;
    if (!systemd_bus_number(bus, name, "Service", "ExecMainStatus", 'i', &number, NULL)) {
        return message_word(arena, N_("it was killed"));
    }
    const char *name_of_it = sigabbrev_np(number);
    return message_make(arena, "it was killed by signal %d (%s)", (int)number,
                        name_of_it == NULL ? "?" : arena_printf(arena, "SIG%s", name_of_it));
}

/* With each restart systemd forgets how the start before it ended. What fails again and again is
 * met between two of them. */
static bool read_result(struct systemd_bus *bus, const char *name, struct arena *arena,
                        const char **out_result)
{
    enum { TRIES = 50 };
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    uint32_t restarts = 0;
    for (int i = 0; i < TRIES; i++) {
        if (!systemd_bus_text(bus, name, "Service", "Result", arena, out_result, NULL)) {
            return false;
        }
        if (strcmp(*out_result, "success") != 0 ||
            !systemd_bus_number(bus, name, "Service", "NRestarts", 'u', &restarts, NULL) ||
            restarts == 0) {
            break;
        }
        (void)nanosleep(&pause, NULL); /* a shorter sleep is one more try */
    }
    return true;
}

const struct message *unit_failure_words(struct systemd_bus *bus, const char *name,
                                         struct arena *arena)
{
    const char *result = "";
    if (!text_ends_with(name, ".service") || !read_result(bus, name, arena, &result)) {
        return NULL;
    }
    if (strcmp(result, "exit-code") == 0) {
        return exit_words(bus, name, arena);
    }
    if (strcmp(result, "signal") == 0 || strcmp(result, "core-dump") == 0) {
        return signal_words(bus, name, arena);
    }
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reasons[i].result, result) == 0) {
            return message_word(arena, reasons[i].words);
        }
    }
    return message_quote(arena, result);
}
