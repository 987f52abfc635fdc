/* Fills struct error. A message that is too long keeps its beginning, which is general, and loses
 * its end; it is never cut inside a UTF-8 sequence. */

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Builds beside the error first: the arguments may point into its message. */
struct message {
    char bytes[ERROR_MESSAGE_MAX];
    size_t length;
};

static void cut_with_dots(struct message *message)
{
    size_t end = sizeof(message->bytes) - sizeof("...");
    while (end > 0 && ((unsigned char)message->bytes[end] & 0xC0U) == 0x80U) {
        end--; /* a continuation byte: its sequence goes whole */
    }
    memcpy(message->bytes + end, "...", sizeof("..."));
    message->length = end + strlen("...");
}

static void __attribute__((format(printf, 2, 0)))
message_vadd(struct message *message, const char *format, va_list arguments)
{
    size_t room = sizeof(message->bytes) - message->length;
    int length = vsnprintf(message->bytes + message->length, room, format, arguments);
    if (length >= 0 && (size_t)length < room) {
        message->length += (size_t)length;
    } else {
        cut_with_dots(message);
    }
}

static void __attribute__((format(printf, 2, 3)))
message_add(struct message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message_vadd(message, format, arguments);
    va_end(arguments);
}

static void store(struct error *err, enum error_code code, int number,
                  const struct message *message)
{
    err->code = code;
    err->number = number;
    memcpy(err->message, message->bytes, message->length + 1);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    struct message message = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    message_vadd(&message, format, arguments);
    va_end(arguments);
    store(err, code, 0, &message);
    return false;
}

bool error_errno(struct error *err, const char *format, ...)
{
    int number = errno;
    if (err == NULL) {
        return false;
    }
    struct message message = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    message_vadd(&message, format, arguments);
    va_end(arguments);
    const char *description = strerrordesc_np(number);
    if (description != NULL) {
        message_add(&message, ": %s", description);
    } else {
        message_add(&message, ": error %d", number);
    }
    store(err, ERROR_SYSTEM, number, &message);
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    struct message message = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    message_vadd(&message, format, arguments);
    va_end(arguments);
    message_add(&message, ": %s", err->message);
    store(err, err->code, err->number, &message);
    return false;
}
