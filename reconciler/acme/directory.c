#include "acme/directory.h"

enum { GOOD = 200 };

json_t *directory_read(struct web *web, const char *url, struct arena *arena,
                       struct web_answer *out_answer, struct error *err)
{
    struct web_answer answer = {0};
    const struct web_request request = {.url = url, .timeout_ms = DIRECTORY_TIMEOUT_MS};
    if (!web_ask(web, &request, arena, &answer, err)) {
        return NULL;
    }
    json_t *directory =
        answer.status == GOOD ? json_loadb(answer.body.data, answer.body.length, 0, NULL) : NULL;
    if (!json_is_object(directory)) {
        json_decref(directory);
        (void)error_set(err, ERROR_REFUSED, "%s is no ACME directory (HTTP %ld)", url,
                        answer.status);
        return NULL;
    }
    if (out_answer != NULL) {
        *out_answer = answer;
    }
    return directory;
}

const char *directory_at(const json_t *directory, const char *name)
{
    return json_string_value(json_object_get(directory, name));
}
