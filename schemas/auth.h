/* Who may come: a password, what another program says, or a client's certificate. */
#pragma once

#include "schemas/pool.h"

/* One of users and file. */
struct basic_auth_spec {
    struct object object;
    struct text_value realm;
    struct text_map users; /* name: a hash, or "secret:NAME" */
    struct text_value file;
};

struct forward_auth_spec {
    struct object object;
    struct proxy_spec to;
    struct text_value path;
    struct text_list headers; /* of the program's answer, that the request goes on with */
    struct text_value login;  /* NULL: 401 */
};

struct client_auth_spec {
    struct object object;
    struct text_value ca;
    struct integer_value depth;
};

struct auth_spec {
    struct object object;
    struct boolean_value on;
    struct basic_auth_spec basic;
    struct forward_auth_spec forward;
    struct client_auth_spec mtls;
    struct boolean_value any;
};

/* What a user's password may be: a hash of crypt(5), or "secret:NAME". */
extern const struct syntax syntax_password;

extern const struct schema auth_schema;

bool auth_has_basic(const struct auth_spec *auth);
bool auth_has_forward(const struct auth_spec *auth);
bool auth_has_mtls(const struct auth_spec *auth);

void auth_check(struct check *check, const struct auth_spec *auth, const char *field);
