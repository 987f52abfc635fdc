/* Where things live on the host, from the host's settings. All paths are absolute as the programs
 * on the host see them; --root and tests put another directory before them (struct host). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct layout {
    const char *state;           /* /var/lib/reconcile */
    const char *nginx_program;   /* /usr/sbin/nginx */
    const char *nginx_directory; /* /etc/nginx: has conf.d and modules-enabled */
    const char *nginx_tree;      /* /etc/nginx/reconcile: the link to the live generation's tree */
    const char *nginx_pid;       /* /run/nginx.pid */
    const char *nginx_log;       /* /var/log/nginx */
    const char *nginx_cache;     /* /var/cache/nginx */
    const char *nginx_service;   /* nginx.service; NULL: no unit, signalled through the pid file */
    const char *nginx_group;     /* www-data: of the workers, which read password files */
    const char *passwords;       /* /var/lib/reconcile/passwords: of sites */
    const char *certificates;    /* /var/lib/reconcile/certificates: NAME/fullchain.pem, key.pem */
    const char *authority;       /* /var/lib/reconcile/authority: the internal CA */
    const char *acme_challenges; /* /var/lib/reconcile/acme: tokens served on port 80 */
    const char *acme_accounts;   /* /var/lib/reconcile/acme-accounts: one folder a directory */
    const char *acme_program;    /* /usr/bin/uacme */
    const char *acme_user;       /* reconcile-acme: who runs it, when we are root */
    const char *acme_email;      /* or NULL */
    const char *acme_dns_hook;   /* the admin's program that changes the name system, or NULL */
    const char *acme_rehearsal; /* directory where orders for the issuer are tried first, or NULL */
    const char *acme_bound_to;  /* directory that binds accounts to its customers, or NULL */
    const char *acme_binding_id;
    const char *acme_binding_secret; /* the secret's name */
    const char *units;               /* /etc/systemd/system */
    const char *environment;         /* /etc/reconcile/environment: NAME.env, 0640 */
    const char *secrets;             /* /etc/reconcile/secrets: one value a file, 0600 */
    const char *sysusers;            /* /etc/sysusers.d */
    const char *const *listen;  /* addresses to listen on, NULL-terminated; NULL: all IPv4, and all
                                   IPv6 where the host has it */
    const char *issuer;         /* of certificates that do not say it: schemas/issuer.h */
    const char *const *domains; /* what the internal CA signs (model/domains.h), NULL-terminated;
                                   NULL: anything */
    uint16_t http_port;         /* 80 */
    uint16_t https_port;        /* 443 */
    bool manages_users;         /* false: nobody is created, no owner is changed */
    bool manages_units;         /* false: unit files are written, systemd is never spoken to */
    bool allows_raw;
    bool acme_preflight;        /* names are looked at before an authority is asked for them */
    bool acme_terms;            /* somebody has agreed to the authority's terms of service */
    bool disables_default_site; /* Debian's packaged default site may be switched off */
};

struct shape;
extern const struct shape layout_shape;

/* The system paths of Debian 12. */
struct layout layout_debian12(void);
