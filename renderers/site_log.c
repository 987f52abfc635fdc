/* Log files of a site's own. Their names end like those that Debian's logrotate turns over
 * (all that end in .log), and begin with the document's, so that no two sites share one. */

#include "renderers/site.h"

static void file_render(struct site *site, const char *name)
{
    nginx_value(site->nginx, NGINX_STATIC,
                arena_printf(site->arena, "%s/%s", site->render->layout->nginx_log, name));
}

/* "shop.example.com.access.log" */
static const char *own_name(const struct site *site, const char *type)
{
    return arena_printf(site->arena, "%s.%s.log", site->document->name, type);
}

static void requests_render(struct site *site, bool is_off)
{
    const struct log_spec *log = &site->spec->log;
    bool is_json = log->format.index == LOG_JSON;
    site->render->uses->json_log |= is_json;
    nginx_begin(site->nginx, "access_log");
    if (is_off) {
        nginx_word(site->nginx, "off");
    } else {
        file_render(site, log->object.node == NULL ? "access.log" : own_name(site, "access"));
        nginx_word(site->nginx, is_json ? "rc_json" : "combined");
    }
    nginx_end(site->nginx);
}

static void errors_render(struct site *site)
{
    nginx_begin(site->nginx, "error_log");
    file_render(site, own_name(site, "error"));
    nginx_word(site->nginx, log_levels[site->spec->log.errors.index]);
    nginx_end(site->nginx);
}

void site_log_server(struct site *site)
{
    const struct log_spec *log = &site->spec->log;
    if (log->object.node == NULL) {
        return; /* the host's own log */
    }
    nginx_at(site->nginx, site_span(site, log->object.node));
    requests_render(site, log->format.index == LOG_OFF);
    errors_render(site);
}

void site_log_stream(struct site *site)
{
    const struct log_spec *log = &site->spec->log;
    bool is_json = log->format.index == LOG_JSON;
    bool is_written = log->object.node != NULL && log->format.index != LOG_OFF;
    nginx_at(site->nginx, site_span(site, log->object.node));
    if (is_written) {
        site->render->uses->stream_json_log |= is_json;
        site->render->uses->stream_log |= !is_json;
        nginx_begin(site->nginx, "access_log");
        file_render(site, own_name(site, "access"));
        nginx_word(site->nginx, is_json ? "rc_json" : "rc_combined");
        nginx_end(site->nginx);
    }
    if (log->object.node != NULL) {
        errors_render(site);
    }
}

/* What a path says for itself; what lies in it has the same by nginx. */
void site_log_route(struct site *site, const struct route *route)
{
    if (route->path != NULL && route->path->log.node != NULL) {
        nginx_at(site->nginx, site_span(site, route->path->log.node));
        bool is_off = path_log_is_off(route->path);
        requests_render(site, is_off);
        nginx_line(site->nginx, "log_not_found", is_off ? "off" : "on", NULL);
    }
}

void log_format_render(struct nginx_text *nginx)
{
    static const char *const members[] = {
        "'{\"time\":\"$time_iso8601\",'",
        "'\"client\":\"$remote_addr\",'",
        "'\"user\":\"$remote_user\",'",
        "'\"method\":\"$request_method\",'",
        "'\"scheme\":\"$scheme\",'",
        "'\"host\":\"$host\",'",
        "'\"uri\":\"$request_uri\",'",
        "'\"protocol\":\"$server_protocol\",'",
        "'\"status\":$status,'",
        "'\"bytes\":$body_bytes_sent,'",
        "'\"seconds\":$request_time,'",
        "'\"referrer\":\"$http_referer\",'",
        "'\"agent\":\"$http_user_agent\",'",
        "'\"request\":\"$request_id\",'",
        "'\"tls\":\"$ssl_protocol\",'",
        "'\"backend\":\"$upstream_addr\",'",
        "'\"backend_status\":\"$upstream_status\",'",
        "'\"backend_seconds\":\"$upstream_response_time\"}'",
    };
    nginx_comment(nginx, "one JSON object a line, whatever a client sends");
    nginx_begin(nginx, "log_format");
    nginx_word(nginx, "rc_json");
    nginx_word(nginx, "escape=json");
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        nginx_word(nginx, members[i]);
    }
    nginx_end(nginx);
}
