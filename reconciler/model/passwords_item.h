/* A password file, as nginx reads it. id: its absolute path. What it holds is never shown; people
 * see whose passwords it has. */
#pragma once

#include <sys/types.h>

#include "model/item.h"

#define ITEM_PASSWORDS "passwords"

struct file_fingerprint; /* base/file.h */

struct password {
    const char *user;
    const char *hash;   /* as crypt(5) makes it; NULL: of the secret */
    const char *secret; /* name of a secret of the host that is the password; else NULL */
};
VEC(password_list, struct password);

struct passwords_item {
    mode_t mode;
    const char *owner; /* NULL as in file_item.h */
    const char *group;
    struct password_list passwords; /* only of what is wanted */
    /* Only of what was found: */
    const char *users; /* "ali, omar" */
    const char *wish;  /* digest of the passwords that it is known to hold; NULL: none is */
    const char *instead;
    const struct file_fingerprint *seen; /* as in file_item.h */
};
