/* What the real systemd-analyze says of rendered units: nothing to complain about, and an exposure
 * that stays low whatever is widened. Skipped where systemd-analyze is not installed. */

#include "unit/service_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "renderers/render.h"
#include "support/folder.h"

enum { STRICT_TENTHS = 15 }; /* exposure 1.5 */

struct analyzed {
    const char *document;
    int tenths; /* the most exposure that it may have */
};

// clang-format off
static const struct analyzed analyzed[] = {
    {"{run: /bin/true}", STRICT_TENTHS},
    {"{run: true}", STRICT_TENTHS},
    {"{run: /bin/true, port: 3000, health: tcp}", STRICT_TENTHS},
    {"{run: /bin/true, socket: http.sock, type: notify}", STRICT_TENTHS},
    {"{run: /bin/true, port: 443}", STRICT_TENTHS},
    {"{run: /bin/true, env: {A: b}, secrets: [key, token], write: [/srv, \"/a b%c\"]}", STRICT_TENTHS},
    {"{run: /bin/true, state: [shop, shop/a], cache: shop, logs: shop}", STRICT_TENTHS},
    {"{run: /bin/true, umask: \"0022\"}", STRICT_TENTHS},
    {"{run: /bin/true, harden: {jit: true}}", STRICT_TENTHS},
    {"{run: /bin/true, harden: {home: read-only}}", STRICT_TENTHS},
    {"{run: /bin/true, harden: {home: writable}}", STRICT_TENTHS},
    {"{run: {start: /bin/true, reload: SIGHUP, test: /bin/true --test},"
     " write: [/srv/a/b, /srv/c], harden: {hide: [/srv, /opt], show: [/srv/a, \"/srv/x y%z\"]}}",
     STRICT_TENTHS},
    {"{run: /bin/true, harden: {net: none}}", 10},
    {"{run: /bin/true, harden: {net: local}}", STRICT_TENTHS},
    {"{run: /bin/true, harden: {net: any}}", STRICT_TENTHS + 2},
    {"{run: /bin/true, harden: {devices: [/dev/fuse, /dev/dri/card0]}}", STRICT_TENTHS},
    {"{run: /bin/true, harden: {caps: CAP_NET_RAW}}", STRICT_TENTHS + 2},
    {"{run: /bin/true, harden: off, user: root}", 100},
    {"{run: {start: /bin/true, before: [/bin/true a, {command: /bin/true, may_fail: true, as_root: true}],"
     " after: /bin/true, reload: SIGHUP, stop: [/bin/true, \"100% $HOME ; \\\"]}, type: forking,"
     " pid_file: /run/shop/pid, directory: /srv, memory: {max: 1g, high: 900m}, cpu: 50%, tasks: 10,"
     " files: 65535, restart: {policy: on-failure, delay: 5s, attempts: 3, within: 60s},"
     " start_timeout: 10s, kill: {mode: mixed, signal: SIGQUIT}, groups: adm,"
     " env_files: [{path: /etc/default/none, optional: true}],"
     " after: [network-online.target, service:none], wants: service:none, before: nginx.service}",
     STRICT_TENTHS},
    {"{run: /bin/true, type: oneshot, restart: on-failure}", STRICT_TENTHS},
};
// clang-format on

struct analyze_fixture {
    struct service_fixture *service;
    struct test_folder *folder;
};

static int setup(void **state)
{
    struct analyze_fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    *state = fixture;
    return service_setup((void **)&fixture->service) + test_folder_setup((void **)&fixture->folder);
}

static int teardown(void **state)
{
    struct analyze_fixture *fixture = *state;
    (void)test_folder_teardown((void **)&fixture->folder);
    (void)service_teardown((void **)&fixture->service);
    free(fixture);
    return 0;
}

/* Renders the document to shop.service in the folder and returns its path. */
static const char *write_unit(struct analyze_fixture *fixture, const char *document)
{
    struct service_fixture *service = fixture->service;
    struct item_list items = {0};
    struct render render = {
        .arena = service->arena,
        .scratch = service->arena,
        .facts = &service->facts,
        .layout = &service->layout,
        .items = &items,
    };
    service_read_well(service, "shop", document);
    service_render(&render, &service->document);
    for (size_t i = 0; i < items.count; i++) {
        if (text_ends_with(items.items[i].id, ".service") &&
            strcmp(items.items[i].type, ITEM_FILE) == 0) {
            const struct file_item *file = items.items[i].wanted;
            test_folder_write(fixture->folder, "shop.service", file->text.content.data);
        }
    }
    return arena_printf(service->arena, "%s/shop.service", fixture->folder->path);
}

/* All that the command prints, and its status. */
static const char *analyze(struct analyze_fixture *fixture, const char *const *argv,
                           int *out_status)
{
    struct arena *arena = fixture->service->arena;
    const struct process_options options = {
        .argv = argv,
        .timeout_ms = 20000,
        .output_limit = 1 << 20,
        .directory = AT_FDCWD,
    };
    struct process_result result = {0};
    struct error err = {0};
    if (!process_run(&options, arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    *out_status = result.status;
    struct text text = text_make(arena);
    text_add_str(&text, result.output);
    text_add_str(&text, result.errors);
    return text.data;
}

static void skip_without_systemd_analyze(void)
{
    if (access("/usr/bin/systemd-analyze", X_OK) != 0) {
        print_message("systemd-analyze is not installed\n");
        skip();
    }
}

static void test_renderers_service_analyze_verify_is_silent(void **state)
{
    skip_without_systemd_analyze();
    for (size_t i = 0; i < sizeof(analyzed) / sizeof(analyzed[0]); i++) {
        const char *path = write_unit(*state, analyzed[i].document);
        int status = 0;
        const char *output = analyze(
            *state, (const char *const[]){"systemd-analyze", "verify", "--man=no", path, NULL},
            &status);
        if (status != 0 || *output != '\0') {
            fail_msg("%s: status %d, %s", analyzed[i].document, status, output);
        }
    }
}

/* It ends with 0 for a misspelt key: what it prints counts. */
static void test_renderers_service_analyze_verify_can_complain(void **state)
{
    skip_without_systemd_analyze();
    struct analyze_fixture *fixture = *state;
    const char *path = write_unit(fixture, "{run: /bin/true}");
    test_folder_write(fixture->folder, "shop.service",
                      "[Service]\nExecStart=/bin/true\nRestartSecs=1\n");
    int status = 0;
    const char *output =
        analyze(fixture, (const char *const[]){"systemd-analyze", "verify", "--man=no", path, NULL},
                &status);
    assert_non_null(strstr(output, "RestartSecs"));
}

static void test_renderers_service_analyze_exposure_stays_low(void **state)
{
    skip_without_systemd_analyze();
    for (size_t i = 0; i < sizeof(analyzed) / sizeof(analyzed[0]); i++) {
        const char *path = write_unit(*state, analyzed[i].document);
        struct analyze_fixture *fixture = *state;
        const char *threshold =
            arena_printf(fixture->service->arena, "--threshold=%d", analyzed[i].tenths);
        int status = 0;
        const char *output =
            analyze(*state,
                    (const char *const[]){"systemd-analyze", "security", "--offline=true",
                                          "--no-pager", threshold, path, NULL},
                    &status);
        const char *overall = strstr(output, "Overall exposure");
        if (status != 0 || overall == NULL) {
            fail_msg("%s: more than %d: %s", analyzed[i].document, analyzed[i].tenths,
                     overall != NULL ? overall : output);
        }
        print_message("%.55s %s\n", overall, analyzed[i].document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_renderers_service_analyze_verify_is_silent, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_renderers_service_analyze_verify_can_complain, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_renderers_service_analyze_exposure_stays_low, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
