/* The rows of the host's settings. */
#include "schemas/settings.h"

#include <string.h>

#include "schemas/issuer.h"
#include "schemas/window.h"

static const char *const modes[] = {"enforce", "observe", "hold", NULL};
static const char *const reactions[] = {"isolate", "all-or-nothing", NULL};
static const char *const deliveries[] = {"auto", "windows", "manual", NULL};

static const char *const actions[] = {"check", "suspend", "resume", NULL};

static bool is_action(const char *text)
{
    for (size_t i = 0; actions[i] != NULL; i++) {
        if (strcmp(actions[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static const struct syntax syntax_action = {
    .name = "action of the status pages (check, suspend or resume)",
    .pattern = "^(check|suspend|resume)$",
    .example = "check",
    .check = is_action,
};

// clang-format off
static const struct field binding_fields[] = {
    FIELD(struct settings_acme_binding, id, .is_required = true, .syntax = &syntax_line,
          .help = "The identifier of the key, as the authority gives it out."),
    FIELD(struct settings_acme_binding, key, .is_required = true, .reference = "secret",
          .is_reference_only = true,
          .help = "The secret that holds the key itself, as the authority writes it (base64url)."),
};
static const struct schema binding_schema = {
    .name = "settings.acme.binding", .size = sizeof(struct settings_acme_binding),
    .fields = binding_fields, .field_count = sizeof(binding_fields) / sizeof(*binding_fields),
    .help = "What ties the account to a customer of the host's issuer (external account binding, "
            "RFC 8555 section 7.3.4).",
};
static const struct field acme_fields[] = {
    FIELD(struct settings_acme, email, .syntax = &syntax_mailbox,
          .help = "Whom the authority writes to; not all of them still do.",
          .example = "email: admin@example.com"),
    FIELD(struct settings_acme, terms, .fallback = "false",
          .help = "You agree to the terms of service of the authority, without which it opens no "
                  "account."),
    FIELD(struct settings_acme, binding, .object = &binding_schema,
          .help = "What ties the account to a customer of the host's issuer (external account "
                  "binding), where the authority asks for that.",
          .example = "binding: { id: kid-1, key: secret:acme-binding }"),
    FIELD(struct settings_acme, rehearsal, .syntax = &syntax_rehearsal,
          .fallback_note = "letsencrypt-staging for letsencrypt, else none",
          .help = "An authority whose certificates nobody trusts: it is asked first where names "
                  "have no certificate of the host's issuer yet, and only what it signs is ordered.",
          .example = "rehearsal: none"),
    FIELD(struct settings_acme, dns_hook, .syntax = &syntax_path,
          .help = "Your program that changes the name system for challenge dns-01. It is started "
                  "as `set NAME VALUE`, `wait NAME VALUE` and `clear NAME VALUE`.",
          .example = "dns_hook: /usr/local/lib/reconcile/dns-nsupdate"),
    FIELD(struct settings_acme, preflight, .fallback = "true",
          .help = "Names are looked up and asked for a proof from here before an authority is asked "
                  "for them. Switch it off where the authority's view of the network is another.",
          .example = "preflight: false"),
    FIELD(struct settings_acme, program, .fallback = "/usr/bin/uacme", .syntax = &syntax_path,
          .help = "The program that speaks ACME. It makes no key of a certificate and gets none to see."),
    FIELD(struct settings_acme, user, .fallback = "reconcile-acme", .syntax = &syntax_user,
          .help = "The account that the program runs as, where reconcile runs as root."),
};
static const struct schema acme_schema = {
    .name = "settings.acme", .size = sizeof(struct settings_acme),
    .fields = acme_fields, .field_count = sizeof(acme_fields) / sizeof(*acme_fields),
    .help = "The account with authorities that speak ACME.",
};

static const struct field nginx_fields[] = {
    FIELD(struct settings_nginx, program, .fallback = "/usr/sbin/nginx", .syntax = &syntax_path,
          .help = "The nginx program that tests and runs the configuration."),
    FIELD(struct settings_nginx, directory, .fallback = "/etc/nginx", .syntax = &syntax_path,
          .help = "nginx's own configuration folder, with conf.d and modules-enabled."),
    FIELD(struct settings_nginx, tree, .fallback_note = "DIRECTORY/reconcile", .syntax = &syntax_path,
          .help = "The link through which nginx reads the current generation."),
    FIELD(struct settings_nginx, pid, .fallback = "/run/nginx.pid", .syntax = &syntax_path,
          .help = "The master's pid file."),
    FIELD(struct settings_nginx, log, .fallback = "/var/log/nginx", .syntax = &syntax_path,
          .help = "Folder of the sites' logs."),
    FIELD(struct settings_nginx, cache, .fallback = "/var/cache/nginx", .syntax = &syntax_path,
          .help = "Folder of the sites' response caches."),
    FIELD(struct settings_nginx, service, .fallback = "nginx.service", .syntax = &syntax_any,
          .help = "The unit that runs nginx; empty where none does, and nginx is started and "
                  "signalled directly."),
    FIELD(struct settings_nginx, group, .fallback = "www-data", .syntax = &syntax_user,
          .help = "The group of nginx's workers, who read the password files of sites."),
    FIELD(struct settings_nginx, listen, .syntax = &syntax_host_name,
          .fallback_note = "all IPv4 addresses, and all IPv6 ones where the host has them",
          .help = "Addresses that sites listen on."),
    FIELD(struct settings_nginx, http_port, .fallback = "80", .help = "Port of plain HTTP."),
    FIELD(struct settings_nginx, https_port, .fallback = "443", .help = "Port of HTTPS."),
    FIELD(struct settings_nginx, disable_default_site, .fallback = "false",
          .help = "The distribution's default site may be switched off where it is in the way."),
};
static const struct schema nginx_schema = {
    .name = "settings.nginx", .size = sizeof(struct settings_nginx),
    .fields = nginx_fields, .field_count = sizeof(nginx_fields) / sizeof(*nginx_fields),
    .help = "How nginx runs on this host.",
};

static const struct field systemd_fields[] = {
    FIELD(struct settings_systemd, manage, .fallback = "true",
          .help = "Speak to the service manager: load, enable and start units. Without it unit "
                  "files are only written."),
    FIELD(struct settings_systemd, units, .fallback = "/etc/systemd/system", .syntax = &syntax_path,
          .help = "Folder of unit files."),
};
static const struct schema systemd_schema = {
    .name = "settings.systemd", .size = sizeof(struct settings_systemd),
    .fields = systemd_fields, .field_count = sizeof(systemd_fields) / sizeof(*systemd_fields),
    .help = "How services run on this host.",
};

static const struct field users_fields[] = {
    FIELD(struct settings_users, manage, .fallback = "true",
          .help = "Create system accounts and set owners. Without it everything belongs to whoever "
                  "runs the program."),
    FIELD(struct settings_users, sysusers, .fallback = "/etc/sysusers.d", .syntax = &syntax_path,
          .help = "Folder of systemd-sysusers files."),
};
static const struct schema users_schema = {
    .name = "settings.users", .size = sizeof(struct settings_users),
    .fields = users_fields, .field_count = sizeof(users_fields) / sizeof(*users_fields),
    .help = "Accounts of services.",
};

static const struct field store_fields[] = {
    FIELD(struct settings_store, path, .fallback_note = "STATE/store/reconcile.db",
          .syntax = &syntax_path, .help = "The SQLite file that runs are recorded in."),
    FIELD(struct settings_store, group, .syntax = &syntax_user,
          .help = "The group that may read it: the status program's."),
};
static const struct schema store_schema = {
    .name = "settings.store", .size = sizeof(struct settings_store),
    .fields = store_fields, .field_count = sizeof(store_fields) / sizeof(*store_fields),
    .help = "The record of what was done.",
};

static const struct field watch_fields[] = {
    FIELD(struct settings_watch, interval, .fallback = "5m", .least = 10 * 1000,
          .most = 24 * 60 * 60 * 1000,
          .help = "How often everything is looked at although nothing asks for it."),
    FIELD(struct settings_watch, socket, .syntax = &syntax_path,
          .fallback_note = "/run/reconcile/control.sock for root, STATE/control.sock for others",
          .help = "The socket on which the loop is spoken to.",
          .example = "socket: /run/reconcile/control.sock"),
    FIELD(struct settings_watch, group, .syntax = &syntax_user,
          .help = "The group that may connect to it: the status program's. Root always may."),
};
static const struct schema watch_schema = {
    .name = "settings.watch", .size = sizeof(struct settings_watch),
    .fields = watch_fields, .field_count = sizeof(watch_fields) / sizeof(*watch_fields),
    .help = "The loop of reconcile watch.",
};

static const struct field pages_fields[] = {
    FIELD(struct settings_pages, actions, .syntax = &syntax_action,
          .help = "What the status pages may ask the loop for: check looks at the host now, suspend "
                  "and resume leave something alone and take it up again. Whoever reaches the pages "
                  "may press these buttons.",
          .example = "actions: [check, suspend, resume]"),
};
static const struct schema pages_schema = {
    .name = "settings.status", .size = sizeof(struct settings_pages),
    .fields = pages_fields, .field_count = sizeof(pages_fields) / sizeof(*pages_fields),
    .help = "What the status pages may do beside showing.",
};

static const struct field settings_fields[] = {
    FIELD(struct settings, source, .object = &settings_source_schema,
          .help = "Where the documents come from when no folder is named on the command line.",
          .example = "source:\n"
                     "  git: git@git.example.com:ops/site.git\n"
                     "  branch: production\n"
                     "  key: /etc/reconcile/deploy_key\n"
                     "  known_hosts: /etc/reconcile/known_hosts"),
    FIELD(struct settings, environment, .syntax = &syntax_name,
          .help = "The overlay below environments/ that this host takes.",
          .example = "environment: production"),
    FIELD(struct settings, host, .fallback_note = "the machine's name", .syntax = &syntax_name,
          .help = "The overlay below hosts/ that this host takes.",
          .example = "host: web1"),
    FIELD(struct settings, mode, .fallback = "enforce", .choices = modes,
          .help = "enforce repairs drift and takes new commits, observe only reports, hold repairs "
                  "drift but takes no new commit."),
    FIELD(struct settings, deliver, .fallback = "auto", .choices = deliveries,
          .help = "When reconcile watch takes a new version of the documents: at once, within windows "
                  "of the week, or only when somebody says apply. Drift is repaired at any time.",
          .example = "deliver: windows"),
    FIELD(struct settings, windows, .syntax = &syntax_window,
          .help = "The windows of deliver: windows, in UTC.",
          .example = "windows: [mon-fri 09:00-17:00, sat 22:00-02:00]"),
    FIELD(struct settings, on_error, .fallback = "isolate", .choices = reactions,
          .help = "What a failure on the host costs: the document and what needs it, or the whole "
                  "run."),
    FIELD(struct settings, issuer, .fallback = "internal", .syntax = &syntax_host_issuer,
          .help = "Who signs certificates that do not say it themselves: this host's own authority, "
                  "Let's Encrypt, or another authority that speaks ACME. Names that only this host "
                  "knows (addresses, single labels, names below .test, .localhost, .internal and "
                  ".local) are always signed by its own.",
          .example = "issuer: letsencrypt\n"
                     "acme: { terms: true, email: admin@example.com }"),
    FIELD(struct settings, acme, .object = &acme_schema,
          .help = "The account with authorities that speak ACME.",
          .example = "acme: { terms: true, email: admin@example.com }"),
    FIELD(struct settings, allow_raw, .fallback = "false",
          .help = "Documents may hold raw nginx text. The folder can never grant itself this."),
    FIELD(struct settings, domains, .syntax = &syntax_domain, .count_most = 100,
          .fallback_note = "whatever documents ask for",
          .help = "What this host's own authority signs: these domains with everything below them, "
                  "and these addresses and networks. Its root says so, and clients hold it to that. "
                  "A root that is there already does not change: another takes its place when its "
                  "folder, STATE/authority, is moved away.",
          .example = "domains: [corp.internal, example.com, 10.0.0.0/8]"),
    FIELD(struct settings, state, .fallback = "/var/lib/reconcile", .syntax = &syntax_path,
          .help = "Folder of generations, ledger, certificates and locks.",
          .example = "state: /srv/reconcile/state"),
    FIELD(struct settings, secrets, .fallback = "/etc/reconcile/secrets", .syntax = &syntax_path,
          .help = "Folder of secrets, one value a file, mode 0600.",
          .example = "secrets: /srv/reconcile/secrets"),
    FIELD(struct settings, environment_files, .fallback = "/etc/reconcile/environment",
          .syntax = &syntax_path, .help = "Folder of services' environment files, and of the files of PHP pools.",
          .example = "environment_files: /srv/reconcile/environment"),
    FIELD(struct settings, nginx, .object = &nginx_schema, .help = "How nginx runs on this host.",
          .example = "nginx:\n"
                     "  listen: [192.0.2.10]\n"
                     "  https_port: 8443"),
    FIELD(struct settings, systemd, .object = &systemd_schema,
          .help = "How services run on this host.",
          .example = "systemd: { manage: false }"),
    FIELD(struct settings, users, .object = &users_schema, .help = "Accounts of services.",
          .example = "users: { manage: false }"),
    FIELD(struct settings, store, .object = &store_schema, .help = "The record of what was done.",
          .example = "store: { group: statusd }"),
    FIELD(struct settings, status, .object = &pages_schema,
          .help = "What the status pages may do beside showing.",
          .example = "status: { actions: [check] }"),
    FIELD(struct settings, watch, .object = &watch_schema, .help = "The loop of reconcile watch.",
          .example = "watch: { interval: 10m, group: reconcile }"),
    FIELD(struct settings, notify, .shape = SHAPE_MAP, .object = &settings_channel_schema,
          .count_most = 50,
          .help = "Who is told when something changes its state: channels, each with a name.",
          .example = "notify:\n"
                     "  ops:\n"
                     "    webhook: { url: https://hooks.example.com/reconcile, secret: secret:hook }\n"
                     "  admins:\n"
                     "    email: { to: admin@example.com, from: web1@example.com }"),
};
// clang-format on

static void check_settings(struct check *check, void *spec)
{
    struct settings *settings = spec;
    settings_source_schema.check(check, &settings->source);
    struct settings_channel *channels = settings->notify.items;
    for (size_t i = 0; i < settings->notify.count; i++) {
        settings_channel_schema.check(check, &channels[i]);
    }
}

const struct schema settings_schema = {
    .name = "settings",
    .size = sizeof(struct settings),
    .fields = settings_fields,
    .field_count = sizeof(settings_fields) / sizeof(*settings_fields),
    .check = check_settings,
    .help = "The host's own settings: /etc/reconcile/reconcile.yaml, or the file that --config "
            "names. No document can change them.",
    .example = "source: /srv/config",
};

bool settings_allow_action(const struct settings *settings, const char *action)
{
    for (size_t i = 0; i < settings->status.actions.count; i++) {
        if (strcmp(settings->status.actions.items[i].text, action) == 0) {
            return true;
        }
    }
    return false;
}

const char *settings_mode_word(const struct settings *settings)
{
    return modes[settings->mode.index];
}

bool settings_take_mode(struct settings *settings, const char *word)
{
    for (int i = 0; modes[i] != NULL; i++) {
        if (strcmp(modes[i], word) == 0) {
            settings->mode.index = i;
            return true;
        }
    }
    return false;
}

static const char *or_below(struct arena *arena, const struct text_value *value,
                            const char *directory, const char *name)
{
    return value->text != NULL ? value->text : arena_printf(arena, "%s/%s", directory, name);
}

static const char *const *texts_of(const struct text_list *list, struct arena *arena)
{
    if (list->count == 0) {
        return NULL;
    }
    const char **texts = arena_array(arena, list->count + 1, sizeof(*texts));
    for (size_t i = 0; i < list->count; i++) {
        texts[i] = list->items[i].text;
    }
    return texts;
}

/* The directory where the host's issuer is rehearsed; NULL: none. */
static const char *rehearsal_of(const struct settings *settings)
{
    const char *written = settings->acme.rehearsal.text;
    if (written == NULL) {
        return issuer_rehearsal(settings->issuer.text);
    }
    return strcmp(written, "none") == 0 ? NULL : issuer_directory(written);
}

struct layout settings_layout(const struct settings *settings, const char *state,
                              struct arena *arena)
{
    struct layout layout = layout_debian12();
    layout.state = state != NULL ? state : settings->state.text;
    layout.passwords = arena_printf(arena, "%s/passwords", layout.state);
    layout.certificates = arena_printf(arena, "%s/certificates", layout.state);
    layout.authority = arena_printf(arena, "%s/authority", layout.state);
    layout.acme_challenges = arena_printf(arena, "%s/acme", layout.state);
    layout.acme_accounts = arena_printf(arena, "%s/acme-accounts", layout.state);
    layout.acme_program = settings->acme.program.text;
    layout.acme_user = settings->acme.user.text;
    layout.acme_email = settings->acme.email.text;
    layout.acme_terms = settings->acme.terms.is_true;
    layout.acme_preflight = settings->acme.preflight.is_true;
    layout.acme_dns_hook = settings->acme.dns_hook.text;
    layout.acme_rehearsal = rehearsal_of(settings);
    if (settings->acme.binding.object.node != NULL) {
        layout.acme_bound_to = issuer_directory(settings->issuer.text);
        layout.acme_binding_id = settings->acme.binding.id.text;
        layout.acme_binding_secret = value_secret_name(settings->acme.binding.key.text);
    }
    layout.environment = settings->environment_files.text;
    layout.secrets = settings->secrets.text;
    layout.issuer = settings->issuer.text;
    layout.allows_raw = settings->allow_raw.is_true;
    layout.domains = texts_of(&settings->domains, arena);

    const struct settings_nginx *nginx = &settings->nginx;
    layout.nginx_program = nginx->program.text;
    layout.nginx_directory = nginx->directory.text;
    layout.nginx_tree = or_below(arena, &nginx->tree, layout.nginx_directory, "reconcile");
    layout.nginx_pid = nginx->pid.text;
    layout.nginx_log = nginx->log.text;
    layout.nginx_cache = nginx->cache.text;
    layout.nginx_service = nginx->service.text[0] == '\0' ? NULL : nginx->service.text;
    layout.nginx_group = nginx->group.text;
    layout.listen = texts_of(&nginx->listen, arena);
    layout.http_port = nginx->http_port.number;
    layout.https_port = nginx->https_port.number;
    layout.disables_default_site = nginx->disable_default_site.is_true;

    layout.manages_units = settings->systemd.manage.is_true;
    layout.units = settings->systemd.units.text;
    layout.manages_users = settings->users.manage.is_true;
    layout.sysusers = settings->users.sysusers.text;
    return layout;
}
