/* What the running nginx is and has loaded. */

#include "providers/nginx.h"
#include "providers/nginx_process.h"

enum { ASK_MS = 500 };

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
