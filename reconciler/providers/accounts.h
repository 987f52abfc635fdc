/* Names of users and groups: those of the root's own passwd and group files, and for "/" whatever
 * else the system knows (NSS). Where users are not managed, owners are neither set nor compared. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/file.h"
#include "model/host.h"

struct account {
    const char *name;
    uid_t user;
    gid_t group;
    const char *description;
    const char *home;
};

struct accounts;

/* The files are read when they are first needed. */
struct accounts *accounts_make(struct host *host, struct arena *arena);

/* *out_account is NULL when there is none of that name. */
bool accounts_find(struct accounts *accounts, const char *name, const struct account **out_account,
                   struct error *err) MUST_CHECK;
/* The numbers of an item's owner and group; NULL names root. FILE_OWNER_NONE where users are not
 * managed. */
bool accounts_owner(struct accounts *accounts, const char *owner, const char *group,
                    struct file_owner *out_owner, struct error *err) MUST_CHECK;
/* Whose the number is, as an item writes it: NULL for root, wanted if that name has the number,
 * else a name of it or the number itself. Where users are not managed: wanted. */
const char *accounts_user_name(struct accounts *accounts, const char *wanted, uid_t user);
const char *accounts_group_name(struct accounts *accounts, const char *wanted, gid_t group);
