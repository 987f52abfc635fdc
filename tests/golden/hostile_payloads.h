/* The hostile texts: what ends a value, a line or a block of nginx, systemd or an environment, what
 * they expand, and what terminals and people are misled by. */
#pragma once

#include "golden/hostile_judge.h"

#define PAYLOAD(yaml_, text_)                                                                      \
    {                                                                                              \
        yaml_, sizeof(yaml_) - 1, text_                                                            \
    }
#define REFUSED(yaml_)                                                                             \
    {                                                                                              \
        yaml_, sizeof(yaml_) - 1, NULL                                                             \
    }

/* What would be seen if it got out of its quotes: no program knows these words. */
static const struct payload payloads[] = {
    PAYLOAD("\\n", "\n"),
    PAYLOAD("\\nRcEscaped=yes\\n", "\nRcEscaped=yes\n"),
    PAYLOAD("\\n[RcEscaped]\\n", "\n[RcEscaped]\n"),
    PAYLOAD("\\nrc_escaped on;\\n", "\nrc_escaped on;\n"),
    PAYLOAD("\\\"", "\""),
    PAYLOAD("\\\"; rc_escaped on; \\\"", "\"; rc_escaped on; \""),
    PAYLOAD("'", "'"),
    PAYLOAD("'; rc_escaped on; '", "'; rc_escaped on; '"),
    PAYLOAD(";", ";"),
    PAYLOAD("; rc_escaped on;", "; rc_escaped on;"),
    PAYLOAD("{", "{"),
    PAYLOAD("} rc_escaped {", "} rc_escaped {"),
    PAYLOAD("}", "}"),
    PAYLOAD("#", "#"),
    PAYLOAD(" # x", " # x"),
    PAYLOAD("$", "$"),
    PAYLOAD("$rc_escaped", "$rc_escaped"),
    PAYLOAD("${rc_escaped}", "${rc_escaped}"),
    PAYLOAD("${rc_dollar}", "${rc_dollar}"),
    PAYLOAD("%", "%"),
    PAYLOAD("%Z", "%Z"),
    PAYLOAD("%%", "%%"),
    PAYLOAD("\\\\", "\\"),
    PAYLOAD("\\\\\\\\", "\\\\"),
    PAYLOAD("\\\\n", "\\n"),
    PAYLOAD("\\\\\\n", "\\\n"),
    PAYLOAD("\\\\x41", "\\x41"),
    PAYLOAD("\\t", "\t"),
    PAYLOAD(" ", " "),
    PAYLOAD("  ", "  "),
    PAYLOAD("/../", "/../"),
    PAYLOAD("//", "//"),
    PAYLOAD("`id`$(id)|&&<>", "`id`$(id)|&&<>"),
    PAYLOAD("\\u0639\\xe9\\u20ac", "\xd8\xb9\xc3\xa9\xe2\x82\xac"),
    REFUSED("\\0"),
    REFUSED("\0"),
    REFUSED("\\e[31m"),
    REFUSED("\x1b[31m"),
    REFUSED("\\r"),
    REFUSED("\\x9b"),
    REFUSED("\\u2028"),
    REFUSED("\\u202e"),
    REFUSED("\xe2\x80\xae"),
    REFUSED("\\u2066"),
    REFUSED("\\u200f"),
    REFUSED("\xff"),
    REFUSED("\xc0\xaf"),
    REFUSED("\xed\xa0\x80"),
};
enum { PAYLOAD_COUNT = sizeof(payloads) / sizeof(payloads[0]) };

/* Many of one byte: within the limits of YAML, longer than what nginx and the kernel take. */
static const struct long_payload {
    const char *yaml;
    const char *text;
    size_t times;
} long_payloads[] = {
    {"x", "x", 3899},    {"\\\"", "\"", 2000},  {"\\\\", "\\", 4000}, {"$", "$", 400},
    {"\\n", "\n", 3000}, {"\\\"", "\"", 60000}, {"%", "%", 60000},    {"x", "x", 102400},
};
enum { LONG_COUNT = sizeof(long_payloads) / sizeof(long_payloads[0]) };

VEC(payload_list, struct payload);

/* The long ones stand behind the short ones. */
static inline struct payload_list payloads_make(struct arena *arena)
{
    struct payload_list list = {0};
    for (size_t i = 0; i < PAYLOAD_COUNT; i++) {
        vec_add(arena, &list, payloads[i]);
    }
    for (size_t i = 0; i < LONG_COUNT; i++) {
        const struct long_payload *row = &long_payloads[i];
        const char *yaml = repeated(arena, row->yaml, row->times);
        struct payload payload = {yaml, strlen(yaml), repeated(arena, row->text, row->times)};
        vec_add(arena, &list, payload);
    }
    return list;
}
