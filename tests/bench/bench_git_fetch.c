/* What a fetch costs when nothing happened, from a repository on this host with so many files,
 * beside the floor of the same run: two small files read.
 *
 *     bench_git_fetch [COUNT...]        files; default 500 10000
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <git2.h>

#include "base/file.h"
#include "base/text.h"
#include "input/git_mirror.h"
#include "input/load_git.h"

enum { REPEATS = 200, REPEATS_IN_CHILD = 25 };

struct bench {
    struct arena *arena;
    const char *folder;
    struct git_source source;
    const char *commit;
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
        (void)fprintf(stderr, "bench_git_fetch: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static const char *below(const struct bench *bench, const char *name)
{
    return arena_printf(bench->arena, "%s/%s", bench->folder, name);
}

/* One commit of count files, of which git itself would make much the same objects. */
static void make_repository(struct bench *bench, size_t count)
{
    git_repository *repository = NULL;
    git_treebuilder *builder = NULL;
    git_signature *author = NULL;
    git_tree *tree = NULL;
    git_oid id;
    require(git_libgit2_init() > 0 && git_repository_init(&repository, bench->source.url, 1) == 0 &&
                git_treebuilder_new(&builder, repository, NULL) == 0,
            "make a repository");
    for (size_t i = 0; i < count; i++) {
        const char *text = arena_printf(bench->arena, "sites: { s%zu.test: { root: /srv } }\n", i);
        const char *name = arena_printf(bench->arena, "%05zu.yaml", i);
        require(git_blob_create_from_buffer(&id, repository, text, strlen(text)) == 0 &&
                    git_treebuilder_insert(NULL, builder, name, &id, GIT_FILEMODE_BLOB) == 0,
                "make a file");
    }
    require(git_treebuilder_write(&id, builder) == 0 &&
                git_tree_lookup(&tree, repository, &id) == 0 &&
                git_signature_now(&author, "Bench", "bench@example.com") == 0 &&
                git_commit_create(&id, repository, "refs/heads/main", author, author, NULL, "Files",
                                  tree, 0, NULL) == 0,
            "make a commit");
    bench->commit = arena_strdup(bench->arena, git_oid_tostr_s(&id));
    git_signature_free(author);
    git_tree_free(tree);
    git_treebuilder_free(builder);
    git_repository_free(repository);
}

/* As a program that was just started does it. */
static void fetch(const struct bench *bench, bool accepts)
{
    AUTO_ARENA arena = arena_create();
    struct git_mirror *mirror = NULL;
    struct git_fetched fetched;
    struct error err = {0};
    bool is_done = git_mirror_open(arena, below(bench, "source"), &bench->source, &mirror, &err) &&
                   git_mirror_fetch(mirror, &fetched, &err) &&
                   strcmp(fetched.commit, bench->commit) == 0 &&
                   (!accepts || git_mirror_accept(mirror, fetched.commit, NULL, &err));
    git_mirror_close(mirror);
    require(is_done, err.message[0] == '\0' ? "fetch" : err.message);
}

static void read_two(const struct bench *bench)
{
    AUTO_ARENA arena = arena_create();
    struct str text = {0};
    struct error err = {0};
    require(
        file_read(AT_FDCWD, below(bench, "source/mirror/refs/heads/main"), 64, arena, &text,
                  &err) &&
            file_read(AT_FDCWD, below(bench, "origin.git/refs/heads/main"), 64, arena, &text, &err),
        "read");
}

static void load(const struct bench *bench)
{
    AUTO_ARENA arena = arena_create();
    struct diagnostic_list diagnostics = {0};
    struct git_loaded loaded;
    struct error err = {0};
    const struct git_revision from = {.repository = below(bench, "source/mirror"),
                                      .revision = bench->commit};
    require(load_git(arena, &from, NULL, NULL, &diagnostics, &loaded, &err) &&
                diagnostics.count == 0,
            "load");
}

/* A name that is packed tells nothing to who reads two files: libgit2 looks, in a child. */
static void pack_name(const struct bench *bench)
{
    struct error err = {0};
    const char *packed = arena_printf(bench->arena,
                                      "# pack-refs with: peeled fully-peeled sorted \n"
                                      "%s refs/heads/main\n",
                                      bench->commit);
    require(file_replace(AT_FDCWD, below(bench, "origin.git/packed-refs"), str_of(packed), 0644,
                         FILE_OWNER_NONE, FILE_SYNC_LATER, &err) &&
                unlink(below(bench, "origin.git/refs/heads/main")) == 0,
            "pack the name");
}

static int double_compare(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;
    return (first > second) - (first < second);
}

static void fetch_idle(const struct bench *bench)
{
    fetch(bench, false);
}

static double median(const struct bench *bench, void (*work)(const struct bench *), size_t repeats)
{
    double times[REPEATS];
    for (size_t i = 0; i < repeats; i++) {
        double start = now_ms();
        work(bench);
        times[i] = now_ms() - start;
    }
    qsort(times, repeats, sizeof(*times), double_compare);
    return times[repeats / 2];
}

static void measure(size_t count)
{
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    char folder[] = "/tmp/bench-git.XXXXXX";
    require(mkdtemp(folder) != NULL, "make a folder");
    struct bench bench = {.arena = arena, .folder = folder};
    bench.source = (struct git_source){.url = below(&bench, "origin.git"),
                                       .transport = SOURCE_LOCAL,
                                       .branch = "main",
                                       .user = "git",
                                       .timeout_ms = 60000,
                                       .bytes_most = 1 << 30,
                                       .objects_most = 1000000};
    make_repository(&bench, count);
    double start = now_ms();
    fetch(&bench, true);
    double first = now_ms() - start;
    double floor = median(&bench, read_two, REPEATS);
    double idle = median(&bench, fetch_idle, REPEATS);
    double loading = median(&bench, load, REPEATS_IN_CHILD);
    pack_name(&bench);
    double child = median(&bench, fetch_idle, REPEATS_IN_CHILD);
    (void)printf("%6zu files  first %8.2f ms  idle %6.3f ms  (floor %6.3f ms, ratio %5.1f)  "
                 "idle, name packed %6.2f ms  load %7.2f ms\n",
                 count, first, idle, floor, idle / floor, child, loading);
    require(file_remove_all(AT_FDCWD, folder, &err), "clean up");
}

int main(int argc, char **argv)
{
    static const size_t usual[] = {500, 10000};
    for (int i = 1; i < argc; i++) {
        measure(strtoul(argv[i], NULL, 10));
    }
    for (size_t i = 0; argc == 1 && i < sizeof(usual) / sizeof(usual[0]); i++) {
        measure(usual[i]);
    }
    return EXIT_SUCCESS;
}
