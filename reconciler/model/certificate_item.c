/* What stands beside the pairs of certificates. */

#include "model/certificate_item.h"

#include <string.h>

const char *certificate_beside(struct arena *arena, const char *directory, const char *folder,
                               const char *ending)
{
    const char *slash = strrchr(directory, '/');
    return arena_printf(arena, "%.*s/%s/%s.%s", (int)(slash - directory), directory, folder,
                        slash + 1, ending);
}
