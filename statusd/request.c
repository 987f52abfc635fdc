/* Questions to a request. */

#include "statusd/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "statusd/html.h"

const char *request_parameter(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->parameters.count; i++) {
        const struct parameter *parameter = &request->parameters.items[i];
        if (strcmp(parameter->name, name) == 0) {
            return parameter->value != NULL && parameter->value[0] != '\0' ? parameter->value
                                                                           : NULL;
        }
    }
    return NULL;
}

int64_t number_parse(const char *text, int64_t least, int64_t most, int64_t fallback)
{
    if (text == NULL || text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
        return fallback;
    }
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    return errno == 0 && number >= least && number <= most ? number : fallback;
}

int64_t request_number(const struct request *request, const char *name, int64_t least, int64_t most,
                       int64_t fallback)
{
    return number_parse(request_parameter(request, name), least, most, fallback);
}

static void url_add(struct text *url, const char *name, const char *value)
{
    text_add_char(url, strchr(url->data, '?') == NULL ? '?' : '&');
    text_addf(url, "%s=%s", url_part(url->arena, name), url_part(url->arena, value));
}

/* The path with its slashes left as they are. */
static void url_add_path(struct text *url, const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        text_add(url, url_part(url->arena, arena_strndup(url->arena, path, length)));
        path += length;
        if (*path == '/') {
            text_add_char(url, '/');
            path++;
        }
    }
}

const char *request_url(const struct request *request, const char *name, const char *value)
{
    struct text url = text_make(request->arena);
    url_add_path(&url, request->path);
    for (size_t i = 0; i < request->parameters.count; i++) {
        const struct parameter *parameter = &request->parameters.items[i];
        if (strcmp(parameter->name, name) != 0 && parameter->value != NULL) {
            url_add(&url, parameter->name, parameter->value);
        }
    }
    if (value != NULL) {
        url_add(&url, name, value);
    }
    return url.data;
}

const char *resource_url(struct arena *arena, const char *kind, const char *name)
{
    return arena_printf(arena, "/r/%s/%s", url_part(arena, kind), url_part(arena, name));
}
