/* Parts of the nginx program that are built in, or files of their own. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "model/host.h"

struct nginx_module {
    bool is_there;
    const char *path; /* of the file that has to be loaded; NULL: it is built in */
};

/* name: "stream". Asks the program. */
void nginx_module_find(struct host *host, const char *name, struct arena *arena,
                       struct nginx_module *out_module);
