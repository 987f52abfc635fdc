/* Deliveries of forges: signatures, repetitions, branches. */

#include "statusd/webhook.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "statusd/api_json.h"

#define BRANCH_DEFAULT "main"

enum { ID_MOST = 64, BRANCH_MOST = 200, KEY_SIZE = 32 };

/* What each forge calls its headers. GitLab sends the secret itself, the others a signature. */
static const struct forge {
    const char *name;
    const char *signature[2]; /* the first that is there counts */
    const char *prefix;       /* in front of the digits */
    const char *event[2];
    const char *push; /* the event that we want */
    const char *delivery;
    bool sends_secret;
} forges[WEBHOOK_COUNT] = {
    // clang-format off
    [WEBHOOK_GITHUB]  = {"github",  {"X-Hub-Signature-256", NULL}, "sha256=", {"X-GitHub-Event", NULL},
                         "push", "X-GitHub-Delivery", false},
    [WEBHOOK_GITLAB]  = {"gitlab",  {"X-Gitlab-Token", NULL}, "", {"X-Gitlab-Event", NULL},
                         "Push Hook", "X-Gitlab-Event-UUID", true},
    [WEBHOOK_GITEA]   = {"gitea",   {"X-Gitea-Signature", NULL}, "", {"X-Gitea-Event", NULL},
                         "push", "X-Gitea-Delivery", false},
    [WEBHOOK_FORGEJO] = {"forgejo", {"X-Forgejo-Signature", "X-Gitea-Signature"}, "",
                         {"X-Forgejo-Event", "X-Gitea-Event"}, "push", "X-Gitea-Delivery", false},
    // clang-format on
};

struct replays {
    char digests[WEBHOOK_REPLAYS_KEPT][DIGEST_HEX_SIZE]; /* "": free */
    size_t next;
};

struct webhook {
    struct webhook_spec spec;
    struct secret *secret;
    struct replays replays;
};

struct webhooks {
    struct arena *arena;
    struct webhook *hooks;
    size_t count;
    struct webhook nobody; /* stands in for hooks that do not exist; its secret is chance */
    struct secret *key;    /* of this process: secrets are compared by their digests under it */
};

/* ---- Options ---- */

static bool is_id(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strlen(text);
    return length > 0 && length <= ID_MOST && strspn(text, allowed) == length;
}

static bool is_branch(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= BRANCH_MOST && strpbrk(text, " ~^:?*[\\") == NULL;
}

static bool kind_parse(const char *word, enum webhook_kind *out_kind)
{
    for (size_t i = 0; i < WEBHOOK_COUNT; i++) {
        if (strcmp(word, forges[i].name) == 0) {
            *out_kind = (enum webhook_kind)i;
            return true;
        }
    }
    return false;
}

bool webhook_parse(struct arena *arena, const char *text, struct webhook_spec *out_spec,
                   struct error *err)
{
    struct webhook_spec spec = {.branch = BRANCH_DEFAULT};
    char *id = arena_strdup(arena, text);
    char *kind = strchr(id, ':');
    if (kind != NULL) {
        *kind++ = '\0';
        char *branch = strchr(kind, ':');
        if (branch != NULL) {
            *branch++ = '\0';
            spec.branch = branch;
        }
    }
    spec.id = id;
    if (kind == NULL || !is_id(id) || !is_branch(spec.branch)) {
        return error_set(err, ERROR_FORMAT,
                         "\"%s\" is no webhook: write ID:FORGE:BRANCH, such as shop:github:main",
                         text);
    }
    if (!kind_parse(kind, &spec.kind)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" is no forge: github, gitlab, gitea or forgejo",
                         kind);
    }
    *out_spec = spec;
    return true;
}

/* ---- Making and ending ---- */

static bool chance(struct secret **out_secret, struct error *err)
{
    unsigned char bytes[KEY_SIZE];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return error_set(err, ERROR_SYSTEM, "no random numbers");
    }
    *out_secret = secret_from_bytes(bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

static bool hook_open(struct webhook *hook, const struct webhook_spec *spec, const char *folder,
                      struct arena *arena, struct error *err)
{
    hook->spec = *spec;
    if (folder == NULL) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "the secret of webhook %s is nowhere: load it as the credential "
                         "webhook-%s, or name its folder (--secrets)",
                         spec->id, spec->id);
    }
    /* Not by openat2(2), which the sandbox of the unit takes away. */
    const char *path = arena_printf(arena, "%s/webhook-%s", folder, spec->id);
    AUTO_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return error_errno(err, "open the secret of webhook %s, %s", spec->id, path);
    }
    if (!secret_read_fd(fd, path, &hook->secret, err)) {
        return error_wrap(err, "the secret of webhook %s", spec->id);
    }
    return secret_length(hook->secret) >= WEBHOOK_SECRET_LEAST ||
           error_set(err, ERROR_REFUSED, "the secret of webhook %s has fewer than %d bytes",
                     spec->id, WEBHOOK_SECRET_LEAST);
}

static bool is_taken(const struct webhook_specs *specs, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(specs->items[i].id, specs->items[index].id) == 0) {
            return true;
        }
    }
    return false;
}

static bool hooks_open(struct webhooks *webhooks, const struct webhook_specs *specs,
                       const char *folder, struct error *err)
{
    for (size_t i = 0; i < specs->count; i++) {
        if (is_taken(specs, i)) {
            return error_set(err, ERROR_FORMAT, "there are two webhooks %s", specs->items[i].id);
        }
        webhooks->count++;
        if (!hook_open(&webhooks->hooks[i], &specs->items[i], folder, webhooks->arena, err)) {
            return false;
        }
    }
    return chance(&webhooks->nobody.secret, err) && chance(&webhooks->key, err);
}

bool webhooks_create(const struct webhook_specs *specs, const char *folder,
                     struct webhooks **out_webhooks, struct error *err)
{
    struct arena *arena = arena_create();
    struct webhooks *webhooks = arena_new(arena, struct webhooks);
    *webhooks = (struct webhooks){
        .arena = arena, .hooks = arena_array(arena, specs->count, sizeof(struct webhook))};
    webhooks->nobody.spec = (struct webhook_spec){.id = "", .branch = ""};
    if (!hooks_open(webhooks, specs, folder, err)) {
        webhooks_destroy(webhooks);
        return false;
    }
    *out_webhooks = webhooks;
    return true;
}

void webhooks_destroy(struct webhooks *webhooks)
{
    if (webhooks == NULL) {
        return;
    }
    for (size_t i = 0; i < webhooks->count; i++) {
        secret_release(webhooks->hooks[i].secret);
    }
    secret_release(webhooks->nobody.secret);
    secret_release(webhooks->key);
    arena_destroy(webhooks->arena);
}

/* ---- Signatures ---- */

static const char *first_header(const struct webhook_call *call, const char *const names[2])
{
    const char *value = call->header(call->context, names[0]);
    return value == NULL && names[1] != NULL ? call->header(call->context, names[1]) : value;
}

struct signing {
    struct str body;
    char *out_hex;
};

static bool sign(const void *key, size_t length, void *context)
{
    const struct signing *signing = context;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    if (HMAC(EVP_sha256(), key, (int)length, (const unsigned char *)signing->body.data,
             signing->body.length, bytes, NULL) == NULL) {
        return false;
    }
    digest_write_hex(bytes, signing->out_hex);
    return true;
}

/* Constant time, whatever is given: a wrong length is compared as something else that is wrong. */
static bool hex_is_equal(const char *given, const char wanted[DIGEST_HEX_SIZE])
{
    char same[DIGEST_HEX_SIZE] = "";
    bool has_length = strlen(given) == DIGEST_HEX_SIZE - 1;
    memcpy(same, has_length ? given : wanted, DIGEST_HEX_SIZE);
    return CRYPTO_memcmp(same, wanted, DIGEST_HEX_SIZE) == 0 && has_length;
}

/* Both sides through the same digest: neither length nor content shows in the time. */
static bool token_is_equal(const struct webhooks *webhooks, const struct webhook *hook,
                           const char *given)
{
    char of_given[DIGEST_HEX_SIZE];
    char of_ours[DIGEST_HEX_SIZE];
    AUTO_SECRET token = secret_from_bytes(given, strlen(given));
    secret_digest(token, webhooks->key, of_given);
    secret_digest(hook->secret, webhooks->key, of_ours);
    return CRYPTO_memcmp(of_given, of_ours, DIGEST_HEX_SIZE) == 0;
}

static bool is_signed(const struct webhooks *webhooks, const struct webhook *hook,
                      const struct webhook_call *call, const char of_body[DIGEST_HEX_SIZE])
{
    const struct forge *forge = &forges[hook->spec.kind];
    const char *given = first_header(call, forge->signature);
    if (given == NULL) {
        return false;
    }
    if (forge->sends_secret) {
        return token_is_equal(webhooks, hook, given);
    }
    size_t prefix = strlen(forge->prefix);
    bool has_prefix = strncmp(given, forge->prefix, prefix) == 0;
    return hex_is_equal(has_prefix ? given + prefix : "", of_body);
}

/* ---- Repetitions ---- */

static bool replays_know(const struct replays *replays, const char *digest)
{
    for (size_t i = 0; digest[0] != '\0' && i < WEBHOOK_REPLAYS_KEPT; i++) {
        if (strcmp(replays->digests[i], digest) == 0) {
            return true;
        }
    }
    return false;
}

static void replays_add(struct replays *replays, const char *digest)
{
    if (digest[0] != '\0') {
        memcpy(replays->digests[replays->next], digest, DIGEST_HEX_SIZE);
        replays->next = (replays->next + 1) % WEBHOOK_REPLAYS_KEPT;
    }
}

static void replays_remove(struct replays *replays, const char *digest)
{
    for (size_t i = 0; digest[0] != '\0' && i < WEBHOOK_REPLAYS_KEPT; i++) {
        if (strcmp(replays->digests[i], digest) == 0) {
            replays->digests[i][0] = '\0';
        }
    }
}

/* The number of a delivery is not signed: it can only make known, never make new. */
static struct webhook_mark mark_of(const struct webhook *hook, const struct webhook_call *call,
                                   const char of_body[DIGEST_HEX_SIZE])
{
    struct webhook_mark mark = {.of_delivery = ""};
    const char *delivery = call->header(call->context, forges[hook->spec.kind].delivery);
    memcpy(mark.of_body, of_body, DIGEST_HEX_SIZE);
    if (delivery != NULL && delivery[0] != '\0') {
        struct digest *digest = digest_begin();
        digest_add(digest, STR("delivery"));
        digest_add(digest, str_of(delivery));
        digest_end(digest, mark.of_delivery);
    }
    return mark;
}

/* ---- What it says ---- */

static enum webhook_result read_push(const struct webhook *hook, struct str body)
{
    AUTO_JSON json = json_loadb(body.data, body.length, 0, NULL);
    const char *ref = json_string_value(json_object_get(json, "ref"));
    static const char heads[] = "refs/heads/";
    size_t prefix = sizeof(heads) - 1;
    if (!json_is_object(json)) {
        return WEBHOOK_MALFORMED;
    }
    bool is_ours = ref != NULL && strncmp(ref, heads, prefix) == 0 &&
                   strcmp(ref + prefix, hook->spec.branch) == 0;
    return is_ours ? WEBHOOK_TRIGGERS : WEBHOOK_IGNORED;
}

static bool is_push(const struct webhook *hook, const struct webhook_call *call)
{
    const struct forge *forge = &forges[hook->spec.kind];
    const char *event = first_header(call, forge->event);
    return event != NULL && strcmp(event, forge->push) == 0;
}

static struct webhook *hook_find(struct webhooks *webhooks, const char *id)
{
    for (size_t i = 0; i < webhooks->count; i++) {
        if (strcmp(webhooks->hooks[i].spec.id, id) == 0) {
            return &webhooks->hooks[i];
        }
    }
    return NULL;
}

enum webhook_result webhooks_receive(struct webhooks *webhooks, const struct webhook_call *call,
                                     struct webhook_mark *out_mark)
{
    char of_body[DIGEST_HEX_SIZE] = "";
    struct webhook *found = hook_find(webhooks, call->id);
    struct webhook *hook = found != NULL ? found : &webhooks->nobody;
    struct signing signing = {call->body, of_body};
    bool is_made = secret_use(hook->secret, sign, &signing);
    if (!is_made || !is_signed(webhooks, hook, call, of_body) || found == NULL) {
        return WEBHOOK_REFUSED;
    }
    if (!is_push(hook, call)) {
        return WEBHOOK_IGNORED;
    }
    enum webhook_result result = read_push(hook, call->body);
    if (result != WEBHOOK_TRIGGERS) {
        return result;
    }
    const struct webhook_mark mark = mark_of(hook, call, of_body);
    bool is_known = replays_know(&hook->replays, mark.of_body) ||
                    replays_know(&hook->replays, mark.of_delivery);
    if (!is_known) {
        replays_add(&hook->replays, mark.of_body);
        replays_add(&hook->replays, mark.of_delivery);
        *out_mark = mark;
    }
    return is_known ? WEBHOOK_KNOWN : WEBHOOK_TRIGGERS;
}

void webhooks_forget(struct webhooks *webhooks, const char *id, const struct webhook_mark *mark)
{
    struct webhook *hook = hook_find(webhooks, id);
    if (hook != NULL) {
        replays_remove(&hook->replays, mark->of_body);
        replays_remove(&hook->replays, mark->of_delivery);
    }
}

const char *webhook_result_word(enum webhook_result result)
{
    static const char *const words[] = {
        [WEBHOOK_TRIGGERS] = "accepted",   [WEBHOOK_KNOWN] = "known already",
        [WEBHOOK_IGNORED] = "ignored",     [WEBHOOK_REFUSED] = "refused",
        [WEBHOOK_MALFORMED] = "malformed",
    };
    return words[result];
}
