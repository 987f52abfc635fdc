/* The certificate provider: issues, renews, brings in, and always leaves one whole pair. */

#include "provider/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "model/certificate_item.h"
#include "providers/authority.h"
#include "providers/fingerprints.h"
#include "providers/pair.h"
#include "providers/staging.h"

#define FOLDER   "var/lib/reconcile/certificates"
#define SHOP     FOLDER "/shop.test"
#define VERSIONS FOLDER "/.versions/shop.test"
#define CHAIN    SHOP "/fullchain.pem"
#define KEY      SHOP "/key.pem"

enum { START = 1800000000, DAY = 86400 };

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    sandbox->now = START;
    return 0;
}

/* names: NULL-terminated. */
static struct certificate_item *want(struct sandbox *sandbox, const char *const *names)
{
    struct certificate_item *wanted = arena_new(sandbox->arena, struct certificate_item);
    wanted->names = names;
    while (names[wanted->name_count] != NULL) {
        wanted->name_count++;
    }
    wanted->issuer = CERTIFICATE_INTERNAL;
    wanted->issuer_name = "internal";
    wanted->directory = "/" SHOP;
    wanted->key_type = "ecdsa-p256";
    wanted->lifetime_seconds = INT64_C(90) * DAY;
    return wanted;
}

static const char *const shop_names[] = {"shop.test", "www.shop.test", NULL};

static struct item want_shop(struct sandbox *sandbox)
{
    return sandbox_item(ITEM_CERTIFICATE, "shop.test", want(sandbox, shop_names));
}

static void converge(struct sandbox *sandbox, const struct item *item)
{
    struct outcome outcome = sandbox_converge(sandbox, &certificate_provider, item);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
}

static const char *changes(struct sandbox *sandbox, const struct item *item)
{
    return sandbox_changes(sandbox, &certificate_provider, item);
}

/* What nginx would read. */
static const struct certificate_pair *read_installed(struct sandbox *sandbox)
{
    AUTO_SECRET key = NULL;
    const char *chain = test_folder_read(sandbox->folder, CHAIN);
    const char *key_text = test_folder_read(sandbox->folder, KEY);
    assert_non_null(chain);
    assert_non_null(key_text);
    key = secret_from_bytes(key_text, strlen(key_text));
    struct error err;
    AUTO_PAIR pair = pair_read(str_of(chain), key, &err);
    if (pair == NULL) {
        fail_msg("%s", err.message);
    }
    return pair_describe(pair, sandbox->arena);
}

/* ---- Internal ------------------------------------------------------------------------------- */

static void test_certificate_absent_is_issued(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    assert_string_equal(changes(sandbox, &item), "names issuer key lifetime ");
    converge(sandbox, &item);
    const struct certificate_pair *pair = read_installed(sandbox);
    assert_true(pair->has_key);
    assert_int_equal(pair->name_count, 2);
    assert_int_equal(pair->expires_at, START + 90 * DAY);
    assert_int_equal(pair->starts_at, START - 300);
    assert_int_equal(test_folder_mode(sandbox->folder, SHOP) & S_IFMT, S_IFLNK);
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, KEY, &status, 0), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    assert_int_equal(fstatat(sandbox->host.root, CHAIN, &status, 0), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0644);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"),
                        "authority certificates ");
    assert_string_equal(changes(sandbox, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &certificate_provider, &item).result,
                     OUTCOME_UNCHANGED);
}

static void test_certificate_order_of_names_is_no_difference(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const turned[] = {"www.shop.test", "shop.test", NULL};
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    item.wanted = want(sandbox, turned);
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_certificate_each_difference_is_named_and_repaired(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const others[] = {"shop.test", "10.0.0.1", NULL};
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);

    item.wanted = want(sandbox, others);
    assert_string_equal(changes(sandbox, &item), "names ");
    converge(sandbox, &item);
    assert_string_equal(read_installed(sandbox)->names[0], "10.0.0.1");

    struct certificate_item *wanted = want(sandbox, others);
    wanted->key_type = "ecdsa-p384";
    item.wanted = wanted;
    assert_string_equal(changes(sandbox, &item), "key ");
    converge(sandbox, &item);
    assert_string_equal(read_installed(sandbox)->key_type, "ecdsa-p384");

    wanted->lifetime_seconds = INT64_C(30) * DAY;
    assert_string_equal(changes(sandbox, &item), "lifetime ");
    converge(sandbox, &item);
    wanted->lifetime_seconds = INT64_C(60) * DAY; /* longer: with the next renewal */
    assert_string_equal(changes(sandbox, &item), "");

    sandbox->layout.authority = "/var/lib/reconcile/another";
    assert_string_equal(changes(sandbox, &item), "issuer ");
    converge(sandbox, &item);
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_certificate_is_renewed_at_a_third_of_its_life(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    const char *before = read_installed(sandbox)->fingerprint;
    sandbox->now = START + 60 * DAY - 600;
    assert_string_equal(changes(sandbox, &item), "");
    sandbox->now = START + 60 * DAY;
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    struct action action = sandbox_plan(sandbox, &certificate_provider, &item, &found);
    assert_int_equal(action.changes.count, 1);
    assert_string_equal(action.changes.items[0].field, "validity");
    assert_string_equal(action.changes.items[0].from, "until 2027-04-15");
    converge(sandbox, &item);
    assert_string_not_equal(read_installed(sandbox)->fingerprint, before);
    assert_string_equal(changes(sandbox, &item), "");
}

/* Of documents; what stands in for nobody in particular needs no leave. */
static void test_certificate_outside_of_the_root_is_told_before_it_is_signed(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const domains[] = {"shop.test", NULL};
    static const char *const wider[] = {"shop.test", "other.test", NULL};
    struct document document = {.name = "shop.test"};
    sandbox->layout.domains = domains;
    struct item item = want_shop(sandbox);
    item.document = &document;
    converge(sandbox, &item);

    sandbox->layout.domains = wider; /* the root does not follow */
    item.wanted = want(sandbox, wider);
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "does not let it sign other.test: move "
                                                "/var/lib/reconcile/authority away"));
    item.document = NULL;
    assert_null(sandbox_observe(sandbox, &certificate_provider, &item).trouble);

    item.document = &document;
    assert_int_equal(renameat(sandbox->host.root, "var/lib/reconcile/authority", sandbox->host.root,
                              "var/lib/reconcile/former"),
                     0);
    assert_string_equal(changes(sandbox, &item), "names issuer ");
    converge(sandbox, &item);
    assert_string_equal(changes(sandbox, &item), "");
    assert_int_equal(read_installed(sandbox)->name_count, 2);
}

static void test_certificate_old_versions_are_pruned_to_one(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    for (int i = 0; i < 4; i++) {
        converge(sandbox, &item);
        sandbox->now += 80 * DAY;
    }
    const char *versions = test_folder_list(sandbox->folder, VERSIONS);
    assert_int_equal(strlen(versions), 2 * 33);
}

static void test_certificate_damage_is_repaired(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);

    const char *key = test_folder_read(sandbox->folder, KEY);
    struct certificate_item *other = want(sandbox, shop_names);
    other->directory = "/" FOLDER "/other";
    struct item other_item = sandbox_item(ITEM_CERTIFICATE, "other", other);
    converge(sandbox, &other_item);
    test_folder_write(sandbox->folder, KEY,
                      test_folder_read(sandbox->folder, FOLDER "/other/key.pem"));
    assert_string_equal(changes(sandbox, &item), "key ");
    converge(sandbox, &item);
    assert_string_not_equal(test_folder_read(sandbox->folder, KEY), key);
    assert_true(read_installed(sandbox)->has_key);

    test_folder_write(sandbox->folder, KEY, "not a key");
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    test_folder_write(sandbox->folder, CHAIN, "not a certificate");
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    assert_int_equal(unlinkat(sandbox->host.root, KEY, 0), 0);
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_certificate_key_that_others_could_read_is_replaced(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    const char *exposed = test_folder_read(sandbox->folder, KEY);
    assert_int_equal(fchmodat(sandbox->host.root, KEY, 0644, 0), 0);
    assert_string_equal(changes(sandbox, &item), "key mode ");
    converge(sandbox, &item);
    assert_string_not_equal(test_folder_read(sandbox->folder, KEY), exposed);
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_certificate_no_key_is_ever_in_a_change_or_message(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    test_folder_write(sandbox->folder, KEY, "-----BEGIN PRIVATE KEY-----\nsecretsecret\n");
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    struct action action = sandbox_plan(sandbox, &certificate_provider, &item, &found);
    for (size_t i = 0; i < action.changes.count; i++) {
        assert_null(strstr(action.changes.items[i].from, "secret"));
        assert_null(strstr(action.changes.items[i].to, "secret"));
    }
    assert_int_not_equal(action.changes.count, 0);
    assert_null(found.trouble);
    assert_null(found.note);
}

/* ---- Something else in its place --------------------------------------------------------------
 */

static void test_certificate_folder_of_somebody_else_is_never_removed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, SHOP);
    test_folder_write(sandbox->folder, KEY, "precious");
    struct item item = want_shop(sandbox);
    assert_string_equal(changes(sandbox, &item), "type ");
    struct outcome outcome = sandbox_converge(sandbox, &certificate_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "a directory stands at /" SHOP));
    item.wanted = NULL;
    (void)sandbox_converge(sandbox, &certificate_provider, &item);
    assert_string_equal(test_folder_read(sandbox->folder, KEY), "precious");
}

static void test_certificate_link_of_somebody_else_is_reported(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const targets[] = {
        "/etc/letsencrypt/live/shop.test",
        ".versions/other.test/0123456789abcdef0123456789abcdef",
        ".versions/shop.test/../../x",
        ".versions/shop.test/0123456789abcdef0123456789abcdef/x",
        ".versions/shop.test/0123456789ABCDEF0123456789ABCDEF",
    };
    sandbox_mkdirs(sandbox, FOLDER);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        test_folder_link(sandbox->folder, SHOP, targets[i]);
        struct item item = want_shop(sandbox);
        struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
        const struct certificate_item *there = found.found;
        assert_string_equal(there->instead,
                            arena_printf(sandbox->arena, "a symbolic link to %s", targets[i]));
        item.wanted = NULL;
        (void)sandbox_converge(sandbox, &certificate_provider, &item);
        assert_true(test_folder_exists(sandbox->folder, SHOP)); /* not ours, not removed */
        assert_int_equal(unlinkat(sandbox->host.root, SHOP, 0), 0);
    }
}

static void test_certificate_versions_that_lead_elsewhere_are_not_followed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "elsewhere");
    sandbox_mkdirs(sandbox, FOLDER);
    test_folder_link(sandbox->folder, FOLDER "/.versions", "../../../../elsewhere");
    struct item item = want_shop(sandbox);
    assert_int_equal(sandbox_converge(sandbox, &certificate_provider, &item).result,
                     OUTCOME_FAILED);
    assert_string_equal(test_folder_list(sandbox->folder, "elsewhere"), "");
}

static void test_certificate_is_removed_with_its_versions_alone(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    struct certificate_item *other = want(sandbox, shop_names);
    other->directory = "/" FOLDER "/other";
    struct item other_item = sandbox_item(ITEM_CERTIFICATE, "other", other);
    converge(sandbox, &item);
    converge(sandbox, &other_item);
    item.wanted = NULL;
    converge(sandbox, &item);
    assert_string_equal(test_folder_list(sandbox->folder, FOLDER), ".versions other ");
    assert_string_equal(test_folder_list(sandbox->folder, FOLDER "/.versions"), "other ");
    assert_string_equal(changes(sandbox, &other_item), "");
    assert_int_equal(sandbox_converge(sandbox, &certificate_provider, &item).result,
                     OUTCOME_UNCHANGED);
    struct item evil = sandbox_item(ITEM_CERTIFICATE, "../../../../etc", NULL);
    assert_non_null(sandbox_observe(sandbox, &certificate_provider, &evil).trouble);
}

static void test_certificate_folder_of_another_user_is_left_alone(void **state)
{
    struct sandbox *sandbox = *state;
    if (!sandbox_is_root()) {
        skip();
    }
    sandbox_mkdirs(sandbox, FOLDER);
    assert_int_equal(fchownat(sandbox->host.root, FOLDER, 4711, 4711, 0), 0);
    struct item item = want_shop(sandbox);
    struct outcome outcome = sandbox_converge(sandbox, &certificate_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "belongs to user 4711"));
    assert_string_equal(test_folder_list(sandbox->folder, FOLDER), "");
}

/* ---- Files ---------------------------------------------------------------------------------- */

static bool write_key_source(const void *bytes, size_t length, void *to)
{
    struct sandbox *sandbox = to;
    test_folder_write(sandbox->folder, "archive/key.pem",
                      arena_strndup(sandbox->arena, bytes, length));
    return true;
}

/* Writes a pair as another program would: /live/NAME is a link to it. */
static void write_source(struct sandbox *sandbox, const char *const *names, int64_t now,
                         int64_t lifetime)
{
    struct authority *authority = NULL;
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    const char *ours = sandbox->layout.authority;
    int64_t clock = sandbox->now;
    sandbox->layout.authority = "/ca"; /* somebody else's */
    sandbox->now = START - 1000 * DAY;
    assert_true(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, NULL));
    sandbox->layout.authority = ours;
    sandbox->now = clock;
    const struct authority_request request = {names, count, "rsa-2048", lifetime, now};
    AUTO_PAIR pair = authority_issue(authority, &request, NULL);
    authority_release(authority);
    assert_non_null(pair);
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, NULL));
    assert_true(pair_write_key(pair, &key, NULL));
    sandbox_mkdirs(sandbox, "archive");
    sandbox_mkdirs(sandbox, "live");
    test_folder_write(sandbox->folder, "archive/chain.pem", chain.data);
    test_folder_write(sandbox->folder, "archive/key.pem", "");
    assert_true(secret_use(key, write_key_source, sandbox));
    if (!test_folder_exists(sandbox->folder, "live/chain.pem")) {
        test_folder_link(sandbox->folder, "live/chain.pem", "../archive/chain.pem");
        test_folder_link(sandbox->folder, "live/key.pem", "/archive/key.pem");
    }
}

static struct item want_files(struct sandbox *sandbox)
{
    struct certificate_item *wanted = want(sandbox, shop_names);
    wanted->issuer = CERTIFICATE_FILE;
    wanted->source_chain = "/live/chain.pem";
    wanted->source_key = "/live/key.pem";
    wanted->key_type = NULL;
    return sandbox_item(ITEM_CERTIFICATE, "shop.test", wanted);
}

static const char *const covering[] = {"shop.test", "*.shop.test", NULL};

static void test_certificate_files_are_copied_and_copied_again(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_files(sandbox);
    write_source(sandbox, covering, START, 90 * DAY);
    assert_string_equal(changes(sandbox, &item), "names files ");
    converge(sandbox, &item);
    assert_string_equal(changes(sandbox, &item), "");
    assert_string_equal(test_folder_read(sandbox->folder, CHAIN),
                        test_folder_read(sandbox->folder, "archive/chain.pem"));
    const char *before = read_installed(sandbox)->fingerprint;
    write_source(sandbox, covering, START + DAY, 90 * DAY);
    sandbox->now = START + DAY;
    assert_string_equal(changes(sandbox, &item), "certificate ");
    converge(sandbox, &item);
    assert_string_not_equal(read_installed(sandbox)->fingerprint, before);
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, KEY, &status, 0), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
}

static void test_certificate_worse_files_never_replace_better(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const too_few[] = {"shop.test", NULL};
    struct item item = want_files(sandbox);
    write_source(sandbox, covering, START, 90 * DAY);
    converge(sandbox, &item);
    const char *kept = read_installed(sandbox)->fingerprint;
    static const struct {
        const char *const *names;
        int64_t starts;
        int64_t lifetime;
        const char *why;
    } worse[] = {
        {too_few, START, 90 * DAY, "it is not for www.shop.test"},
        {covering, START - 100 * DAY, 90 * DAY, "it ended on 2027-01-05"},
        {covering, START + 100 * DAY, 90 * DAY, "it begins only on 2027-"},
        {covering, START - 5 * DAY, 90 * DAY, "an earlier issue"},
    };
    for (size_t i = 0; i < sizeof(worse) / sizeof(worse[0]); i++) {
        write_source(sandbox, worse[i].names, worse[i].starts, worse[i].lifetime);
        struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
        assert_null(found.trouble);
        assert_non_null(strstr(found.note->text, worse[i].why));
        assert_string_equal(changes(sandbox, &item), "");
        struct action forced = {.verb = ACTION_UPDATE, .item = &item, .found = &found};
        struct outcome outcome = sandbox_apply(sandbox, &certificate_provider, &forced);
        assert_int_equal(outcome.result, OUTCOME_FAILED);
        assert_non_null(strstr(outcome.error.message, worse[i].why));
        assert_string_equal(read_installed(sandbox)->fingerprint, kept);
    }
    test_folder_write(sandbox->folder, "archive/key.pem", "not a key");
    assert_non_null(sandbox_observe(sandbox, &certificate_provider, &item).note);
    assert_int_equal(unlinkat(sandbox->host.root, "archive/chain.pem", 0), 0);
    assert_non_null(sandbox_observe(sandbox, &certificate_provider, &item).note);
    assert_string_equal(changes(sandbox, &item), "");
    assert_string_equal(read_installed(sandbox)->fingerprint, kept);
}

static void test_certificate_earlier_issue_is_better_than_an_expired_one(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_files(sandbox);
    write_source(sandbox, covering, START, 90 * DAY);
    converge(sandbox, &item);
    write_source(sandbox, covering, START - DAY, 200 * DAY);
    sandbox->now = START + 91 * DAY;
    assert_string_equal(changes(sandbox, &item), "certificate ");
    converge(sandbox, &item);
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_certificate_unfit_files_with_nothing_installed_are_a_failure(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_files(sandbox);
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "/live/chain.pem"));
    write_source(sandbox, covering, START - 100 * DAY, 90 * DAY);
    found = sandbox_observe(sandbox, &certificate_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "it ended on"));
    struct action forced = {.verb = ACTION_CREATE, .item = &item, .found = &found};
    assert_int_equal(sandbox_apply(sandbox, &certificate_provider, &forced).result, OUTCOME_FAILED);
    assert_false(test_folder_exists(sandbox->folder, SHOP));
}

static void test_certificate_key_in_the_chain_file_is_not_published(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_files(sandbox);
    write_source(sandbox, covering, START, 90 * DAY);
    const char *both =
        arena_printf(sandbox->arena, "%s%s", test_folder_read(sandbox->folder, "archive/key.pem"),
                     test_folder_read(sandbox->folder, "archive/chain.pem"));
    test_folder_write(sandbox->folder, "archive/chain.pem", both);
    converge(sandbox, &item);
    assert_null(strstr(test_folder_read(sandbox->folder, CHAIN), "PRIVATE"));
    assert_true(read_installed(sandbox)->has_key);
}

static void test_certificate_files_outside_of_the_root_stay_there(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_files(sandbox);
    sandbox_mkdirs(sandbox, "live");
    test_folder_link(sandbox->folder, "live/chain.pem", "../../../../../../etc/passwd");
    test_folder_link(sandbox->folder, "live/key.pem", "/etc/passwd");
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "No such file"));
}

/* ---- Known pairs ---------------------------------------------------------------------------- */

static void test_certificate_known_pair_is_watched_by_stat(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    assert_string_equal(changes(sandbox, &item), "");
    fingerprints_set_key(sandbox->host.fingerprints, "inputs");
    assert_true(fingerprints_save(&sandbox->host, sandbox->arena, NULL));
    sandbox->host.fingerprints = fingerprints_load(&sandbox->host, sandbox->arena);
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_HOLD);
    assert_string_equal(changes(sandbox, &item), "");

    int64_t due = START - 300 + (INT64_C(90) * DAY + 300) * 2 / 3;
    sandbox->now = START + DAY - 1;
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_HOLD);
    sandbox->now = due;
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_UNKNOWN);
    sandbox->now = START;
    test_folder_write(sandbox->folder, KEY, "changed");
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_DIFFER);
    assert_string_equal(changes(sandbox, &item), "pair ");
}

static void test_certificate_known_pair_is_verified_again_for_another_authority(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    assert_string_equal(changes(sandbox, &item), "");
    assert_true(fingerprints_save(&sandbox->host, sandbox->arena, NULL));
    assert_true(file_remove_all(sandbox->host.root, "var/lib/reconcile/authority", NULL));
    struct authority *another = NULL;
    assert_true(authority_open_to_sign(&sandbox->host, sandbox->arena, &another, NULL));
    authority_release(another);
    sandbox->host.fingerprints = fingerprints_load(&sandbox->host, sandbox->arena);
    assert_string_equal(changes(sandbox, &item), "issuer ");
}

/* ---- Killed in the middle ------------------------------------------------------------------- */

static void test_certificate_killed_issue_leaves_one_whole_pair(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = want_shop(sandbox);
    converge(sandbox, &item);
    size_t killed = 0;
    for (long trial = 0; trial < 40; trial++) {
        sandbox->now += 80 * DAY;
        pid_t child = fork();
        if (child == 0) {
            (void)sandbox_converge(sandbox, &certificate_provider, &item);
            _exit(0);
        }
        struct timespec delay = {.tv_nsec = trial * 300000};
        (void)nanosleep(&delay, NULL);
        (void)kill(child, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        killed += WIFSIGNALED(status) ? 1 : 0;
        assert_true(read_installed(sandbox)->has_key);
        assert_true(staging_clean(&sandbox->host, sandbox->arena, NULL));
        assert_string_equal(test_folder_list(sandbox->folder, FOLDER), ".versions shop.test ");
    }
    assert_true(killed > 5);
    sandbox->now += 80 * DAY;
    converge(sandbox, &item);
    assert_int_equal(strlen(test_folder_list(sandbox->folder, VERSIONS)), 2 * 33);
}

static void test_certificate_one_failure_does_not_stop_the_others(void **state)
{
    struct sandbox *sandbox = *state;
    enum { MANY = 5 };
    struct item items[MANY];
    struct action actions[MANY];
    const struct action *pointers[MANY];
    struct outcome outcomes[MANY] = {{0}};
    for (size_t i = 0; i < MANY; i++) {
        struct certificate_item *wanted = want(sandbox, shop_names);
        wanted->directory = arena_printf(sandbox->arena, "/" FOLDER "/c%zu", i);
        if (i == 2) {
            wanted->key_type = "dsa";
        }
        items[i] = sandbox_item(ITEM_CERTIFICATE, wanted->directory, wanted);
        actions[i] = (struct action){.verb = ACTION_CREATE, .item = &items[i]};
        pointers[i] = &actions[i];
    }
    certificate_provider.apply(&sandbox->host, pointers, MANY, sandbox->arena, outcomes);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].result, i == 2 ? OUTCOME_FAILED : OUTCOME_CHANGED);
    }
    assert_non_null(strstr(outcomes[2].error.message, "no type of key \"dsa\""));
    assert_string_equal(test_folder_list(sandbox->folder, FOLDER), ".versions c0 c1 c3 c4 ");
}

#define CERTIFICATE_TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CERTIFICATE_TEST(test_certificate_absent_is_issued),
        CERTIFICATE_TEST(test_certificate_order_of_names_is_no_difference),
        CERTIFICATE_TEST(test_certificate_each_difference_is_named_and_repaired),
        CERTIFICATE_TEST(test_certificate_is_renewed_at_a_third_of_its_life),
        CERTIFICATE_TEST(test_certificate_outside_of_the_root_is_told_before_it_is_signed),
        CERTIFICATE_TEST(test_certificate_old_versions_are_pruned_to_one),
        CERTIFICATE_TEST(test_certificate_damage_is_repaired),
        CERTIFICATE_TEST(test_certificate_key_that_others_could_read_is_replaced),
        CERTIFICATE_TEST(test_certificate_no_key_is_ever_in_a_change_or_message),
        CERTIFICATE_TEST(test_certificate_folder_of_somebody_else_is_never_removed),
        CERTIFICATE_TEST(test_certificate_link_of_somebody_else_is_reported),
        CERTIFICATE_TEST(test_certificate_versions_that_lead_elsewhere_are_not_followed),
        CERTIFICATE_TEST(test_certificate_is_removed_with_its_versions_alone),
        CERTIFICATE_TEST(test_certificate_folder_of_another_user_is_left_alone),
        CERTIFICATE_TEST(test_certificate_files_are_copied_and_copied_again),
        CERTIFICATE_TEST(test_certificate_worse_files_never_replace_better),
        CERTIFICATE_TEST(test_certificate_earlier_issue_is_better_than_an_expired_one),
        CERTIFICATE_TEST(test_certificate_unfit_files_with_nothing_installed_are_a_failure),
        CERTIFICATE_TEST(test_certificate_key_in_the_chain_file_is_not_published),
        CERTIFICATE_TEST(test_certificate_files_outside_of_the_root_stay_there),
        CERTIFICATE_TEST(test_certificate_known_pair_is_watched_by_stat),
        CERTIFICATE_TEST(test_certificate_known_pair_is_verified_again_for_another_authority),
        CERTIFICATE_TEST(test_certificate_killed_issue_leaves_one_whole_pair),
        CERTIFICATE_TEST(test_certificate_one_failure_does_not_stop_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
