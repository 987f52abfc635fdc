/* Presets: values for known programs, as YAML below everything that people write. Only field
 * values: whatever a preset does, a document can do and undo. */

#include <string.h>

#include "model/facts.h"
#include "schemas/service_parts.h"

const char *const service_preset_names[] = {"gunicorn", "node", "uvicorn", NULL};

/* Workers wait for each other rarely: two for each CPU and one for all. Each ends after about a
 * thousand requests, not all at once, so that leaks stay small. A worker that is silent for two
 * minutes hangs; a stop lets requests finish for 30 s. Heartbeats are files: /dev/shm is memory. */
static const char *gunicorn_preset(const struct facts *facts, struct arena *arena)
{
    return arena_printf(arena,
                        "type: notify\n"
                        "run:\n"
                        "  reload: SIGHUP\n"
                        "env:\n"
                        "  WEB_CONCURRENCY: \"%u\"\n"
                        "  GUNICORN_CMD_ARGS: --max-requests=1000 --max-requests-jitter=200 "
                        "--timeout=120 --graceful-timeout=30 --worker-tmp-dir=/dev/shm\n"
                        "kill: mixed\n"
                        "start_timeout: 60s\n"
                        "stop_timeout: 35s\n",
                        2 * facts->cpus + 1);
}

/* The compiler of JavaScript needs memory that is written and executed. */
static const char *node_preset(const struct facts *facts, struct arena *arena)
{
    (void)facts;
    (void)arena;
    return "env:\n"
           "  NODE_ENV: production\n"
           "harden:\n"
           "  jit: true\n"
           "kill: mixed\n";
}

/* One event loop fills a CPU. */
static const char *uvicorn_preset(const struct facts *facts, struct arena *arena)
{
    return arena_printf(arena,
                        "env:\n"
                        "  WEB_CONCURRENCY: \"%u\"\n"
                        "kill: mixed\n"
                        "stop_timeout: 35s\n",
                        facts->cpus);
}

const char *service_preset(const char *name, const struct facts *facts, struct arena *arena)
{
    static const struct {
        const char *name;
        const char *(*make)(const struct facts *facts, struct arena *arena);
    } presets[] = {
        {"gunicorn", gunicorn_preset},
        {"node", node_preset},
        {"uvicorn", uvicorn_preset},
    };
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return presets[i].make(facts, arena);
        }
    }
    return NULL;
}
