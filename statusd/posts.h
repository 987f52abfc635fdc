/* What is sent to us: webhooks, and forms that ask the loop for something. Each is read whole,
 * within a limit and a deadline, and then decided about. */
#pragma once

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "statusd/control.h"
#include "statusd/forms.h"
#include "statusd/visitors.h"
#include "statusd/webhook.h"

struct posts;

struct posts_options {
    struct visitors *visitors;
    struct control *control;
    struct webhooks *webhooks;   /* NULL: there are none */
    const char *user_header;     /* in which a proxy on this machine tells who asks; NULL: none */
    const struct secret *key;    /* of the forms' tokens */
    const struct offer *offer;   /* what the loop lets us ask, as it said last */
    void (*wake)(void *context); /* the library has something to do */
    /* A page that says why not: status 403, 409 or 503; detail may be NULL. */
    enum MHD_Result (*refuse)(void *context, struct MHD_Connection *connection, unsigned status,
                              const char *detail);
    void *context;
};

/* Pointers are borrowed. */
bool posts_create(const struct posts_options *options, struct posts **out_posts,
                  struct error *err) MUST_CHECK;
/* Those that wait for the loop do not wait any more; they are gone after the library has run. */
void posts_end(struct posts *posts);
/* Accepts NULL; no request may be left. */
void posts_destroy(struct posts *posts);

/* True for an address that takes POST, and nothing else. */
bool posts_are_at(const struct posts *posts, const char *url);

/* The headers are there. Sets *request_context; the library then calls with the body. */
enum MHD_Result posts_begin(struct posts *posts, struct MHD_Connection *connection,
                            struct visitor *visitor, const char *url, void **request_context);
/* A part of the body, or its end. */
enum MHD_Result posts_go_on(void *request_context, struct MHD_Connection *connection,
                            const char *upload, size_t *upload_size);
/* The request is over, however it ended. Accepts NULL. */
void posts_release(void *request_context);
