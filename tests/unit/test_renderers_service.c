/* What a service becomes: its items, and the whole text of its unit. */

#include "unit/service_fixture.h"

#include "renderers/render.h"
#include "renderers/systemd_text.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct item_list render(struct service_fixture *fixture, const char *name, const char *text)
{
    service_read_well(fixture, name, text);
    struct item_list items = {0};
    struct render render = {
        .arena = fixture->arena,
        .scratch = fixture->arena,
        .facts = &fixture->facts,
        .layout = &fixture->layout,
        .items = &items,
        .diagnostics = &fixture->diagnostics,
    };
    service_render(&render, &fixture->document);
    return items;
}

static const struct item *find(const struct item_list *items, const char *type, const char *id)
{
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(items->items[i].type, type) == 0 && strcmp(items->items[i].id, id) == 0) {
            return &items->items[i];
        }
    }
    return NULL;
}

static const char *unit_text(struct service_fixture *fixture, const char *text)
{
    struct item_list items = render(fixture, "shop", text);
    const struct item *item = find(&items, ITEM_FILE, "/etc/systemd/system/shop.service");
    assert_non_null(item);
    return ((const struct file_item *)item->wanted)->text.content.data;
}

static void assert_says(struct service_fixture *fixture, const char *document, const char *line)
{
    const char *text = unit_text(fixture, document);
    if (strstr(text, arena_printf(fixture->arena, "\n%s\n", line)) == NULL) {
        fail_msg("%s does not give %s:\n%s", document, line, text);
    }
}

static void assert_is_silent(struct service_fixture *fixture, const char *document,
                             const char *begin)
{
    const char *text = unit_text(fixture, document);
    if (strstr(text, arena_printf(fixture->arena, "\n%s", begin)) != NULL) {
        fail_msg("%s gives %s:\n%s", document, begin, text);
    }
}

/* ---- Whole units ----------------------------------------------------------------------------- */

#define SANDBOX_HEAD                                                                               \
    "NoNewPrivileges=yes\n"                                                                        \
    "ProtectSystem=strict\n"                                                                       \
    "PrivateTmp=yes\n"                                                                             \
    "PrivateMounts=yes\n"                                                                          \
    "PrivateIPC=yes\n"                                                                             \
    "PrivateDevices=yes\n"                                                                         \
    "PrivateUsers=yes\n"                                                                           \
    "ProtectHostname=yes\n"                                                                        \
    "ProtectClock=yes\n"                                                                           \
    "ProtectKernelTunables=yes\n"                                                                  \
    "ProtectKernelModules=yes\n"                                                                   \
    "ProtectKernelLogs=yes\n"                                                                      \
    "ProtectControlGroups=yes\n"                                                                   \
    "ProtectProc=invisible\n"                                                                      \
    "RestrictNamespaces=yes\n"                                                                     \
    "RestrictRealtime=yes\n"                                                                       \
    "RestrictSUIDSGID=yes\n"                                                                       \
    "LockPersonality=yes\n"                                                                        \
    "MemoryDenyWriteExecute=yes\n"                                                                 \
    "RemoveIPC=yes\n"                                                                              \
    "SystemCallArchitectures=native\n"                                                             \
    "SystemCallErrorNumber=EPERM\n"                                                                \
    "SystemCallFilter=@system-service\n"                                                           \
    "SystemCallFilter=~@privileged @resources\n"                                                   \
    "SystemCallFilter=@chown @setuid\n"                                                            \
    "ProtectHome=yes\n"                                                                            \
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"                                           \
    "CapabilityBoundingSet=\n"

static void test_renderers_service_smallest_document(void **state)
{
    assert_string_equal(unit_text(*state, "{run: /opt/shop/bin/server --port 3000}"),
                        "# Written by reconcile: what is changed here is put back.\n"
                        "[Unit]\n"
                        "Description=shop\n"
                        "After=network.target\n"
                        "StartLimitIntervalSec=300s\n"
                        "StartLimitBurst=10\n"
                        "\n"
                        "[Service]\n"
                        "Type=exec\n"
                        "SyslogIdentifier=shop\n"
                        "User=shop\n"
                        "Group=shop\n"
                        "ExecStart=/opt/shop/bin/server --port 3000\n"
                        "UMask=0077\n"
                        "Restart=always\n"
                        "RestartSec=2s\n"
                        "TimeoutStopSec=30s\n"
                        "KillMode=control-group\n"
                        "KillSignal=SIGTERM\n" SANDBOX_HEAD "\n"
                        "[Install]\n"
                        "WantedBy=multi-user.target\n");
}

static void test_renderers_service_full_document(void **state)
{
    assert_string_equal(
        unit_text(*state,
                  "{description: The shop, needs: service:queue,"
                  " run: {start: [/opt/shop/server, a b], reload: SIGHUP, stop: /opt/shop/stop,"
                  " before: [/opt/shop/check, {command: /bin/mkdir -p /srv/shop, may_fail: true,"
                  " as_root: true}], after: [{command: /bin/touch /run/shop/up, as_root: true}]},"
                  " type: forking, pid_file: /run/shop/pid, user: web, group: www, groups: [a, b],"
                  " socket: http.sock, env: {B: \"2\", A: x y}, env_files: [/etc/default/shop,"
                  " {path: /etc/shop.env, optional: true}], secrets: [key, token],"
                  " directory: /srv/shop, state: [shop, shop/up],"
                  " cache: {names: shop, mode: \"0700\"}, logs: shop, write: [/srv/a, /srv/b c],"
                  " umask: \"0027\", memory: {max: 512m, high: 400m}, cpu: 150%, tasks: 100,"
                  " files: 65535, restart: {policy: on-failure, delay: 1500ms, attempts: 3,"
                  " within: 60s}, start_timeout: 20s, stop_timeout: 45s,"
                  " kill: {mode: mixed, signal: SIGINT}, on_change: reload,"
                  " after: [network-online.target, service:mail], before: nginx.service,"
                  " wants: [service:mail, redis.service]}"),
        "# Written by reconcile: what is changed here is put back.\n"
        "[Unit]\n"
        "Description=The shop\n"
        "After=network.target queue.service network-online.target mail.service\n"
        "Wants=queue.service mail.service redis.service network-online.target\n"
        "Before=nginx.service\n"
        "StartLimitIntervalSec=60s\n"
        "StartLimitBurst=3\n"
        "\n"
        "[Service]\n"
        "Type=forking\n"
        "PIDFile=/run/shop/pid\n"
        "SyslogIdentifier=shop\n"
        "User=web\n"
        "Group=www\n"
        "SupplementaryGroups=a b\n"
        "WorkingDirectory=/srv/shop\n"
        "ExecStartPre=/opt/shop/check\n"
        "ExecStartPre=-+/bin/mkdir -p /srv/shop\n"
        "ExecStart=/opt/shop/server \"a b\"\n"
        "ExecStartPost=+/bin/touch /run/shop/up\n"
        "ExecReload=/bin/kill -s SIGHUP $MAINPID\n"
        "ExecStop=/opt/shop/stop\n"
        "EnvironmentFile=/etc/default/shop\n"
        "EnvironmentFile=-/etc/shop.env\n"
        "EnvironmentFile=/etc/reconcile/environment/shop.env\n"
        "LoadCredential=key:/etc/reconcile/secrets/key\n"
        "LoadCredential=token:/etc/reconcile/secrets/token\n"
        "RuntimeDirectory=shop\n"
        "RuntimeDirectoryMode=0755\n"
        "StateDirectory=shop shop/up\n"
        "StateDirectoryMode=0750\n"
        "CacheDirectory=shop\n"
        "CacheDirectoryMode=0700\n"
        "LogsDirectory=shop\n"
        "LogsDirectoryMode=0750\n"
        "ReadWritePaths=/srv/a \"/srv/b c\"\n"
        "UMask=0027\n"
        "MemoryHigh=419430400\n"
        "MemoryMax=536870912\n"
        "CPUQuota=150%\n"
        "TasksMax=100\n"
        "LimitNOFILE=65535\n"
        "Restart=on-failure\n"
        "RestartSec=1500ms\n"
        "TimeoutStartSec=20s\n"
        "TimeoutStopSec=45s\n"
        "KillMode=mixed\n"
        "KillSignal=SIGINT\n" SANDBOX_HEAD "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n");
}

/* ---- Items ----------------------------------------------------------------------------------- */

static void test_renderers_service_smallest_items(void **state)
{
    struct service_fixture *fixture = *state;
    struct item_list items = render(fixture, "shop", "{run: /bin/x}");
    assert_int_equal(items.count, 3);
    const struct item *user = find(&items, ITEM_USER, "shop");
    assert_non_null(user);
    assert_true(user->has_data);
    assert_string_equal(((const struct user_item *)user->wanted)->home, "/nonexistent");
    const struct item *file = find(&items, ITEM_FILE, "/etc/systemd/system/shop.service");
    assert_int_equal(((const struct file_item *)file->wanted)->mode, 0644);
    const struct unit_item *unit = find(&items, ITEM_UNIT, "shop.service")->wanted;
    assert_true(unit->is_enabled);
    assert_true(unit->is_running);
    assert_string_equal(unit->wanted_by[0], "multi-user.target");
    assert_string_equal(unit->file, "/etc/systemd/system/shop.service");
    assert_null(unit->restart_for[0]);
    assert_int_equal(unit->on_change, UNIT_CHANGE_RESTART);
    assert_int_equal(unit->health.type, HEALTH_NONE);
}

static void test_renderers_service_data_is_never_deleted(void **state)
{
    struct service_fixture *fixture = *state;
    struct item_list items =
        render(fixture, "shop", "{run: /bin/x, state: [shop, shop/up], cache: shop, logs: shop}");
    const struct item *data = find(&items, ITEM_DIRECTORY, "/var/lib/shop");
    assert_true(data->has_data);
    assert_int_equal(((const struct directory_item *)data->wanted)->mode, 0750);
    assert_string_equal(((const struct directory_item *)data->wanted)->owner, "shop");
    assert_string_equal(((const struct directory_item *)data->wanted)->group, "shop");
    assert_true(find(&items, ITEM_DIRECTORY, "/var/log/shop")->has_data);
    /* Inside of what the account owns, root makes nothing. */
    assert_null(find(&items, ITEM_DIRECTORY, "/var/lib/shop/up"));
    /* systemd alone looks after what can be made again. */
    assert_null(find(&items, ITEM_DIRECTORY, "/var/cache/shop"));
}

static void test_renderers_service_environment_is_private(void **state)
{
    struct service_fixture *fixture = *state;
    struct item_list items = render(fixture, "shop", "{run: /bin/x, env: {B: \"$x\", A: y z}}");
    const struct item *item = find(&items, ITEM_FILE, "/etc/reconcile/environment/shop.env");
    const struct file_item *file = item->wanted;
    assert_string_equal(file->text.content.data, "B=\"\\$x\"\nA=\"y z\"\n");
    assert_int_equal(file->mode, 0640);
    assert_null(file->owner);
    assert_string_equal(file->group, "shop");
}

static void test_renderers_service_named_account_is_not_made(void **state)
{
    struct service_fixture *fixture = *state;
    struct item_list items = render(fixture, "shop", "{run: /bin/x, user: www-data}");
    assert_null(find(&items, ITEM_USER, "www-data"));
    assert_null(find(&items, ITEM_USER, "shop"));
}

static void test_renderers_service_without_user_handling(void **state)
{
    struct service_fixture *fixture = *state;
    fixture->layout.manages_users = false;
    struct item_list items = render(fixture, "shop", "{run: /bin/x, state: shop, env: {A: b}}");
    assert_null(find(&items, ITEM_USER, "shop"));
    assert_null(find(&items, ITEM_DIRECTORY, "/var/lib/shop"));
    const struct item *file = find(&items, ITEM_FILE, "/etc/reconcile/environment/shop.env");
    assert_null(((const struct file_item *)file->wanted)->group);
    assert_is_silent(fixture, "{run: /bin/x}", "User=");
    assert_says(fixture, "{run: /bin/x, user: me}", "User=me");
}

static void test_renderers_service_unit_restarts_for_what_it_reads(void **state)
{
    struct service_fixture *fixture = *state;
    struct item_list items =
        render(fixture, "shop",
               "{run: {start: /bin/x, reload: /bin/y}, env: {A: b}, env_files: /etc/a,"
               " secrets: key, restart_when: /srv/shop/current, on_change: reload}");
    const struct unit_item *unit = find(&items, ITEM_UNIT, "shop.service")->wanted;
    assert_string_equal(unit->restart_for[0], "/etc/reconcile/environment/shop.env");
    assert_string_equal(unit->restart_for[1], "/etc/a");
    assert_string_equal(unit->restart_for[2], "/etc/reconcile/secrets/key");
    assert_string_equal(unit->restart_for[3], "/srv/shop/current");
    assert_null(unit->restart_for[4]);
    assert_int_equal(unit->on_change, UNIT_CHANGE_RELOAD);
}

static struct health health_of(struct service_fixture *fixture, const char *text)
{
    struct item_list items = render(fixture, "shop", text);
    return ((const struct unit_item *)find(&items, ITEM_UNIT, "shop.service")->wanted)->health;
}

static void test_renderers_service_health_asks_where_it_listens(void **state)
{
    struct health health = health_of(*state, "{run: /bin/x, port: 3000, health: tcp}");
    assert_int_equal(health.type, HEALTH_TCP);
    assert_string_equal(health.address, "127.0.0.1:3000");
    assert_int_equal(health.timeout_ms, 30000);
    health = health_of(*state, "{run: /bin/x, socket: s,"
                               " health: {check: http:/healthz?x=1, timeout: 5s}}");
    assert_int_equal(health.type, HEALTH_HTTP);
    assert_string_equal(health.address, "unix:/run/shop/s");
    assert_string_equal(health.path, "/healthz?x=1");
    assert_int_equal(health.timeout_ms, 5000);
    health = health_of(*state, "{run: /bin/x, health: \"exec:/bin/y 'a b'\"}");
    assert_int_equal(health.type, HEALTH_EXEC);
    assert_string_equal(health.argv[0], "/bin/y");
    assert_string_equal(health.argv[1], "a b");
    assert_null(health.argv[2]);
}

/* ---- Single settings ------------------------------------------------------------------------- */

static void test_renderers_service_runtime_folder_only_for_its_own_paths(void **state)
{
    assert_says(*state, "{run: /bin/x, socket: s}", "RuntimeDirectory=shop");
    assert_says(*state, "{run: /bin/x, pid_file: /run/shop/a/pid}", "RuntimeDirectory=shop");
    assert_is_silent(*state, "{run: /bin/x, socket: /run/shopping/s}", "RuntimeDirectory");
    assert_is_silent(*state, "{run: /bin/x, socket: /srv/shop/s}", "RuntimeDirectory");
    assert_is_silent(*state, "{run: /bin/x, port: 3000}", "RuntimeDirectory");
}

static void test_renderers_service_restart_fits_type_and_version(void **state)
{
    struct service_fixture *fixture = *state;
    assert_says(fixture, "{run: /bin/x, type: oneshot}", "Restart=no");
    assert_says(fixture, "{run: /bin/x, type: oneshot}", "RemainAfterExit=yes");
    assert_is_silent(fixture, "{run: /bin/x, restart: never}", "StartLimit");
    assert_says(fixture, "{run: /bin/x, restart: {attempts: 0}}", "StartLimitIntervalSec=0");
    assert_is_silent(fixture, "{run: /bin/x}", "RestartSteps");
    fixture->facts.systemd_version = 254;
    assert_says(fixture, "{run: /bin/x}", "RestartSteps=5\nRestartMaxDelaySec=60s");
    assert_is_silent(fixture, "{run: /bin/x, restart: {delay_max: 2s}}", "RestartSteps");
}

static void test_renderers_service_each_widening_changes_one_thing(void **state)
{
    assert_is_silent(*state, "{run: /bin/x, harden: {jit: true}}", "MemoryDenyWriteExecute");
    assert_says(*state, "{run: /bin/x, harden: {jit: true}}", "PrivateUsers=yes");
    assert_says(*state, "{run: /bin/x, harden: {home: read-only}}", "ProtectHome=read-only");
    assert_is_silent(*state, "{run: /bin/x, harden: {home: writable}}", "ProtectHome");
    assert_says(*state, "{run: /bin/x, harden: {net: none}}",
                "PrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX");
    assert_says(*state, "{run: /bin/x, harden: {net: local}}",
                "IPAddressDeny=any\nIPAddressAllow=localhost");
    assert_is_silent(*state, "{run: /bin/x, harden: {net: any}}", "RestrictAddressFamilies");
    assert_says(*state, "{run: /bin/x, harden: {devices: /dev/fuse}}",
                "DevicePolicy=closed\nDeviceAllow=/dev/fuse rw");
    assert_is_silent(*state, "{run: /bin/x, harden: {devices: /dev/fuse}}", "PrivateDevices");
    assert_says(*state, "{run: /bin/x, harden: {caps: [CAP_NET_RAW, CAP_CHOWN]}}",
                "CapabilityBoundingSet=CAP_NET_RAW CAP_CHOWN\n"
                "AmbientCapabilities=CAP_NET_RAW CAP_CHOWN");
    assert_is_silent(*state, "{run: /bin/x, harden: {caps: CAP_NET_RAW}}", "PrivateUsers");
    assert_is_silent(*state, "{run: /bin/x, harden: {caps: CAP_NET_RAW}}", "SystemCallFilter=~");
    assert_says(*state, "{run: /bin/x, write: /srv/x}", "ReadWritePaths=/srv/x");
}

static void test_renderers_service_low_port_brings_its_capability(void **state)
{
    assert_says(*state, "{run: /bin/x, port: 1023}", "AmbientCapabilities=CAP_NET_BIND_SERVICE");
    assert_is_silent(*state, "{run: /bin/x, port: 1023}", "PrivateUsers");
    assert_says(*state, "{run: /bin/x, port: 1023}", "SystemCallFilter=~@privileged @resources");
    assert_is_silent(*state, "{run: /bin/x, port: 1024}", "AmbientCapabilities");
    assert_says(*state, "{run: /bin/x, port: 80, harden: {caps: CAP_NET_BIND_SERVICE}}",
                "AmbientCapabilities=CAP_NET_BIND_SERVICE");
}

static void test_renderers_service_without_sandbox_keeps_the_rest(void **state)
{
    static const char document[] = "{run: /bin/x, harden: off, write: /srv/x, port: 80}";
    assert_is_silent(*state, document, "Protect");
    assert_is_silent(*state, document, "NoNewPrivileges");
    assert_is_silent(*state, document, "ReadWritePaths");
    assert_is_silent(*state, document, "CapabilityBoundingSet");
    assert_says(*state, document, "AmbientCapabilities=CAP_NET_BIND_SERVICE");
    assert_says(*state, document, "User=shop");
    assert_says(*state, document, "UMask=0077");
}

static void test_renderers_service_description_never_breaks_out(void **state)
{
    assert_says(*state, "{run: /bin/x, description: \"100% %n; # a\\\\\\ \"}",
                "Description=100%% %%n; # a");
    assert_says(*state, "{run: /bin/x, description: \" \\ \"}", "Description=shop");
}

/* ---- Hostile texts --------------------------------------------------------------------------- */

/* Each text goes through every field that takes it; the writers assert that it reads back. Here the
 * settings are compared from outside: nothing but the values may change. */
static void test_renderers_service_hostile_texts_stay_in_their_place(void **state)
{
    static const char *const hostile[] = {
        "a b",
        "\"",
        "'",
        "\\",
        "a\\",
        "a\nUser=root",
        "%n",
        "$HOME",
        "${HOME}",
        ";",
        "#",
        "[Service]",
        "=",
        "*",
        "~",
        "\t",
        "\\x41",
        "\xd8\xb9\xd8\xb1",
        "{",
        "}",
        "|",
        "&&",
        "`id`",
        "$(id)",
        "-",
        "@",
        "+",
        "!",
        ":",
        "\\\n",
        "\n\n[Install]\n",
    };
    struct service_fixture *fixture = *state;
    struct systemd_settings plain = {0};
    size_t line = 0;
    assert_true(systemd_parse(fixture->arena,
                              str_of(unit_text(fixture, "{run: [/bin/x, y], env: {A: b}}")), &plain,
                              &line));
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        service_read_well(fixture, "shop", "{run: [/bin/x, y], env: {A: b}}");
        fixture->spec.run.start.words = WORDS("/bin/x", hostile[i]);
        fixture->spec.env.items = &(struct text_pair){{"A", NULL}, {hostile[i], NULL}};
        struct item_list items = {0};
        struct render render = {
            .arena = fixture->arena,
            .scratch = fixture->arena,
            .facts = &fixture->facts,
            .layout = &fixture->layout,
            .items = &items,
        };
        service_render(&render, &fixture->document);
        const struct item *item = find(&items, ITEM_FILE, "/etc/systemd/system/shop.service");
        const struct file_item *file = item->wanted;
        struct systemd_settings found = {0};
        assert_true(systemd_parse(fixture->arena, file->text.content, &found, &line));
        assert_int_equal(found.count, plain.count);
        for (size_t j = 0; j < found.count; j++) {
            assert_string_equal(found.items[j].key, plain.items[j].key);
            if (strcmp(found.items[j].key, "ExecStart") != 0) {
                assert_string_equal(found.items[j].value, plain.items[j].value);
                continue;
            }
            const char *const *words = NULL;
            size_t count = 0;
            assert_true(
                systemd_unquote(fixture->arena, found.items[j].value, true, &words, &count));
            assert_int_equal(count, 2);
            assert_string_equal(words[1], hostile[i]);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_renderers_service_smallest_document),
        TEST(test_renderers_service_full_document),
        TEST(test_renderers_service_smallest_items),
        TEST(test_renderers_service_data_is_never_deleted),
        TEST(test_renderers_service_environment_is_private),
        TEST(test_renderers_service_named_account_is_not_made),
        TEST(test_renderers_service_without_user_handling),
        TEST(test_renderers_service_unit_restarts_for_what_it_reads),
        TEST(test_renderers_service_health_asks_where_it_listens),
        TEST(test_renderers_service_runtime_folder_only_for_its_own_paths),
        TEST(test_renderers_service_restart_fits_type_and_version),
        TEST(test_renderers_service_each_widening_changes_one_thing),
        TEST(test_renderers_service_low_port_brings_its_capability),
        TEST(test_renderers_service_without_sandbox_keeps_the_rest),
        TEST(test_renderers_service_description_never_breaks_out),
        TEST(test_renderers_service_hostile_texts_stay_in_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
