/* stopwatch OUT PROGRAM [ARGUMENT...]: runs the program and writes one line to the file OUT:
 * wall, user and system seconds, peak resident KiB, exit status.
 * User and system time are of the program and all descendants that were waited for, the peak is of
 * the largest single one. It is small and in C because a child starts with its parent's peak. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_USAGE = 64, STATUS_NOT_RUN = 127, STATUS_SIGNAL = 128 };

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: stopwatch OUT PROGRAM [ARGUMENT...]\n");
        return STATUS_USAGE;
    }
    double begun = seconds_now();
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return EXIT_FAILURE;
    }
    if (child == 0) {
        (void)execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(STATUS_NOT_RUN);
    }
    int ending = 0;
    struct rusage usage;
    if (wait4(child, &ending, 0, &usage) != child) {
        perror("wait");
        return EXIT_FAILURE;
    }
    double wall = seconds_now() - begun;
    int status = WIFEXITED(ending) ? WEXITSTATUS(ending) : STATUS_SIGNAL + WTERMSIG(ending);
    FILE *out = fopen(argv[1], "w");
    if (out == NULL) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    (void)fprintf(out, "%.6f %.6f %.6f %ld %d\n", wall, seconds_of(usage.ru_utime),
                  seconds_of(usage.ru_stime), usage.ru_maxrss, status);
    return fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
