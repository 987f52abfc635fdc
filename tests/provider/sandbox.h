/* A host for one test: a root in a folder of its own, a clock that the test sets, programs that
 * are run only where the test allows it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "providers/providers.h"
#include "support/folder.h"

struct sandbox {
    struct test_folder *folder;
    struct layout layout;
    struct facts facts;
    struct host host;
    struct arena *arena;
    int64_t now; /* 0: the real clock */
    /* Stands in for every program; NULL: they are really run. */
    bool (*program)(struct sandbox *sandbox, const struct process_options *options,
                    struct process_result *out_result);
    const char *command; /* the last one, words joined by spaces */
};

static inline struct layout sandbox_layout(void)
{
    return (struct layout){
        .state = "/var/lib/reconcile",
        .certificates = "/var/lib/reconcile/certificates",
        .authority = "/var/lib/reconcile/authority",
        .units = "/etc/systemd/system",
        .environment = "/etc/reconcile/environment",
        .sysusers = "/etc/sysusers.d",
        .manages_users = geteuid() == 0,
    };
}

static inline int64_t sandbox_now(struct host *host)
{
    const struct sandbox *sandbox = host->context;
    return sandbox->now != 0 ? sandbox->now : time(NULL);
}

static inline bool sandbox_run(struct host *host, const struct process_options *options,
                               struct arena *arena, struct process_result *out_result,
                               struct error *err)
{
    struct sandbox *sandbox = host->context;
    char *command = arena_strdup(sandbox->arena, "");
    for (const char *const *word = options->argv; *word != NULL; word++) {
        command =
            arena_printf(sandbox->arena, "%s%s%s", command, *command == '\0' ? "" : " ", *word);
    }
    sandbox->command = command;
    if (sandbox->program == NULL) {
        return process_run(options, arena, out_result, err);
    }
    *out_result = (struct process_result){.output = STR(""), .errors = STR("")};
    return sandbox->program(sandbox, options, out_result) ||
           error_set(err, ERROR_UNAVAILABLE, "%s: not here", options->argv[0]);
}

static inline int sandbox_setup(void **state)
{
    void *folder = NULL;
    assert_int_equal(test_folder_setup(&folder), 0);
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    assert_non_null(sandbox);
    sandbox->folder = folder;
    sandbox->arena = sandbox->folder->arena;
    sandbox->layout = sandbox_layout();
    struct error err;
    assert_true(
        host_open(sandbox->folder->path, &sandbox->layout, &sandbox->facts, &sandbox->host, &err));
    sandbox->host.run = sandbox_run;
    sandbox->host.now = sandbox_now;
    sandbox->host.context = sandbox;
    *state = sandbox;
    return 0;
}

static inline int sandbox_teardown(void **state)
{
    struct sandbox *sandbox = *state;
    host_close(&sandbox->host);
    void *folder = sandbox->folder;
    free(sandbox);
    return test_folder_teardown(&folder);
}

#define SANDBOX_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, sandbox_setup, sandbox_teardown)
