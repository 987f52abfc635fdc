/* The running nginx as the kernel and its own proof page show it. Only for the nginx files. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/vec.h"
#include "providers/nginx.h"

VEC(pid_list, pid_t);

/* The pid of the pid file when an nginx master has it; 0: none. */
bool nginx_master(struct host *host, struct arena *arena, pid_t *out_master,
                  struct error *err) MUST_CHECK;
/* The master's children: workers and cache processes. */
void nginx_children(pid_t master, struct arena *arena, struct pid_list *out_children);
/* True for a child that takes no new connection any more. */
bool nginx_is_leaving(pid_t child);

/* What one worker answers on a new connection. */
struct nginx_answer {
    unsigned long generation;
    pid_t worker;
};
/* False when nobody answers within the time, or somebody else does. */
bool nginx_ask(const struct layout *layout, int timeout_ms, struct nginx_answer *out_answer);

/* nginx_loaded.c: clears what is owed. */
bool nginx_loaded_record(struct host *host, unsigned long generation, struct error *err) MUST_CHECK;
