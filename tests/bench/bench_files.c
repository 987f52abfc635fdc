/* What looking at managed files costs, each figure beside the floor of the same run: the system
 * calls that nothing can avoid, and no comparison, no bookkeeping around them.
 *
 *     bench_files [COUNT...]        files; default 1000 10000
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "model/certificate_item.h"
#include "model/file_item.h"
#include "providers/fingerprints.h"
#include "providers/providers.h"

enum { FOLDERS = 3, REPEATS = 7, CONTENT_SIZE = 900, CERTIFICATES_MOST = 1000 };

struct bench {
    struct host host;
    struct arena *arena;
    size_t count;
    struct item *items;
    const struct item **pointers;
    struct observation *found;
    const char *content;
};

static double now_ms(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* fails only for an unknown clock */
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void require(bool is_done, const char *what)
{
    if (!is_done) {
        (void)fprintf(stderr, "bench_files: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

/* ---- Floors --------------------------------------------------------------------------------- */

static int open_folder(const struct bench *bench, size_t index)
{
    int fd = openat(bench->host.root, arena_printf(bench->arena, "etc/d%zu", index % FOLDERS),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(fd >= 0, "open");
    return fd;
}

static const char *name_of(const struct bench *bench, size_t index)
{
    return strrchr(bench->items[index].id, '/') + 1;
}

static void floor_stat(struct bench *bench)
{
    int folders[FOLDERS];
    for (size_t i = 0; i < FOLDERS; i++) {
        folders[i] = open_folder(bench, i);
    }
    for (size_t i = 0; i < bench->count; i++) {
        struct stat status;
        require(fstatat(folders[i % FOLDERS], name_of(bench, i), &status, AT_SYMLINK_NOFOLLOW) == 0,
                "stat");
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        (void)close(folders[i]);
    }
}

static void floor_read(struct bench *bench)
{
    static char buffer[2 * CONTENT_SIZE];
    int folders[FOLDERS];
    for (size_t i = 0; i < FOLDERS; i++) {
        folders[i] = open_folder(bench, i);
    }
    for (size_t i = 0; i < bench->count; i++) {
        struct stat status;
        int fd = openat(folders[i % FOLDERS], name_of(bench, i), O_RDONLY | O_CLOEXEC);
        require(fd >= 0 && fstat(fd, &status) == 0 && read(fd, buffer, sizeof(buffer)) > 0, "read");
        require(memcmp(buffer, bench->content, 100) == 0, "compare");
        (void)close(fd);
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        (void)close(folders[i]);
    }
}

/* Into files of other names, so that both write into the same folders. */
static void floor_write(struct bench *bench)
{
    int folders[FOLDERS];
    for (size_t i = 0; i < FOLDERS; i++) {
        folders[i] = open_folder(bench, i);
    }
    for (size_t i = 0; i < bench->count; i++) {
        const char *name = arena_printf(bench->arena, "%s.floor", name_of(bench, i));
        int fd = openat(folders[i % FOLDERS], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        require(fd >= 0 && write(fd, bench->content, CONTENT_SIZE) == CONTENT_SIZE, "write");
        require(fchmod(fd, 0644) == 0 && close(fd) == 0, "close");
    }
    require(syncfs(folders[0]) == 0, "sync");
    for (size_t i = 0; i < bench->count; i++) {
        const char *name = arena_printf(bench->arena, "%s.floor", name_of(bench, i));
        const char *to = arena_printf(bench->arena, "%s.done", name_of(bench, i));
        require(renameat(folders[i % FOLDERS], name, folders[i % FOLDERS], to) == 0, "rename");
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        require(fsync(folders[i]) == 0 && close(folders[i]) == 0, "sync");
    }
}

/* ---- Ours ----------------------------------------------------------------------------------- */

static void observe(struct bench *bench)
{
    require(file_provider.observe(&bench->host, bench->pointers, bench->count, bench->arena,
                                  bench->found, NULL),
            "observe");
}

static void apply(struct bench *bench)
{
    struct action *actions = arena_array(bench->arena, bench->count, sizeof(*actions));
    const struct action **pointers =
        arena_array(bench->arena, bench->count, sizeof(struct action *));
    struct outcome *outcomes = arena_array(bench->arena, bench->count, sizeof(*outcomes));
    for (size_t i = 0; i < bench->count; i++) {
        actions[i] = (struct action){
            .verb = ACTION_CREATE, .item = &bench->items[i], .found = &bench->found[i]};
        pointers[i] = &actions[i];
    }
    file_provider.apply(&bench->host, pointers, bench->count, bench->arena, outcomes);
    for (size_t i = 0; i < bench->count; i++) {
        require(outcomes[i].result == OUTCOME_CHANGED, outcomes[i].error.message);
    }
}

static void hold(struct bench *bench)
{
    bench->host.fingerprints = fingerprints_load(&bench->host, bench->arena);
    require(fingerprints_hold(&bench->host, "key", bench->arena, NULL) == FINGERPRINTS_HOLD,
            "hold");
}

static void observe_known(struct bench *bench)
{
    bench->host.fingerprints = fingerprints_load(&bench->host, bench->arena);
    observe(bench);
}

/* ---- Report --------------------------------------------------------------------------------- */

/* The median of some runs, each on an arena of its own. */
static double measure(struct bench *bench, void (*work)(struct bench *bench))
{
    double times[REPEATS];
    struct arena *outer = bench->arena;
    for (size_t i = 0; i < REPEATS; i++) {
        bench->arena = arena_create();
        double start = now_ms();
        work(bench);
        double took = now_ms() - start;
        arena_destroy(bench->arena);
        size_t place = i;
        for (; place > 0 && times[place - 1] > took; place--) {
            times[place] = times[place - 1];
        }
        times[place] = took;
    }
    bench->arena = outer;
    return times[REPEATS / 2];
}

static double measure_once(struct bench *bench, void (*work)(struct bench *bench))
{
    double start = now_ms();
    work(bench);
    return now_ms() - start;
}

static void report(const struct bench *bench, const char *what, double took, const char *floor_name,
                   double floor_took)
{
    (void)printf("%6zu  %-28s %9.2f ms   %-14s %9.2f ms   ratio %5.2f\n", bench->count, what, took,
                 floor_name, floor_took, took / floor_took);
}

/* ---- Certificates --------------------------------------------------------------------------- */

static void observe_certificates(struct bench *bench)
{
    require(certificate_provider.observe(&bench->host, bench->pointers, bench->count, bench->arena,
                                         bench->found, NULL),
            "observe");
    for (size_t i = 0; i < bench->count; i++) {
        require(bench->found[i].exists && bench->found[i].trouble == NULL, "certificate");
    }
}

static void observe_known_certificates(struct bench *bench)
{
    bench->host.fingerprints = fingerprints_load(&bench->host, bench->arena);
    observe_certificates(bench);
}

static void bench_certificates(struct bench *files)
{
    struct bench bench = *files;
    bench.count = files->count < CERTIFICATES_MOST ? files->count : CERTIFICATES_MOST;
    bench.items = arena_array(bench.arena, bench.count, sizeof(struct item));
    struct action *actions = arena_array(bench.arena, bench.count, sizeof(*actions));
    const struct action **pointers = arena_array(bench.arena, bench.count, sizeof(struct action *));
    struct outcome *outcomes = arena_array(bench.arena, bench.count, sizeof(*outcomes));
    for (size_t i = 0; i < bench.count; i++) {
        struct certificate_item *wanted = arena_new(bench.arena, struct certificate_item);
        const char **names = arena_array(bench.arena, 2, sizeof(char *));
        names[0] = arena_printf(bench.arena, "site%zu.test", i);
        *wanted = (struct certificate_item){
            .names = names,
            .name_count = 1,
            .directory = arena_printf(bench.arena, "/state/certificates/site%zu.test", i),
            .key_type = "ecdsa-p256",
            .lifetime_seconds = INT64_C(90) * 86400,
        };
        bench.items[i] = (struct item){.type = ITEM_CERTIFICATE, .id = names[0], .wanted = wanted};
        bench.pointers[i] = &bench.items[i];
        actions[i] = (struct action){.verb = ACTION_CREATE, .item = &bench.items[i]};
        pointers[i] = &actions[i];
    }
    bench.host.fingerprints = NULL;
    double start = now_ms();
    certificate_provider.apply(&bench.host, pointers, bench.count, bench.arena, outcomes);
    double issued = now_ms() - start;
    for (size_t i = 0; i < bench.count; i++) {
        require(outcomes[i].result == OUTCOME_CHANGED, outcomes[i].error.message);
    }
    double verified = measure(&bench, observe_certificates);
    bench.host.fingerprints = fingerprints_make(bench.arena);
    observe_certificates(&bench);
    require(fingerprints_save(&bench.host, bench.arena, NULL), "save");
    double known = measure(&bench, observe_known_certificates);
    (void)printf("%6zu  certificates: issue %.1f ms, verify all %.1f ms, look at known %.1f ms\n",
                 bench.count, issued, verified, known);
}

static void make_items(struct bench *bench, size_t count)
{
    char *content = arena_alloc(bench->arena, CONTENT_SIZE + 1);
    memset(content, 'x', CONTENT_SIZE);
    bench->content = content;
    bench->count = count;
    bench->items = arena_array(bench->arena, count, sizeof(struct item));
    bench->pointers = arena_array(bench->arena, count, sizeof(struct item *));
    bench->found = arena_array(bench->arena, count, sizeof(struct observation));
    for (size_t i = 0; i < count; i++) {
        struct file_item *wanted = arena_new(bench->arena, struct file_item);
        wanted->text.content = (struct str){content, CONTENT_SIZE};
        wanted->mode = 0644;
        bench->items[i] = (struct item){
            .type = ITEM_FILE,
            .id = arena_printf(bench->arena, "/etc/d%zu/file-%zu.conf", i % FOLDERS, i),
            .wanted = wanted,
        };
        bench->pointers[i] = &bench->items[i];
    }
}

static void bench_files(size_t count)
{
    char root[] = "/tmp/reconcile-bench-XXXXXX";
    struct layout layout = {
        .state = "/state", .certificates = "/state/certificates", .authority = "/state/authority"};
    struct facts facts = {0};
    struct bench bench = {.arena = arena_create()};
    require(mkdtemp(root) != NULL && host_open(root, &layout, &facts, &bench.host, NULL), "open");
    for (size_t i = 0; i < FOLDERS; i++) {
        require(file_make_directories(bench.host.root, arena_printf(bench.arena, "etc/d%zu", i),
                                      0755, NULL),
                "mkdir");
    }
    make_items(&bench, count);
    double wrote = measure_once(&bench, floor_write);
    observe(&bench);
    double applied = measure_once(&bench, apply);
    report(&bench, "cold apply", applied, "write, syncfs", wrote);
    report(&bench, "read and compare", measure(&bench, observe), "read",
           measure(&bench, floor_read));
    bench.host.fingerprints = fingerprints_make(bench.arena);
    observe(&bench);
    fingerprints_set_key(bench.host.fingerprints, "key");
    require(fingerprints_save(&bench.host, bench.arena, NULL), "save");
    double stat_took = measure(&bench, floor_stat);
    report(&bench, "nothing to do", measure(&bench, hold), "stat", stat_took);
    report(&bench, "look at known files", measure(&bench, observe_known), "stat", stat_took);
    bench_certificates(&bench);
    struct rusage usage;
    require(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    (void)printf("%6zu  peak memory %ld MiB\n", count, usage.ru_maxrss / 1024);
    require(file_remove_all(AT_FDCWD, root, NULL), "remove");
    host_close(&bench.host);
    arena_destroy(bench.arena);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        bench_files(1000);
        bench_files(10000);
    }
    for (int i = 1; i < argc; i++) {
        bench_files(strtoul(argv[i], NULL, 10));
    }
    return EXIT_SUCCESS;
}
