/* How the API writes values. */

#include "statusd/api_json.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/utf8.h"
#include "statusd/moment.h"

/* The text with U+FFFD for every byte that is no UTF-8: the library refuses such a text whole. */
json_t *json_text(struct arena *arena, const char *text)
{
    if (text == NULL) {
        return json_null();
    }
    struct str bytes = str_of(text);
    struct text clean = text_make(arena);
    for (size_t offset = 0; offset < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (length == 0) {
            text_add(&clean, "\xef\xbf\xbd");
            offset++;
        } else {
            text_add_str(&clean, (struct str){bytes.data + offset, length});
            offset += length;
        }
    }
    return json_stringn(clean.data, clean.length);
}

json_t *json_moment(struct arena *arena, int64_t at)
{
    return at == 0 ? json_null() : json_string(moment_iso(arena, at));
}

/* Sets a member; a value that could not be made (no memory) shows as null. */
void json_set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value != NULL ? value : json_null());
}

void json_set_text(struct arena *arena, json_t *object, const char *name, const char *text)
{
    json_set(object, name, json_text(arena, text));
}

void json_set_number(json_t *object, const char *name, int64_t number)
{
    json_set(object, name, json_integer(number));
}

void json_set_moment(struct arena *arena, json_t *object, const char *name, int64_t at)
{
    json_set(object, name, json_moment(arena, at));
}

void api_set_next(struct request *request, json_t *object, const char *key)
{
    json_set_text(request->arena, object, "next",
                  key == NULL ? NULL : request_url(request, "after", key));
}

const char *api_number_key(struct arena *arena, int64_t number)
{
    return arena_printf(arena, "%lld", (long long)number);
}

void api_answer(struct request *request, json_t *value, struct response *out_response)
{
    char *body = json_dumps(value, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(value);
    *out_response = (struct response){
        .status = 200,
        .type = "application/json",
        .body = str_of(arena_strdup(request->arena, body != NULL ? body : "{}")),
    };
    free(body);
}

void api_answer_page(struct request *request, const char *name, json_t *list, int64_t total,
                     const char *key, struct response *out_response)
{
    json_t *object = json_object();
    json_set(object, name, list);
    json_set_number(object, "total", total);
    api_set_next(request, object, key);
    api_answer(request, object, out_response);
}
