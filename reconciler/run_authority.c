/* What the host's settings say of its own authority, and what its root says: people have installed
 * that, so nothing changes it but they. */
#include "run.h"

#include "providers/authority.h"

void run_check_authority(struct run *run)
{
    const struct text_list *domains = &run->settings->domains;
    if (domains->node == NULL || run->options->is_offline) {
        return;
    }
    AUTO_AUTHORITY authority = NULL;
    bool is_read = authority_open(&run->host, run->arena, &authority, NULL);
    if (is_read && authority != NULL && /* else its certificates tell what is wrong with it */
        !authority_is_limited_to(authority, run->layout.domains)) {
        (void)diagnostic_add(run->arena, &run->diagnostics, DIAGNOSTIC_AUTHORITY_LIMITED_OTHERWISE,
                             domains->node->span, run->layout.authority, NULL);
    }
}
