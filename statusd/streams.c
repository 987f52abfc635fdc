/* Event streams. */

#include "statusd/streams.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define SECOND ((uint64_t)1000000)

enum {
    BLOCK = 512, /* the library keeps this much for each stream; an event fits */
    ACCURACY_US = 1000 * 1000,
};

struct stream {
    struct stream *next;
    struct stream *previous;
    struct streams *streams;
    struct MHD_Connection *connection;
    struct visitor *visitor;
    uint64_t said; /* number of the event that it has sent */
    bool is_asleep;
    bool owes_heartbeat;
};

struct streams {
    struct stream *first;
    unsigned count;
    struct visitors *visitors;
    char *event;     /* the present one */
    uint64_t number; /* of the present event; 0: none yet */
    bool is_ending;
    sd_event_source *heartbeat;
    void (*wake)(void *context);
    void *context;
};

static void stream_wake(struct stream *stream)
{
    if (stream->is_asleep) {
        stream->is_asleep = false;
        visitor_expect(stream->streams->visitors, stream->visitor, WRITE_SECONDS);
        MHD_resume_connection(stream->connection);
    }
}

static void streams_wake(struct streams *streams)
{
    for (struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        stream_wake(stream);
    }
    streams->wake(streams->context);
}

static void heartbeat_arm(struct streams *streams)
{
    (void)sd_event_source_set_time_relative(streams->heartbeat, HEARTBEAT_SECONDS * SECOND);
    (void)sd_event_source_set_enabled(streams->heartbeat, SD_EVENT_ONESHOT);
}

static int heartbeat_fired(sd_event_source *timer, uint64_t at, void *context)
{
    struct streams *streams = context;
    (void)timer;
    (void)at;
    for (struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        stream->owes_heartbeat = true;
    }
    if (streams->count > 0) {
        heartbeat_arm(streams);
        streams_wake(streams);
    }
    return 0;
}

bool streams_create(sd_event *event, struct visitors *visitors, void (*wake)(void *context),
                    void *context, struct streams **out_streams, struct error *err)
{
    struct streams *streams = calloc(1, sizeof(*streams));
    int result = -ENOMEM;
    if (streams != NULL) {
        *streams = (struct streams){.visitors = visitors, .wake = wake, .context = context};
        result = sd_event_add_time(event, &streams->heartbeat, CLOCK_MONOTONIC, 0, ACCURACY_US,
                                   heartbeat_fired, streams);
    }
    if (result >= 0) {
        result = sd_event_source_set_enabled(streams->heartbeat, SD_EVENT_OFF);
    }
    if (result < 0) {
        streams_destroy(streams);
        errno = -result;
        return error_errno(err, "set a timer");
    }
    *out_streams = streams;
    return true;
}

void streams_destroy(struct streams *streams)
{
    if (streams == NULL) {
        return;
    }
    assert(streams->first == NULL);
    (void)sd_event_source_unref(streams->heartbeat); /* returns NULL always */
    free(streams->event);
    free(streams);
}

unsigned streams_count(const struct streams *streams)
{
    return streams->count;
}

void streams_say(struct streams *streams, const char *event)
{
    assert(strlen(event) <= BLOCK);
    char *copy = strdup(event);
    if (copy == NULL) {
        return; /* the next change will say more */
    }
    free(streams->event);
    streams->event = copy;
    streams->number++;
    streams_wake(streams);
}

void streams_end(struct streams *streams)
{
    streams->is_ending = true;
    streams_wake(streams);
}

/* ---- What the library calls ---- */

static ssize_t stream_read(void *context, uint64_t position, char *buffer, size_t room)
{
    struct stream *stream = context;
    struct streams *streams = stream->streams;
    struct str say = {0};
    (void)position;
    if (streams->is_ending) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (stream->said != streams->number) {
        stream->said = streams->number;
        say = str_of(streams->event);
    } else if (stream->owes_heartbeat) {
        say = STR(":\n\n");
    }
    stream->owes_heartbeat = false;
    if (say.length == 0) {
        stream->is_asleep = true;
        visitor_expect(streams->visitors, stream->visitor, 0);
        MHD_suspend_connection(stream->connection);
        return 0;
    }
    assert(say.length <= room);
    (void)room;
    memcpy(buffer, say.data, say.length);
    return (ssize_t)say.length;
}

static void stream_release(void *context)
{
    struct stream *stream = context;
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        stream->streams->first = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    stream->streams->count--;
    free(stream);
}

static void stream_enter(struct streams *streams, struct stream *stream)
{
    stream->next = streams->first;
    if (streams->first != NULL) {
        streams->first->previous = stream;
    } else {
        heartbeat_arm(streams);
    }
    streams->first = stream;
    streams->count++;
}

struct MHD_Response *streams_response(struct streams *streams, struct MHD_Connection *connection,
                                      struct visitor *visitor)
{
    if (streams->count >= STREAMS_MAX) {
        return NULL;
    }
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    stream->streams = streams;
    stream->connection = connection;
    stream->visitor = visitor;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, stream_read, stream, stream_release);
    if (response == NULL) {
        free(stream);
        return NULL;
    }
    stream_enter(streams, stream);
    return response;
}
