/* The table of routes. A route that reads the store gets a snapshot of one moment. */

#include "statusd/router.h"

#include <string.h>

#include "base/log.h"
#include "statusd/api.h"
#include "statusd/metrics.h"
#include "statusd/pages/pages.h"

enum route_look { LOOK_PAGE, LOOK_API, LOOK_PLAIN };

static const struct route {
    const char *path;
    bool is_prefix;   /* the rest of the path is the page's business */
    bool needs_store; /* reads it */
    enum route_look look;
    request_handler *answer;
} routes[] = {
    // clang-format off
    {"/",                    false, true,  LOOK_PAGE,  overview_page},
    {"/resources",           false, true,  LOOK_PAGE,  resources_page},
    {"/r/",                  true,  true,  LOOK_PAGE,  resource_page},
    {"/runs",                false, true,  LOOK_PAGE,  runs_page},
    {"/runs/",               true,  true,  LOOK_PAGE,  run_page},
    {"/events",              false, true,  LOOK_PAGE,  events_page},
    {"/history",             false, true,  LOOK_PAGE,  history_page},
    {"/sources",             false, true,  LOOK_PAGE,  sources_page},
    {"/api/v1/status",       false, true,  LOOK_API,   api_status},
    {"/api/v1/resources",    false, true,  LOOK_API,   api_resources},
    {"/api/v1/resources/",   true,  true,  LOOK_API,   api_resource},
    {"/api/v1/runs",         false, true,  LOOK_API,   api_runs},
    {"/api/v1/runs/",        true,  true,  LOOK_API,   api_run},
    {"/api/v1/events",       false, true,  LOOK_API,   api_events},
    {"/api/v1/history",      false, true,  LOOK_API,   api_history},
    {"/api/v1/sources",      false, true,  LOOK_API,   api_sources},
    {"/api/v1/openapi.json", false, false, LOOK_API,   api_openapi},
    {"/metrics",             false, true,  LOOK_PLAIN, metrics_answer},
    {"/healthz",             false, false, LOOK_PLAIN, health_answer},
    {"/readyz",              false, true,  LOOK_PLAIN, ready_answer},
    // clang-format on
};

static const struct route *route_find(struct request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t length = strlen(routes[i].path);
        if (routes[i].is_prefix && text_starts_with(request->path, routes[i].path) &&
            request->path[length] != '\0') {
            request->rest = request->path + length;
            return &routes[i];
        }
        if (strcmp(request->path, routes[i].path) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

static void error_answer(struct request *request, enum route_look look, unsigned status,
                         struct response *out_response)
{
    if (look == LOOK_API) {
        api_error(request, status, out_response);
    } else if (look == LOOK_PLAIN) {
        *out_response = (struct response){.status = status,
                                          .type = "text/plain; charset=utf-8",
                                          .body = STR("the store does not answer\n")};
    } else {
        error_page(request, status, out_response);
    }
}

static void route_answer(struct session *session, struct request *request,
                         const struct route *route, struct response *out_response)
{
    struct error err;
    bool is_answered = (!route->needs_store || session_begin(session, &request->reader, &err)) &&
                       route->answer(request, out_response, &err);
    session_end(request->reader);
    if (!is_answered) {
        log_event(LOG_LEVEL_WARNING, "the store does not answer", "path", request->path, "error",
                  err.message, NULL);
        request->reader = NULL;
        error_answer(request, route->look, 503, out_response);
    }
}

void router_answer(struct session *session, struct request *request, struct response *out_response)
{
    const struct route *route = route_find(request);
    if (route != NULL) {
        route_answer(session, request, route, out_response);
        return;
    }
    bool is_api = text_starts_with(request->path, "/api/");
    error_answer(request, is_api ? LOOK_API : LOOK_PAGE, 404, out_response);
}
