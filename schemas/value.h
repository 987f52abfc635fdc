/* The types of a spec's members, and the readers of their scalars. A value knows the node that set
 * it: node is NULL when the value is the field's own default or absent, so "written by somebody"
 * is node != NULL, and an empty list that was written is not an absent one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/node.h"

struct text_value {
    const char *text; /* NULL: absent and without default */
    const struct node *node;
};
struct boolean_value {
    bool is_true;
    const struct node *node;
};
struct integer_value {
    int64_t number;
    const struct node *node;
};
struct port_value {
    uint16_t number; /* 0: absent */
    const struct node *node;
};
struct size_value { /* 16m 1g; plain digits are bytes; powers of 1024 */
    uint64_t bytes;
    const struct node *node;
};
struct duration_value { /* 500ms 30s 5m 12h 7d 2w 1y; plain 0; 1y is 365 days */
    int64_t milliseconds;
    const struct node *node;
};
struct rate_value { /* 10/s 5/m 100/h */
    uint32_t count;
    uint32_t per_seconds; /* 1, 60, 3600; 0: absent */
    const struct node *node;
};
struct mode_value { /* quoted octal: "0640" */
    mode_t bits;
    const struct node *node;
};
struct choice_value {
    int index; /* into the row's choices; -1: absent and without default */
    const struct node *node;
};
struct argv_value { /* words of one line ('...' and "..." group, \ escapes the next character), or a
                       list of words; never a shell */
    const char *const *words; /* NULL-terminated */
    size_t count;
    const struct node *node;
};
struct text_list { /* a single scalar is taken as a list of one */
    const struct text_value *items;
    size_t count;
    const struct node *node;
};
struct text_pair {
    struct text_value key;
    struct text_value value;
};
struct text_map { /* in written order */
    const struct text_pair *items;
    size_t count;
    const struct node *node;
};
struct object { /* the first member of every struct that a nested schema fills */
    const struct node *node;
    const struct node *key; /* of an entry of an object map: key->text is its name; else NULL */
};
struct object_list { /* items: an array of the nested schema's struct, count of them, in order */
    void *items;
    size_t count;
    const struct node *node;
};

/* The words that a text field accepts, as a named rule. */
struct syntax {
    const char *name;    /* "host name": used in messages: expected a host name */
    const char *pattern; /* ECMA 262 regular expression for the JSON Schema; NULL: any text */
    const char *example; /* "shop.example.com" */
    bool (*check)(const char *text);
};

extern const struct syntax syntax_any;          /* any text, also with line breaks */
extern const struct syntax syntax_line;         /* any text without line breaks */
extern const struct syntax syntax_name;         /* a document's or profile's name: [A-Za-z0-9._-] */
extern const struct syntax syntax_host_name;    /* RFC 1123, or an IP address, at most 253 */
extern const struct syntax syntax_server_name;  /* host name, or *.example.com */
extern const struct syntax syntax_path;         /* absolute, normalised: no //, /./ or /../ */
extern const struct syntax syntax_url_path;     /* begins with /; printable, no spaces */
extern const struct syntax syntax_url;          /* http:// or https:// */
extern const struct syntax syntax_header_name;  /* RFC 9110 token */
extern const struct syntax syntax_variable;     /* environment variable: [A-Za-z_][A-Za-z0-9_]* */
extern const struct syntax syntax_user;         /* account: [a-z_][a-z0-9_-]{0,30} */
extern const struct syntax syntax_unit_name;    /* systemd unit with its suffix */
extern const struct syntax syntax_network;      /* address or CIDR network */
extern const struct syntax syntax_domain;       /* DNS name, address or CIDR network */
extern const struct syntax syntax_address_port; /* 127.0.0.1:3000, [::1]:3000, name:3000 */
extern const struct syntax syntax_date;         /* 2026-12-31, or RFC 3339 */

/* Readers of one scalar's text; false when it is not one. Pure. */
bool value_read_boolean(const char *text, bool *out);
bool value_read_integer(const char *text, int64_t *out);
bool value_read_size(const char *text, uint64_t *out);
bool value_read_duration(const char *text, int64_t *out_milliseconds);
bool value_read_rate(const char *text, uint32_t *out_count, uint32_t *out_per_seconds);
bool value_read_mode(const char *text, mode_t *out);
/* A day ("2026-12-31": its first second in UTC) or a time of RFC 3339, as seconds since the epoch.
 */
bool value_read_date(const char *text, int64_t *out_seconds);
bool value_read_port(const char *text, uint16_t *out);
/* "secret:NAME" -> "NAME"; NULL: it names no secret, or is NULL itself. */
const char *value_secret_name(const char *text);
/* The shortest text that is read back to the same value: "16m", "30s". */
const char *value_write_size(struct arena *arena, uint64_t bytes);
const char *value_write_duration(struct arena *arena, int64_t milliseconds);
/* Splits one line into words; false with *out_why set on an unclosed quote. */
bool value_read_argv(struct arena *arena, const char *text, const char *const **out_words,
                     size_t *out_count, const char **out_why);
