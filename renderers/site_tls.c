/* TLS of a site: its certificate, and the settings that all our servers share. */

#include "renderers/certificate.h"
#include "renderers/site.h"
#include "schemas/certificate.h"

enum { NGINX_CONF_COMMAND = 1019004 };

/* The order of ours counts, but who puts ChaCha20 first, since he has no hardware for AES, gets it
 * (SSL_OP_PRIORITIZE_CHACHA, SSL_CTX_set_options(3)). */
static void preference_render(struct nginx_text *nginx, const struct facts *facts)
{
    nginx_line(nginx, "ssl_prefer_server_ciphers", "on", NULL);
    if (facts->nginx_version >= NGINX_CONF_COMMAND) {
        nginx_line(nginx, "ssl_conf_command", "Options", "PrioritizeChaCha", NULL);
    }
}

void tls_settings_render(struct nginx_text *nginx, const struct facts *facts, const char *sessions)
{
    nginx_line(nginx, "ssl_protocols", "TLSv1.2", "TLSv1.3", NULL);
    nginx_line(nginx, "ssl_ciphers",
               "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
               "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
               "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
               NULL);
    preference_render(nginx, facts);
    nginx_line(nginx, "ssl_session_cache", sessions, NULL);
    nginx_line(nginx, "ssl_session_timeout", "1d", NULL);
    nginx_line(nginx, "ssl_session_tickets", "off", NULL);
}

const char *site_certificate_directory(const struct site *site)
{
    const char *name = site->spec->tls_type == SITE_TLS_CERTIFICATE ? site->spec->certificate
                                                                    : site->document->name;
    return certificate_directory(site->arena, site->render->layout, name);
}

static void pair_render(struct site *site, const char *directive, const char *file)
{
    nginx_begin(site->nginx, directive);
    nginx_value(site->nginx, NGINX_STATIC,
                arena_printf(site->arena, "%s/%s", site_certificate_directory(site), file));
    nginx_end(site->nginx);
}

void site_tls_render(struct site *site)
{
    if (!site->uses_tls) {
        return;
    }
    nginx_at(site->nginx, site_span(site, site->spec->tls.node));
    pair_render(site, "ssl_certificate", "fullchain.pem");
    pair_render(site, "ssl_certificate_key", "key.pem");
    tls_settings_render(site->nginx, site->render->facts,
                        site_is_stream(site->spec) ? TLS_SESSIONS_STREAM : TLS_SESSIONS);
}

/* A wildcard stands for exactly one label. */
static bool name_covers(const char *certificate, const char *name)
{
    if (strcmp(certificate, name) == 0) {
        return true;
    }
    const char *rest = strchr(name, '.');
    return text_starts_with(certificate, "*.") && rest != NULL &&
           strcmp(certificate + 1, rest) == 0;
}

static bool document_covers(const struct document *certificate, const char *name)
{
    const struct text_list *names = &((const struct certificate_spec *)certificate->spec)->names;
    for (size_t i = 0; i < names->count; i++) {
        if (name_covers(names->items[i].text, name)) {
            return true;
        }
    }
    return names->count == 0 && name_covers(certificate->name, name);
}

/* Of a pair that comes as files only the files know the names, unless they are listed. */
static bool names_are_known(const struct document *certificate)
{
    const struct certificate_spec *spec = certificate->spec;
    return spec->issuer.index != CERTIFICATE_ISSUER_FILE || spec->names.count > 0;
}

static void check_covered(struct site *site, const struct document *certificate, const char *name,
                          const struct node *node)
{
    if (!document_covers(certificate, name)) {
        site_report(site, DIAGNOSTIC_SITE_NAME_NOT_COVERED, node, "tls", certificate->name, name);
    }
}

static void check_names(struct site *site, const struct document *certificate)
{
    const struct site_spec *spec = site->spec;
    for (size_t i = 0; i < spec->name_count; i++) {
        check_covered(site, certificate, spec->names[i],
                      spec->hosts.count > 0 ? spec->hosts.items[i].node : NULL);
    }
    for (size_t i = 0; i < spec->aliases.count; i++) {
        check_covered(site, certificate, spec->aliases.items[i].text, spec->aliases.items[i].node);
    }
}

void site_certificate_add(struct site *site)
{
    const struct site_spec *spec = site->spec;
    if (!site->uses_tls) {
        return;
    }
    if (spec->tls_type == SITE_TLS_CERTIFICATE) {
        const struct document *certificate =
            document_find(site->render->documents, "certificate", spec->certificate);
        if (certificate != NULL && names_are_known(certificate)) {
            check_names(site, certificate);
        }
        return;
    }
    size_t count = spec->name_count + spec->aliases.count;
    const char **names = arena_array(site->arena, count + 1, sizeof(*names));
    for (size_t i = 0; i < spec->name_count; i++) {
        names[i] = spec->names[i];
    }
    for (size_t i = 0; i < spec->aliases.count; i++) {
        names[spec->name_count + i] = spec->aliases.items[i].text;
    }
    (void)certificate_item_add(site->render, site->document, site_span(site, spec->tls.node),
                               site->document->name, names, count);
}
