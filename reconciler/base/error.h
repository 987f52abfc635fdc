/* An error of the outside world. A function that can fail returns bool, takes struct error * last
 * and is marked MUST_CHECK; on false the error is filled and the outputs are as they were.
 * The message reads from the general to the particular: callers wrap on the way up. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/message.h"

#define MUST_CHECK __attribute__((warn_unused_result))

enum error_code {
    ERROR_NONE,
    ERROR_SYSTEM,      /* a system call: number holds errno */
    ERROR_LIMIT,       /* too large, too many, too deep, too late */
    ERROR_FORMAT,      /* bytes that are not what they should be */
    ERROR_REFUSED,     /* the other side said no */
    ERROR_UNAVAILABLE, /* a program, daemon or feature is not there */
    ERROR_LOCKED,      /* another run holds the lock */
};

enum { ERROR_MESSAGE_MAX = 2048 }; /* longer messages keep their beginning and end in "..." */

struct error {
    enum error_code code;
    int number;
    size_t part_count;
    struct message_part parts[MESSAGE_PARTS]; /* of the message: see base/message.h */
    char message[ERROR_MESSAGE_MAX];          /* English */
};

/* The formats are the catalogue's msgids. All return false, so that a caller can write: return
 * error_set(err, ...); err may be NULL where the caller has no use for the reason. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* errno of now, with its text after the message: "open /x: Permission denied". */
bool error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts context before the message: "write /x: open /x.new: Permission denied". */
bool error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same before another error's message, whose code and errno it takes. */
bool error_wrap_other(struct error *err, const struct error *other, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The other error as it is. */
bool error_copy(struct error *err, const struct error *other);
bool error_set_message(struct error *err, enum error_code code, const struct message *message);
/* A text of the catalogue without arguments, handed in by the caller. */
bool error_set_word(struct error *err, enum error_code code, const char *word);
/* Puts more behind the message: a message, a text of the catalogue, words of others. */
bool error_add(struct error *err, enum message_joint joint, const struct message *more);
bool error_add_word(struct error *err, enum message_joint joint, const char *word);
bool error_add_quote(struct error *err, enum message_joint joint, const char *text);
