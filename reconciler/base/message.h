/* A sentence for people that can be put into words of another language when it is shown: its
 * English words, and the formats of the code that they were made by, with the places of the
 * arguments in them. Logs, records and programs get the English words, whoever asks. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/language.h"
#include "base/str.h"

struct error;

enum {
    MESSAGE_ARGUMENTS = 3, /* of one format; one with more stays English */
    MESSAGE_PARTS = 6,     /* of one message; what would be more stays English */
};

struct message_slice {
    uint16_t first;
    uint16_t end;
};

/* How a part follows the one before it. */
enum message_joint {
    MESSAGE_COLON, /* ": ": the general one stands first */
    MESSAGE_ASIDE, /* "; " */
    MESSAGE_LINE,  /* on a line of its own */
    MESSAGE_ARROW, /* " -> ": what becomes of it */
};

struct message_part {
    const char *format; /* of the catalogue; NULL: words of others, slices[0], left as they are */
    struct message_slice slices[MESSAGE_ARGUMENTS]; /* of the message's text */
    unsigned char joint;                            /* enum message_joint */
};

struct message {
    const char *text; /* English */
    const struct message_part *parts;
    size_t part_count; /* 0: words of others */
};

/* On the arena: words and arguments are copied, formats are those of the code. */
const struct message *message_make(struct arena *arena, const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));
const struct message *message_vmake(struct arena *arena, const char *format, va_list arguments)
    __attribute__((returns_nonnull, format(printf, 2, 0)));
/* A text of a table, marked by N_ and without arguments; kept by reference. */
const struct message *message_word(struct arena *arena, const char *word)
    __attribute__((returns_nonnull));
/* What somebody else said, nginx or systemd; or a name. */
const struct message *message_quote(struct arena *arena, const char *text)
    __attribute__((returns_nonnull));
/* True when the words are these; message may be NULL. */
bool message_is(const struct message *message, const char *english);
const struct message *message_of_error(struct arena *arena, const struct error *err)
    __attribute__((returns_nonnull));
const struct message *message_chain(struct arena *arena, const struct message *first,
                                    enum message_joint joint, const struct message *rest)
    __attribute__((returns_nonnull));

/* --- for whoever puts words together --- */

/* Writes the English words of a format into room bytes and says where the arguments stand. Returns
 * the words' length; as with snprintf, one that is not below room means that they were cut. */
size_t message_print(char *bytes, size_t room, struct message_part *out_part, const char *format,
                     va_list arguments) __attribute__((format(printf, 4, 0)));
/* A text of the catalogue; what would look like a format is left as it is. */
struct message_part message_part_word(const char *word);
/* Words of others from first to end. */
struct message_part message_part_quote(size_t first, size_t end);
/* ": ", "; " or a line's end, of English. */
const char *message_joint_text(enum message_joint joint);
/* parts (room for MESSAGE_PARTS) holds count of them, about words of the given length: adds those
 * of more, which will stand behind these. Returns the new count; 0: nothing can be told apart. */
size_t message_parts_add(struct message_part *parts, size_t count, size_t length,
                         enum message_joint joint, const struct message *more);
