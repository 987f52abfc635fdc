/* Streams: their rows, and what these mean together. */

#include "schemas/stream.h"

#include "schemas/site_syntax.h"

enum { TCP_TIMEOUT = 10 * 60 * 1000, UDP_TIMEOUT = 60 * 1000, TIMEOUT_MOST = 24 * 3600 * 1000 };

// clang-format off
static const char *const protocols[] = {[STREAM_TCP] = "tcp", [STREAM_UDP] = "udp", NULL};

/* Without POOL_PATH, which comes last: streams have none. */
static const char *const balances[] = {
    [POOL_ROUND_ROBIN]       = "round-robin",
    [POOL_LEAST_CONNECTIONS] = "least-connections",
    [POOL_CLIENT]            = "client",
    [POOL_RANDOM]            = "random",
    NULL,
};

static const struct field fields[] = {
    FIELD_NAMED(struct stream_spec, pool.to, "to", .is_required = true, .object = &backend_schema,
          .count_most = 200,
          .help = "The servers."),
    FIELD(struct stream_spec, protocol, .choices = protocols, .fallback = "tcp",
          .help = "tcp passes connections on, udp datagrams and what is answered to them.",
          .example = "protocol: udp\n"
                     "to: 10.0.0.5:53"),
    FIELD_NAMED(struct stream_spec, pool.balance, "balance", .choices = balances,
          .fallback = "round-robin",
          .help = "Which server gets a connection: one after the other, the one that has least to "
                  "do, always the same for a client's address, or any."),
    FIELD_NAMED(struct stream_spec, pool.tries, "tries", .least = 1, .most = 100,
          .help = "How many servers are asked at most, where one does not accept a connection."),
    FIELD_NAMED(struct stream_spec, pool.connect_timeout, "connect_timeout", .fallback = "5s",
          .least = 1, .most = 75 * 1000,
          .help = "How long a server may take to accept a connection."),
    FIELD(struct stream_spec, timeout, .least = 1000, .most = TIMEOUT_MOST,
          .fallback_note = "10m, with udp 1m",
          .help = "After what time without a byte from either side a connection ends, or with udp "
                  "what belongs together.",
          .example = "timeout: 1h\n"
                     "to: 10.0.0.5:22"),
    FIELD(struct stream_spec, responses, .least = 0, .most = 65535,
          .fallback_note = "any number, until the timeout",
          .help = "How many datagrams answer one of a client; 0: none. With udp only.",
          .example = "responses: 1\n"
                     "protocol: udp\n"
                     "to: 10.0.0.5:53"),
    FIELD(struct stream_spec, proxy_protocol, .fallback = "false",
          .help = "Tells the servers the client's address in the PROXY protocol, which they must "
                  "expect. With tcp only."),
};
// clang-format on

const struct schema stream_schema = {
    .name = "stream",
    .size = sizeof(struct stream_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "to",
    .help = "Passes connections or datagrams on to programs, as they are.",
};

bool stream_is_udp(const struct stream_spec *stream)
{
    return stream->protocol.index == STREAM_UDP;
}

int64_t stream_timeout(const struct stream_spec *stream)
{
    if (stream->timeout.milliseconds > 0) {
        return stream->timeout.milliseconds;
    }
    return stream_is_udp(stream) ? UDP_TIMEOUT : TCP_TIMEOUT;
}

static void check_protocol(struct check *check, const struct node *node, const char *field,
                           const char *name, const char *protocol)
{
    if (node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_STREAM_PROTOCOL, node, field_below(check, field, name),
                  name, protocol);
    }
}

void stream_check(struct check *check, const struct stream_spec *stream, const char *field)
{
    pool_check(check, &stream->pool, false, field);
    if (stream_is_udp(stream) && stream->proxy_protocol.is_true) {
        check_protocol(check, stream->proxy_protocol.node, field, "proxy_protocol", "udp");
    }
    if (!stream_is_udp(stream)) {
        check_protocol(check, stream->responses.node, field, "responses", "tcp");
    }
}
