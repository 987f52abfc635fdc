/* A host in a sandbox with an authority that speaks ACME: what is played is uacme, which signs the
 * request that it finds in its folder, or says what the test wants it to say, and reconcile-acme.
 */
#pragma once

#include "provider/sandbox.h"

#include <fcntl.h>
#include <openssl/pem.h>

#include "model/certificate_item.h"
#include "providers/certificate_order.h"
#include "providers/pair.h"
#include "providers/signing.h"

#define ACME_DIRECTORY  "https://ca.example.com/directory"
#define ACME_STATE      "var/lib/reconcile"
#define ACME_NAME       "shop.example.com"
#define ACME_PAIR       ACME_STATE "/certificates/" ACME_NAME
#define ACME_ACCOUNTS   ACME_STATE "/acme-accounts"
#define ACME_CHALLENGES ACME_STATE "/acme"

enum { ACME_START = 1800000000 }; /* 2027-01-15 08:00:00 UTC */

enum acme_answer_type {
    ACME_SIGNS,
    ACME_SAYS,        /* ends with 1, after `said` */
    ACME_TIMES_OUT,   /* is killed */
    ACME_SENDS_TEXT,  /* `said` in place of the chain */
    ACME_SENDS_NONE,  /* ends well, and leaves nothing */
    ACME_OTHER_KEY,   /* signs another key than that of the request */
    ACME_OTHER_NAMES, /* signs other names */
};

struct acme_authority {
    EVP_PKEY *key;
    X509 *certificate;
    enum acme_answer_type answer;
    const char *said;
    const char *seen; /* what reconcile-acme says of the names; NULL: nobody looks */
    int64_t lifetime_seconds;
    unsigned accounts; /* how often it was asked for one */
    unsigned orders;
    void (*look)(struct sandbox *sandbox); /* at each order; may be NULL */
};

static inline struct acme_authority *acme_authority_of(struct sandbox *sandbox)
{
    return sandbox->played;
}

/* ---- What signs ----------------------------------------------------------------------------- */

static inline X509_REQ *acme_read_request(struct sandbox *sandbox, int folder)
{
    struct str text = {0};
    struct error err;
    if (!file_read(folder, "request.csr", 64 * 1024, sandbox->arena, &text, &err)) {
        fail_msg("%s", err.message);
    }
    AUTO_BIO bio = BIO_new_mem_buf(text.data, (int)text.length);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(request);
    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    return request;
}

static inline size_t acme_read_names(struct sandbox *sandbox, X509_REQ *request,
                                     const char ***out_names)
{
    AUTO_EXTENSIONS extensions = X509_REQ_get_extensions(request);
    AUTO_NAMES list = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    int count = sk_GENERAL_NAME_num(list);
    assert_true(count > 0);
    const char **names = arena_array(sandbox->arena, (size_t)count + 1, sizeof(*names));
    for (int i = 0; i < count; i++) {
        const ASN1_STRING *name = sk_GENERAL_NAME_value(list, i)->d.dNSName;
        names[i] = arena_strndup(sandbox->arena, (const char *)ASN1_STRING_get0_data(name),
                                 (size_t)ASN1_STRING_length(name));
    }
    *out_names = names;
    return (size_t)count;
}

static inline struct str acme_sign(struct sandbox *sandbox, int folder)
{
    static const char *const other_names[] = {"other.example.com"};
    const struct acme_authority *authority = acme_authority_of(sandbox);
    AUTO_REQUEST request = acme_read_request(sandbox, folder);
    AUTO_KEY other = signing_make_key("ecdsa-p256", NULL);
    const char **names = NULL;
    struct signing_request wish = {
        .key = X509_REQ_get0_pubkey(request),
        .name_count = acme_read_names(sandbox, request, &names),
        .now = sandbox_now(&sandbox->host),
        .lifetime_seconds = authority->lifetime_seconds,
    };
    wish.names = names;
    if (authority->answer == ACME_OTHER_KEY) {
        wish.key = other;
    } else if (authority->answer == ACME_OTHER_NAMES) {
        wish.names = other_names;
        wish.name_count = 1;
    }
    AUTO_CERTIFICATE leaf = signing_make_leaf(authority->certificate, authority->key, &wish, NULL);
    AUTO_PAIR pair = pair_make(leaf, authority->certificate, other, NULL);
    struct str chain = {0};
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, NULL));
    return chain;
}

static inline bool acme_says(const struct acme_authority *authority, struct process_result *out)
{
    out->status = 1;
    out->errors = str_of(authority->said);
    return true;
}

static inline bool acme_order_placed(struct sandbox *sandbox, int folder,
                                     struct process_result *out_result)
{
    struct acme_authority *authority = acme_authority_of(sandbox);
    authority->orders++;
    if (authority->look != NULL) {
        authority->look(sandbox);
    }
    if (authority->answer == ACME_SAYS) {
        return acme_says(authority, out_result);
    }
    if (authority->answer == ACME_TIMES_OUT) {
        return false;
    }
    if (authority->answer != ACME_SENDS_NONE) {
        struct str chain = authority->answer == ACME_SENDS_TEXT ? str_of(authority->said)
                                                                : acme_sign(sandbox, folder);
        assert_true(file_replace(folder, "request-cert.pem", chain, 0600, FILE_OWNER_NONE,
                                 FILE_SYNC_LATER, NULL));
    }
    return true;
}

static inline bool acme_play(struct sandbox *sandbox, const struct process_options *options,
                             struct process_result *out_result)
{
    struct acme_authority *authority = acme_authority_of(sandbox);
    const char *verb = options->argv[1];
    if (strcmp(verb, "register") == 0) {
        authority->accounts++;
        out_result->output = STR("{\"account\": \"https://ca.example.com/account/1\"}");
        return true;
    }
    if (strcmp(verb, "preflight") == 0) {
        out_result->output = str_of(authority->seen);
        return true;
    }
    return acme_order_placed(sandbox, options->directory, out_result);
}

/* ---- The host ------------------------------------------------------------------------------- */

static inline int acme_setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    struct acme_authority *authority = arena_new(sandbox->arena, struct acme_authority);
    sandbox->now = ACME_START;
    sandbox->host.root_path = "/"; /* orders are made where the host runs; its files are ours */
    sandbox->layout.acme_program = "/bin/true"; /* is there; what is run is played */
    sandbox->layout.acme_user = "nobody";
    sandbox->layout.acme_terms = true;
    sandbox->layout.acme_preflight = false;
    authority->lifetime_seconds = INT64_C(90) * 86400;
    authority->key = signing_make_key("ecdsa-p256", NULL);
    authority->certificate = signing_make_authority(authority->key, NULL, sandbox->now, NULL);
    assert_non_null(authority->certificate);
    sandbox->played = authority;
    sandbox->program = acme_play;
    return 0;
}

static inline int acme_teardown(void **state)
{
    struct acme_authority *authority = acme_authority_of(*state);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    return sandbox_teardown(state);
}

#define ACME_TEST(function) cmocka_unit_test_setup_teardown(function, acme_setup, acme_teardown)

static inline struct item acme_item(void)
{
    static const char *const names[] = {ACME_NAME, "www.example.com", NULL};
    static const struct certificate_item wanted = {
        .names = names,
        .name_count = 2,
        .issuer = CERTIFICATE_ACME,
        .issuer_name = "letsencrypt",
        .directory_url = ACME_DIRECTORY,
        .directory = "/" ACME_PAIR,
        .key_type = "ecdsa-p256",
        .waiting_text = "return 503;\n",
    };
    return sandbox_item(ITEM_CERTIFICATE, ACME_NAME, &wanted);
}

/* As a run does: what stands in, when nothing is there; then the order, when one is due. */
static inline struct outcome acme_run(struct sandbox *sandbox)
{
    struct item item = acme_item();
    struct outcome outcome = {0};
    (void)sandbox_converge(sandbox, &certificate_provider, &item);
    struct observation found = sandbox_observe(sandbox, &certificate_provider, &item);
    struct action action = sandbox_plan(sandbox, &certificate_provider, &item, &found);
    const struct action *actions[] = {&action};
    if (action.verb != ACTION_NONE && found.wait == NULL) {
        certificate_order(&sandbox->host, actions, 1, sandbox->arena, &outcome);
    }
    return outcome;
}
