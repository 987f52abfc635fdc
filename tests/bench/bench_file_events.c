/* From the last call of a writer until its change is at hand with all that is known of the writer,
 * beside programs that only read the kernel's events and know nothing: what nothing can avoid.
 *
 *     bench_file_events [-t TRIALS] [-d DIRECTORIES]      default: 1000 trials, 1000 directories
 *
 * The clock starts right before the call that finishes the change: close(2), or rename(2). All that
 * is compared happens in turn, in blocks, in one run. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/file_events.h"
#include "providers/providers.h"

enum {
    BLOCKS = 20,
    PAUSE_US = 1500, /* between two edits: everybody sleeps again */
    CONTENT_SIZE = 4096,
    PATIENCE_MS = 2000,
    BUFFER_SIZE = 4096,
    PATH_SIZE = 4096,
};

enum edit { EDIT_IN_PLACE, EDIT_BY_RENAME, EDITS };
static const char *const edit_names[EDITS] = {"written in place", "renamed over"};

enum writer { WRITER_STAYS, WRITER_ENDS, WRITERS };
static const char *const writer_names[WRITERS] = {"one process", "a process each"};

/* ---- Time ------------------------------------------------------------------------------------ */

static int64_t now_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* fails only for an unknown clock */
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void require(bool is_done, const char *what)
{
    if (!is_done) {
        (void)fprintf(stderr, "bench_file_events: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
    }
}

/* ---- The writer ------------------------------------------------------------------------------ */

/* Shared with the process that writes. */
struct order {
    volatile int64_t finished_ns;
    enum edit edit;
    enum writer writer;
    char path[PATH_SIZE];
};

static void write_once(struct order *order)
{
    static const char content[CONTENT_SIZE] = "x";
    char temporary[PATH_SIZE + 8];
    bool is_rename = order->edit == EDIT_BY_RENAME;
    (void)snprintf(temporary, sizeof(temporary), "%s%s", order->path, is_rename ? ".new" : "");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, content, sizeof(content)) == (ssize_t)sizeof(content), "write");
    if (!is_rename) {
        order->finished_ns = now_ns();
    }
    require(close(fd) == 0, "close");
    if (is_rename) {
        order->finished_ns = now_ns();
        require(rename(temporary, order->path) == 0, "rename");
    }
}

static _Noreturn void obey(int orders, struct order *order)
{
    char byte = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(orders, &byte, 1) == 1) {
        pid_t pid = order->writer == WRITER_ENDS ? fork() : -1;
        (void)usleep(pid < 0 ? PAUSE_US : 0);
        if (pid <= 0) {
            (void)usleep(pid == 0 ? PAUSE_US : 0);
            write_once(order);
        }
        if (pid == 0) {
            _exit(0);
        }
        require(pid < 0 || waitpid(pid, NULL, 0) == pid, "wait");
    }
    _exit(0);
}

/* ---- Readers --------------------------------------------------------------------------------- */

struct bench {
    struct host host;
    const char *root;
    size_t directories;
    size_t trials;
    int orders;
    struct order *order;
    struct file_events *events;
    int floor;
};

/* Each opens what it watches, waits for the end of one edit, and closes it. */
struct reader {
    const char *name;
    const char *floor; /* NULL: is one */
    void (*open)(struct bench *bench);
    void (*wait)(struct bench *bench, enum edit edit);
    void (*close)(struct bench *bench);
};

static void wait_readable(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    require(poll(&wait, 1, PATIENCE_MS) == 1, "wait for an event");
}

static const char *directory_path(const struct bench *bench, size_t index, char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/d%zu", bench->root, index);
    return path;
}

static void inotify_open(struct bench *bench)
{
    char path[PATH_SIZE];
    bench->floor = inotify_init1(IN_CLOEXEC);
    for (size_t i = 0; i < bench->directories; i++) {
        require(inotify_add_watch(bench->floor, directory_path(bench, i, path),
                                  IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) >= 0,
                "inotify_add_watch");
    }
}

/* A rename comes after the close of what is renamed. */
static void inotify_wait(struct bench *bench, enum edit edit)
{
    char buffer[BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
    uint32_t wanted = edit == EDIT_BY_RENAME ? IN_MOVED_TO : IN_CLOSE_WRITE;
    uint32_t seen = 0;
    while ((seen & wanted) == 0) {
        ssize_t length = read(bench->floor, buffer, sizeof(buffer));
        require(length > 0, "read");
        for (ssize_t place = 0; place < length;) {
            struct inotify_event event;
            memcpy(&event, buffer + place, sizeof(event));
            seen |= event.mask;
            place += (ssize_t)(sizeof(event) + event.len);
        }
    }
}

static void fanotify_open(struct bench *bench)
{
    char path[PATH_SIZE];
    bench->floor = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY);
    require(bench->floor >= 0, "fanotify_init");
    for (size_t i = 0; i < bench->directories; i++) {
        require(fanotify_mark(bench->floor, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
                              FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_EVENT_ON_CHILD, AT_FDCWD,
                              directory_path(bench, i, path)) == 0,
                "fanotify_mark");
    }
}

static void fanotify_wait(struct bench *bench, enum edit edit)
{
    char buffer[BUFFER_SIZE];
    uint64_t wanted = edit == EDIT_BY_RENAME ? FAN_MOVED_TO : FAN_CLOSE_WRITE;
    uint64_t seen = 0;
    while ((seen & wanted) == 0) {
        ssize_t length = read(bench->floor, buffer, sizeof(buffer));
        require(length > 0, "read");
        for (ssize_t place = 0; place < length;) {
            struct fanotify_event_metadata event;
            memcpy(&event, buffer + place, sizeof(event));
            seen |= event.mask;
            place += event.event_len;
        }
    }
}

static void floor_close(struct bench *bench)
{
    (void)close(bench->floor);
}

static void events_open(struct bench *bench, enum file_events_backend backend)
{
    struct file_events_options options = {.backend = backend};
    struct error err = {0};
    char path[PATH_SIZE];
    bool is_open = file_events_open(&bench->host, &options, &bench->events, &err);
    for (size_t i = 0; i < bench->directories && is_open; i++) {
        (void)snprintf(path, sizeof(path), "/d%zu", i);
        is_open = file_events_add(bench->events, path, &err);
    }
    if (!is_open) {
        (void)fprintf(stderr, "bench_file_events: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
}

static void best_open(struct bench *bench)
{
    events_open(bench, FILE_EVENTS_BEST);
}

static void plain_open(struct bench *bench)
{
    events_open(bench, FILE_EVENTS_INOTIFY);
}

static void events_wait(struct bench *bench, enum edit edit)
{
    unsigned wanted = edit == EDIT_BY_RENAME ? FILE_EVENT_MOVED_IN : FILE_EVENT_WRITTEN;
    unsigned seen = 0;
    while ((seen & wanted) == 0) {
        AUTO_ARENA arena = arena_create();
        struct file_event_list list = {0};
        bool is_overflow = false;
        wait_readable(file_events_fd(bench->events));
        require(file_events_read(bench->events, arena, &list, &is_overflow, NULL), "read events");
        for (size_t i = 0; i < list.count; i++) {
            seen |= list.items[i].kinds;
        }
    }
}

static void events_close(struct bench *bench)
{
    file_events_close(bench->events);
    bench->events = NULL;
}

static const struct reader readers[] = {
    {"inotify alone", NULL, inotify_open, inotify_wait, floor_close},
    {"fanotify alone", NULL, fanotify_open, fanotify_wait, floor_close},
    {"file_events by inotify", "inotify alone", plain_open, events_wait, events_close},
    {"file_events by fanotify", "fanotify alone", best_open, events_wait, events_close},
};
enum { READERS = sizeof(readers) / sizeof(readers[0]) };

/* ---- Trials ---------------------------------------------------------------------------------- */

struct samples {
    double *us;
    size_t count;
};

static void run_block(struct bench *bench, const struct reader *reader, size_t trials,
                      struct samples *samples)
{
    reader->open(bench);
    for (size_t i = 0; i < trials; i++) {
        (void)snprintf(bench->order->path, PATH_SIZE, "%s/d%zu/site.conf", bench->root,
                       (i * 7919) % bench->directories);
        bench->order->finished_ns = 0;
        require(write(bench->orders, "", 1) == 1, "order");
        reader->wait(bench, bench->order->edit);
        int64_t delivered_ns = now_ns();
        samples->us[samples->count++] = (double)(delivered_ns - bench->order->finished_ns) / 1000.0;
    }
    reader->close(bench);
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return *a < *b ? -1 : *a > *b;
}

static double quantile(const struct samples *samples, double part)
{
    return samples->us[(size_t)((double)(samples->count - 1) * part)];
}

static const struct samples *floor_of(const struct samples *all, const struct reader *reader)
{
    for (size_t i = 0; i < READERS; i++) {
        if (reader->floor != NULL && strcmp(readers[i].name, reader->floor) == 0) {
            return &all[i];
        }
    }
    return NULL;
}

static void print_case(struct samples all[READERS])
{
    for (size_t i = 0; i < READERS; i++) {
        qsort(all[i].us, all[i].count, sizeof(*all[i].us), compare);
    }
    for (size_t i = 0; i < READERS; i++) {
        const struct samples *floor = floor_of(all, &readers[i]);
        (void)printf("  %-24s %8.0f %8.0f %8.0f %8.0f", readers[i].name, quantile(&all[i], 0.5),
                     quantile(&all[i], 0.9), quantile(&all[i], 0.99), quantile(&all[i], 1.0));
        if (floor != NULL) {
            (void)printf("   %5.2f %5.2f", quantile(&all[i], 0.5) / quantile(floor, 0.5),
                         quantile(&all[i], 0.99) / quantile(floor, 0.99));
        }
        (void)printf("\n");
    }
}

static void run_case(struct bench *bench, enum edit edit, enum writer writer)
{
    struct samples all[READERS];
    size_t trials = bench->trials / BLOCKS;
    bench->order->edit = edit;
    bench->order->writer = writer;
    for (size_t i = 0; i < READERS; i++) {
        all[i] = (struct samples){.us = calloc(trials * BLOCKS, sizeof(double))};
        require(all[i].us != NULL, "memory");
    }
    for (size_t block = 0; block < BLOCKS; block++) {
        for (size_t i = 0; i < READERS; i++) {
            run_block(bench, &readers[(block + i) % READERS], trials, &all[(block + i) % READERS]);
        }
    }
    (void)printf("%s, by %s\n", edit_names[edit], writer_names[writer]);
    print_case(all);
    (void)fflush(stdout);
    for (size_t i = 0; i < READERS; i++) {
        free(all[i].us);
    }
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void prepare(struct bench *bench, char *root)
{
    static const struct layout layout;
    static const struct facts facts;
    struct error err = {0};
    char path[PATH_SIZE];
    int orders[2];
    bench->root = mkdtemp(root);
    require(bench->root != NULL && host_open(root, &layout, &facts, &bench->host, &err),
            "temporary folder");
    for (size_t i = 0; i < bench->directories; i++) {
        require(mkdir(directory_path(bench, i, path), 0700) == 0, "mkdir");
    }
    bench->order = mmap(NULL, sizeof(*bench->order), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(bench->order != MAP_FAILED && pipe2(orders, O_CLOEXEC) == 0, "writer");
    pid_t pid = fork();
    require(pid >= 0, "fork");
    if (pid == 0) {
        (void)close(orders[1]);
        obey(orders[0], bench->order);
    }
    (void)close(orders[0]);
    bench->orders = orders[1];
}

int main(int argc, char **argv)
{
    char root[] = "/tmp/bench_file_events.XXXXXX";
    struct bench bench = {.directories = 1000, .trials = 1000};
    struct rusage usage = {0};
    for (int option = getopt(argc, argv, "t:d:"); option != -1;
         option = getopt(argc, argv, "t:d:")) {
        size_t *number = option == 't' ? &bench.trials : &bench.directories;
        require(option != '?', "options");
        *number = strtoul(optarg, NULL, 10);
    }
    require(bench.trials >= BLOCKS && bench.directories > 0, "numbers");
    if (geteuid() != 0) {
        (void)puts("NOT RUN: fanotify wants root");
        return 77;
    }
    prepare(&bench, root);
    (void)printf("%zu trials, %zu directories; microseconds, and times the floor's\n"
                 "  %-24s %8s %8s %8s %8s   %5s %5s\n",
                 bench.trials, bench.directories, "", "median", "p90", "p99", "most", "median",
                 "p99");
    for (int edit = 0; edit < EDITS; edit++) {
        for (int writer = 0; writer < WRITERS; writer++) {
            run_case(&bench, (enum edit)edit, (enum writer)writer);
        }
    }
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("at most %ld MiB resident\n", usage.ru_maxrss / 1024);
    require(file_remove_all(AT_FDCWD, root, NULL), "remove the temporary folder");
    host_close(&bench.host);
    return EXIT_SUCCESS;
}
