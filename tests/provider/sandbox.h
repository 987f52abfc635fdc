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

#include "base/file.h"
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
    void *played;        /* the test's own, for that */
    const char *command; /* the last one, words joined by spaces */
};

static inline struct layout sandbox_layout(void)
{
    return (struct layout){
        .state = "/var/lib/reconcile",
        .certificates = "/var/lib/reconcile/certificates",
        .authority = "/var/lib/reconcile/authority",
        .acme_challenges = "/var/lib/reconcile/acme",
        .acme_accounts = "/var/lib/reconcile/acme-accounts",
        .nginx_tree = "/etc/nginx/reconcile",
        .units = "/etc/systemd/system",
        .environment = "/etc/reconcile/environment",
        .secrets = "/etc/reconcile/secrets",
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

/* ---- Items as the engine would treat them ------------------------------------------------- */

static inline struct item sandbox_item(const char *type, const char *id, const void *wanted)
{
    return (struct item){.type = type, .id = id, .span = SPAN_NONE, .wanted = wanted};
}

static inline struct observation
sandbox_observe(struct sandbox *sandbox, const struct provider *provider, const struct item *item)
{
    struct observation found = {0};
    struct error err;
    assert_true(provider->observe(&sandbox->host, &item, 1, sandbox->arena, &found, &err));
    assert_ptr_equal(found.item, item);
    return found;
}

/* What would be done: the changes stand in the action. found must outlive it. */
static inline struct action sandbox_plan(struct sandbox *sandbox, const struct provider *provider,
                                         const struct item *item, const struct observation *found)
{
    struct action action = {.item = item, .found = found};
    if (item->wanted == NULL) {
        action.verb = found->exists ? ACTION_DELETE : ACTION_NONE;
        return action;
    }
    provider->diff(item, found, sandbox->arena, &action.changes);
    if (action.changes.count > 0) {
        action.verb = found->exists ? ACTION_UPDATE : ACTION_CREATE;
    }
    return action;
}

static inline struct outcome sandbox_apply(struct sandbox *sandbox, const struct provider *provider,
                                           const struct action *action)
{
    struct outcome outcome = {0};
    provider->apply(&sandbox->host, &action, 1, sandbox->arena, &outcome);
    return outcome;
}

/* Observe, plan, apply. */
static inline struct outcome
sandbox_converge(struct sandbox *sandbox, const struct provider *provider, const struct item *item)
{
    struct observation found = sandbox_observe(sandbox, provider, item);
    struct action action = sandbox_plan(sandbox, provider, item, &found);
    return sandbox_apply(sandbox, provider, &action);
}

/* Names of the fields that differ, each followed by a space. */
static inline const char *sandbox_changes(struct sandbox *sandbox, const struct provider *provider,
                                          const struct item *item)
{
    struct observation found = sandbox_observe(sandbox, provider, item);
    struct action action = sandbox_plan(sandbox, provider, item, &found);
    const char *names = "";
    for (size_t i = 0; i < action.changes.count; i++) {
        names = arena_printf(sandbox->arena, "%s%s ", names, action.changes.items[i].field);
    }
    return names;
}

static inline void sandbox_mkdirs(struct sandbox *sandbox, const char *path)
{
    assert_true(file_make_directories(sandbox->host.root, path, 0755, NULL));
}

static inline bool sandbox_is_root(void)
{
    return geteuid() == 0;
}
