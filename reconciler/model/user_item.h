/* A system account, made through systemd-sysusers. id: its name. Never deleted without a
 * tombstone. */
#pragma once

#define ITEM_USER "user"

struct user_item {
    const char *home;        /* "/nonexistent" unless it has one */
    const char *description; /* GECOS; one line */
};
