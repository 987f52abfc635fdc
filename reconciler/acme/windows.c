/* When an authority wants its certificates renewed: RFC 9773, section 4. */

#include <string.h>
#include <time.h>

#include "acme/directory.h"
#include "acme/verbs.h"

enum { GOOD = 200 };

/* "2026-12-01T10:00:00Z" of RFC 3339, with a fraction or an offset. False: it is none. */
static bool read_moment(const char *text, int64_t *out)
{
    enum { MINUTE = 60, HOUR = 3600 };
    struct tm utc = {0};
    const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    if (rest == NULL) {
        return false;
    }
    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    *out = timegm(&utc);
    if (strcmp(rest, "Z") == 0 || strcmp(rest, "z") == 0) {
        return true;
    }
    struct tm offset = {0};
    bool is_ahead = *rest == '+';
    const char *end = is_ahead || *rest == '-' ? strptime(rest + 1, "%H:%M", &offset) : NULL;
    int64_t seconds = (int64_t)offset.tm_hour * HOUR + (int64_t)offset.tm_min * MINUTE;
    *out -= is_ahead ? seconds : -seconds;
    return end != NULL && *end == '\0';
}

/* NULL: it says nothing that can be understood. */
static json_t *read_window(const struct web_answer *answer)
{
    int64_t start = 0;
    int64_t end = 0;
    AUTO_JSON said =
        answer->status == GOOD ? json_loadb(answer->body.data, answer->body.length, 0, NULL) : NULL;
    const json_t *window = json_object_get(said, "suggestedWindow");
    if (!read_moment(json_string_value(json_object_get(window, "start")), &start) ||
        !read_moment(json_string_value(json_object_get(window, "end")), &end)) {
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I}", "start", (json_int_t)start, "end", (json_int_t)end,
                     "ask_after", (json_int_t)answer->retry_after);
}

json_t *verb_windows(const struct question *question, struct arena *arena, struct error *err)
{
    size_t index = 0;
    const json_t *id = NULL;
    AUTO_WEB web = web_open(err);
    const char *url = json_string_value(json_object_get(question->asked, "directory"));
    AUTO_JSON directory = web == NULL ? NULL : directory_read(web, url, arena, NULL, err);
    const char *service = directory_at(directory, "renewalInfo");
    if (directory == NULL) {
        return NULL;
    }
    if (service == NULL) {
        return json_object();
    }
    json_t *windows = json_object();
    json_array_foreach(json_object_get(question->asked, "certificates"), index, id)
    {
        struct web_answer answer = {0};
        const char *text = json_string_value(id);
        const struct web_request request = {.url = arena_printf(arena, "%s/%s", service, text),
                                            .timeout_ms = DIRECTORY_TIMEOUT_MS};
        if (!web_ask(web, &request, arena, &answer, NULL)) {
            break; /* nor would it answer for the others */
        }
        json_t *window = read_window(&answer);
        if (window != NULL) {
            (void)json_object_set_new(windows, text, window);
        }
    }
    return json_pack("{s:o}", "windows", windows);
}
