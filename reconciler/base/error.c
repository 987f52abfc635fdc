/* Fills struct error. A message that is too long keeps its beginning, which is general, and loses
 * its end; it is never cut inside a UTF-8 sequence. */

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Builds beside the error first: the arguments may point into its message. */
struct draft {
    char bytes[ERROR_MESSAGE_MAX];
    size_t length;
    struct message_part parts[MESSAGE_PARTS];
    size_t part_count;
};

static void cut_with_dots(struct draft *draft)
{
    size_t end = sizeof(draft->bytes) - sizeof("...");
    while (end > 0 && ((unsigned char)draft->bytes[end] & 0xC0U) == 0x80U) {
        end--; /* a continuation byte: its sequence goes whole */
    }
    memcpy(draft->bytes + end, "...", sizeof("..."));
    draft->length = end + strlen("...");
    draft->parts[0] = message_part_quote(0, draft->length);
    draft->part_count = 1;
}

static void __attribute__((format(printf, 2, 0)))
draft_begin(struct draft *draft, const char *format, va_list arguments)
{
    draft->length =
        message_print(draft->bytes, sizeof(draft->bytes), &draft->parts[0], format, arguments);
    draft->part_count = 1;
    if (draft->length >= sizeof(draft->bytes)) {
        cut_with_dots(draft);
    }
}

static void add_bytes(struct draft *draft, const char *text)
{
    size_t length = strlen(text);
    size_t room = sizeof(draft->bytes) - 1;
    if (draft->length < room) {
        size_t left = room - draft->length;
        memcpy(draft->bytes + draft->length, text, length < left ? length : left);
    }
    draft->length += length;
}

static void draft_add(struct draft *draft, enum message_joint joint, const struct message *more)
{
    draft->part_count =
        message_parts_add(draft->parts, draft->part_count, draft->length, joint, more);
    add_bytes(draft, message_joint_text(joint));
    add_bytes(draft, more->text);
    if (draft->length >= sizeof(draft->bytes)) {
        cut_with_dots(draft);
    }
}

static struct message as_message(const struct error *err)
{
    return (struct message){err->message, err->parts, err->part_count};
}

static void draft_take(struct draft *draft, const struct message *message)
{
    draft->part_count = message->part_count;
    if (message->part_count > 0) {
        memcpy(draft->parts, message->parts, message->part_count * sizeof(draft->parts[0]));
    } else {
        draft->parts[0] = message_part_quote(0, strlen(message->text));
        draft->part_count = 1;
    }
    add_bytes(draft, message->text);
    if (draft->length >= sizeof(draft->bytes)) {
        cut_with_dots(draft);
    }
}

static void store(struct error *err, enum error_code code, int number, const struct draft *draft)
{
    err->code = code;
    err->number = number;
    err->part_count = draft->part_count;
    memcpy(err->parts, draft->parts, sizeof(err->parts));
    memcpy(err->message, draft->bytes, draft->length + 1);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    draft_begin(&draft, format, arguments);
    va_end(arguments);
    store(err, code, 0, &draft);
    return false;
}

/* What the system says of errno; its texts are in the catalogue too. */
static void add_description(struct draft *draft, int number)
{
    enum { NUMBER_ROOM = 32 };
    const char *description = strerrordesc_np(number);
    const struct message_part part = {.format = description};
    char unknown[NUMBER_ROOM];
    (void)snprintf(unknown, sizeof(unknown), "error %d", number); /* fits */
    const struct message message = {.text = description == NULL ? unknown : description,
                                    .parts = &part,
                                    .part_count = description == NULL ? 0 : 1};
    draft_add(draft, MESSAGE_COLON, &message);
}

bool error_errno(struct error *err, const char *format, ...)
{
    int number = errno;
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    draft_begin(&draft, format, arguments);
    va_end(arguments);
    add_description(&draft, number);
    store(err, ERROR_SYSTEM, number, &draft);
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    draft_begin(&draft, format, arguments);
    va_end(arguments);
    const struct message rest = as_message(err);
    draft_add(&draft, MESSAGE_COLON, &rest);
    store(err, err->code, err->number, &draft);
    return false;
}

bool error_wrap_other(struct error *err, const struct error *other, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    draft_begin(&draft, format, arguments);
    va_end(arguments);
    const struct message rest = as_message(other);
    draft_add(&draft, MESSAGE_COLON, &rest);
    store(err, other->code, other->number, &draft);
    return false;
}

bool error_copy(struct error *err, const struct error *other)
{
    if (err != NULL) {
        *err = *other;
    }
    return false;
}

bool error_set_message(struct error *err, enum error_code code, const struct message *message)
{
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    draft_take(&draft, message);
    store(err, code, 0, &draft);
    return false;
}

bool error_add(struct error *err, enum message_joint joint, const struct message *more)
{
    if (err == NULL) {
        return false;
    }
    struct draft draft = {.length = 0};
    const struct message first = as_message(err);
    draft_take(&draft, &first);
    draft_add(&draft, joint, more);
    store(err, err->code, err->number, &draft);
    return false;
}

bool error_set_word(struct error *err, enum error_code code, const char *word)
{
    const struct message_part part = message_part_word(word);
    const struct message message = {word, &part, 1};
    return error_set_message(err, code, &message);
}

bool error_add_word(struct error *err, enum message_joint joint, const char *word)
{
    const struct message_part part = message_part_word(word);
    const struct message message = {word, &part, 1};
    return error_add(err, joint, &message);
}

bool error_add_quote(struct error *err, enum message_joint joint, const char *text)
{
    const struct message message = {.text = text};
    return error_add(err, joint, &message);
}
