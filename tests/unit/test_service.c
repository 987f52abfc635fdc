/* The service schema: defaults, what follows from other fields, and each mistake once. */

#include "unit/service_fixture.h"

#include "base/text.h"
#include "model/unit_item.h"
#include "schemas/service_syntax.h"

/* ---- Defaults and values that follow --------------------------------------------------------- */

static void test_service_smallest_document_has_safe_defaults(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(fixture, "shop", "{run: /opt/shop/bin/server --port 3000}");
    const struct service_spec *spec = &fixture->spec;
    assert_int_equal(spec->run.start.count, 3);
    assert_string_equal(spec->run.start.words[0], "/opt/shop/bin/server");
    assert_int_equal(spec->type.index, SERVICE_EXEC);
    assert_string_equal(spec->user.text, "shop");
    assert_string_equal(spec->group.text, "shop");
    assert_true(service_has_own_account(spec));
    assert_int_equal(spec->harden.level.index, HARDEN_STRICT);
    assert_int_equal(spec->harden.net.index, HARDEN_NET_INTERNET);
    assert_int_equal(spec->harden.home.index, HARDEN_HOME_HIDDEN);
    assert_int_equal(spec->umask.bits, 0077);
    assert_int_equal(spec->restart.policy.index, -1);
    assert_int_equal(spec->restart.delay.milliseconds, 2000);
    assert_int_equal(spec->stop_timeout.milliseconds, 30000);
    assert_int_equal(spec->on_change.index, UNIT_CHANGE_RESTART);
    assert_null(spec->socket.text);
    assert_int_equal(spec->port.number, 0);
}

static void test_service_named_user_brings_its_group(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(fixture, "shop", "{run: /bin/x, user: www-data}");
    assert_string_equal(fixture->spec.user.text, "www-data");
    assert_string_equal(fixture->spec.group.text, "www-data");
    assert_false(service_has_own_account(&fixture->spec));
    service_read_well(fixture, "Shop.API", "{run: /bin/x, user: nobody, group: nogroup}");
    assert_string_equal(fixture->spec.group.text, "nogroup");
}

static void test_service_socket_name_stands_in_its_own_folder(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(fixture, "shop", "{run: /bin/x, socket: http.sock}");
    assert_string_equal(fixture->spec.socket.text, "/run/shop/http.sock");
    service_read_well(fixture, "shop", "{run: /bin/x, socket: /run/other/http.sock}");
    assert_string_equal(fixture->spec.socket.text, "/run/other/http.sock");
}

static void test_service_reload_may_be_a_signal(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(fixture, "shop", "{run: {start: /bin/x, reload: SIGHUP}}");
    assert_true(service_reloads_by_signal(&fixture->spec));
    service_read_well(fixture, "shop", "{run: {start: /bin/x, reload: /bin/y -r}}");
    assert_false(service_reloads_by_signal(&fixture->spec));
}

static void test_service_shorthands_fill_one_field(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(
        fixture, "shop",
        "{run: {start: /bin/x, before: [/bin/a b, {command: /bin/c, may_fail: true}]},"
        " state: shop, cache: [shop, shop/thumbs], env_files: /etc/default/shop,"
        " harden: off, memory: 512m, restart: on-failure, kill: mixed, port: 80,"
        " health: tcp}");
    const struct service_spec *spec = &fixture->spec;
    const struct service_command *before = spec->run.before.items;
    const struct service_env_file *env_files = spec->env_files.items;
    assert_int_equal(spec->run.before.count, 2);
    assert_int_equal(before[0].command.count, 2);
    assert_false(before[0].may_fail.is_true);
    assert_true(before[1].may_fail.is_true);
    assert_string_equal(spec->state.names.items[0].text, "shop");
    assert_int_equal(spec->cache.names.count, 2);
    assert_int_equal(spec->cache.mode.bits, 0750);
    assert_string_equal(env_files[0].path.text, "/etc/default/shop");
    assert_int_equal(spec->harden.level.index, HARDEN_OFF);
    assert_int_equal(spec->memory.max.bytes, 512 << 20);
    assert_int_equal(spec->restart.policy.index, RESTART_ON_FAILURE);
    assert_int_equal(spec->kill.mode.index, KILL_MIXED);
    assert_string_equal(spec->health.check.text, "tcp");
}

static void test_service_relations_are_references(void **state)
{
    struct service_fixture *fixture = *state;
    service_read_well(fixture, "shop",
                      "{run: /bin/x, after: [service:queue, postgresql.service],"
                      " wants: service:mail}");
    assert_int_equal(fixture->document.references.count, 2);
    assert_string_equal(fixture->document.references.items[0].name, "queue");
    assert_string_equal(fixture->document.references.items[1].name, "mail");
}

static void test_service_claims_what_is_there_once(void **state)
{
    struct service_fixture *fixture = *state;
    struct claim_list claims = {0};
    service_read_well(fixture, "shop", "{run: /bin/x, port: 3000, state: shop, logs: shop}");
    service_schema.claims(fixture->arena, &fixture->document, &claims);
    assert_int_equal(claims.count, 3);
    assert_string_equal(claims.items[0].text, "3000");
    assert_string_equal(claims.items[1].text, "/var/lib/shop");
    assert_string_equal(claims.items[2].text, "/var/log/shop");
}

/* ---- Each mistake once ----------------------------------------------------------------------- */

struct mistake {
    const char *name; /* of the service; NULL: shop */
    const char *text;
    enum diagnostic_code code;
    const char *field;
};

static void assert_mistake(struct service_fixture *fixture, const struct mistake *mistake)
{
    const char *name = mistake->name == NULL ? "shop" : mistake->name;
    service_read(fixture, name, mistake->text);
    if (fixture->diagnostics.count != 1) {
        fail_msg("%s gives %zu diagnostics", mistake->text, fixture->diagnostics.count);
    }
    const struct diagnostic *diagnostic = &fixture->diagnostics.items[0];
    const char *path = mistake->field == NULL
                           ? arena_printf(fixture->arena, "service %s", name)
                           : arena_printf(fixture->arena, "service %s: %s", name, mistake->field);
    if (diagnostic->code != mistake->code || strcmp(diagnostic->path, path) != 0) {
        fail_msg("%s gives %s at \"%s\"", mistake->text, diagnostic_info(diagnostic->code)->number,
                 diagnostic->path);
    }
}

// clang-format off
static const struct mistake mistakes[] = {
    {NULL, "{port: 3000}", DIAGNOSTIC_MISSING_FIELD, NULL},
    {NULL, "{run: {reload: SIGHUP}}", DIAGNOSTIC_MISSING_FIELD, "run"},
    {NULL, "{run: /bin/x, prot: 3000}", DIAGNOSTIC_UNKNOWN_FIELD, NULL},
    {NULL, "{run: bin/x}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: \"-/bin/x\"}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: -x}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: [+x, y]}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: {start: /bin/x, reload: -y}}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.reload"},
    {NULL, "{run: /opt/$V/x}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: [\"/bin/x\\\", y]}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.start"},
    {NULL, "{run: {start: /bin/x, reload: ./y}}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.reload"},
    {NULL, "{run: {start: /bin/x, stop: ./y}}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.stop"},
    {NULL, "{run: {start: /bin/x, before: ./y}}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.before"},
    {NULL, "{run: {start: /bin/x, after: ./y}}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "run.after"},
    {NULL, "{run: /bin/x, on_change: reload}", DIAGNOSTIC_SERVICE_NO_RELOAD, "on_change"},
    {"nginx", "{run: /bin/x, user: x}", DIAGNOSTIC_SERVICE_RESERVED_UNIT, NULL},
    {"dbus", "{run: /bin/x, user: x}", DIAGNOSTIC_SERVICE_RESERVED_UNIT, NULL},
    {"systemd-x", "{run: /bin/x}", DIAGNOSTIC_SERVICE_RESERVED_UNIT, NULL},
    {"mail", "{run: /bin/x}", DIAGNOSTIC_SERVICE_NO_ACCOUNT_NAME, "user"},
    {"root", "{run: /bin/x}", DIAGNOSTIC_SERVICE_NO_ACCOUNT_NAME, "user"},
    {"Shop", "{run: /bin/x}", DIAGNOSTIC_SERVICE_NO_ACCOUNT_NAME, "user"},
    {"a-name-longer-than-an-account-may-be", "{run: /bin/x}", DIAGNOSTIC_SERVICE_NO_ACCOUNT_NAME,
     "user"},
    {NULL, "{run: /bin/x, port: 3000, socket: a}", DIAGNOSTIC_SERVICE_PORT_AND_SOCKET, "socket"},
    {"a-name-that-an-account-can-have", "{run: /bin/x, socket: "
     "a234567890123456789012345678901234567890123456789012345678901234567890123456789}",
     DIAGNOSTIC_BAD_VALUE, "socket"},
    {NULL, "{run: /bin/x, socket: a/b}", DIAGNOSTIC_BAD_VALUE, "socket"},
    {NULL, "{run: /bin/x, health: tcp}", DIAGNOSTIC_SERVICE_NOTHING_TO_ASK, "health"},
    {NULL, "{run: /bin/x, health: \"http:/\"}", DIAGNOSTIC_SERVICE_NOTHING_TO_ASK, "health"},
    {NULL, "{run: /bin/x, port: 1, health: https}", DIAGNOSTIC_BAD_VALUE, "health"},
    {NULL, "{run: /bin/x, health: \"exec:'/bin/y\"}", DIAGNOSTIC_BAD_COMMAND, "health"},
    {NULL, "{run: /bin/x, health: \"exec:./y\"}", DIAGNOSTIC_SERVICE_BAD_PROGRAM, "health"},
    {NULL, "{run: /bin/x, health: \"exec: \"}", DIAGNOSTIC_BAD_COMMAND, "health"},
    {NULL, "{run: \"\"}", DIAGNOSTIC_BAD_COMMAND, "run"},
    {NULL, "{run: []}", DIAGNOSTIC_BAD_COMMAND, "run"},
    {NULL, "{run: {start: /bin/x, before: \" \"}}", DIAGNOSTIC_BAD_COMMAND, "run.before"},
    {NULL, "{run: /bin/x, directory: /tmp/x}", DIAGNOSTIC_SERVICE_PRIVATE_PATH, "directory"},
    {NULL, "{run: /bin/x, socket: /tmp/x}", DIAGNOSTIC_SERVICE_PRIVATE_PATH, "socket"},
    {NULL, "{run: /bin/x, write: /var/tmp}", DIAGNOSTIC_SERVICE_PRIVATE_PATH, "write"},
    {NULL, "{run: /home/me/x}", DIAGNOSTIC_SERVICE_HIDDEN_PATH, "run.start"},
    {NULL, "{run: /bin/x, directory: /root}", DIAGNOSTIC_SERVICE_HIDDEN_PATH, "directory"},
    {NULL, "{run: /bin/x, type: oneshot, restart: always}", DIAGNOSTIC_SERVICE_ONESHOT_RESTART,
     "restart"},
    {NULL, "{run: /bin/x, restart: {delay: 10s, delay_max: 5s}}", DIAGNOSTIC_SERVICE_DELAY_SHRINKS,
     "restart"},
    {NULL, "{run: /bin/x, restart: no}", DIAGNOSTIC_UNKNOWN_CHOICE, "restart"},
    {NULL, "{run: /bin/x, port: 80, harden: {net: none}}", DIAGNOSTIC_SERVICE_PORT_WITHOUT_NETWORK,
     "harden.net"},
    {NULL, "{run: /bin/x, harden: {caps: NET_RAW}}", DIAGNOSTIC_BAD_VALUE, "harden.caps"},
    {NULL, "{run: /bin/x, harden: {caps: CAP_NET_ROW}}", DIAGNOSTIC_BAD_VALUE, "harden.caps"},
    {NULL, "{run: /bin/x, harden: {devices: /srv/x}}", DIAGNOSTIC_BAD_VALUE, "harden.devices"},
    {NULL, "{run: /bin/x, env: {1A: b}}", DIAGNOSTIC_BAD_VALUE, "env.1A"},
    {NULL, "{run: /bin/x, secrets: a/b}", DIAGNOSTIC_BAD_VALUE, "secrets"},
    {NULL, "{run: /bin/x, state: ../shop}", DIAGNOSTIC_BAD_VALUE, "state"},
    {NULL, "{run: /bin/x, state: /var/lib/shop}", DIAGNOSTIC_BAD_VALUE, "state"},
    {NULL, "{run: /bin/x, cpu: 1.5}", DIAGNOSTIC_BAD_VALUE, "cpu"},
    {NULL, "{run: /bin/x, kill: {signal: TERM}}", DIAGNOSTIC_BAD_VALUE, "kill.signal"},
    {NULL, "{run: /bin/x, files: 8}", DIAGNOSTIC_OUT_OF_RANGE, "files"},
    {NULL, "{run: /bin/x, after: postgresql}", DIAGNOSTIC_BAD_VALUE, "after"},
    {NULL, "{run: /bin/x, before: service:y}", DIAGNOSTIC_BAD_VALUE, "before"},
    {NULL, "{run: /bin/x, user: \"x y\"}", DIAGNOSTIC_BAD_VALUE, "user"},
    {NULL, "{run: /bin/x, preset: gunicron}", DIAGNOSTIC_UNKNOWN_CHOICE, "preset"},
};
// clang-format on

static void test_service_each_mistake_has_one_message(void **state)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        assert_mistake(*state, &mistakes[i]);
    }
}

static void test_service_widening_gives_paths_back(void **state)
{
    service_read_well(*state, "shop", "{run: /home/me/x, harden: {home: read-only}}");
    service_read_well(*state, "shop", "{run: /tmp/x, directory: /home/me, harden: off}");
}

static void test_service_too_much_text_is_refused(void **state)
{
    struct service_fixture *fixture = *state;
    char *word = arena_alloc(fixture->arena, (1 << 17) + 1);
    memset(word, 'x', 1 << 17);
    assert_mistake(fixture, &(struct mistake){
                                .text = arena_printf(fixture->arena, "{run: /bin/x %s}", word),
                                .code = DIAGNOSTIC_SERVICE_TOO_MUCH_TEXT,
                                .field = "run.start",
                            });
    word[(1 << 17) - 100] = '\0';
    service_read_well(fixture, "shop", arena_printf(fixture->arena, "{run: /bin/x %s}", word));
    struct text text = text_make(fixture->arena);
    for (int i = 0; i < 9; i++) {
        text_addf(&text, "%sA%d: %s", i == 0 ? "" : ", ", i, word);
    }
    assert_mistake(fixture,
                   &(struct mistake){
                       .text = arena_printf(fixture->arena, "{run: /bin/x, env: {%s}}", text.data),
                       .code = DIAGNOSTIC_SERVICE_TOO_MUCH_TEXT,
                       .field = "env",
                   });
    assert_true(fixture->diagnostics.items[0].hides_source);
}

/* ---- Names and presets ----------------------------------------------------------------------- */

static void test_service_names_fit_a_unit(void **state)
{
    static const char *const good[] = {"shop", "Shop.API", "a", "0", "_x", "shop-2_b"};
    static const char *const bad[] = {"", ".x", "-x", "a b", "a@b", "a/b", "a%b", "shop.service"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(service_schema.key_syntax->check(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(service_schema.key_syntax->check(bad[i]));
    }
}

static void test_service_presets_depend_on_facts(void **state)
{
    struct service_fixture *fixture = *state;
    fixture->facts.cpus = 4;
    const char *text = service_schema.preset("gunicorn", &fixture->facts, fixture->arena);
    assert_non_null(strstr(text, "WEB_CONCURRENCY: \"9\"\n"));
    for (size_t i = 0; service_schema.preset_names[i] != NULL; i++) {
        const char *name = service_schema.preset_names[i];
        assert_non_null(service_schema.preset(name, &fixture->facts, fixture->arena));
    }
    assert_null(service_schema.preset("apache", &fixture->facts, fixture->arena));
}

static void test_service_examples_pass_their_own_syntax(void **state)
{
    static const struct syntax *const syntaxes[] = {
        &syntax_service_name, &syntax_service_path, &syntax_service_folder,
        &syntax_socket,       &syntax_capability,   &syntax_device,
        &syntax_signal,       &syntax_percent,      &syntax_health,
    };
    for (size_t i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
        assert_true(syntaxes[i]->check(syntaxes[i]->example));
        assert_false(syntaxes[i]->check(""));
        assert_false(syntaxes[i]->check("a\nb\\"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_service_smallest_document_has_safe_defaults,
                                        service_setup, service_teardown),
        cmocka_unit_test_setup_teardown(test_service_named_user_brings_its_group, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_socket_name_stands_in_its_own_folder,
                                        service_setup, service_teardown),
        cmocka_unit_test_setup_teardown(test_service_reload_may_be_a_signal, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_shorthands_fill_one_field, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_relations_are_references, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_claims_what_is_there_once, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_each_mistake_has_one_message, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_widening_gives_paths_back, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_too_much_text_is_refused, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_names_fit_a_unit, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_presets_depend_on_facts, service_setup,
                                        service_teardown),
        cmocka_unit_test_setup_teardown(test_service_examples_pass_their_own_syntax, service_setup,
                                        service_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
