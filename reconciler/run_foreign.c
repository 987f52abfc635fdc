/* nginx configuration that others wrote goes on beside ours. What both claim is a mistake that only
 * the host can show: the site that claims it stays as it was, and both places are named. */
#include "run.h"

#include <string.h>

#include "core/kind.h"
#include "providers/nginx.h"

/* What schemas call the claims that nginx serves by name. */
#define CLAIM_HOST_NAME "host name"

static void check_document(struct run *run, const struct nginx_foreign *foreign,
                           const struct document *document)
{
    const struct schema *schema = document->kind->schema;
    struct claim_list claims = {0};
    if (schema->claims == NULL || run->is_blocked[document->order]) {
        return;
    }
    schema->claims(run->arena, document, &claims);
    for (size_t i = 0; i < claims.count; i++) {
        const struct claim *claim = &claims.items[i];
        const struct nginx_claim *other = strcmp(claim->what, CLAIM_HOST_NAME) == 0
                                              ? nginx_foreign_find(foreign, claim->text)
                                              : NULL;
        if (other != NULL) {
            run_hold_back(run, document, claim->span,
                          message_make(run->arena, "%s is served by %s:%zu already", claim->text,
                                       other->file, other->line),
                          NULL);
            return;
        }
    }
}

void run_check_foreign(struct run *run)
{
    struct nginx_foreign foreign;
    if (run->options->is_offline || run->desired.tree == NULL) {
        return;
    }
    nginx_foreign_read(&run->host, run->arena, &foreign);
    for (size_t i = 0; i < run->documents.documents.count; i++) {
        check_document(run, &foreign, run->documents.documents.items[i]);
    }
}
