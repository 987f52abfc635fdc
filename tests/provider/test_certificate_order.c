/* Orders of certificates: what comes of whatever an authority may say, what is written down before
 * it hears anything, and that nobody else ever gets to see a key. */

#include "provider/acme_sandbox.h"

#include <ftw.h>

#include "model/acme_ledger.h"
#include "providers/certificate_record.h"

enum { DAY = 86400 };

#define PROBLEM(type, detail)                                                                      \
    "uacme: failed to validate\n{\n  \"type\": \"urn:ietf:params:acme:error:" type "\",\n"         \
    "  \"detail\": \"" detail "\"\n}\n"

static struct certificate_record read_record(struct sandbox *sandbox)
{
    return certificate_record_read(&sandbox->host, "/" ACME_PAIR, sandbox->arena);
}

static struct acme_ledger read_ledger(struct sandbox *sandbox)
{
    struct acme_ledger ledger = {0};
    bool is_whole = false;
    const char *text = test_folder_read(sandbox->folder, ACME_ACCOUNTS "/ledger.json");
    assert_non_null(text);
    acme_ledger_read(sandbox->arena, str_of(text), &ledger, &is_whole);
    assert_true(is_whole);
    return ledger;
}

static const struct acme_record *last_of(const struct acme_ledger *ledger)
{
    assert_int_not_equal(ledger->count, 0);
    return &ledger->items[ledger->count - 1];
}

static const char *read_key(struct sandbox *sandbox)
{
    return test_folder_read(sandbox->folder, ACME_PAIR "/key.pem");
}

static bool is_waiting(struct sandbox *sandbox)
{
    return test_folder_exists(sandbox->folder,
                              ACME_STATE "/certificates/.waiting/" ACME_NAME ".conf");
}

/* It failed with these words in the message, and nothing has taken anything's place. */
static void expect_failure(struct sandbox *sandbox, const char *words)
{
    struct outcome outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    if (strstr(outcome.error.message, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, outcome.error.message);
    }
    assert_true(is_waiting(sandbox));
    assert_null(read_record(sandbox).fingerprint);
    if (test_folder_exists(sandbox->folder, ACME_ACCOUNTS "/orders")) {
        assert_string_equal(test_folder_list(sandbox->folder, ACME_ACCOUNTS "/orders"), "");
    }
}

static void answer(struct sandbox *sandbox, enum acme_answer_type type, const char *said)
{
    acme_authority_of(sandbox)->answer = type;
    acme_authority_of(sandbox)->said = said;
}

/* ---- What goes well ------------------------------------------------------------------------- */

/* What nftw hands to its callback has no other way in. */
static const char *searched_line;
static unsigned files_with_line;

static int search_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)where;
    struct str text = {0};
    AUTO_ARENA arena = arena_create();
    if (type != FTW_F || !file_read(AT_FDCWD, path, 1024 * 1024, arena, &text, NULL)) {
        return 0;
    }
    if (memmem(text.data, text.length, searched_line, strlen(searched_line)) != NULL) {
        files_with_line++;
        if ((status->st_mode & 077) != 0 || status->st_uid != geteuid()) {
            fail_msg("%s holds a key", path);
        }
    }
    return 0;
}

/* Its middle line, wherever else that stands. Returns in how many files. */
static unsigned search_key(struct sandbox *sandbox, const char *key)
{
    const char *line = strchr(key, '\n') + 1;
    searched_line = arena_strndup(sandbox->arena, line, strcspn(line, "\n"));
    files_with_line = 0;
    assert_int_equal(strlen(searched_line), 64);
    assert_int_equal(nftw(sandbox->folder->path, search_file, 16, FTW_PHYS), 0);
    return files_with_line;
}

static void look_at_ledger(struct sandbox *sandbox)
{
    struct acme_ledger ledger = read_ledger(sandbox);
    assert_int_equal(last_of(&ledger)->event, ACME_ORDERED);
    assert_true(last_of(&ledger)->is_open);
    assert_string_equal(last_of(&ledger)->directory, ACME_DIRECTORY);
}

static void test_order_brings_a_pair_and_ends_the_waiting(void **state)
{
    struct sandbox *sandbox = *state;
    acme_authority_of(sandbox)->look = look_at_ledger;
    struct outcome outcome = acme_run(sandbox);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
    assert_false(is_waiting(sandbox));
    assert_non_null(read_record(sandbox).fingerprint);
    assert_int_equal(acme_authority_of(sandbox)->accounts, 1);
    struct acme_ledger ledger = read_ledger(sandbox);
    assert_int_equal(last_of(&ledger)->event, ACME_ISSUED);
    assert_string_equal(test_folder_list(sandbox->folder, ACME_ACCOUNTS "/orders"), "");
    assert_int_equal(acme_run(sandbox).result, OUTCOME_UNCHANGED);
    assert_int_equal(acme_authority_of(sandbox)->orders, 1);
}

static const char *key_before;

static void look_for_keys(struct sandbox *sandbox)
{
    assert_int_equal(search_key(sandbox, key_before), 1);
}

static void test_order_shows_no_key_to_anybody(void **state)
{
    struct sandbox *sandbox = *state;
    (void)acme_run(sandbox);
    key_before = read_key(sandbox);
    assert_int_equal(search_key(sandbox, key_before), 1);
    acme_authority_of(sandbox)->look = look_for_keys;
    sandbox->now += INT64_C(80) * DAY; /* two thirds of its life are over */
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    const char *key = read_key(sandbox);
    assert_string_not_equal(key, key_before);
    assert_int_equal(search_key(sandbox, key), 1);
    assert_int_equal(search_key(sandbox, key_before), 1); /* the version before */
}

/* ---- Refusals ------------------------------------------------------------------------------- */

static void test_order_refused_for_a_while_waits_that_long(void **state)
{
    struct sandbox *sandbox = *state;
    answer(sandbox, ACME_SAYS,
           PROBLEM("rateLimited", "too many certificates, retry after 2027-01-15 14:00:00 UTC: see "
                                  "https://letsencrypt.org/docs/rate-limits/"));
    expect_failure(sandbox, "the authority says: too many certificates, retry after");
    const struct certificate_record record = read_record(sandbox);
    assert_int_equal(record.failures, 1);
    assert_int_equal(record.failed_at, sandbox->now);
    assert_int_equal(record.retry_after, ACME_START + 6 * 3600);
    struct acme_ledger ledger = read_ledger(sandbox);
    assert_false(last_of(&ledger)->is_open); /* surely no certificate came of it */
    answer(sandbox, ACME_SIGNS, NULL);
    sandbox->now = ACME_START + 6 * 3600 - 1;
    (void)acme_run(sandbox);
    assert_int_equal(acme_authority_of(sandbox)->orders, 1);
    sandbox->now++;
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_int_equal(read_record(sandbox).failures, 0);
}

static void test_order_without_proof_is_counted_as_a_failed_validation(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const said[] = {
        PROBLEM("unauthorized", "Invalid response from http://shop.example.com"),
        PROBLEM("caa", "CAA record for shop.example.com prevents issuance"),
        PROBLEM("dns", "DNS problem: NXDOMAIN looking up A for shop.example.com"),
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        answer(sandbox, ACME_SAYS, said[i]);
        expect_failure(sandbox, "the authority says: ");
        struct acme_ledger ledger = read_ledger(sandbox);
        assert_int_equal(last_of(&ledger)->event, ACME_FAILED);
        assert_int_equal(read_record(sandbox).failures, i + 1);
        assert_int_equal(read_record(sandbox).retry_after, 0);
        sandbox->now += INT64_C(2) * DAY;
    }
    answer(sandbox, ACME_SAYS, PROBLEM("malformed", "no such order"));
    expect_failure(sandbox, "the authority says: no such order");
    struct acme_ledger ledger = read_ledger(sandbox);
    assert_int_equal(last_of(&ledger)->event, ACME_ORDERED);
}

static void test_order_that_says_nothing_useful_is_told_with_its_status(void **state)
{
    struct sandbox *sandbox = *state;
    static const struct {
        const char *said;
        const char *told;
    } cases[] = {
        {"", "uacme ended with 1"},
        {"uacme: curl_get: GET https://ca failed: Couldn't connect to server\n"
         "uacme: failed to fetch directory\n",
         "curl_get: GET https://ca failed: Couldn't connect to server"},
        {"uacme: curl_get: GET https://ca failed: SSL peer certificate or SSH remote key was not "
         "OK\n",
         "run update-ca-certificates"},
        {"uacme: odd {\"type\": [1, {\"detail\": {}}", "odd {\"type\""},
        {"{\"type\": 5, \"detail\": null}", "uacme ended with 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answer(sandbox, ACME_SAYS, cases[i].said);
        expect_failure(sandbox, cases[i].told);
        sandbox->now += INT64_C(2) * DAY;
    }
}

/* ---- Answers that are none ------------------------------------------------------------------ */

static void test_order_answered_with_another_chain_changes_nothing(void **state)
{
    struct sandbox *sandbox = *state;
    static const struct {
        enum acme_answer_type type;
        const char *said;
        const char *told;
    } cases[] = {
        {ACME_SENDS_TEXT, "not a certificate", "certificate"},
        {ACME_SENDS_TEXT, "", "certificate"},
        {ACME_SENDS_TEXT, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "certificate"},
        {ACME_SENDS_NONE, NULL, "request-cert.pem"},
        {ACME_OTHER_KEY, NULL, "key"},
        {ACME_OTHER_NAMES, NULL, "shop.example.com"},
    };
    (void)acme_run(sandbox);
    const char *key = read_key(sandbox);
    sandbox->now += INT64_C(60) * DAY; /* two thirds of its life are over */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sandbox->now += INT64_C(2) * DAY;
        answer(sandbox, cases[i].type, cases[i].said);
        struct outcome outcome = acme_run(sandbox);
        assert_int_equal(outcome.result, OUTCOME_FAILED);
        assert_non_null(strstr(outcome.error.message, cases[i].told));
        assert_string_equal(read_key(sandbox), key);
        assert_int_equal(read_record(sandbox).failures, i + 1);
        assert_false(is_waiting(sandbox));
    }
}

/* It may have become a certificate: it counts as one until a week has passed. */
static void test_order_without_an_answer_stays_open(void **state)
{
    struct sandbox *sandbox = *state;
    answer(sandbox, ACME_TIMES_OUT, NULL);
    expect_failure(sandbox, "not here");
    struct acme_ledger ledger = read_ledger(sandbox);
    assert_int_equal(last_of(&ledger)->event, ACME_ORDERED);
    assert_true(last_of(&ledger)->is_open);
}

/* ---- Proofs that are left ---------------------------------------------------------------------
 */

static void put_token(struct sandbox *sandbox, const char *name, int64_t at, uid_t owner)
{
    const char *path = arena_printf(sandbox->arena, ACME_CHALLENGES "/%s", name);
    const struct timespec times[] = {{.tv_sec = at}, {.tv_sec = at}};
    test_folder_write(sandbox->folder, path, "proof");
    assert_int_equal(utimensat(sandbox->host.root, path, times, AT_SYMLINK_NOFOLLOW), 0);
    if (sandbox_is_root()) {
        assert_int_equal(fchownat(sandbox->host.root, path, owner, owner, 0), 0);
    }
}

static void test_order_removes_what_a_killed_one_has_left(void **state)
{
    enum { NOBODY = 65534 };
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, ACME_CHALLENGES "/.well-known");
    sandbox_mkdirs(sandbox, "elsewhere");
    test_folder_write(sandbox->folder, "elsewhere/old", "precious");
    put_token(sandbox, "old", ACME_START - 3601, NOBODY);
    put_token(sandbox, "young", ACME_START - 3599, NOBODY);
    put_token(sandbox, ".well-known/old", ACME_START - 3601, NOBODY);
    test_folder_link(sandbox->folder, ACME_CHALLENGES "/folder", "../../../../elsewhere");
    test_folder_link(sandbox->folder, ACME_CHALLENGES "/link", "../../../../elsewhere/old");
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_string_equal(test_folder_list(sandbox->folder, ACME_CHALLENGES),
                        ".well-known folder link young ");
    assert_true(test_folder_exists(sandbox->folder, ACME_CHALLENGES "/.well-known/old"));
    assert_string_equal(test_folder_read(sandbox->folder, "elsewhere/old"), "precious");
    if (sandbox_is_root()) { /* somebody else's are his business */
        put_token(sandbox, "foreign", ACME_START - 3601, 0);
        sandbox->now += INT64_C(80) * DAY;
        assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
        assert_string_equal(test_folder_list(sandbox->folder, ACME_CHALLENGES),
                            ".well-known folder foreign link ");
    }
}

/* ---- The account ---------------------------------------------------------------------------- */

static void test_order_of_a_forgotten_account_makes_another(void **state)
{
    struct sandbox *sandbox = *state;
    answer(sandbox, ACME_SAYS, PROBLEM("accountDoesNotExist", "no such account"));
    expect_failure(sandbox, "no such account");
    assert_int_equal(acme_authority_of(sandbox)->accounts, 1);
    answer(sandbox, ACME_SIGNS, NULL);
    sandbox->now += 3600;
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_int_equal(acme_authority_of(sandbox)->accounts, 2);
    sandbox->now += INT64_C(80) * DAY;
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_int_equal(acme_authority_of(sandbox)->accounts, 2);
}

static void test_order_is_nobody_s_without_terms_or_program(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.acme_terms = false;
    struct outcome outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "terms of service"));
    sandbox->layout.acme_terms = true;
    sandbox->layout.acme_program = "/usr/bin/no-uacme";
    outcome = acme_run(sandbox);
    assert_non_null(
        strstr(outcome.error.message, "this host has no /usr/bin/no-uacme: apt install uacme"));
    assert_int_equal(read_record(sandbox).failures, 0); /* the next run tries again at once */
    assert_int_equal(acme_authority_of(sandbox)->accounts, 0);
}

static void test_order_by_the_clock_is_no_drift(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = acme_item();
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_false(sandbox_observe(sandbox, &certificate_provider, &item).is_due);
    sandbox->now += INT64_C(80) * 86400;
    assert_true(sandbox_observe(sandbox, &certificate_provider, &item).is_due);
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    assert_int_equal(acme_authority_of(sandbox)->orders, 2);
    assert_false(sandbox_observe(sandbox, &certificate_provider, &item).is_due);
}

static void test_order_is_not_needed_to_protect_a_key(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = acme_item();
    struct stat status;
    assert_int_equal(acme_run(sandbox).result, OUTCOME_CHANGED);
    const char *chain = test_folder_read(sandbox->folder, ACME_PAIR "/fullchain.pem");
    assert_int_equal(fchmodat(sandbox->host.root, ACME_PAIR "/key.pem", 0644, 0), 0);
    assert_int_equal(sandbox_converge(sandbox, &certificate_provider, &item).result,
                     OUTCOME_CHANGED);
    assert_int_equal(fstatat(sandbox->host.root, ACME_PAIR "/key.pem", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_string_equal(test_folder_read(sandbox->folder, ACME_PAIR "/fullchain.pem"), chain);
    assert_int_equal(acme_authority_of(sandbox)->orders, 1);
    assert_int_equal(acme_run(sandbox).result, OUTCOME_UNCHANGED);
}

/* ---- What is seen before -------------------------------------------------------------------- */

/* Both names lead here; one of them shows somebody else's page. */
static const char one_is_elsewhere[] =
    "{\"date\": 0, \"names\": {"
    "\"shop.example.com\": {\"addresses\": [\"192.0.2.1\"], \"status\": 200, \"is_ours\": true},"
    "\"www.example.com\": {\"addresses\": [\"192.0.2.7\"], \"status\": 404}}}";

static void test_order_is_not_made_for_a_bad_name(void **state)
{
    struct sandbox *sandbox = *state;
    struct acme_authority *authority = acme_authority_of(sandbox);
    sandbox->layout.acme_preflight = true;
    authority->seen = one_is_elsewhere;
    struct outcome outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_string_equal(outcome.error.message,
                        "certificate shop.example.com: www.example.com leads to 192.0.2.7, which "
                        "answers HTTP 404 instead of our proof");
    assert_int_equal(authority->orders, 0);
    sandbox->now += 86400;
    authority->seen = "no JSON";
    outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_int_equal(authority->orders, 0);
}

static void test_order_is_not_made_by_a_wrong_clock(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.acme_preflight = true;
    acme_authority_of(sandbox)->seen = arena_printf(
        sandbox->arena,
        "{\"date\": %d, \"names\": {\"shop.example.com\": {\"addresses\": [\"192.0.2.1\"]},"
        " \"www.example.com\": {\"addresses\": [\"192.0.2.1\"]}}}",
        ACME_START + 7200);
    struct outcome outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "120 minutes behind"));
    assert_int_equal(acme_authority_of(sandbox)->orders, 0);
}

static void test_order_is_tried_again_when_nonces_are_lost(void **state)
{
    struct sandbox *sandbox = *state;
    struct acme_authority *authority = acme_authority_of(sandbox);
    authority->answer = ACME_SAYS;
    authority->said = "{\"type\": \"urn:ietf:params:acme:error:badNonce\", \"detail\": \"x\"}";
    struct outcome outcome = acme_run(sandbox);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_true(authority->orders > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME_TEST(test_order_brings_a_pair_and_ends_the_waiting),
        ACME_TEST(test_order_shows_no_key_to_anybody),
        ACME_TEST(test_order_refused_for_a_while_waits_that_long),
        ACME_TEST(test_order_without_proof_is_counted_as_a_failed_validation),
        ACME_TEST(test_order_that_says_nothing_useful_is_told_with_its_status),
        ACME_TEST(test_order_answered_with_another_chain_changes_nothing),
        ACME_TEST(test_order_without_an_answer_stays_open),
        ACME_TEST(test_order_removes_what_a_killed_one_has_left),
        ACME_TEST(test_order_of_a_forgotten_account_makes_another),
        ACME_TEST(test_order_is_nobody_s_without_terms_or_program),
        ACME_TEST(test_order_by_the_clock_is_no_drift),
        ACME_TEST(test_order_is_not_needed_to_protect_a_key),
        ACME_TEST(test_order_is_not_made_for_a_bad_name),
        ACME_TEST(test_order_is_not_made_by_a_wrong_clock),
        ACME_TEST(test_order_is_tried_again_when_nonces_are_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
