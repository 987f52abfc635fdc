/* Deliveries of forges: their own documented signatures, and all that is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statusd/webhook.h"
#include "support/folder.h"

struct header {
    const char *name;
    const char *value;
};

enum { HEADERS_MOST = 8 };

static const char *header_of(void *context, const char *name)
{
    const struct header *headers = context;
    for (size_t i = 0; headers[i].name != NULL; i++) {
        if (strcasecmp(headers[i].name, name) == 0) {
            return headers[i].value;
        }
    }
    return NULL;
}

/* GitHub's own example: docs.github.com, "Validating webhook deliveries". */
static const char github_secret[] = "It's a Secret to Everybody";
static const char github_body[] = "Hello, World!";
static const char github_signature[] =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

/* HMAC-SHA-256 of these bodies under "0123456789abcdef", by openssl(1). */
static const char secret[] = "0123456789abcdef";
#define PUSH(branch) "{\"ref\":\"refs/heads/" branch "\",\"after\":\"abc\"}"
static const char push_main[] = PUSH("main");
static const char push_main_digits[] =
    "21ecc7d3a47b2a0e6551fab7faad31194451e99fe7c9b82d0015e17dad5d783f";
static const char push_other[] = PUSH("other");
static const char push_other_digits[] =
    "f0e54eb00483462b4df814f6aba645d752b7a32c3904d262cfce953f20b4e887";
static const char no_json[] = "ref=refs/heads/main";
static const char no_json_digits[] =
    "ca0646ab77dace16a8a6d828ca240c6ffcee8a51958cca952df2e359c0957226";

static struct webhooks *open_hooks(const struct test_folder *folder)
{
    struct webhook_specs specs = {0};
    struct webhooks *webhooks = NULL;
    struct error err;
    static const char *const texts[] = {"hub:github", "lab:gitlab:main", "tea:gitea:main",
                                        "jo:forgejo:main", "example:github:main"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct webhook_spec spec;
        assert_true(webhook_parse(folder->arena, texts[i], &spec, &err));
        vec_add(folder->arena, &specs, spec);
        bool is_example = strcmp(spec.id, "example") == 0;
        test_folder_write(folder, arena_printf(folder->arena, "webhook-%s", spec.id),
                          arena_printf(folder->arena, "%s\n", is_example ? github_secret : secret));
    }
    if (!webhooks_create(&specs, folder->path, &webhooks, &err)) {
        fail_msg("%s", err.message);
    }
    return webhooks;
}

static enum webhook_result receive(struct webhooks *webhooks, const char *id, const char *body,
                                   const struct header *headers)
{
    struct header copy[HEADERS_MOST] = {{NULL, NULL}};
    struct webhook_mark mark;
    for (size_t i = 0; headers[i].name != NULL; i++) {
        copy[i] = headers[i];
    }
    const struct webhook_call call = {
        .id = id, .body = str_of(body), .header = header_of, .context = copy};
    return webhooks_receive(webhooks, &call, &mark);
}

static const char *prefixed(const struct test_folder *folder, const char *digits)
{
    return arena_printf(folder->arena, "sha256=%s", digits);
}

static void test_webhook_knows_the_example_of_github(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    const struct header right[] = {
        {"X-Hub-Signature-256", github_signature}, {"X-GitHub-Event", "ping"}, {NULL, NULL}};
    assert_int_equal(receive(webhooks, "example", github_body, right), WEBHOOK_IGNORED);
    assert_int_equal(receive(webhooks, "example", "Hello, World", right), WEBHOOK_REFUSED);
    assert_int_equal(receive(webhooks, "hub", github_body, right), WEBHOOK_REFUSED);
    webhooks_destroy(webhooks);
}

static void test_webhook_takes_a_push_of_each_forge_once(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    const struct {
        const char *id;
        struct header headers[HEADERS_MOST];
    } forges[] = {
        {"hub",
         {{"X-Hub-Signature-256", prefixed(folder, push_main_digits)},
          {"X-GitHub-Event", "push"},
          {"X-GitHub-Delivery", "1"}}},
        {"lab",
         {{"X-Gitlab-Token", secret},
          {"X-Gitlab-Event", "Push Hook"},
          {"X-Gitlab-Event-UUID", "1"}}},
        {"tea",
         {{"X-Gitea-Signature", push_main_digits},
          {"X-Gitea-Event", "push"},
          {"X-Gitea-Delivery", "1"}}},
        {"jo", {{"X-Forgejo-Signature", push_main_digits}, {"X-Forgejo-Event", "push"}}},
    };
    for (size_t i = 0; i < sizeof(forges) / sizeof(forges[0]); i++) {
        const char *id = forges[i].id;
        assert_int_equal(receive(webhooks, id, push_main, forges[i].headers), WEBHOOK_TRIGGERS);
        assert_int_equal(receive(webhooks, id, push_main, forges[i].headers), WEBHOOK_KNOWN);
    }
    /* Forgejo as it was called before. */
    const struct header former[] = {
        {"X-Gitea-Signature", push_other_digits}, {"X-Gitea-Event", "push"}, {NULL, NULL}};
    assert_int_equal(receive(webhooks, "jo", push_other, former), WEBHOOK_IGNORED);
    webhooks_destroy(webhooks);
}

static void test_webhook_refuses_what_is_not_signed(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    const char *right = prefixed(folder, push_main_digits);
    const char *wrong[] = {
        "",
        "sha256=",
        push_main_digits,
        "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
        arena_printf(folder->arena, "%s0", right),
        arena_strndup(folder->arena, right, strlen(right) - 1),
        prefixed(folder, push_other_digits),
        arena_printf(folder->arena, "sha256=%s%s", push_main_digits, push_main_digits)};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct header headers[] = {
            {"X-Hub-Signature-256", wrong[i]}, {"X-GitHub-Event", "push"}, {NULL, NULL}};
        assert_int_equal(receive(webhooks, "hub", push_main, headers), WEBHOOK_REFUSED);
    }
    const struct header none[] = {{"X-GitHub-Event", "push"}, {NULL, NULL}};
    assert_int_equal(receive(webhooks, "hub", push_main, none), WEBHOOK_REFUSED);
    const struct header signature[] = {
        {"X-Hub-Signature-256", right}, {"X-GitHub-Event", "push"}, {NULL, NULL}};
    assert_int_equal(receive(webhooks, "nobody", push_main, signature), WEBHOOK_REFUSED);
    assert_int_equal(receive(webhooks, "", push_main, signature), WEBHOOK_REFUSED);
    assert_int_equal(receive(webhooks, "tea", push_main, signature), WEBHOOK_REFUSED);
    static const char *const tokens[] = {"", "0123456789abcde", "0123456789abcdef0",
                                         "0123456789abcdeg"};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        const struct header headers[] = {
            {"X-Gitlab-Token", tokens[i]}, {"X-Gitlab-Event", "Push Hook"}, {NULL, NULL}};
        assert_int_equal(receive(webhooks, "lab", push_main, headers), WEBHOOK_REFUSED);
    }
    /* Nothing of that is remembered. */
    assert_int_equal(receive(webhooks, "hub", push_main, signature), WEBHOOK_TRIGGERS);
    webhooks_destroy(webhooks);
}

static void test_webhook_another_number_makes_nothing_new(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    struct header headers[] = {{"X-Gitea-Signature", push_main_digits},
                               {"X-Gitea-Event", "push"},
                               {"X-Gitea-Delivery", "1"},
                               {NULL, NULL}};
    assert_int_equal(receive(webhooks, "tea", push_main, headers), WEBHOOK_TRIGGERS);
    headers[2].value = "2";
    assert_int_equal(receive(webhooks, "tea", push_main, headers), WEBHOOK_KNOWN);
    webhooks_destroy(webhooks);
}

static void test_webhook_forgets_what_led_to_nothing(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    struct webhook_mark mark;
    struct header headers[] = {{"X-Gitea-Signature", push_main_digits},
                               {"X-Gitea-Event", "push"},
                               {"X-Gitea-Delivery", "1"},
                               {NULL, NULL}};
    const struct webhook_call call = {
        .id = "tea", .body = str_of(push_main), .header = header_of, .context = headers};
    assert_int_equal(webhooks_receive(webhooks, &call, &mark), WEBHOOK_TRIGGERS);
    webhooks_forget(webhooks, "tea", &mark);
    assert_int_equal(webhooks_receive(webhooks, &call, &mark), WEBHOOK_TRIGGERS);
    assert_int_equal(webhooks_receive(webhooks, &call, &mark), WEBHOOK_KNOWN);
    webhooks_destroy(webhooks);
}

static void test_webhook_wants_a_push_to_its_branch(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    const struct header other[] = {
        {"X-Gitea-Signature", push_other_digits}, {"X-Gitea-Event", "push"}, {NULL, NULL}};
    const struct header issue[] = {
        {"X-Gitea-Signature", push_main_digits}, {"X-Gitea-Event", "issues"}, {NULL, NULL}};
    const struct header form[] = {
        {"X-Gitea-Signature", no_json_digits}, {"X-Gitea-Event", "push"}, {NULL, NULL}};
    assert_int_equal(receive(webhooks, "tea", push_other, other), WEBHOOK_IGNORED);
    assert_int_equal(receive(webhooks, "tea", push_main, issue), WEBHOOK_IGNORED);
    assert_int_equal(receive(webhooks, "tea", no_json, form), WEBHOOK_MALFORMED);
    webhooks_destroy(webhooks);
}

static void test_webhook_options(void **state)
{
    const struct test_folder *folder = *state;
    struct webhook_spec spec;
    struct error err;
    assert_true(webhook_parse(folder->arena, "shop:forgejo:release/2", &spec, &err));
    assert_string_equal(spec.id, "shop");
    assert_string_equal(spec.branch, "release/2");
    assert_int_equal(spec.kind, WEBHOOK_FORGEJO);
    static const char *const wrong[] = {"",
                                        "shop",
                                        "shop:svn",
                                        ":github",
                                        "a/b:github",
                                        "shop:github:",
                                        "shop:github:a b",
                                        "..:github",
                                        "a\n:github:main"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(webhook_parse(folder->arena, wrong[i], &spec, &err));
    }
}

static void test_webhook_secrets_must_be_there_and_long_enough(void **state)
{
    const struct test_folder *folder = *state;
    struct webhook_specs specs = {0};
    struct webhook_spec spec;
    struct webhooks *webhooks = NULL;
    struct error err;
    assert_true(webhook_parse(folder->arena, "shop:github", &spec, &err));
    vec_add(folder->arena, &specs, spec);
    assert_false(webhooks_create(&specs, NULL, &webhooks, &err));
    assert_non_null(strstr(err.message, "--secrets"));
    assert_false(webhooks_create(&specs, folder->path, &webhooks, &err));
    assert_non_null(strstr(err.message, "webhook-shop"));
    test_folder_write(folder, "webhook-shop", "short\n");
    assert_false(webhooks_create(&specs, folder->path, &webhooks, &err));
    assert_non_null(strstr(err.message, "fewer than 16 bytes"));
    test_folder_write(folder, "webhook-shop", "0123456789abcdef\n");
    vec_add(folder->arena, &specs, spec);
    assert_false(webhooks_create(&specs, folder->path, &webhooks, &err));
    assert_non_null(strstr(err.message, "two webhooks shop"));
}

static void test_webhook_remembers_no_more_than_it_may(void **state)
{
    const struct test_folder *folder = *state;
    struct webhooks *webhooks = open_hooks(folder);
    struct webhook_mark mark;
    for (size_t i = 0; i < WEBHOOK_REPLAYS_KEPT + 2; i++) {
        const char *body =
            arena_printf(folder->arena, "{\"ref\":\"refs/heads/main\",\"n\":%zu}", i);
        struct header headers[] = {
            {"X-Gitlab-Token", secret}, {"X-Gitlab-Event", "Push Hook"}, {NULL, NULL}};
        const struct webhook_call call = {
            .id = "lab", .body = str_of(body), .header = header_of, .context = headers};
        assert_int_equal(webhooks_receive(webhooks, &call, &mark), WEBHOOK_TRIGGERS);
        assert_int_equal(webhooks_receive(webhooks, &call, &mark), WEBHOOK_KNOWN);
    }
    webhooks_destroy(webhooks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)
        TEST(test_webhook_knows_the_example_of_github),
        TEST(test_webhook_takes_a_push_of_each_forge_once),
        TEST(test_webhook_refuses_what_is_not_signed),
        TEST(test_webhook_another_number_makes_nothing_new),
        TEST(test_webhook_forgets_what_led_to_nothing),
        TEST(test_webhook_wants_a_push_to_its_branch),
        TEST(test_webhook_options),
        TEST(test_webhook_secrets_must_be_there_and_long_enough),
        TEST(test_webhook_remembers_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
