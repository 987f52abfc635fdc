/* Prints what happens in directories, for the tests: a head line, then one line for each event,
 * with tabs between its fields. Ends when its standard input does.
 *
 *     file-events-print [-i] [-n] [-q LIMIT] DIRECTORY...
 *
 *     -i        by inotify only
 *     -q LIMIT  names kept between two reads
 *     -n        prints no events, only how many there were, and how often they overflowed
 *
 *     backing NAMES REALTIME          names: yes or the reason why not; realtime: yes or no
 *     event AT_US KINDS DIRECTORY NAME STATE PID PROGRAM USER LOGIN UNIT ANCESTORS COMMAND CAUSE
 *     overflow
 *     total EVENTS OVERFLOWS READS */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/layout.h"
#include "providers/dpkg_log.h"
#include "providers/file_events.h"
#include "providers/providers.h"

struct totals {
    size_t events;
    size_t overflows;
    size_t reads;
};

static const char *or_dash(const char *text)
{
    return text == NULL || *text == '\0' ? "-" : text;
}

static void print_kinds(unsigned kinds)
{
    static const char letters[] = "MwWIRAD"; /* in the order of enum file_event_kind */
    for (size_t i = 0; i < sizeof(letters) - 1; i++) {
        if (kinds & 1U << i) {
            (void)putchar(letters[i]);
        }
    }
}

static void print_writer(const struct file_writer *writer)
{
    if (writer == NULL) {
        (void)printf("none\t-\t-\t-\t-\t-\t-\t-\t");
        return;
    }
    const char *state = !writer->is_known ? "unknown" : writer->is_partial ? "partial" : "known";
    (void)printf("%s\t%d\t%s\t%s\t%s\t%s\t", state, (int)writer->pid, or_dash(writer->program),
                 or_dash(writer->user_name), or_dash(writer->login_user_name),
                 or_dash(writer->unit));
    for (size_t i = 0; i < writer->ancestor_count; i++) {
        (void)printf("%s%s", i == 0 ? "" : ",", or_dash(writer->ancestors[i].program));
    }
    (void)printf("%s\t%s\t", writer->ancestor_count == 0 ? "-" : "", or_dash(writer->command));
}

static void print_cause(struct host *host, const struct file_event *event, struct arena *arena)
{
    const struct package_action *cause = NULL;
    const char *path = arena_printf(arena, "%s/%s", event->directory, event->name);
    struct error err = {0};
    if (!dpkg_log_find(host, event->at_us, path, event->writer, arena, &cause, &err)) {
        (void)printf("%s\n", err.message);
    } else if (cause == NULL) {
        (void)puts("-");
    } else {
        (void)printf("%s %s %s %s\n", cause->verb, cause->package, or_dash(cause->from_version),
                     or_dash(cause->version));
    }
}

static bool print_events(struct host *host, struct file_events *events, bool is_quiet,
                         struct totals *totals)
{
    AUTO_ARENA arena = arena_create();
    struct file_event_list list = {0};
    struct error err = {0};
    bool is_overflow = false;
    if (!file_events_read(events, arena, &list, &is_overflow, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    totals->reads++;
    totals->events += list.count;
    totals->overflows += is_overflow ? 1 : 0;
    for (size_t i = 0; i < list.count && !is_quiet; i++) {
        (void)printf("event\t%lld\t", (long long)list.items[i].at_us);
        print_kinds(list.items[i].kinds);
        (void)printf("\t%s\t%s\t", list.items[i].directory, or_dash(list.items[i].name));
        print_writer(list.items[i].writer);
        print_cause(host, &list.items[i], arena);
    }
    if (is_overflow && !is_quiet) {
        (void)puts("overflow");
    }
    (void)fflush(stdout);
    return true;
}

static bool wait_and_print(struct host *host, struct file_events *events, bool is_quiet,
                           struct totals *totals)
{
    struct pollfd waits[] = {{.fd = file_events_fd(events), .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(waits, 2, -1) < 0) {
            perror("poll");
            return false;
        }
        if (waits[0].revents != 0 && !print_events(host, events, is_quiet, totals)) {
            return false;
        }
        if (waits[0].revents == 0 && waits[1].revents != 0) {
            return true;
        }
    }
}

int main(int argc, char **argv)
{
    struct file_events_options options = {.backend = FILE_EVENTS_BEST};
    struct layout layout = layout_debian12();
    struct facts facts = {0};
    struct host host;
    struct error err = {0};
    struct file_events *events = NULL;
    struct totals totals = {0};
    const char *why = "yes";
    bool is_quiet = false;
    for (int option = getopt(argc, argv, "inq:"); option != -1;
         option = getopt(argc, argv, "inq:")) {
        switch (option) {
        case 'i':
            options.backend = FILE_EVENTS_INOTIFY;
            break;
        case 'n':
            is_quiet = true;
            break;
        case 'q':
            options.queue_limit = strtoul(optarg, NULL, 10);
            break;
        default:
            return EXIT_FAILURE;
        }
    }
    if (!host_open("/", &layout, &facts, &host, &err) ||
        !file_events_open(&host, &options, &events, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    for (; optind < argc; optind++) {
        if (!file_events_add(events, argv[optind], &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            return EXIT_FAILURE;
        }
    }
    (void)file_events_name_writers(events, &why);
    (void)printf("backing\t%s\t%s\n", why, file_events_are_real_time(events) ? "yes" : "no");
    (void)fflush(stdout);
    bool is_well = wait_and_print(&host, events, is_quiet, &totals);
    (void)printf("total\t%zu\t%zu\t%zu\n", totals.events, totals.overflows, totals.reads);
    file_events_close(events);
    host_close(&host);
    return is_well && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
