/* Walks the rows of a shape. */
#include "model/shape.h"

#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/message.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "model/json.h"

/* What every VEC looks like. */
VEC(any_list, void);
VEC(name_list, const char *);

/* ---- writing -------------------------------------------------------------------------------- */

static bool is_text(struct str bytes)
{
    uint32_t code = 0;
    for (size_t offset = 0; offset < bytes.length;) {
        size_t length = utf8_decode(bytes, offset, &code);
        if (length == 0 || code == 0) {
            return false;
        }
        offset += length;
    }
    return true;
}

static json_t *write_bytes(struct str bytes, bool is_secret)
{
    if (is_secret) {
        return json_pack("{s:b}", "secret", 1);
    }
    if (is_text(bytes)) {
        return json_stringn(bytes.data == NULL ? "" : bytes.data, bytes.length);
    }
    static const char digits[] = "0123456789abcdef";
    AUTO_ARENA arena = arena_create();
    char *hex = arena_alloc(arena, 2 * bytes.length);
    for (size_t i = 0; i < bytes.length; i++) {
        hex[2 * i] = digits[(unsigned char)bytes.data[i] >> 4U];
        hex[2 * i + 1] = digits[(unsigned char)bytes.data[i] & 0xfU];
    }
    return json_pack("{s:s%}", "hex", hex, 2 * bytes.length);
}

/* Of a secret only: whether it is still the same is told without a word of it. */
static json_t *write_seen(const struct file_fingerprint *seen, bool is_secret)
{
    char digest[DIGEST_HEX_SIZE];
    if (seen == NULL || !is_secret) {
        return json_null();
    }
    const uint64_t numbers[] = {seen->device, seen->inode, (uint64_t)seen->size,
                                (uint64_t)seen->mtime_ns, (uint64_t)seen->ctime_ns};
    digest_hex((struct str){(const char *)numbers, sizeof(numbers)}, digest);
    return json_string(digest);
}

static json_t *write_message(const struct message *message)
{
    return json_text(message == NULL ? NULL : message->text);
}

static json_t *write_names(const char *const *names)
{
    if (names == NULL) {
        return json_null();
    }
    json_t *list = json_array();
    for (size_t i = 0; names[i] != NULL; i++) {
        (void)json_array_append_new(list, json_text(names[i]));
    }
    return list;
}

static json_t *write_list(const struct shape *shape, const struct any_list *list, bool is_secret)
{
    json_t *out = json_array();
    const char *at = list->items;
    for (size_t i = 0; i < list->count; i++, at += shape->size) {
        (void)json_array_append_new(out, shape_write(shape, at, is_secret));
    }
    return out;
}

static json_t *write_member(const struct shape_row *row, const void *member, bool is_secret)
{
    const void *pointer = NULL;
    switch (row->type) {
    case SHAPE_TEXT_MEMBER:
        return json_text(*(const char *const *)member);
    case SHAPE_MESSAGE_MEMBER:
        return write_message(*(const struct message *const *)member);
    case SHAPE_BYTES_MEMBER:
        return write_bytes(*(const struct str *)member, is_secret);
    case SHAPE_BOOLEAN_MEMBER:
        return json_boolean(*(const bool *)member);
    case SHAPE_16_MEMBER:
        return json_integer(*(const uint16_t *)member);
    case SHAPE_32_MEMBER:
        return json_integer(*(const unsigned *)member);
    case SHAPE_64_MEMBER:
        return json_integer((json_int_t) * (const unsigned long *)member);
    case SHAPE_SIGNED_64_MEMBER:
        return json_integer(*(const int64_t *)member);
    case SHAPE_NAMES_MEMBER:
        return write_names(*(const char *const *const *)member);
    case SHAPE_SEEN_MEMBER:
        return write_seen(*(const struct file_fingerprint *const *)member, is_secret);
    case SHAPE_OBJECT_MEMBER:
        pointer = *(const void *const *)member;
        return pointer == NULL ? json_null() : shape_write(row->shape, pointer, is_secret);
    case SHAPE_LIST_MEMBER:
        return write_list(row->shape, member, is_secret);
    default:
        return NULL;
    }
}

json_t *shape_write(const struct shape *shape, const void *object, bool is_secret)
{
    json_t *json = json_object();
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_row *row = &shape->rows[i];
        if (row->type != SHAPE_LEFT_OUT && row->type != SHAPE_COUNT_MEMBER) {
            (void)json_object_set_new(
                json, row->name, write_member(row, (const char *)object + row->offset, is_secret));
        }
    }
    return json;
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_text(const struct shape_row *row, const json_t *json, struct arena *arena,
                      const char **out)
{
    *out = json_is_string(json) ? arena_strdup(arena, json_string_value(json)) : NULL;
    return json_is_string(json) || (json_is_null(json) && !row->is_needed);
}

static bool read_message(const struct shape_row *row, const json_t *json, struct arena *arena,
                         const struct message **out)
{
    const char *text = NULL;
    bool is_read = read_text(row, json, arena, &text);
    *out = text == NULL ? NULL : message_quote(arena, text);
    return is_read;
}

static bool read_hex(const char *hex, struct arena *arena, struct str *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = strlen(hex);
    if (length % 2 != 0 || strspn(hex, digits) != length) {
        return false;
    }
    char *bytes = arena_alloc(arena, length / 2 + 1);
    for (size_t i = 0; i < length / 2; i++) {
        size_t high = (size_t)(strchr(digits, hex[2 * i]) - digits);
        size_t low = (size_t)(strchr(digits, hex[2 * i + 1]) - digits);
        bytes[i] = (char)(high << 4U | low);
    }
    bytes[length / 2] = '\0';
    *out = (struct str){bytes, length / 2};
    return true;
}

static bool read_bytes(const json_t *json, struct arena *arena, struct str *out)
{
    const char *hex = json_string_value(json_object_get(json, "hex"));
    if (json_is_string(json)) {
        size_t size = json_string_length(json);
        *out = (struct str){arena_strndup(arena, json_string_value(json), size), size};
        return true;
    }
    if (json_is_true(json_object_get(json, "secret"))) {
        *out = STR("");
        return true;
    }
    return hex != NULL && read_hex(hex, arena, out);
}

/* Unsigned, of the size of the row. */
static bool read_number(const struct shape_row *row, const json_t *json, void *member)
{
    json_int_t number = json_integer_value(json);
    bool fits = json_is_integer(json) && number >= 0;
    if (row->type == SHAPE_16_MEMBER) {
        *(uint16_t *)member = (uint16_t)number;
        return fits && number <= UINT16_MAX;
    }
    if (row->type == SHAPE_32_MEMBER) {
        *(unsigned *)member = (unsigned)number;
        return fits && number <= UINT32_MAX;
    }
    *(unsigned long *)member = (unsigned long)number;
    return fits;
}

static bool read_names(const json_t *json, struct arena *arena, const char *const **out)
{
    struct name_list names = {0};
    size_t index = 0;
    const json_t *entry = NULL;
    *out = NULL;
    if (json_is_null(json)) {
        return true;
    }
    json_array_foreach(json, index, entry)
    {
        if (!json_is_string(entry)) {
            return false;
        }
        vec_add(arena, &names, arena_strdup(arena, json_string_value(entry)));
    }
    vec_add(arena, &names, NULL);
    *out = names.items;
    return json_is_array(json);
}

static bool read_object(const struct shape *shape, const json_t *json, struct arena *arena,
                        const void **out, struct error *err)
{
    *out = NULL;
    if (json_is_null(json)) {
        return true;
    }
    void *object = arena_alloc(arena, shape->size);
    *out = object;
    return shape_read(shape, json, arena, object, err);
}

static bool read_list(const struct shape *shape, const json_t *json, struct arena *arena,
                      struct any_list *out, struct error *err)
{
    size_t count = json_array_size(json);
    char *items = arena_array(arena, count, shape->size);
    for (size_t i = 0; i < count; i++) {
        if (!shape_read(shape, json_array_get(json, i), arena, items + i * shape->size, err)) {
            return false;
        }
    }
    *out = (struct any_list){items, count, count};
    return json_is_array(json);
}

static bool read_member(const struct shape_row *row, const json_t *json, struct arena *arena,
                        void *member, struct error *err)
{
    switch (row->type) {
    case SHAPE_TEXT_MEMBER:
        return read_text(row, json, arena, member);
    case SHAPE_MESSAGE_MEMBER:
        return read_message(row, json, arena, member);
    case SHAPE_BYTES_MEMBER:
        return read_bytes(json, arena, member);
    case SHAPE_BOOLEAN_MEMBER:
        *(bool *)member = json_is_true(json);
        return json_is_boolean(json);
    case SHAPE_16_MEMBER:
    case SHAPE_32_MEMBER:
    case SHAPE_64_MEMBER:
        return read_number(row, json, member);
    case SHAPE_SIGNED_64_MEMBER:
        *(int64_t *)member = json_integer_value(json);
        return json_is_integer(json);
    case SHAPE_NAMES_MEMBER:
        return read_names(json, arena, member);
    case SHAPE_OBJECT_MEMBER:
        return read_object(row->shape, json, arena, member, err);
    case SHAPE_LIST_MEMBER:
        return read_list(row->shape, json, arena, member, err);
    default:
        return json != NULL; /* a fingerprint: of no use elsewhere */
    }
}

static void count_names(const struct shape_row *row, char *object)
{
    const char *const *names = *(const char *const *const *)(const void *)(object + row->names);
    size_t count = 0;
    while (names != NULL && names[count] != NULL) {
        count++;
    }
    memcpy(object + row->offset, &count, sizeof(count));
}

bool shape_read(const struct shape *shape, const json_t *json, struct arena *arena,
                void *out_object, struct error *err)
{
    memset(out_object, 0, shape->size);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_row *row = &shape->rows[i];
        struct error why = {0};
        if (row->type == SHAPE_COUNT_MEMBER) {
            count_names(row, out_object);
            continue;
        }
        if (row->type == SHAPE_LEFT_OUT || read_member(row, json_object_get(json, row->name), arena,
                                                       (char *)out_object + row->offset, &why)) {
            continue;
        }
        return why.code != ERROR_NONE
                   ? error_set(err, why.code, "%s: %s", row->name, why.message)
                   : error_set(err, ERROR_FORMAT, "%s is missing or not what it should be",
                               row->name);
    }
    return true;
}

/* ---- completeness --------------------------------------------------------------------------- */

/* The end of the row that covers offset, or that begins within an alignment behind it; 0: none. */
static size_t covered_to(const struct shape *shape, size_t offset)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_row *row = &shape->rows[i];
        size_t end = row->offset + row->size;
        if (row->offset < offset + sizeof(void *) && end > offset) {
            return end;
        }
    }
    return 0;
}

bool shape_is_complete(const struct shape *shape)
{
    size_t offset = 0;
    while (offset + sizeof(void *) <= shape->size) {
        size_t end = covered_to(shape, offset);
        if (end == 0) {
            return false;
        }
        offset = end;
    }
    return true;
}
