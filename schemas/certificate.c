/* The rows of a certificate document, and the rules between them. */

#include "schemas/certificate.h"

#include "model/domains.h"
#include "model/layout.h"
#include "schemas/issuer.h"

// clang-format off
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { HOUR_MS = 3600 * 1000 };

static const char *const key_names[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096", NULL};

static const char *const challenge_names[] = {"http-01", "dns-01", NULL};
static const char *const reaction_names[] = {"wait", "drop", NULL};

static const struct field files_fields[] = {
    FIELD(struct certificate_files_spec, chain, .is_required = true, .syntax = &syntax_path,
          .help = "The certificate with those that lead to its authority, as PEM, its own first."),
    FIELD(struct certificate_files_spec, key, .is_required = true, .syntax = &syntax_path,
          .help = "The private key of the certificate, as PEM without a passphrase."),
};
static const struct schema files_schema = {
    .name = "certificate.files", .size = sizeof(struct certificate_files_spec),
    .fields = files_fields, .field_count = COUNT_OF(files_fields),
    .help = "A pair that somebody else looks after; it is checked, copied, and copied again when it "
            "changes.",
};

/* In the order of enum unit_change. */
static const char *const change_names[] = {"restart", "reload", "nothing", NULL};

static const struct field use_fields[] = {
    FIELD(struct certificate_use, folder, .is_required = true, .syntax = &syntax_path,
          .help = "Where fullchain.pem and key.pem stand for the program. It is a link that both "
                  "change by together; the folder above it is made where there is none."),
    FIELD(struct certificate_use, owner, .syntax = &syntax_user, .fallback_note = "root",
          .help = "Whose the two files are."),
    FIELD(struct certificate_use, group, .syntax = &syntax_user, .fallback_note = "root",
          .help = "The group of the two files.",
          .example = "group: postfix\nfolder: /etc/postfix/tls"),
    FIELD(struct certificate_use, mode, .fallback = "\"0640\"",
          .help = "The mode of the two files; others may never read them."),
    FIELD(struct certificate_use, unit, .syntax = &syntax_unit_name, .fallback_note = "nobody",
          .help = "The systemd unit that is told of a new pair, where it runs.",
          .example = "unit: postfix.service\nfolder: /etc/postfix/tls"),
    FIELD(struct certificate_use, on_change, .choices = change_names, .fallback = "reload",
          .help = "How it is told: it reloads (or restarts, if it cannot), restarts, or nothing is "
                  "done."),
};
static const struct schema use_schema = {
    .name = "certificate.used_by", .size = sizeof(struct certificate_use),
    .fields = use_fields, .field_count = COUNT_OF(use_fields),
    .help = "A program that reads the pair from a folder of its own.",
};

static const struct field certificate_fields[] = {
    FIELD(struct certificate_spec, names, .syntax = &syntax_server_name, .count_most = 100,
          .fallback_note = "the document's own name",
          .help = "What the certificate is for: host names, *.example.com for one level below a "
                  "name, addresses.",
          .example = "names: [shop.test, \"*.shop.test\", 192.0.2.10]"),
    FIELD(struct certificate_spec, issuer, .syntax = &syntax_issuer,
          .fallback_note = "file where files is written, else the host's",
          .help = "internal: this host's own authority signs, which browsers trust once they know "
                  "it; file: the pair is there already; letsencrypt, letsencrypt-staging or the "
                  "address of another ACME directory: a public authority signs.",
          .example = "issuer: letsencrypt\nnames: [shop.example.com]"),
    FIELD(struct certificate_spec, files, .object = &files_schema,
          .help = "Where the pair of issuer file is.",
          .example = "files:\n"
                     "  chain: /etc/ssl/shop/fullchain.pem\n"
                     "  key: /etc/ssl/shop/privkey.pem"),
    FIELD(struct certificate_spec, key, .choices = key_names, .fallback = "ecdsa-p256",
          .help = "The sort of key that is made."),
    FIELD(struct certificate_spec, lifetime, .fallback = "90d", .least = HOUR_MS,
          .most = 825 * INT64_C(24) * HOUR_MS,
          .help = "How long a certificate of the internal authority is valid; it is renewed when a "
                  "third of that is left. Apple's systems refuse more than 825 days.",
          .example = "lifetime: 30d"),
    FIELD(struct certificate_spec, challenge, .choices = challenge_names,
          .fallback_note = "dns-01 where a name is a wildcard, else http-01",
          .help = "How the authority is shown that the names are yours: http-01 by what this host "
                  "answers under each name, dns-01 by records that the host's acme.dns_hook makes."),
    FIELD(struct certificate_spec, on_bad_name, .choices = reaction_names, .fallback = "wait",
          .help = "What happens where a name cannot be shown to be yours, because it leads "
                  "elsewhere, for instance: wait, so that none of the others is served without it; "
                  "or drop, so that the others get their certificate without it, and it is tried "
                  "again once a day.",
          .example = "on_bad_name: drop"),
    FIELD(struct certificate_spec, used_by, .object = &use_schema, .count_most = 20,
          .help = "Programs other than nginx that read the pair, each from a folder of its own: it "
                  "is copied there, and again when it changes.",
          .example = "used_by:\n"
                     "  - folder: /etc/postfix/tls\n"
                     "    group: postfix\n"
                     "    unit: postfix.service"),
};
// clang-format on

/* A rule that two fields break together, told at the one that should go. */
static void refuse(struct check *check, const struct node *node, const char *field)
{
    (void)check_add(check, DIAGNOSTIC_CERTIFICATE_NOT_OURS, node, field, field, NULL);
}

const char *certificate_spec_issuer(const struct certificate_spec *spec,
                                    const struct layout *layout)
{
    if (spec->issuer.text != NULL) {
        return spec->issuer.text;
    }
    if (spec->files.object.node != NULL) {
        return "file";
    }
    bool is_local = true;
    for (size_t i = 0; i < spec->names.count; i++) {
        is_local = is_local && issuer_is_local_name(spec->names.items[i].text);
    }
    return is_local ? "internal" : layout->issuer;
}

static void check_files(struct check *check, const struct certificate_spec *spec)
{
    if (spec->files.object.node == NULL) {
        (void)check_add(check, DIAGNOSTIC_CERTIFICATE_NO_FILES, spec->issuer.node, "issuer", NULL,
                        NULL);
    }
    if (spec->key.node != NULL) {
        refuse(check, spec->key.node, "key");
    }
    if (spec->lifetime.node != NULL) {
        refuse(check, spec->lifetime.node, "lifetime");
    }
}

enum certificate_challenge certificate_spec_challenge(const struct certificate_spec *spec)
{
    if (spec->challenge.node != NULL) {
        return (enum certificate_challenge)spec->challenge.index;
    }
    for (size_t i = 0; i < spec->names.count; i++) {
        if (text_starts_with(spec->names.items[i].text, "*.")) {
            return CERTIFICATE_OVER_DNS;
        }
    }
    return CERTIFICATE_OVER_HTTP;
}

static void check_challenge(struct check *check, const struct certificate_spec *spec)
{
    const struct layout usual = layout_debian12();
    const struct layout *layout = check->layout == NULL ? &usual : check->layout;
    if (certificate_spec_challenge(spec) == CERTIFICATE_OVER_DNS && layout->acme_dns_hook == NULL) {
        bool is_written = spec->challenge.node != NULL;
        (void)check_add(check, DIAGNOSTIC_CERTIFICATE_NO_DNS_HOOK,
                        is_written ? spec->challenge.node : spec->names.node,
                        is_written ? "challenge" : "names", check->document->name, NULL);
    }
}

/* What is served under names says nothing of a wildcard's. */
static void check_acme(struct check *check, const struct certificate_spec *spec, const char *issuer)
{
    if (spec->issuer.node != NULL && spec->lifetime.node != NULL) {
        (void)check_add(check, DIAGNOSTIC_CERTIFICATE_LIFETIME, spec->lifetime.node, "lifetime",
                        NULL, NULL);
    }
    for (size_t i = 0; i < spec->names.count; i++) {
        const struct text_value *name = &spec->names.items[i];
        if (text_starts_with(name->text, "*.") &&
            certificate_spec_challenge(spec) == CERTIFICATE_OVER_HTTP) {
            (void)check_add(check, DIAGNOSTIC_CERTIFICATE_WILDCARD, name->node, "names", name->text,
                            NULL);
        }
        if (issuer_is_public(issuer) && issuer_is_local_name(name->text)) {
            (void)check_add(check, DIAGNOSTIC_CERTIFICATE_LOCAL_NAME, name->node, "names",
                            name->text, NULL);
        }
    }
}

/* Told where the document itself says who signs: a host's settings may choose another. */
static void check_not_acme(struct check *check, const struct certificate_spec *spec)
{
    const struct choice_value *const fields[] = {&spec->challenge, &spec->on_bad_name};
    static const char *const names[] = {"challenge", "on_bad_name"};
    bool is_chosen = spec->issuer.node != NULL || spec->files.object.node != NULL;
    for (size_t i = 0; is_chosen && i < COUNT_OF(names); i++) {
        if (fields[i]->node != NULL) {
            (void)check_add(check, DIAGNOSTIC_CERTIFICATE_NOT_ASKED, fields[i]->node, names[i],
                            names[i], NULL);
        }
    }
}

static void check_internal(struct check *check, const struct certificate_spec *spec,
                           const struct layout *layout)
{
    for (size_t i = 0; i < spec->names.count; i++) {
        const struct text_value *name = &spec->names.items[i];
        if (!domains_have(layout->domains, name->text)) {
            (void)check_add(check, DIAGNOSTIC_CERTIFICATE_OUTSIDE, name->node, "names", name->text,
                            NULL);
        }
    }
}

static void check_issuer(struct check *check, const struct certificate_spec *spec)
{
    const struct layout usual = layout_debian12();
    const struct layout *layout = check->layout == NULL ? &usual : check->layout;
    const char *issuer = certificate_spec_issuer(spec, layout);
    enum certificate_issuer type = issuer_type(issuer);
    if (type != CERTIFICATE_FILE && spec->files.object.node != NULL) {
        (void)check_add(check, DIAGNOSTIC_CERTIFICATE_FILES_UNUSED, spec->files.object.node,
                        "files", NULL, NULL);
    }
    if (type == CERTIFICATE_ACME) {
        check_acme(check, spec, issuer);
        check_challenge(check, spec);
        return;
    }
    check_not_acme(check, spec);
    if (type == CERTIFICATE_FILE) {
        check_files(check, spec);
    } else {
        check_internal(check, spec, layout);
    }
}

static bool is_empty_list(const struct node *node)
{
    return node->type == NODE_LIST && node->elements.count == 0;
}

/* A document that is named after its host needs no list. */
static void check_names(struct check *check, struct certificate_spec *spec)
{
    const struct node *written = spec->names.node;
    const char *name = check->document->name;
    if (spec->names.count > 0 || (written != NULL && !is_empty_list(written))) {
        return; /* names that are none have been reported */
    }
    if (written != NULL || !syntax_server_name.check(name)) {
        (void)check_add(check, DIAGNOSTIC_CERTIFICATE_NO_NAMES, written, "names", name, NULL);
        return;
    }
    struct text_value *own = arena_new(check->arena, struct text_value);
    own->text = name;
    spec->names.items = own;
    spec->names.count = 1;
}

/* Whoever may read the key can stand in for the host. */
static void check_uses(struct check *check, const struct certificate_spec *spec)
{
    enum { OF_OTHERS = 0007, NO_FILE = ~0777 };
    const struct certificate_use *uses = spec->used_by.items;
    for (size_t i = 0; i < spec->used_by.count; i++) {
        const struct mode_value *mode = &uses[i].mode;
        if ((mode->bits & (mode_t)(OF_OTHERS | NO_FILE)) != 0) {
            (void)check_add(check, DIAGNOSTIC_CERTIFICATE_KEY_MODE, mode->node, "used_by.mode",
                            mode->node->text, NULL);
        }
    }
}

static void certificate_check(struct check *check, void *spec)
{
    check_names(check, spec);
    check_issuer(check, spec);
    check_uses(check, spec);
}

const struct schema certificate_schema = {
    .name = "certificate",
    .plural = "certificates",
    .size = sizeof(struct certificate_spec),
    .fields = certificate_fields,
    .field_count = COUNT_OF(certificate_fields),
    .base = &common_schema,
    .key_syntax = &syntax_name,
    .help =
        "A certificate and its key, for several sites or for something else than a site. A site "
        "alone needs none: `tls: auto` makes one.",
    .example = "names: [shop.test, \"*.shop.test\"]",
    .example_name = "shop",
    .check = certificate_check,
};
