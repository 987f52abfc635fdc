/* floor: the least that any program must do for the same result, as system calls and nothing else.
 * The benchmark times it beside the real program, in the same run.
 *
 *   floor nothing                   to start and end
 *   floor record LIST STORE         (not timed) notes what stat says of every path in LIST
 *   floor check STORE               stat of every path; those that differ are read
 *   floor read LIST                 reads every path
 *   floor write LIST FOLDER         reads every path and writes its copy below FOLDER, through a
 *                                   temporary name, with one syncfs
 *   floor plan LIST FILE...         libyaml's events of every FILE; prints what LIST's paths hold
 *   floor reload PIDFILE            HUP to nginx, until a new worker runs
 *
 * LIST has one absolute path a line, sorted, so that those of one folder stand together. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>

enum { PATH_BYTES = 4096, CONTENT_BYTES = 1 << 20, RELOAD_SECONDS = 120 };

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* A file as it lies in memory: nothing is copied. */
struct mapping {
    char *data;
    size_t length;
};

static struct mapping map_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        die(path);
    }
    struct mapping mapping = {.length = (size_t)status.st_size};
    if (mapping.length > 0) {
        mapping.data = mmap(NULL, mapping.length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        if (mapping.data == MAP_FAILED) {
            die(path);
        }
    }
    (void)close(fd);
    return mapping;
}

/* ---- the paths of a list, folder by folder ----------------------------------------------------
 */

struct walk {
    char folder[PATH_BYTES]; /* the one that is open */
    int directory;
};

/* Opens the folder when it is another than before; returns the name in it. */
static const char *walk_to(struct walk *walk, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = (size_t)(slash - path);
    if (walk->directory < 0 || strncmp(walk->folder, path, length) != 0 ||
        walk->folder[length] != '\0') {
        if (length >= sizeof(walk->folder)) {
            die(path);
        }
        if (walk->directory >= 0) {
            (void)close(walk->directory);
        }
        memcpy(walk->folder, path, length);
        walk->folder[length] = '\0';
        walk->directory = open(walk->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (walk->directory < 0) {
            die(walk->folder);
        }
    }
    return slash + 1;
}

static void for_each(const char *list, void (*act)(struct walk *walk, const char *path))
{
    struct walk walk = {.directory = -1};
    struct mapping mapping = map_file(list);
    char *end = mapping.data + mapping.length;
    for (char *line = mapping.data; line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        if (newline == NULL) {
            die("a list ends in a newline");
        }
        *newline = '\0';
        act(&walk, line);
        line = newline + 1;
    }
}

/* ---- stat -------------------------------------------------------------------------------------
 */

struct seen {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    struct timespec modified;
    struct timespec changed;
    uint32_t path_length; /* of the path behind it, with its NUL, in steps of eight bytes */
    uint32_t mode;
};

static struct seen look(struct walk *walk, const char *path)
{
    struct stat status;
    const char *name = walk_to(walk, path);
    if (fstatat(walk->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        die(path);
    }
    return (struct seen){.device = status.st_dev,
                         .inode = status.st_ino,
                         .size = status.st_size,
                         .modified = status.st_mtim,
                         .changed = status.st_ctim,
                         .path_length = (uint32_t)(strlen(path) / 8 + 1) * 8,
                         .mode = status.st_mode};
}

static FILE *store;

static void record(struct walk *walk, const char *path)
{
    static const char zeros[8];
    struct seen seen = look(walk, path);
    size_t length = strlen(path);
    if (fwrite(&seen, sizeof(seen), 1, store) != 1 || fwrite(path, 1, length, store) != length ||
        fwrite(zeros, 1, seen.path_length - length, store) != seen.path_length - length) {
        die("store");
    }
}

static size_t read_content(struct walk *walk, const char *path, char *content)
{
    const char *name = walk_to(walk, path);
    int fd = openat(walk->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = fd < 0 ? -1 : read(fd, content, CONTENT_BYTES);
    if (length < 0) {
        die(path);
    }
    (void)close(fd);
    return (size_t)length;
}

static char content[CONTENT_BYTES];

static void check(const char *path)
{
    struct walk walk = {.directory = -1};
    struct mapping mapping = map_file(path);
    char *end = mapping.data + mapping.length;
    for (char *at = mapping.data; at < end;) {
        struct seen before;
        memcpy(&before, at, sizeof(before));
        const char *name = at + sizeof(before);
        struct seen now = look(&walk, name);
        if (memcmp(&before, &now, sizeof(now)) != 0) {
            size_t length = read_content(&walk, name, content);
            (void)printf("%s: %zu bytes\n", name, length);
        }
        at += sizeof(before) + before.path_length;
    }
}

/* ---- reading and writing ------------------------------------------------------------------------
 */

static void read_path(struct walk *walk, const char *path)
{
    if (S_ISREG(look(walk, path).mode)) {
        (void)read_content(walk, path, content);
    }
}

static const char *target_folder;
static int target = -1;

static void make_folders(char *path)
{
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(target, path, 0755) != 0 && errno != EEXIST) {
            die(path);
        }
        *slash = '/';
    }
}

static void write_path(struct walk *walk, const char *path)
{
    char name[PATH_BYTES];
    char temporary[PATH_BYTES];
    mode_t mode = look(walk, path).mode;
    if (!S_ISREG(mode)) {
        return;
    }
    size_t length = read_content(walk, path, content);
    (void)snprintf(name, sizeof(name), "%s", path + 1);
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path + 1);
    int fd = openat(target, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        make_folders(name);
        fd = openat(target, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd < 0 || write(fd, content, length) != (ssize_t)length || fchmod(fd, mode & 07777) != 0 ||
        close(fd) != 0) {
        die(temporary);
    }
}

static void rename_path(struct walk *walk, const char *path)
{
    char temporary[PATH_BYTES];
    (void)walk;
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path + 1);
    if (renameat(target, temporary, target, path + 1) != 0 && errno != ENOENT) {
        die(path);
    }
}

static void write_all(const char *list)
{
    target = open(target_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target < 0) {
        die(target_folder);
    }
    for_each(list, write_path);
    if (syncfs(target) != 0) {
        die("syncfs");
    }
    for_each(list, rename_path);
}

/* ---- a plan
 * -------------------------------------------------------------------------------------- */

static void print_path(struct walk *walk, const char *path)
{
    if (S_ISREG(look(walk, path).mode)) {
        size_t length = read_content(walk, path, content);
        (void)fwrite(content, 1, length, stdout);
    }
}

static void parse(const char *path)
{
    struct mapping input = map_file(path);
    yaml_parser_t parser;
    yaml_event_t event;
    bool is_done = false;
    if (yaml_parser_initialize(&parser) == 0) {
        die("libyaml");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)input.data, input.length);
    while (!is_done) {
        if (yaml_parser_parse(&parser, &event) == 0) {
            die(path);
        }
        is_done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

/* ---- nginx
 * --------------------------------------------------------------------------------------- */

static long highest_child(long master)
{
    char path[PATH_BYTES];
    char list[PATH_BYTES] = {0};
    (void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", master, master);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, list, sizeof(list) - 1) < 0) {
        die(path);
    }
    (void)close(fd);
    long highest = 0;
    for (char *rest = list, *end = NULL;; rest = end) {
        long child = strtol(rest, &end, 10);
        if (end == rest) {
            return highest;
        }
        highest = child > highest ? child : highest;
    }
}

/* Process numbers grow, but for their wrap; a wrap ends in the time limit and is measured again. */
static void reload(const char *pid_file)
{
    const struct timespec pause = {.tv_nsec = 500000};
    struct mapping pid = map_file(pid_file);
    long master = strtol(pid.data, NULL, 10);
    long before = highest_child(master);
    if (kill((pid_t)master, SIGHUP) != 0) {
        die("signal nginx");
    }
    for (int i = 0; i < RELOAD_SECONDS * 2000; i++) {
        if (highest_child(master) > before) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    errno = ETIMEDOUT;
    die("reload");
}

/* --------------------------------------------------------------------------------------------------
 */

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "nothing") == 0) {
        return EXIT_SUCCESS;
    }
    if (strcmp(verb, "record") == 0 && argc == 4) {
        store = fopen(argv[3], "w");
        if (store == NULL) {
            die(argv[3]);
        }
        for_each(argv[2], record);
        return fclose(store) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (strcmp(verb, "check") == 0 && argc == 3) {
        check(argv[2]);
    } else if (strcmp(verb, "read") == 0 && argc == 3) {
        for_each(argv[2], read_path);
    } else if (strcmp(verb, "write") == 0 && argc == 4) {
        target_folder = argv[3];
        write_all(argv[2]);
    } else if (strcmp(verb, "plan") == 0 && argc > 3) {
        for (int i = 3; i < argc; i++) {
            parse(argv[i]);
        }
        for_each(argv[2], print_path);
    } else if (strcmp(verb, "reload") == 0 && argc == 3) {
        reload(argv[2]);
    } else {
        (void)fprintf(stderr, "usage: see the head of floor.c\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
