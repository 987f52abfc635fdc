/* Connections and their deadlines. */

#include "statusd/visitors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND ((uint64_t)1000000)

enum { ACCURACY_US = 250 * 1000 };

struct visitors {
    struct visitor *first;
    unsigned count;
    sd_event_source *timer; /* armed while somebody has a deadline */
    uint64_t armed_for;     /* 0: not armed */
};

static uint64_t now_monotonic(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

/* Fires at the earliest deadline or before it: a deadline that was moved on costs a look, no
 * more. */
static void timer_arm(struct visitors *visitors, uint64_t deadline)
{
    if (visitors->armed_for != 0 && visitors->armed_for <= deadline) {
        return;
    }
    if (sd_event_source_set_time(visitors->timer, deadline) >= 0 &&
        sd_event_source_set_enabled(visitors->timer, SD_EVENT_ONESHOT) >= 0) {
        visitors->armed_for = deadline;
    }
}

static int timer_fired(sd_event_source *timer, uint64_t at, void *context)
{
    struct visitors *visitors = context;
    uint64_t now = now_monotonic();
    uint64_t next = 0;
    (void)timer;
    (void)at;
    visitors->armed_for = 0;
    for (struct visitor *visitor = visitors->first; visitor != NULL; visitor = visitor->next) {
        if (visitor->deadline == 0) {
            continue;
        }
        if (visitor->deadline <= now) {
            /* The library notices the end and closes; the descriptor is its own. */
            (void)shutdown(visitor->fd, SHUT_RDWR);
            visitor->deadline = 0;
        } else if (next == 0 || visitor->deadline < next) {
            next = visitor->deadline;
        }
    }
    if (next != 0) {
        timer_arm(visitors, next);
    }
    return 0;
}

bool visitors_create(sd_event *event, struct visitors **out_visitors, struct error *err)
{
    struct visitors *visitors = calloc(1, sizeof(*visitors));
    int result = visitors == NULL ? -ENOMEM
                                  : sd_event_add_time(event, &visitors->timer, CLOCK_MONOTONIC, 0,
                                                      ACCURACY_US, timer_fired, visitors);
    if (result >= 0) {
        result = sd_event_source_set_enabled(visitors->timer, SD_EVENT_OFF);
    }
    if (result < 0) {
        visitors_destroy(visitors);
        errno = -result;
        return error_errno(err, "set a timer");
    }
    *out_visitors = visitors;
    return true;
}

void visitors_destroy(struct visitors *visitors)
{
    if (visitors == NULL) {
        return;
    }
    while (visitors->first != NULL) {
        visitor_leave(visitors, visitors->first);
    }
    (void)sd_event_source_unref(visitors->timer); /* returns NULL always */
    free(visitors);
}

unsigned visitors_count(const struct visitors *visitors)
{
    return visitors->count;
}

static struct in6_addr address_of(const struct sockaddr *address)
{
    struct in6_addr found = IN6ADDR_ANY_INIT;
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return in6.sin6_addr;
    }
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        found.s6_addr[10] = 0xff;
        found.s6_addr[11] = 0xff;
        memcpy(&found.s6_addr[12], &in.sin_addr, sizeof(in.sin_addr));
    }
    return found;
}

static bool address_is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool visitor_is_local(const struct visitor *visitor)
{
    return address_is_loopback(&visitor->address);
}

bool visitors_may_enter(const struct visitors *visitors, const struct sockaddr *address)
{
    struct in6_addr from = address_of(address);
    unsigned same = 0;
    if (visitors->count >= VISITORS_MAX || address_is_loopback(&from)) {
        return visitors->count < VISITORS_MAX;
    }
    for (const struct visitor *v = visitors->first; v != NULL; v = v->next) {
        same += IN6_ARE_ADDR_EQUAL(&v->address, &from) ? 1 : 0;
    }
    return same < VISITORS_PER_ADDRESS;
}

struct visitor *visitor_enter(struct visitors *visitors, int fd, const struct sockaddr *address)
{
    struct visitor *visitor = calloc(1, sizeof(*visitor));
    if (visitor == NULL) {
        return NULL;
    }
    visitor->fd = fd;
    visitor->address = address_of(address);
    visitor->next = visitors->first;
    if (visitors->first != NULL) {
        visitors->first->previous = visitor;
    }
    visitors->first = visitor;
    visitors->count++;
    visitor_expect(visitors, visitor, READ_SECONDS);
    return visitor;
}

void visitor_leave(struct visitors *visitors, struct visitor *visitor)
{
    if (visitor->previous != NULL) {
        visitor->previous->next = visitor->next;
    } else {
        visitors->first = visitor->next;
    }
    if (visitor->next != NULL) {
        visitor->next->previous = visitor->previous;
    }
    visitors->count--;
    free(visitor);
}

void visitor_expect(struct visitors *visitors, struct visitor *visitor, unsigned seconds)
{
    visitor->deadline = 0;
    if (seconds > 0) {
        visitor->deadline = now_monotonic() + seconds * SECOND;
        timer_arm(visitors, visitor->deadline);
    }
}
