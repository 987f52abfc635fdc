/* What the running nginx is and has loaded. */

#include "providers/nginx.h"

#include <string.h>
#include <time.h>

#include "providers/generation.h"
#include "providers/nginx_process.h"

enum {
    ASK_MS = 500,
    /* After a reload workers of before may answer for about 110 ms (measured), on a busy machine
     * for longer. */
    AGAIN_MS = 50,
    AGAIN_MOST = 6,
};

bool nginx_observe(struct host *host, struct arena *arena, struct nginx_state *out_state,
                   struct error *err)
{
    pid_t master = 0;
    struct nginx_answer answer = {0};
    if (!nginx_master(host, arena, &master, err)) {
        return false;
    }
    *out_state = (struct nginx_state){.is_running = master != 0, .master = master};
    if (master != 0 && nginx_ask(host->layout, ASK_MS, &answer)) {
        out_state->generation = answer.generation;
    }
    return true;
}

/* True when nginx would load the same from either. */
static bool is_same_tree(struct host *host, unsigned long a, unsigned long b, struct arena *arena)
{
    struct generation first;
    struct generation second;
    return a == b || (generation_find(host, a, arena, &first, NULL) &&
                      generation_find(host, b, arena, &second, NULL) &&
                      strcmp(first.tree_digest, second.tree_digest) == 0);
}

/* Before an older answer is believed, workers that are on their way out get the time to go. */
static bool observe_patiently(struct host *host, unsigned long generation, struct arena *arena,
                              struct nginx_state *out_state, struct error *err)
{
    const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
    for (int i = 0; i < AGAIN_MOST; i++) {
        if (!nginx_observe(host, arena, out_state, err)) {
            return false;
        }
        if (!out_state->is_running || out_state->generation == 0 ||
            is_same_tree(host, out_state->generation, generation, arena)) {
            return true;
        }
        (void)nanosleep(&pause, NULL); /* a shorter pause is one more try */
    }
    return true;
}

bool nginx_find_unloaded(struct host *host, unsigned long generation, struct arena *arena,
                         const char **out_unloaded, struct error *err)
{
    struct nginx_state state;
    *out_unloaded = NULL;
    if (strcmp(host->root_path, "/") != 0) {
        return true; /* no nginx of that root runs here */
    }
    if (!observe_patiently(host, generation, arena, &state, err)) {
        return false;
    }
    if (!state.is_running) {
        *out_unloaded = NGINX_NOT_RUNNING;
    } else if (state.generation == 0) {
        *out_unloaded = "nginx has loaded nothing of ours";
    } else if (!is_same_tree(host, state.generation, generation, arena)) {
        *out_unloaded = arena_printf(arena, "nginx has loaded generation %lu", state.generation);
    } else if (nginx_reload_is_owed(host)) {
        *out_unloaded = "nginx has not loaded a new certificate";
    }
    return true;
}
