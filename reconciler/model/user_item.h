/* A system account, made through systemd-sysusers. id: its name. Never deleted without a
 * tombstone. */
#pragma once

#define ITEM_USER "user"

struct user_item {
    const char *home;        /* "/nonexistent" unless it has one */
    const char *description; /* GECOS; one line */
    const char *entry;       /* only of what was found: our file in sysusers.d; NULL: there is none,
                                the account is somebody else's and used as it is */
};
