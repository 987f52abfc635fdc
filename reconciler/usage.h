/* The command line as argp has it, in the language of whoever reads it; and what is wrong with its
 * options, in our words instead of the C library's. */
#pragma once

#include <argp.h>

#include "base/language.h"
#include "base/message.h"

/* The options with their texts in this language; ended as argp wants it. */
const struct argp_option *usage_options(struct arena *arena, enum language language,
                                        const struct argp_option *options);
/* The first mistake that getopt would find: an option that is none, or is not clear, that lacks its
 * value or takes none. NULL: there is none. words: NULL-terminated, without the program's name. */
const struct message *usage_mistake(struct arena *arena, const struct argp_option *options,
                                    const char *const *words);
