/* A struct as JSON and back, by rows: what was found on a host, kept for a plan that is made
 * elsewhere or later. The row's type is taken from the member by _Generic, so a row cannot disagree
 * with its member.
 *
 *     static const struct shape_row file_rows[] = {
 *         SHAPE(struct file_item, mode),
 *         SHAPE_AS("text", struct file_item, text.content),
 *     };
 *     static const struct shape file_shape = SHAPE_OF(struct file_item, file_rows);
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct file_fingerprint; /* base/file.h */
struct message;          /* base/message.h */
struct shape;

enum shape_type {
    SHAPE_TEXT_MEMBER,    /* NULL is null */
    SHAPE_MESSAGE_MEMBER, /* its English words */
    SHAPE_BYTES_MEMBER,   /* what is no text is kept as hexadecimal digits */
    SHAPE_BOOLEAN_MEMBER, /* bool */
    SHAPE_16_MEMBER,      /* unsigned numbers of so many bits */
    SHAPE_32_MEMBER,
    SHAPE_64_MEMBER,
    SHAPE_SIGNED_64_MEMBER,
    SHAPE_NAMES_MEMBER,  /* NULL-terminated; NULL is null */
    SHAPE_COUNT_MEMBER,  /* how many names another member has; behind its row */
    SHAPE_SEEN_MEMBER,   /* a fingerprint: stands for the bytes of what is secret; never read */
    SHAPE_OBJECT_MEMBER, /* pointer to a struct with a shape of its own; NULL is null */
    SHAPE_LIST_MEMBER,   /* a VEC of such structs */
    SHAPE_LEFT_OUT,      /* not what was found, or made again from the rest */
};

struct shape_row {
    const char *name;
    enum shape_type type;
    size_t offset;
    size_t size;
    const struct shape *shape; /* of objects and lists */
    size_t names;              /* of counts: the offset of what is counted */
    bool is_needed;            /* a text or message that is never NULL */
};

struct shape {
    size_t size;
    const struct shape_row *rows;
    size_t count;
};

// clang-format off
#define SHAPE_TYPE_OF(member)                                   \
    _Generic((member),                                          \
        const char *: SHAPE_TEXT_MEMBER,                        \
        const struct message *: SHAPE_MESSAGE_MEMBER,           \
        struct str: SHAPE_BYTES_MEMBER,                         \
        bool: SHAPE_BOOLEAN_MEMBER,                             \
        uint16_t: SHAPE_16_MEMBER,                              \
        unsigned: SHAPE_32_MEMBER,                              \
        unsigned long: SHAPE_64_MEMBER,                         \
        int64_t: SHAPE_SIGNED_64_MEMBER,                        \
        const char *const *: SHAPE_NAMES_MEMBER,                \
        const struct file_fingerprint *: SHAPE_SEEN_MEMBER)
#define SHAPE_ROW(name_, type_, struct_, member_, shape_)       \
    { .name = (name_), .type = (type_), .offset = offsetof(struct_, member_), \
      .size = sizeof(((struct_ *)0)->member_), .shape = (shape_) }
#define SHAPE_AS(name_, struct_, member_) \
    SHAPE_ROW(name_, SHAPE_TYPE_OF(((struct_ *)0)->member_), struct_, member_, NULL)
#define SHAPE(struct_, member_) SHAPE_AS(#member_, struct_, member_)
#define SHAPE_NEEDED(struct_, member_)                          \
    { .name = #member_, .type = SHAPE_TYPE_OF(((struct_ *)0)->member_), \
      .offset = offsetof(struct_, member_), .size = sizeof(((struct_ *)0)->member_), \
      .is_needed = true }
#define SHAPE_OBJECT(struct_, member_, shape_) \
    SHAPE_ROW(#member_, SHAPE_OBJECT_MEMBER, struct_, member_, shape_)
#define SHAPE_LIST(struct_, member_, shape_) \
    SHAPE_ROW(#member_, SHAPE_LIST_MEMBER, struct_, member_, shape_)
#define SHAPE_COUNT(struct_, member_, names_)                   \
    { .name = #member_, .type = SHAPE_COUNT_MEMBER, .offset = offsetof(struct_, member_), \
      .size = sizeof(size_t), .names = offsetof(struct_, names_) }
#define SHAPE_OMIT(struct_, member_) SHAPE_ROW(#member_, SHAPE_LEFT_OUT, struct_, member_, NULL)
#define SHAPE_OF(struct_, rows_) \
    { .size = sizeof(struct_), .rows = (rows_), .count = sizeof(rows_) / sizeof((rows_)[0]) }
// clang-format on

/* Owned by the caller. is_secret: no bytes, but what stat says of them. */
json_t *shape_write(const struct shape *shape, const void *object, bool is_secret);
/* Every row must be there; members without one are zero. out_object has shape->size bytes. */
bool shape_read(const struct shape *shape, const json_t *json, struct arena *arena,
                void *out_object, struct error *err) MUST_CHECK;
/* True when every byte of the struct belongs to a row, but for what aligns members: a new member
 * wants a row, or SHAPE_OMIT. */
bool shape_is_complete(const struct shape *shape);
