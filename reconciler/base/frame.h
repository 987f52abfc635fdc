/* Messages on the control socket: a length (four bytes, most significant first) and that many
 * bytes. Both sides use this; what the bytes mean is theirs. */
#pragma once

#include <stddef.h>

#include "base/str.h"

enum {
    FRAME_HEAD = 4,
    FRAME_MOST = 64 * 1024, /* of the content */
};

enum frame_state {
    FRAME_PART, /* more is to come */
    FRAME_WHOLE,
    FRAME_TOO_LONG,
};

/* What came so far; the content is borrowed from bytes. */
enum frame_state frame_read(const void *bytes, size_t length, struct str *out_content);
/* What stands in front of a content of this length. */
void frame_head(size_t length, unsigned char out_head[FRAME_HEAD]);
