/* Gives each file of the folders in its arguments to a fuzz target, without libFuzzer: corpora
 * run as ordinary tests with any compiler. What must not happen is the target's own business. */

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { INPUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(FILE *file, size_t size)
{
    /* Exactly size bytes, so that the address sanitizer sees a read behind them. */
    uint8_t *data = malloc(size + (size == 0));
    if (data == NULL || fread(data, 1, size, file) != size) {
        (void)fputs("input changed while it was read\n", stderr);
        exit(EXIT_FAILURE);
    }
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static size_t replay_folder(const char *path)
{
    AUTO_DIRECTORY directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t count = 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        AUTO_FD fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
            continue;
        }
        if (status.st_size > INPUT_MAX) {
            (void)fprintf(stderr, "%s/%s: larger than any input\n", path, entry->d_name);
            exit(EXIT_FAILURE);
        }
        AUTO_FILE file = fdopen(take_fd(&fd), "rb");
        if (file == NULL) {
            exit(EXIT_FAILURE);
        }
        replay_file(file, (size_t)status.st_size);
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay_folder(argv[i]);
    }
    (void)printf("%zu inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* an empty corpus proves nothing */
}
