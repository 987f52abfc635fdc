/* Who changed a file: a process, and the user, login and unit behind it, as /proc tells while the
 * process is there. What was not read from the process itself is left out, never guessed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "providers/process_snapshot.h"

struct file_writer_ancestor {
    pid_t pid;
    const char *program; /* as below */
};

/* Texts are valid UTF-8 without control characters, bounded, and otherwise whatever the process
 * called itself: they want the quoting of wherever they go. */
struct file_writer {
    bool is_known;   /* false: it was gone, or is hidden from us; then nothing but pid is set */
    bool is_partial; /* it ended while it was being read: some of the rest is NULL or -1 */
    bool is_own;     /* this process, or a descendant of it */
    pid_t pid;       /* 0: in another process namespace */
    const char
        *program; /* "/usr/bin/vim.basic"; its short name where the path cannot be had: "vim",
                     "[nfsd]" for a thread of the kernel; NULL */
    const char *command; /* arguments, separated by spaces; what looks like a secret is "***" */
    const struct file_writer_ancestor *ancestors; /* parent first, without process 1 */
    size_t ancestor_count;
    uid_t user;       /* the effective one; (uid_t)-1 */
    uid_t login_user; /* who logged in, whatever sudo or su made of it since; (uid_t)-1: nobody */
    const char *user_name; /* NULL: none of that number is known */
    const char *login_user_name;
    const char *unit; /* of the system manager: "nginx.service", "session-3.scope"; NULL: none */
};

/* Names of users, remembered for a minute. */
struct user_names;

/* NULL when there is no memory. */
struct user_names *user_names_open(void);
/* Accepts NULL. */
void user_names_close(struct user_names *names);

/* On the arena. Asks the system for the names of users (NSS). */
const struct file_writer *file_writer_make(const struct process_snapshot *snapshot,
                                           struct user_names *names, struct arena *arena);

/* Whether the writer or one of its ancestors runs the program of this name ("dpkg"). */
bool file_writer_comes_from(const struct file_writer *writer, const char *program);
