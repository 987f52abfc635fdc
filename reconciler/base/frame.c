/* Frames of the control socket. */
#include "base/frame.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>

enum frame_state frame_read(const void *bytes, size_t length, struct str *out_content)
{
    uint32_t head = 0;
    if (length < FRAME_HEAD) {
        return FRAME_PART;
    }
    memcpy(&head, bytes, sizeof(head));
    size_t wanted = ntohl(head);
    if (wanted > FRAME_MOST) {
        return FRAME_TOO_LONG;
    }
    if (length - FRAME_HEAD < wanted) {
        return FRAME_PART;
    }
    *out_content = (struct str){(const char *)bytes + FRAME_HEAD, wanted};
    return FRAME_WHOLE;
}

void frame_head(size_t length, unsigned char out_head[FRAME_HEAD])
{
    assert(length <= FRAME_MOST);
    uint32_t head = htonl((uint32_t)length);
    memcpy(out_head, &head, sizeof(head));
}
