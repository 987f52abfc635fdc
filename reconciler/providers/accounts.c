/* Reads the root's account files into an index, since a lookup by the system's own functions reads
 * the whole file each time. */

#include "providers/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "providers/fingerprints.h"

enum {
    ACCOUNTS_LIMIT = 64 * 1024 * 1024,
    PASSWD_FIELDS = 7, /* passwd(5): name, password, user, group, description, home, shell */
    GROUP_FIELDS = 4,  /* group(5): name, password, group, members */
};

VEC(account_list, struct account *);

struct accounts {
    struct host *host;
    struct arena *arena;
    bool is_loaded;
    struct account_list users;
    struct account_list groups; /* name and group only */
    struct map users_by_name;
    struct map groups_by_name;
};

struct accounts *accounts_make(struct host *host, struct arena *arena)
{
    struct accounts *accounts = arena_new(arena, struct accounts);
    accounts->host = host;
    accounts->arena = arena;
    return accounts;
}

/* ---- The files ------------------------------------------------------------------------------ */

static bool read_number(const char *text, unsigned *out)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 10 || text[length] != '\0') {
        return false;
    }
    unsigned long long number = strtoull(text, NULL, 10);
    *out = (unsigned)number;
    return number <= UINT32_MAX;
}

static size_t split(char *line, char **fields, size_t most)
{
    size_t count = 0;
    for (char *field = strsep(&line, ":"); field != NULL && count < most;
         field = strsep(&line, ":")) {
        fields[count++] = field;
    }
    return count;
}

/* Lines that are no accounts ("+" of NIS, damage) are passed over, as the system does. */
static void add_user(struct accounts *accounts, char *line)
{
    char *fields[PASSWD_FIELDS] = {NULL};
    struct account account = {0};
    if (split(line, fields, PASSWD_FIELDS) != PASSWD_FIELDS ||
        !read_number(fields[2], &account.user) || !read_number(fields[3], &account.group)) {
        return;
    }
    account.name = fields[0];
    account.description = fields[4];
    account.home = fields[5];
    struct account *kept = arena_new(accounts->arena, struct account);
    *kept = account;
    vec_add(accounts->arena, &accounts->users, kept);
    if (!map_has(&accounts->users_by_name, kept->name)) { /* the first one counts */
        (void)map_put(accounts->arena, &accounts->users_by_name, kept->name, kept);
    }
}

static void add_group(struct accounts *accounts, char *line)
{
    char *fields[GROUP_FIELDS] = {NULL};
    struct account account = {0};
    if (split(line, fields, GROUP_FIELDS) != GROUP_FIELDS ||
        !read_number(fields[2], &account.group)) {
        return;
    }
    account.name = fields[0];
    struct account *kept = arena_new(accounts->arena, struct account);
    *kept = account;
    vec_add(accounts->arena, &accounts->groups, kept);
    if (!map_has(&accounts->groups_by_name, kept->name)) {
        (void)map_put(accounts->arena, &accounts->groups_by_name, kept->name, kept);
    }
}

/* An absent file has no accounts: an image that is still empty. */
static bool read_file(struct accounts *accounts, const char *path,
                      void (*add)(struct accounts *accounts, char *line), struct error *err)
{
    struct str content = {0};
    struct error reason = {0};
    int64_t read_at = file_clock_coarse_ns();
    AUTO_FD fd =
        file_open_beneath(accounts->host->root, host_path(path), O_RDONLY | O_NONBLOCK, 0, &reason);
    if (fd < 0) {
        return reason.number == ENOENT || error_copy(err, &reason);
    }
    struct stat status;
    if (!file_read_fd(fd, path, ACCOUNTS_LIMIT, accounts->arena, &content, err)) {
        return false;
    }
    if (fstat(fd, &status) == 0) {
        struct file_fingerprint seen = file_fingerprint_of(&status);
        char digest[DIGEST_HEX_SIZE];
        digest_hex(content, digest);
        fingerprints_record(accounts->host, path, FINGERPRINT_FILE, &seen, digest, read_at);
    }
    char *text = arena_strndup(accounts->arena, content.data, content.length);
    for (char *line = strsep(&text, "\n"); line != NULL; line = strsep(&text, "\n")) {
        add(accounts, line);
    }
    return true;
}

static bool load(struct accounts *accounts, struct error *err)
{
    if (!accounts->is_loaded && (!read_file(accounts, "/etc/passwd", add_user, err) ||
                                 !read_file(accounts, "/etc/group", add_group, err))) {
        return false;
    }
    accounts->is_loaded = true;
    return true;
}

/* NSS knows accounts of this machine, not of an image. */
static bool asks_system(const struct accounts *accounts)
{
    return strcmp(accounts->host->root_path, "/") == 0;
}

/* ---- Questions ------------------------------------------------------------------------------ */

static const struct account *find_user(struct accounts *accounts, const char *name)
{
    struct account *account = map_get(&accounts->users_by_name, name);
    const struct passwd *entry = account == NULL && asks_system(accounts) ? getpwnam(name) : NULL;
    if (entry != NULL) {
        account = arena_new(accounts->arena, struct account);
        *account = (struct account){
            .name = arena_strdup(accounts->arena, entry->pw_name),
            .user = entry->pw_uid,
            .group = entry->pw_gid,
            .description = arena_strdup(accounts->arena, entry->pw_gecos),
            .home = arena_strdup(accounts->arena, entry->pw_dir),
        };
        (void)map_put(accounts->arena, &accounts->users_by_name, account->name, account);
    }
    return account;
}

static bool find_group(struct accounts *accounts, const char *name, gid_t *out_group)
{
    const struct account *group = map_get(&accounts->groups_by_name, name);
    if (group != NULL) {
        *out_group = group->group;
        return true;
    }
    const struct group *entry = asks_system(accounts) ? getgrnam(name) : NULL;
    if (entry != NULL) {
        *out_group = entry->gr_gid;
    }
    return entry != NULL;
}

bool accounts_find(struct accounts *accounts, const char *name, const struct account **out_account,
                   struct error *err)
{
    if (!load(accounts, err)) {
        return false;
    }
    *out_account = find_user(accounts, name);
    return true;
}

bool accounts_owner(struct accounts *accounts, const char *owner, const char *group,
                    struct file_owner *out_owner, struct error *err)
{
    struct file_owner result = {0, 0};
    if (!accounts->host->layout->manages_users) {
        *out_owner = FILE_OWNER_NONE;
        return true;
    }
    if ((owner != NULL || group != NULL) && !load(accounts, err)) {
        return false;
    }
    if (owner != NULL) {
        const struct account *account = find_user(accounts, owner);
        if (account == NULL) {
            return error_set(err, ERROR_UNAVAILABLE, "there is no user %s", owner);
        }
        result.user = account->user;
    }
    if (group != NULL && !find_group(accounts, group, &result.group)) {
        return error_set(err, ERROR_UNAVAILABLE, "there is no group %s", group);
    }
    *out_owner = result;
    return true;
}

/* True when there is nothing to look up: root, or owners that do not matter. */
static bool is_as_wanted(const struct accounts *accounts, const char *wanted, id_t number)
{
    return !accounts->host->layout->manages_users ||
           (number == 0 && (wanted == NULL || strcmp(wanted, "root") == 0));
}

/* Both names take the wanted one when it fits, so that the first of several names of one number is
 * not taken for a difference. */

const char *accounts_user_name(struct accounts *accounts, const char *wanted, uid_t user)
{
    if (is_as_wanted(accounts, wanted, user)) {
        return wanted;
    }
    if (!load(accounts, NULL)) {
        return arena_printf(accounts->arena, "%u", user);
    }
    const struct account *account = wanted == NULL ? NULL : find_user(accounts, wanted);
    if (account != NULL && account->user == user) {
        return wanted;
    }
    for (size_t i = 0; i < accounts->users.count; i++) {
        if (accounts->users.items[i]->user == user) {
            return accounts->users.items[i]->name;
        }
    }
    const struct passwd *entry = asks_system(accounts) ? getpwuid(user) : NULL;
    return entry != NULL ? arena_strdup(accounts->arena, entry->pw_name)
                         : arena_printf(accounts->arena, "%u", user);
}

const char *accounts_group_name(struct accounts *accounts, const char *wanted, gid_t group)
{
    gid_t number = 0;
    if (is_as_wanted(accounts, wanted, group)) {
        return wanted;
    }
    if (!load(accounts, NULL)) {
        return arena_printf(accounts->arena, "%u", group);
    }
    if (wanted != NULL && find_group(accounts, wanted, &number) && number == group) {
        return wanted;
    }
    for (size_t i = 0; i < accounts->groups.count; i++) {
        if (accounts->groups.items[i]->group == group) {
            return accounts->groups.items[i]->name;
        }
    }
    const struct group *entry = asks_system(accounts) ? getgrgid(group) : NULL;
    return entry != NULL ? arena_strdup(accounts->arena, entry->gr_name)
                         : arena_printf(accounts->arena, "%u", group);
}
