/* Formats once, and remembers where in the words each argument stands: another language's format
 * takes them from there, in its own order. */

#include "base/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- Formats --------------------------------------------------------------------------------- */

enum argument_type {
    ARGUMENT_UNKNOWN,
    ARGUMENT_TEXT,
    ARGUMENT_INT,
    ARGUMENT_LONG,
    ARGUMENT_LONG_LONG,
    ARGUMENT_SIZE,
    ARGUMENT_MAX_WIDTH,
};

/* "%-8.*s" as it stands in a format. */
struct conversion {
    char text[16]; /* the same alone, ending in NUL */
    size_t length;
    size_t stars; /* int arguments before its own */
    enum argument_type type;
};

static enum argument_type integer_type(const char *modifier, size_t length)
{
    static const struct {
        const char *modifier;
        enum argument_type type;
    } rows[] = {
        {"", ARGUMENT_INT},        {"hh", ARGUMENT_INT}, {"h", ARGUMENT_INT},
        {"l", ARGUMENT_LONG},      {"z", ARGUMENT_SIZE}, {"ll", ARGUMENT_LONG_LONG},
        {"j", ARGUMENT_MAX_WIDTH},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strlen(rows[i].modifier) == length &&
            strncmp(rows[i].modifier, modifier, length) == 0) {
            return rows[i].type;
        }
    }
    return ARGUMENT_UNKNOWN;
}

/* at stands on the percent sign. */
static struct conversion conversion_read(const char *at)
{
    struct conversion conversion = {.type = ARGUMENT_UNKNOWN};
    const char *end = at + 1;
    end += strspn(end, "-+ #0123456789.*");
    for (const char *c = at; c < end; c++) {
        conversion.stars += *c == '*';
    }
    const char *modifier = end;
    end += strspn(end, "hlzj");
    size_t modifier_length = (size_t)(end - modifier);
    if (*end == 's' && modifier_length == 0) {
        conversion.type = ARGUMENT_TEXT;
    } else if (*end == 'c' && modifier_length == 0) {
        conversion.type = ARGUMENT_INT;
    } else if (*end != '\0' && strchr("diuxXo", *end) != NULL) {
        conversion.type = integer_type(modifier, modifier_length);
    }
    conversion.length = (size_t)(end + 1 - at);
    if (*end == '\0' || conversion.length >= sizeof(conversion.text) || conversion.stars > 1) {
        conversion.type = ARGUMENT_UNKNOWN;
        return conversion;
    }
    memcpy(conversion.text, at, conversion.length);
    return conversion;
}

/* The conversions of a format; false when one is none of those above, or there are too many. */
static bool is_understood(const char *format)
{
    size_t count = 0;
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
        if (at[1] == '%') {
            at += 2;
            continue;
        }
        struct conversion conversion = conversion_read(at);
        if (conversion.type == ARGUMENT_UNKNOWN || ++count > MESSAGE_ARGUMENTS) {
            return false;
        }
        at += conversion.length;
    }
    return true;
}

/* ---- Words ----------------------------------------------------------------------------------- */

struct writer {
    char *bytes;
    size_t room;
    size_t length; /* what there would be, had it all fit */
};

static void add(struct writer *writer, const char *data, size_t length)
{
    if (writer->length < writer->room) {
        size_t left = writer->room - writer->length;
        memcpy(writer->bytes + writer->length, data, length < left ? length : left);
    }
    writer->length += length;
}

static void end_words(struct writer *writer)
{
    if (writer->room > 0) {
        size_t last = writer->room - 1;
        writer->bytes[writer->length < last ? writer->length : last] = '\0';
    }
}

/* Takes the conversion's arguments off the list. */
static void skip_argument(const struct conversion *conversion, va_list *arguments)
{
    if (conversion->stars > 0) {
        (void)va_arg(*arguments, int);
    }
    switch (conversion->type) {
    /* NOLINTNEXTLINE(bugprone-branch-clone): the types differ */
    case ARGUMENT_TEXT:
        (void)va_arg(*arguments, const char *);
        break;
    case ARGUMENT_LONG:
        (void)va_arg(*arguments, long);
        break;
    case ARGUMENT_LONG_LONG:
        (void)va_arg(*arguments, long long);
        break;
    case ARGUMENT_SIZE:
        (void)va_arg(*arguments, size_t);
        break;
    case ARGUMENT_MAX_WIDTH:
        (void)va_arg(*arguments, intmax_t);
        break;
    default:
        (void)va_arg(*arguments, int);
        break;
    }
}

/* The conversion was cut out of a literal format, which the compiler has checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_argument(struct writer *writer, const struct conversion *conversion,
                         va_list *arguments)
{
    size_t left = writer->length < writer->room ? writer->room - writer->length : 0;
    char *at = left == 0 ? NULL : writer->bytes + writer->length;
    va_list own;
    va_copy(own, *arguments);
    int length = vsnprintf(at, left, conversion->text, own);
    va_end(own);
    assert(length >= 0);
    writer->length += (size_t)length;
    skip_argument(conversion, arguments);
}
#pragma GCC diagnostic pop

static void print_parts(struct writer *writer, struct message_part *part, const char *format,
                        va_list *arguments)
{
    size_t count = 0;
    while (*format != '\0') {
        size_t length = strcspn(format, "%");
        add(writer, format, length);
        format += length;
        if (*format == '\0') {
            return;
        }
        if (format[1] == '%') {
            add(writer, "%", 1);
            format += 2;
            continue;
        }
        struct conversion conversion = conversion_read(format);
        size_t first = writer->length;
        add_argument(writer, &conversion, arguments);
        if (writer->length <= UINT16_MAX) {
            part->slices[count++] =
                (struct message_slice){(uint16_t)first, (uint16_t)writer->length};
        }
        format += conversion.length;
    }
}

/* Only what somebody else said. */
static bool is_quote(const char *format)
{
    return strcmp(format, "%s") == 0;
}

struct message_part message_part_quote(size_t first, size_t end)
{
    return (struct message_part){.slices = {{(uint16_t)first, (uint16_t)end}}};
}

struct message_part message_part_word(const char *word)
{
    size_t length = strlen(word);
    if (strchr(word, '%') != NULL) {
        return message_part_quote(0, length > UINT16_MAX ? UINT16_MAX : length);
    }
    return (struct message_part){.format = word};
}

size_t message_print(char *bytes, size_t room, struct message_part *out_part, const char *format,
                     va_list arguments)
{
    struct writer writer = {.bytes = bytes, .room = room};
    *out_part = (struct message_part){.format = format};
    va_list left;
    va_copy(left, arguments);
    if (is_understood(format)) {
        print_parts(&writer, out_part, format, &left);
        end_words(&writer);
    } else {
        int length = vsnprintf(bytes, room, format, left);
        assert(length >= 0);
        writer.length = (size_t)length;
        out_part->format = NULL;
    }
    va_end(left);
    size_t end = writer.length > UINT16_MAX ? UINT16_MAX : writer.length;
    if (end >= room || end < writer.length || out_part->format == NULL || is_quote(format)) {
        *out_part = message_part_quote(0, end);
    }
    return writer.length;
}

/* ---- Messages -------------------------------------------------------------------------------- */

const struct message *message_vmake(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    size_t room = (size_t)length + 1;
    char *text = arena_alloc(arena, room);
    struct message_part *part = arena_new(arena, struct message_part);
    (void)message_print(text, room, part, format, arguments); /* measured above */
    struct message *message = arena_new(arena, struct message);
    *message = (struct message){text, part, length > UINT16_MAX ? 0 : 1};
    return message;
}

const struct message *message_make(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const struct message *message = message_vmake(arena, format, arguments);
    va_end(arguments);
    return message;
}

const struct message *message_quote(struct arena *arena, const char *text)
{
    struct message *message = arena_new(arena, struct message);
    *message = (struct message){.text = arena_strdup(arena, text)};
    return message;
}

const struct message *message_word(struct arena *arena, const char *word)
{
    struct message_part *part = arena_new(arena, struct message_part);
    struct message *message = arena_new(arena, struct message);
    *part = message_part_word(word);
    *message = (struct message){word, part, 1};
    return message;
}

bool message_is(const struct message *message, const char *english)
{
    return message != NULL && strcmp(message->text, english) == 0;
}

const struct message *message_of_error(struct arena *arena, const struct error *err)
{
    struct message *message = arena_new(arena, struct message);
    struct message_part *parts = arena_array(arena, err->part_count, sizeof(*parts));
    memcpy(parts, err->parts, err->part_count * sizeof(*parts));
    *message = (struct message){arena_strdup(arena, err->message), parts, err->part_count};
    return message;
}

const char *message_joint_text(enum message_joint joint)
{
    static const char *const texts[] = {[MESSAGE_COLON] = ": ",
                                        [MESSAGE_ASIDE] = "; ",
                                        [MESSAGE_LINE] = "\n",
                                        [MESSAGE_ARROW] = " -> "};
    return texts[joint];
}

size_t message_parts_add(struct message_part *parts, size_t count, size_t length,
                         enum message_joint joint, const struct message *more)
{
    size_t shift = length + strlen(message_joint_text(joint));
    size_t end = shift + strlen(more->text);
    if (count == 0 || count >= MESSAGE_PARTS || end > UINT16_MAX) {
        return 0;
    }
    size_t added = more->part_count;
    if (added == 0 || count + added > MESSAGE_PARTS) {
        parts[count] = message_part_quote(shift, end);
        added = 1;
    } else {
        memcpy(&parts[count], more->parts, added * sizeof(*parts));
        for (size_t i = count; i < count + added; i++) {
            for (size_t k = 0; k < MESSAGE_ARGUMENTS; k++) {
                struct message_slice *slice = &parts[i].slices[k];
                slice->first = (uint16_t)(slice->first + shift);
                slice->end = (uint16_t)(slice->end + shift);
            }
        }
    }
    parts[count].joint = (unsigned char)joint;
    return count + added;
}

/* Words of others are one part when something follows them. */
static size_t first_parts(const struct message *first, struct message_part *parts)
{
    size_t length = strlen(first->text);
    if (first->part_count > 0) {
        memcpy(parts, first->parts, first->part_count * sizeof(*parts));
        return first->part_count;
    }
    parts[0] = message_part_quote(0, length);
    return length > UINT16_MAX ? 0 : 1;
}

const struct message *message_chain(struct arena *arena, const struct message *first,
                                    enum message_joint joint, const struct message *rest)
{
    struct message_part *parts = arena_array(arena, MESSAGE_PARTS, sizeof(*parts));
    size_t count = first_parts(first, parts);
    count = message_parts_add(parts, count, strlen(first->text), joint, rest);
    const char *text =
        arena_printf(arena, "%s%s%s", first->text, message_joint_text(joint), rest->text);
    struct message *message = arena_new(arena, struct message);
    *message = (struct message){text, parts, count};
    return message;
}
