/* TLS of a site: its certificate, and the settings that all our servers share. */

#include <arpa/inet.h>
#include <string.h>

#include "model/domains.h"
#include "renderers/certificate.h"
#include "renderers/site.h"
#include "schemas/certificate.h"
#include "schemas/issuer.h"

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

static const char *certificate_name(const struct site *site)
{
    return site->spec->tls_type == SITE_TLS_CERTIFICATE ? site->spec->certificate
                                                        : site->document->name;
}

const char *site_certificate_directory(const struct site *site)
{
    return certificate_directory(site->arena, site->render->layout, certificate_name(site));
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
    return spec->files.object.node == NULL || spec->names.count > 0;
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

/* A name of the site, and where it is written. */
struct served_name {
    const char *text;
    const struct node *node; /* NULL: it is the document's own */
};

static size_t served_names(struct site *site, const struct served_name **out_names)
{
    const struct site_spec *spec = site->spec;
    size_t count = spec->name_count + spec->aliases.count;
    struct served_name *names = arena_array(site->arena, count + 1, sizeof(*names));
    for (size_t i = 0; i < spec->name_count; i++) {
        names[i].text = spec->names[i];
        names[i].node = spec->hosts.count > 0 ? spec->hosts.items[i].node : NULL;
    }
    for (size_t i = 0; i < spec->aliases.count; i++) {
        names[spec->name_count + i].text = spec->aliases.items[i].text;
        names[spec->name_count + i].node = spec->aliases.items[i].node;
    }
    *out_names = names;
    return count;
}

/* Names that only this host knows are signed by itself, or by nobody where others are public. */
static const char *own_issuer(const struct site *site, const struct served_name *names,
                              size_t count)
{
    const char *issuer = site->render->layout->issuer;
    if (site->spec->tls_type == SITE_TLS_INTERNAL || issuer_type(issuer) != CERTIFICATE_ACME) {
        return "internal";
    }
    for (size_t i = 0; i < count; i++) {
        if (!issuer_is_local_name(names[i].text)) {
            return issuer;
        }
    }
    return "internal";
}

static void check_signed(struct site *site, const struct served_name *name, bool is_acme)
{
    if (is_acme && text_starts_with(name->text, "*.") &&
        site->render->layout->acme_dns_hook == NULL) {
        site_report(site, DIAGNOSTIC_CERTIFICATE_NO_DNS_HOOK, name->node, "tls", name->text, NULL);
    }
    if (!is_acme && !domains_have(site->render->layout->domains, name->text)) {
        site_report(site, DIAGNOSTIC_CERTIFICATE_OUTSIDE, name->node, "tls", name->text, NULL);
    }
}

static bool listens_for_plain_http(const struct site *site, const struct document *document)
{
    const struct layout *layout = site->render->layout;
    struct listener_list plain = {0};
    listeners_of(site->arena, site->render->facts, layout, document, false, &plain);
    for (size_t i = 0; i < plain.count; i++) {
        if (plain.items[i].port == layout->http_port) {
            return true;
        }
    }
    return false;
}

/* The server for unknown names answers for proofs too, on each port that some site has. */
static bool is_plain_http_open(const struct site *site)
{
    const struct document_list *documents = &site->render->documents->documents;
    for (size_t i = 0; i < documents->count; i++) {
        const struct document *other = documents->items[i];
        if (strcmp(other->kind_name, "site") == 0 && !site_is_stream(other->spec) &&
            listens_for_plain_http(site, other)) {
            return true;
        }
    }
    return false;
}

/* An authority asks for the proof over plain HTTP, whatever ports the site has. */
static void check_challenges(struct site *site, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_starts_with(names[i], "*.")) {
            return; /* proven by a record of the name system, and all others with it */
        }
    }
    if (count == 0 || listens_for_plain_http(site, site->document) || is_plain_http_open(site)) {
        return;
    }
    site_report(site, DIAGNOSTIC_SITE_NO_CHALLENGE, site->spec->listen.node, "listen", names[0],
                arena_printf(site->arena, "%u", site->render->layout->http_port));
}

static void own_certificate_add(struct site *site)
{
    const struct served_name *served = NULL;
    size_t count = served_names(site, &served);
    const char *issuer = own_issuer(site, served, count);
    bool is_acme = issuer_type(issuer) == CERTIFICATE_ACME;
    const char **names = arena_array(site->arena, count + 1, sizeof(*names));
    size_t name_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = served[i].text;
        if (is_acme && issuer_is_local_name(name)) {
            site_report(site, DIAGNOSTIC_SITE_LOCAL_NAME, served[i].node, "tls",
                        site->document->name, name);
            continue;
        }
        check_signed(site, &served[i], is_acme);
        names[name_count++] = name;
    }
    if (is_acme) {
        check_challenges(site, names, name_count);
    }
    (void)certificate_item_add(site->render, &(const struct certificate_wish){
                                                 .document = site->document,
                                                 .span = site_span(site, site->spec->tls.node),
                                                 .name = site->document->name,
                                                 .names = names,
                                                 .name_count = name_count,
                                                 .issuer = issuer,
                                             });
}

/* ---- What handshakes show -------------------------------------------------------------------- */

/* No site serves this name of its own below a wildcard. */
#define BELOW_WILDCARD "reconcile-proof"

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Those that a client can ask for: never an address (RFC 6066, section 3). */
static const char *const *asked_names(struct site *site)
{
    struct arena *arena = site->render->arena;
    const struct served_name *served = NULL;
    size_t count = served_names(site, &served);
    const char **names = arena_array(arena, count + 1, sizeof(*names));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = served[i].text;
        if (!is_address(name)) {
            names[kept++] =
                name[0] == '*' ? arena_printf(arena, "%s%s", BELOW_WILDCARD, name + 1) : name;
        }
    }
    return names;
}

/* An address of this host that leads to the listener. */
static const char *reachable(struct arena *arena, const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0) {
        return "127.0.0.1";
    }
    return strcmp(host, "::") == 0 ? "::1" : arena_strdup(arena, host);
}

void site_tls_server_add(struct site *site, const struct listener_list *listeners)
{
    struct arena *arena = site->render->arena;
    bool is_stream = site_is_stream(site->spec);
    struct tls_server server = {
        .document = site->document,
        .certificate = arena_strdup(arena, certificate_name(site)),
        .names = asked_names(site),
    };
    vec_reserve(arena, &server.endpoints, listeners->count);
    for (size_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->items[i];
        if (listener->uses_tls) {
            vec_add(
                arena, &server.endpoints,
                (struct tls_endpoint){reachable(arena, listener->host), (uint16_t)listener->port});
        }
    }
    if (server.endpoints.count > 0 && (is_stream || server.names[0] != NULL)) {
        vec_add(arena, site->render->tls_servers, server);
    }
}

/* Who signs the pair that the site serves. */
static const char *issuer_of(struct site *site)
{
    if (site->spec->tls_type == SITE_TLS_CERTIFICATE) {
        const struct document *certificate =
            document_find(site->render->documents, "certificate", site->spec->certificate);
        return certificate == NULL
                   ? "internal"
                   : certificate_spec_issuer(certificate->spec, site->render->layout);
    }
    const struct served_name *served = NULL;
    size_t count = served_names(site, &served);
    return own_issuer(site, served, count);
}

void site_waiting_render(struct site *site)
{
    if (!site->uses_tls || issuer_type(issuer_of(site)) != CERTIFICATE_ACME) {
        return;
    }
    nginx_begin(site->nginx, "include");
    nginx_value(
        site->nginx, NGINX_STATIC,
        certificate_waiting_pattern(site->arena, site->render->layout, certificate_name(site)));
    nginx_end(site->nginx);
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
    own_certificate_add(site);
}
