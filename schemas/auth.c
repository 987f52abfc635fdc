/* The rows of `auth`. */

#include "schemas/auth.h"

#include <string.h>

#include "base/str.h"
#include "schemas/site_syntax.h"
#include "schemas/template.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { PASSWORD_MAX = 384, USER_MAX = 64, PATH_LENGTH_MAX = 1000, SALT_AND_HASH_LEAST = 8 };

/* ---- Forms of text -------------------------------------------------------------------------- */

/* A line of a password file ends the name at a colon; nginx compares bytes. */
static bool check_login_name(const char *text)
{
    static const char others[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";
    size_t length = strlen(text);
    return length > 0 && length <= USER_MAX && strspn(text, others) == length && text[0] != '-';
}

/* Hashes that take long to guess at (crypt(5)), and salted SHA-1, which nginx knows by itself. */
static bool is_hash(const char *text)
{
    static const char *const methods[] = {"$2a$", "$2b$", "$2y$", "$5$",   "$6$",
                                          "$y$",  "$gy$", "$7$",  "{SSHA}"};
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./$=+";
    for (size_t i = 0; i < COUNT(methods); i++) {
        const char *rest = text + strlen(methods[i]);
        if (text_starts_with(text, methods[i]) && strlen(rest) >= SALT_AND_HASH_LEAST &&
            strspn(rest, letters) == strlen(rest)) {
            return true;
        }
    }
    return false;
}

static bool check_password(const char *text)
{
    const char *name = value_secret_name(text);
    if (strlen(text) > PASSWORD_MAX) {
        return false;
    }
    return name != NULL ? syntax_name.check(name) : is_hash(text);
}

const struct syntax syntax_password = {
    .name = N_("a hash of a password, or secret:NAME"),
    .pattern = "^(secret:[A-Za-z0-9._-]+|(\\$(2[aby]|5|6|7|g?y)\\$|\\{SSHA\\})[A-Za-z0-9./$=+]+)$",
    .example = "secret:shop-ali",
    .check = check_password,
};

static const struct syntax syntax_login_name = {
    .name = N_("a name of a user"),
    .pattern = "^[A-Za-z0-9._@+][A-Za-z0-9._@+-]{0,63}$",
    .example = "ali",
    .check = check_login_name,
};

/* nginx puts it between quotes as it is. */
static bool check_realm(const char *text)
{
    return syntax_header_value.check(text) && strpbrk(text, "\"\\") == NULL;
}

static const struct syntax syntax_realm = {
    .name = N_("text without quotes and backslashes"),
    .pattern = "^[^\"\\\\]*$",
    .example = "Staff only",
    .check = check_realm,
};

/* nginx would take what follows a dollar sign for a variable. */
static bool check_ask_path(const char *text)
{
    return syntax_url_path.check(text) && strchr(text, '$') == NULL &&
           strlen(text) <= PATH_LENGTH_MAX;
}

static const struct syntax syntax_ask_path = {
    .name = N_("a URL path without spaces and dollar signs"),
    .pattern = "^/[^\\s$]*$",
    .example = "/verify",
    .check = check_ask_path,
};

/* ---- Rows ----------------------------------------------------------------------------------- */

// clang-format off
static const struct field basic_fields[] = {
    FIELD(struct basic_auth_spec, realm, .syntax = &syntax_realm,
          .fallback_note = "the site's name",
          .help = "What browsers say the password is for."),
    FIELD(struct basic_auth_spec, users, .key_syntax = &syntax_login_name,
          .syntax = &syntax_password, .count_most = 1000, .hides_source = true,
          .help = "Who may come, and the hash of the password, as mkpasswd, htpasswd -B and openssl "
                  "passwd -6 make it; or secret:NAME, the password itself in the file NAME of the "
                  "host's secrets.",
          .example = "users: { ali: secret:shop-ali }"),
    FIELD(struct basic_auth_spec, file, .syntax = &syntax_static_folder,
          .help = "A password file on the host that others keep, instead of users."),
};

static const struct field forward_fields[] = {
    FIELD(struct forward_auth_spec, to, .object = &proxy_schema, .is_required = true,
          .help = "The program, as proxy has it.",
          .example = "to: [10.0.0.1:9091, 10.0.0.2:9091]"),
    FIELD(struct forward_auth_spec, path, .syntax = &syntax_ask_path, .fallback = "\"/\"",
          .help = "The path that is asked there."),
    FIELD(struct forward_auth_spec, headers, .syntax = &syntax_plain_header, .count_most = 32,
          .help = "Headers of its answer that the request goes on with, such as Remote-User. What "
                  "the client sends under these names is dropped."),
    FIELD(struct forward_auth_spec, login, .syntax = &syntax_redirect_target,
          .fallback_note = "401",
          .help = "Where browsers are led that may not come yet; redirects' variables may be used."),
};

static const struct field client_fields[] = {
    FIELD(struct client_auth_spec, ca, .is_required = true, .syntax = &syntax_static_folder,
          .help = "A PEM file with the authority that has signed the clients' certificates."),
    FIELD(struct client_auth_spec, depth, .fallback = "1", .least = 1, .most = 10,
          .help = "How many certificates may stand between the client's and the authority's, with "
                  "that one."),
};

// clang-format on

static const struct schema basic_auth_schema = {
    .name = "basic",
    .size = sizeof(struct basic_auth_spec),
    .fields = basic_fields,
    .field_count = COUNT(basic_fields),
    .shorthand = "file",
    .help = "A name and a password.",
};

static const struct schema forward_auth_schema = {
    .name = "forward",
    .size = sizeof(struct forward_auth_spec),
    .fields = forward_fields,
    .field_count = COUNT(forward_fields),
    .shorthand = "to",
    .help = "A program that is asked about each request.",
};

static const struct schema client_auth_schema = {
    .name = "mtls",
    .size = sizeof(struct client_auth_spec),
    .fields = client_fields,
    .field_count = COUNT(client_fields),
    .shorthand = "ca",
    .help = "A certificate of the client.",
};

// clang-format off
static const struct field auth_fields[] = {
    FIELD(struct auth_spec, on, .fallback = "true",
          .help = "false: everybody may come."),
    FIELD(struct auth_spec, basic, .object = &basic_auth_schema,
          .help = "Asks for a name and a password."),
    FIELD(struct auth_spec, forward, .object = &forward_auth_schema,
          .help = "Asks a program about each request: 2xx lets it pass, 401 and 403 do not."),
    FIELD(struct auth_spec, mtls, .object = &client_auth_schema,
          .help = "Asks for a certificate of the client: without one the answer is 403, and 400 "
                  "with one that the authority has not signed."),
    FIELD(struct auth_spec, any, .fallback = "false",
          .help = "true: whoever comes from an address that allow has need not pass basic or "
                  "forward, and whoever passes may come from anywhere."),
};
// clang-format on

const struct schema auth_schema = {
    .name = "auth",
    .size = sizeof(struct auth_spec),
    .fields = auth_fields,
    .field_count = COUNT(auth_fields),
    .shorthand = "on",
    .help = "Who may come.",
};

/* ---- Checks --------------------------------------------------------------------------------- */

bool auth_has_basic(const struct auth_spec *auth)
{
    return auth->on.is_true && auth->basic.object.node != NULL;
}

bool auth_has_forward(const struct auth_spec *auth)
{
    return auth->on.is_true && auth->forward.object.node != NULL;
}

bool auth_has_mtls(const struct auth_spec *auth)
{
    return auth->on.is_true && auth->mtls.object.node != NULL;
}

static void check_basic(struct check *check, const struct basic_auth_spec *basic, const char *field)
{
    const struct node *node = basic->object.node;
    if (node == NULL) {
        return;
    }
    if (basic->users.count == 0 && basic->file.text == NULL) {
        check_add(check, DIAGNOSTIC_SITE_AUTH_NOBODY, node, field_below(check, field, "basic"),
                  NULL, NULL);
    } else if (basic->users.count > 0 && basic->file.text != NULL) {
        check_add(check, DIAGNOSTIC_SITE_EXCLUDE, basic->file.node,
                  field_below(check, field, "basic"), "users", "file")
            ->second = basic->users.node->span;
    }
}

void auth_check(struct check *check, const struct auth_spec *auth, const char *field)
{
    const struct node *node = auth->object.node;
    bool asks = auth->basic.object.node != NULL || auth->forward.object.node != NULL;
    if (node == NULL) {
        return;
    }
    if (!asks && auth->mtls.object.node == NULL && auth->on.is_true) {
        check_add(check, DIAGNOSTIC_SITE_AUTH_NOTHING, node, field, NULL, NULL);
    } else if (!asks && auth->any.is_true) {
        check_add(check, DIAGNOSTIC_SITE_AUTH_ANY, auth->any.node, field_below(check, field, "any"),
                  NULL, NULL);
    }
    check_basic(check, &auth->basic, field);
    if (auth->forward.object.node != NULL) {
        pool_check(check, &auth->forward.to.pool, true,
                   arena_printf(check->arena, "%s.forward.to", field));
        template_check(check, &auth->forward.login, NULL, false,
                       arena_printf(check->arena, "%s.forward.login", field));
    }
}
