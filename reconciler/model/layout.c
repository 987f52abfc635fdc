/* Where things live on a Debian 12 host that has no settings of its own. */

#include "model/layout.h"

#include <stddef.h>

#include "model/shape.h"

// clang-format off
static const struct shape_row layout_rows[] = {
    SHAPE_NEEDED(struct layout, state),
    SHAPE_NEEDED(struct layout, nginx_program),
    SHAPE_NEEDED(struct layout, nginx_directory),
    SHAPE_NEEDED(struct layout, nginx_tree),
    SHAPE_NEEDED(struct layout, nginx_pid),
    SHAPE_NEEDED(struct layout, nginx_log),
    SHAPE_NEEDED(struct layout, nginx_cache),
    SHAPE(struct layout, nginx_service),
    SHAPE_NEEDED(struct layout, nginx_group),
    SHAPE_NEEDED(struct layout, passwords),
    SHAPE_NEEDED(struct layout, certificates),
    SHAPE_NEEDED(struct layout, authority),
    SHAPE_NEEDED(struct layout, acme_challenges),
    SHAPE_OMIT(struct layout, acme_accounts),
    SHAPE_OMIT(struct layout, acme_program),
    SHAPE_OMIT(struct layout, acme_user),
    SHAPE_OMIT(struct layout, acme_email),
    SHAPE_OMIT(struct layout, acme_dns_hook),
    SHAPE_OMIT(struct layout, acme_rehearsal),
    SHAPE_OMIT(struct layout, acme_bound_to),
    SHAPE_OMIT(struct layout, acme_binding_id),
    SHAPE_OMIT(struct layout, acme_binding_secret),
    SHAPE_NEEDED(struct layout, units),
    SHAPE_NEEDED(struct layout, environment),
    SHAPE_NEEDED(struct layout, secrets),
    SHAPE_NEEDED(struct layout, sysusers),
    SHAPE(struct layout, listen),
    SHAPE_NEEDED(struct layout, issuer),
    SHAPE(struct layout, domains),
    SHAPE(struct layout, http_port),
    SHAPE(struct layout, https_port),
    SHAPE(struct layout, manages_users),
    SHAPE(struct layout, manages_units),
    SHAPE(struct layout, allows_raw),
    SHAPE_OMIT(struct layout, acme_preflight),
    SHAPE_OMIT(struct layout, acme_terms),
    SHAPE(struct layout, disables_default_site),
};
// clang-format on
const struct shape layout_shape = SHAPE_OF(struct layout, layout_rows);

struct layout layout_debian12(void)
{
    return (struct layout){
        .state = "/var/lib/reconcile",
        .nginx_program = "/usr/sbin/nginx",
        .nginx_directory = "/etc/nginx",
        .nginx_tree = "/etc/nginx/reconcile",
        .nginx_pid = "/run/nginx.pid",
        .nginx_log = "/var/log/nginx",
        .nginx_cache = "/var/cache/nginx",
        .nginx_service = "nginx.service",
        .nginx_group = "www-data",
        .passwords = "/var/lib/reconcile/passwords",
        .certificates = "/var/lib/reconcile/certificates",
        .authority = "/var/lib/reconcile/authority",
        .acme_challenges = "/var/lib/reconcile/acme",
        .acme_accounts = "/var/lib/reconcile/acme-accounts",
        .acme_program = "/usr/bin/uacme",
        .acme_user = "reconcile-acme",
        .acme_preflight = true,
        .units = "/etc/systemd/system",
        .environment = "/etc/reconcile/environment",
        .secrets = "/etc/reconcile/secrets",
        .sysusers = "/etc/sysusers.d",
        .listen = NULL,
        .issuer = "internal",
        .http_port = 80,
        .https_port = 443,
        .manages_users = true,
        .manages_units = true,
        .allows_raw = false,
        .disables_default_site = false,
    };
}
