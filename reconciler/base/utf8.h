/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Reads the code point at offset, which is below bytes.length; returns how many bytes it has, or 0
 * when the bytes there are not valid (*out_code is then unchanged). */
size_t utf8_decode(struct str bytes, size_t offset, uint32_t *out_code);

/* C0 (also tab and line ends), DEL, C1: what moves a terminal. */
bool utf8_is_control(uint32_t code);
/* What reorders the text around it, so that it reads differently from what it says. */
bool utf8_is_bidi_control(uint32_t code);
