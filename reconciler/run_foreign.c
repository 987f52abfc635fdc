/* nginx configuration that others wrote goes on beside ours. What both claim is a mistake that only
 * the host can show: the site that claims it stays as it was, and both places are named. */
#include "run.h"

#include <string.h>
#include <strings.h>

#include "core/kind.h"
#include "providers/nginx.h"

/* What schemas call the claims that nginx serves by name. */
#define CLAIM_HOST_NAME "host name"

static const struct snapshot_claim *find_claim(const struct run *run, const char *host_name)
{
    for (size_t i = 0; i < run->foreign.count; i++) {
        if (strcasecmp(run->foreign.items[i].text, host_name) == 0) {
            return &run->foreign.items[i];
        }
    }
    return NULL;
}

static void check_document(struct run *run, const struct document *document)
{
    const struct schema *schema = document->kind->schema;
    struct claim_list claims = {0};
    if (schema->claims == NULL || run->is_blocked[document->order]) {
        return;
    }
    schema->claims(run->arena, document, &claims);
    for (size_t i = 0; i < claims.count; i++) {
        const struct claim *claim = &claims.items[i];
        const struct snapshot_claim *other =
            strcmp(claim->what, CLAIM_HOST_NAME) == 0 ? find_claim(run, claim->text) : NULL;
        if (other != NULL) {
            run_hold_back(run, document, claim->span,
                          message_make(run->arena, "%s is served by %s:%zu already", claim->text,
                                       other->file, other->line),
                          NULL);
            return;
        }
    }
}

static void read_claims(struct run *run)
{
    struct nginx_foreign foreign;
    nginx_foreign_read(&run->host, run->arena, &foreign);
    for (size_t i = 0; i < foreign.names.count; i++) {
        const struct nginx_claim *claim = &foreign.names.items[i];
        vec_add(run->arena, &run->foreign,
                (struct snapshot_claim){claim->text, claim->file, claim->line});
    }
}

void run_check_foreign(struct run *run)
{
    if (run->desired.tree == NULL) {
        return;
    }
    if (!run->options->is_offline) {
        read_claims(run);
    }
    for (size_t i = 0; run->foreign.count > 0 && i < run->documents.documents.count; i++) {
        check_document(run, run->documents.documents.items[i]);
    }
}
