/* The real host: a descriptor of what stands for "/", programs run as processes, the system's
 * clock. */

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "providers/providers.h"

static bool run_program(struct host *host, const struct process_options *options,
                        struct arena *arena, struct process_result *out_result, struct error *err)
{
    (void)host; /* every program of the machine is at hand */
    return process_run(options, arena, out_result, err);
}

static int64_t read_clock(struct host *host)
{
    (void)host; /* there is only one clock */
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* fails only for an unknown clock */
    return now.tv_sec;
}

bool host_open(const char *root_path, const struct layout *layout, const struct facts *facts,
               struct host *out_host, struct error *err)
{
    int root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        return error_errno(err, "open the root directory %s", root_path);
    }
    *out_host = (struct host){
        .root = root,
        .root_path = root_path,
        .layout = layout,
        .facts = facts,
        .run = run_program,
        .now = read_clock,
    };
    return true;
}

void host_close(struct host *host)
{
    if (host->root >= 0) {
        (void)close(host->root); /* opened for reading */
    }
    host->root = -1;
}
