/* Who runs a program, and how it becomes that between fork and exec. */

#include "providers/identity.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

bool identity_find(const char *name, struct identity *out, struct error *err)
{
    const struct passwd *account = getpwnam(name);
    if (account == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "there is no account \"%s\"", name);
    }
    if (account->pw_uid == 0) {
        return error_set(err, ERROR_REFUSED, "the account %s is root, as which nothing is run",
                         name);
    }
    *out = (struct identity){.user = account->pw_uid,
                             .group = account->pw_gid,
                             .group_count = IDENTITY_GROUPS_MOST,
                             .name = name,
                             .home = account->pw_dir,
                             .is_ours = account->pw_uid == geteuid()};
    if (getgrouplist(name, out->group, out->groups, &out->group_count) < 0) {
        return error_set(err, ERROR_LIMIT, "the account %s is in too many groups", name);
    }
    return out->is_ours || geteuid() == 0 ||
           error_set(err, ERROR_REFUSED, "only root can run it as %s", name);
}

struct identity identity_own(void)
{
    return (struct identity){.user = geteuid(), .group = getegid(), .is_ours = true};
}

static bool become(const struct identity *identity)
{
    return setgroups((size_t)identity->group_count, identity->groups) == 0 &&
           setresgid(identity->group, identity->group, identity->group) == 0 &&
           setresuid(identity->user, identity->user, identity->user) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; /* another user's process forgets it */
}

int identity_take(void *identity)
{
    const struct identity *wanted = identity;
    const struct rlimit none = {0, 0};
    return (wanted->is_ours || become(wanted)) && setrlimit(RLIMIT_CORE, &none) == 0 &&
                   prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
               ? 0
               : EXIT_FAILURE;
}
