/* What a site with a stream may say beside it. */

#include <string.h>

#include "base/str.h"
#include "schemas/schema.h"
#include "schemas/site.h"

/* Rows of a site that mean something for a stream. */
static const char *const shared[] = {"stream", "listen",           "tls", "log", "allow",
                                     "deny",   "connection_limit", "raw"};

bool site_is_stream(const struct site_spec *site)
{
    return site->stream.pool.object.node != NULL;
}

static bool is_shared(const char *name)
{
    for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        if (strcmp(shared[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Defaults are for all sites: what means nothing here is not what the author of this one said. */
static bool is_own(const struct document *document, const char *name)
{
    const struct node *node = node_get(document->node, name);
    return document->defaults == NULL || node_get(document->defaults, name) != node;
}

static void check_rows(struct check *check, const struct site_spec *site)
{
    const struct schema *schema = &site_schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct field *row = &schema->fields[i];
        const struct node *node = field_origin(row, site);
        if (node != NULL && !is_shared(row->name) && is_own(check->document, row->name)) {
            check_add(check, DIAGNOSTIC_SITE_NOT_IN_STREAM, node, row->name, row->name, NULL);
        }
    }
}

static void check_ports(struct check *check, const struct site_spec *site)
{
    if (site->listen.count == 0) {
        check_add(check, DIAGNOSTIC_SITE_STREAM_PORT, site->listen.node, "listen", NULL, NULL);
    }
    for (size_t i = 0; i < site->listen.count; i++) {
        const struct text_value *item = &site->listen.items[i];
        if (listen_read(check->arena, item->text).port == 0) {
            check_add(check, DIAGNOSTIC_SITE_STREAM_PORT, item->node, "listen", NULL, NULL);
        }
    }
}

static void check_tls(struct check *check, struct site_spec *site)
{
    bool is_plain = site->tls.node == NULL || !is_own(check->document, "tls");
    if (is_plain) {
        site->tls_type = SITE_TLS_NONE;
    } else if (site->tls_type == SITE_TLS_AUTO || site->tls_type == SITE_TLS_INTERNAL) {
        check_add(check, DIAGNOSTIC_SITE_STREAM_TLS, site->tls.node, "tls", NULL, NULL);
    } else if (site->tls_type == SITE_TLS_CERTIFICATE && stream_is_udp(&site->stream)) {
        check_add(check, DIAGNOSTIC_SITE_STREAM_PROTOCOL, site->tls.node, "tls", "tls", "udp");
    }
}

void site_stream_check(struct check *check, struct site_spec *site)
{
    check_rows(check, site);
    check_ports(check, site);
    check_tls(check, site);
    stream_check(check, &site->stream, "stream");
    raw_check(check, &site->route.raw, "raw");
}
