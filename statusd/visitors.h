/* The open connections: how many there may be, and until when each must have done what it is about
 * to do. The HTTP library only notices silence; a client that sends a byte now and then would stay
 * for ever. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/error.h"

enum {
    VISITORS_MAX = 512,
    /* From one address. This machine itself is exempt: a reverse proxy stands there. */
    VISITORS_PER_ADDRESS = 48,
    READ_SECONDS = 10,  /* for a whole request, or to begin another */
    WRITE_SECONDS = 60, /* for a client to take a whole answer */
};

struct visitor {
    struct visitor *next;
    struct visitor *previous;
    int fd;
    struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
    uint64_t deadline;       /* monotonic microseconds; 0: none */
    bool url_is_refused;     /* of the request that is being read: too long, or holds a NUL */
};

struct visitors;

bool visitors_create(sd_event *event, struct visitors **out_visitors, struct error *err) MUST_CHECK;
/* Accepts NULL. Those still there are forgotten, not closed. */
void visitors_destroy(struct visitors *visitors);

unsigned visitors_count(const struct visitors *visitors);
bool visitors_may_enter(const struct visitors *visitors, const struct sockaddr *address);
/* NULL without memory. */
struct visitor *visitor_enter(struct visitors *visitors, int fd, const struct sockaddr *address);
void visitor_leave(struct visitors *visitors, struct visitor *visitor);
/* True for one of this machine, such as a reverse proxy. */
bool visitor_is_local(const struct visitor *visitor);
/* From now on the visitor has so many seconds, then its connection is shut down; 0: no limit. */
void visitor_expect(struct visitors *visitors, struct visitor *visitor, unsigned seconds);
