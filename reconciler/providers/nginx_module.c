/* Asks nginx how it was built, for a part of it that may be a file of its own. */

#include "providers/nginx_module.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { ANSWER_LIMIT_MS = 10 * 1000, ANSWER_LIMIT = 64 * 1024 };

/* What stands behind the option in the answer, up to the next space; NULL: it is not there. */
static const char *option_find(struct arena *arena, const char *answer, const char *option)
{
    for (const char *at = strstr(answer, option); at != NULL; at = strstr(at + 1, option)) {
        const char *value = at + strlen(option);
        bool is_whole = at == answer || at[-1] == ' ';
        if (is_whole && strchr(" =\n", *value) != NULL) { /* also at the end */
            return arena_strndup(arena, value, strcspn(value, " \n"));
        }
    }
    return NULL;
}

static bool is_readable(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

void nginx_module_find(struct host *host, const char *name, struct arena *arena,
                       struct nginx_module *out_module)
{
    struct process_result result;
    const struct process_options options = {
        .argv = (const char *const[]){host->layout->nginx_program, "-V", NULL},
        .timeout_ms = ANSWER_LIMIT_MS,
        .output_limit = ANSWER_LIMIT,
        .directory = AT_FDCWD,
    };
    *out_module = (struct nginx_module){0};
    if (!host->run(host, &options, arena, &result, NULL) || result.status != 0) {
        return;
    }
    const char *answer = result.errors.data;
    const char *how = option_find(arena, answer, arena_printf(arena, "--with-%s", name));
    const char *folder = option_find(arena, answer, "--modules-path");
    if (how == NULL || strcmp(how, "=dynamic") != 0) {
        out_module->is_there = how != NULL;
    } else if (folder != NULL && folder[0] == '=') {
        const char *path = arena_printf(arena, "%s/ngx_%s_module.so", folder + 1, name);
        out_module->is_there = is_readable(path);
        out_module->path = path;
    }
}
