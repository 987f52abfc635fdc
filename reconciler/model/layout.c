/* Where things live on a Debian 12 host that has no settings of its own. */

#include "model/layout.h"

#include <stddef.h>

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
        .certificates = "/var/lib/reconcile/certificates",
        .authority = "/var/lib/reconcile/authority",
        .acme_challenges = "/var/lib/reconcile/acme",
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
