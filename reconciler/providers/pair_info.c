/* A first line that names the format, then "key value" lines; a name for each "name" line. No value
 * holds a line break: pair_describe escapes what is not plain. */

#include "providers/pair_info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

#define INFO_HEAD "reconcile pair 2"

VEC(name_list, const char *);

struct str pair_info_write(const struct certificate_pair *pair, struct arena *arena)
{
    struct text text = text_make(arena);
    text_line(&text, "%s", INFO_HEAD);
    text_line(&text, "key %s", pair->key_type);
    text_line(&text, "issuer %s", pair->issued_by);
    text_line(&text, "fingerprint %s", pair->fingerprint);
    if (pair->renewal_id != NULL) {
        text_line(&text, "renewal %s", pair->renewal_id);
    }
    text_line(&text, "starts %" PRId64, pair->starts_at);
    text_line(&text, "expires %" PRId64, pair->expires_at);
    for (size_t i = 0; i < pair->name_count; i++) {
        text_line(&text, "name %s", pair->names[i]);
    }
    return text_str(&text);
}

static bool read_time(const char *value, int64_t *out)
{
    char *end = NULL;
    *out = strtoimax(value, &end, 10);
    return end != value && *end == '\0';
}

static bool read_line(const char *key, const char *value, struct arena *arena,
                      struct certificate_pair *pair, struct name_list *names)
{
    if (strcmp(key, "name") == 0) {
        vec_add(arena, names, value);
    } else if (strcmp(key, "key") == 0) {
        pair->key_type = value;
    } else if (strcmp(key, "issuer") == 0) {
        pair->issued_by = value;
    } else if (strcmp(key, "fingerprint") == 0) {
        pair->fingerprint = value;
    } else if (strcmp(key, "renewal") == 0) {
        pair->renewal_id = value;
    } else if (strcmp(key, "starts") == 0) {
        return read_time(value, &pair->starts_at);
    } else if (strcmp(key, "expires") == 0) {
        return read_time(value, &pair->expires_at);
    } else {
        return false;
    }
    return true;
}

const struct certificate_pair *pair_info_read(struct str text, struct arena *arena)
{
    struct certificate_pair *pair = arena_new(arena, struct certificate_pair);
    pair->has_key = true; /* only such pairs are stored, and nothing has changed since */
    struct name_list names = {0};
    char *rest = arena_strndup(arena, text.data, text.length);
    if (strcmp(strsep(&rest, "\n"), INFO_HEAD) != 0) {
        return NULL;
    }
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        const char *key = strsep(&line, " ");
        if (line == NULL || !read_line(key, line, arena, pair, &names)) {
            return NULL;
        }
    }
    pair->name_count = names.count;
    vec_add(arena, &names, NULL);
    pair->names = names.items;
    bool is_whole = pair->key_type != NULL && pair->issued_by != NULL &&
                    pair->fingerprint != NULL && pair->expires_at > pair->starts_at;
    return is_whole ? pair : NULL;
}
