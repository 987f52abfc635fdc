/* What loop and runner say to each other over a socket. The loop sends the arguments, each ended by
 * NUL, and beside the first byte the file that is to be the program's standard input (unix(7),
 * SCM_RIGHTS); then it shuts its side. The runner answers with what the program prints, and last
 * with RUNNER_END and the exit code in decimal. A loop that hangs up wants the program ended. */
#pragma once

#define RUNNER_END "\0exit "

enum {
    RUNNER_END_SIZE = 6, /* without the NUL behind it */
    RUNNER_ARGUMENTS_MOST = 64,
    RUNNER_BYTES_MOST = 16 * 1024,
};
