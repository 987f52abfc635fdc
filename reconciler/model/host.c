/* The one thing about a host that needs no host. */

#include "model/host.h"

const char *host_path(const char *path)
{
    while (*path == '/') {
        path++;
    }
    return path;
}
