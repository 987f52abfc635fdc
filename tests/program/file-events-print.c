/* Prints what happens in directories, for the tests: a head line, then one line for each event,
 * with tabs between its fields. Ends when its standard input does.
 *
 *     file-events-print [-i] [-k] [-q LIMIT] [-w MS] DIRECTORY...
 *
 *     -i        by inotify only
 *     -k        keeps up: instead of printing events it looks at what they tell, at everything
 * after an overflow, and prints what it knows in the end -q LIMIT  names kept between two reads -w
 * MS     takes its time after each read
 *
 *     backing NAMES REALTIME          names: yes or the reason why not; realtime: yes or no
 *     event AT_US KINDS DIRECTORY NAME STATE PID PROGRAM USER LOGIN UNIT ANCESTORS COMMAND CAUSE
 *     overflow
 *     known PATH CONTENT
 *     total EVENTS OVERFLOWS READS */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/layout.h"
#include "providers/dpkg_log.h"
#include "providers/file_events.h"
#include "providers/providers.h"

enum { CONTENT_SIZE = 32 };

/* What is known of one file. */
struct known {
    const char *path;
    char content[CONTENT_SIZE]; /* "": it is not there */
};
VEC(known_list, struct known *);

struct printer {
    struct host host;
    struct file_events *events;
    char *const *directories;
    bool keeps_up;
    unsigned wait_ms;
    size_t event_count;
    size_t overflow_count;
    size_t read_count;
    struct arena *arena; /* of what is known */
    struct map by_path;
    struct known_list known;
};

/* ---- Events ---------------------------------------------------------------------------------- */

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

static void print_event(struct printer *printer, const struct file_event *event,
                        struct arena *arena)
{
    (void)printf("event\t%lld\t", (long long)event->at_us);
    print_kinds(event->kinds);
    (void)printf("\t%s\t%s\t", event->directory, or_dash(event->name));
    print_writer(event->writer);
    print_cause(&printer->host, event, arena);
}

/* ---- Keeping up ------------------------------------------------------------------------------ */

static void look_at(struct printer *printer, const char *path)
{
    struct known *known = map_get(&printer->by_path, path);
    if (known == NULL) {
        known = arena_new(printer->arena, struct known);
        known->path = arena_strdup(printer->arena, path);
        (void)map_put(printer->arena, &printer->by_path, known->path, known);
        vec_add(printer->arena, &printer->known, known);
    }
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    ssize_t length = fd < 0 ? 0 : read(fd, known->content, sizeof(known->content) - 1);
    known->content[length > 0 ? length : 0] = '\0';
}

static void look_at_all(struct printer *printer, const char *directory, struct arena *arena)
{
    AUTO_DIRECTORY stream = opendir(directory);
    const struct dirent *entry = NULL;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        look_at(printer, arena_printf(arena, "%s/%s", directory, entry->d_name));
    }
    for (size_t i = 0; i < printer->known.count; i++) { /* those that are gone */
        look_at(printer, printer->known.items[i]->path);
    }
}

static void keep_up(struct printer *printer, const struct file_event_list *list, bool is_overflow,
                    struct arena *arena)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct file_event *event = &list->items[i];
        if (event->kinds & FILE_EVENT_DIRECTORY) {
            look_at_all(printer, event->directory, arena);
        } else if (*event->name != '\0') {
            look_at(printer, arena_printf(arena, "%s/%s", event->directory, event->name));
        }
    }
    for (char *const *directory = printer->directories; is_overflow && *directory != NULL;
         directory++) {
        look_at_all(printer, *directory, arena);
    }
    (void)usleep(printer->wait_ms * 1000);
}

static void print_known(const struct printer *printer)
{
    for (size_t i = 0; i < printer->known.count; i++) {
        const struct known *known = printer->known.items[i];
        if (known->content[0] != '\0') {
            (void)printf("known\t%s\t%s\n", known->path, known->content);
        }
    }
}

/* ---- The loop -------------------------------------------------------------------------------- */

static bool read_events(struct printer *printer)
{
    AUTO_ARENA arena = arena_create();
    struct file_event_list list = {0};
    struct error err = {0};
    bool is_overflow = false;
    if (!file_events_read(printer->events, arena, &list, &is_overflow, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    printer->read_count++;
    printer->event_count += list.count;
    printer->overflow_count += is_overflow ? 1 : 0;
    if (printer->keeps_up) {
        keep_up(printer, &list, is_overflow, arena);
        return true;
    }
    for (size_t i = 0; i < list.count; i++) {
        print_event(printer, &list.items[i], arena);
    }
    if (is_overflow) {
        (void)puts("overflow");
    }
    (void)fflush(stdout);
    return true;
}

static bool wait_and_read(struct printer *printer)
{
    struct pollfd waits[] = {{.fd = file_events_fd(printer->events), .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(waits, 2, -1) < 0) {
            perror("poll");
            return false;
        }
        if (waits[0].revents != 0 && !read_events(printer)) {
            return false;
        }
        if (waits[0].revents == 0 && waits[1].revents != 0) {
            return true;
        }
    }
}

static bool prepare(struct printer *printer, const struct file_events_options *options)
{
    static const struct layout layout;
    static const struct facts facts;
    const char *why = "yes";
    struct error err = {0};
    bool is_ready = host_open("/", &layout, &facts, &printer->host, &err) &&
                    file_events_open(&printer->host, options, &printer->events, &err);
    for (char *const *directory = printer->directories; is_ready && *directory != NULL;
         directory++) {
        is_ready = file_events_add(printer->events, *directory, &err);
    }
    if (!is_ready) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    (void)file_events_name_writers(printer->events, &why);
    (void)printf("backing\t%s\t%s\n", why,
                 file_events_are_real_time(printer->events) ? "yes" : "no");
    (void)fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    AUTO_ARENA arena = arena_create();
    struct printer printer = {.arena = arena};
    struct file_events_options options = {.backend = FILE_EVENTS_BEST};
    for (int option = 0; (option = getopt(argc, argv, "ikq:w:")) != -1;) {
        switch (option) {
        case 'i':
            options.backend = FILE_EVENTS_INOTIFY;
            break;
        case 'k':
            printer.keeps_up = true;
            break;
        case 'q':
            options.queue_limit = strtoul(optarg, NULL, 10);
            break;
        case 'w':
            printer.wait_ms = (unsigned)strtoul(optarg, NULL, 10);
            break;
        default:
            return EXIT_FAILURE;
        }
    }
    printer.directories = argv + optind;
    if (!prepare(&printer, &options)) {
        return EXIT_FAILURE;
    }
    bool is_well = wait_and_read(&printer);
    print_known(&printer);
    (void)printf("total\t%zu\t%zu\t%zu\n", printer.event_count, printer.overflow_count,
                 printer.read_count);
    file_events_close(printer.events);
    host_close(&printer.host);
    return is_well && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
