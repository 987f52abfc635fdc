/* What a site is asked after each change: for the run that makes it, and in words at the top of the
 * site's file. The words are there so that a probe that was changed is asked. */

#include "renderers/site.h"

#include "base/text.h"

enum { PROBE_TIMEOUT_MS = 5000 };

static const struct probe_spec *probe_of(const struct site *site, const struct route *route)
{
    const struct probe_spec *probe = route->path == NULL ? &site->spec->probe : &route->path->probe;
    return probe->object.node == NULL ? NULL : probe;
}

const char *site_probe_path(const struct site *site, const struct route *route)
{
    const struct probe_spec *probe = probe_of(site, route);
    return probe == NULL ? NULL : probe_path(probe, route->path);
}

bool site_has_probes(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (probe_of(site, &site->routes[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- In words ------------------------------------------------------------------------------- */

static bool has_conditions(const struct probe_spec *probe)
{
    return probe->method.node != NULL || probe->status.node != NULL ||
           probe->contains.node != NULL || probe->header.node != NULL ||
           probe->within.node != NULL || probe->window.node != NULL || probe->host.node != NULL;
}

static void add_conditions(struct text *out, const struct probe_spec *probe)
{
    text_addf(out, " (%s", probe->method.index == PROBE_HEAD ? "HEAD" : "GET");
    if (probe->host.text != NULL) {
        text_addf(out, " of %s", probe->host.text);
    }
    text_add(out, ", status");
    for (size_t i = 0; i < probe->status.count; i++) {
        text_addf(out, " %s", probe->status.items[i].text);
    }
    for (size_t i = 0; i < probe->header.count; i++) {
        text_addf(out, ", %s: \"%s\"", probe->header.items[i].key.text,
                  probe->header.items[i].value.text);
    }
    if (probe->contains.text != NULL) {
        text_addf(out, ", containing \"%s\"", probe->contains.text);
    }
    if (probe->within.milliseconds > 0) {
        text_addf(out, ", within %s", value_write_duration(out->arena, probe->within.milliseconds));
    }
    if (probe->window.milliseconds > 0) {
        text_addf(out, ", for %s", value_write_duration(out->arena, probe->window.milliseconds));
    }
    text_add(out, ")");
}

void site_probes_comment(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        const struct probe_spec *probe = probe_of(site, route);
        if (probe == NULL) {
            continue;
        }
        struct text text = text_make(site->arena);
        text_addf(&text, "After each change it is asked for %s", probe_path(probe, route->path));
        if (has_conditions(probe)) {
            add_conditions(&text, probe);
        }
        text_add(&text, ".");
        nginx_comment(site->nginx, text.data);
    }
}

/* ---- For the run ---------------------------------------------------------------------------- */

static struct probe_statuses statuses_of(const struct site *site, const struct text_list *list)
{
    struct probe_statuses statuses = {0};
    for (size_t i = 0; i < list->count; i++) {
        struct probe_status status = {0};
        probe_status_read(list->items[i].text, &status.first, &status.last);
        vec_add(site->render->arena, &statuses, status);
    }
    return statuses;
}

static struct probe_headers headers_of(const struct site *site, const struct text_map *map)
{
    struct probe_headers headers = {0};
    for (size_t i = 0; i < map->count; i++) {
        vec_add(site->render->arena, &headers,
                (struct probe_header){map->items[i].key.text, map->items[i].value.text});
    }
    return headers;
}

static struct probe probe_make(const struct site *site, const struct route *route,
                               const struct probe_spec *spec, const struct listener *listener)
{
    const char *host = spec->host.text != NULL ? spec->host.text
                                               : site_primary_host(site->render->arena, site->spec);
    bool is_patient = spec->within.milliseconds > PROBE_TIMEOUT_MS;
    return (struct probe){
        .document = site->document,
        .span = site_span(site, spec->object.node),
        .host = host,
        .path = probe_path(spec, route->path),
        .port = (uint16_t)listener->port,
        .uses_tls = site->uses_tls,
        .timeout_ms = is_patient ? (unsigned)spec->within.milliseconds : PROBE_TIMEOUT_MS,
        .certificate = site->uses_tls
                           ? arena_strdup(site->render->arena, site_certificate_directory(site))
                           : NULL,
        .is_head = spec->method.index == PROBE_HEAD,
        .statuses = statuses_of(site, &spec->status),
        .headers = headers_of(site, &spec->header),
        .contains = spec->contains.text,
        .within_ms = (unsigned)spec->within.milliseconds,
        .window_ms = (unsigned)spec->window.milliseconds,
    };
}

void site_probes_add(struct site *site)
{
    struct listener_list listeners = {0};
    listeners_of(site->arena, site->render->facts, site->render->layout, site->document,
                 site->uses_tls, &listeners);
    for (size_t i = 0; i < site->route_count && listeners.count > 0; i++) {
        const struct route *route = &site->routes[i];
        const struct probe_spec *spec = probe_of(site, route);
        if (spec != NULL) {
            vec_add(site->render->arena, site->render->probes,
                    probe_make(site, route, spec, &listeners.items[0]));
        }
    }
}
