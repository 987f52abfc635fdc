/* The client's side of a handshake, up to the certificate that the other side proves to have. */

#include "providers/handshake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "providers/openssl.h"

enum {
    AT_ONCE = 8,
    PAUSE_MS = 200, /* before those that failed are asked once more */
    NAME_SIZE = 256,
};

OPENSSL_CLEANUP(context, SSL_CTX, SSL_CTX_free)
OPENSSL_CLEANUP(session, SSL, SSL_free)
#define AUTO_CONTEXT CLEANUP(openssl_free_context) SSL_CTX *
#define AUTO_SESSION CLEANUP(openssl_free_session) SSL *

struct round {
    SSL_CTX *context;
    struct handshake *handshakes;
    int64_t limit_ms;
};

static void say_why(struct handshake *handshake, const char *why)
{
    (void)snprintf(handshake->why, sizeof(handshake->why), "%s", why); /* what fits is enough */
}

/* False: it was not there in time. */
static bool wait_for(int fd, short events, int64_t end_ms)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int64_t left = end_ms - clock_ms();
    return left > 0 && poll(&waiting, 1, (int)left) > 0;
}

static socklen_t address_fill(const struct handshake *handshake, struct sockaddr_storage *out)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, handshake->address, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(handshake->port);
        return sizeof(*ipv4);
    }
    if (inet_pton(AF_INET6, handshake->address, &ipv6->sin6_addr) == 1) {
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(handshake->port);
        return sizeof(*ipv6);
    }
    return 0;
}

/* Reset at its end, so that ten thousand of them do not leave as many ports waiting (TIME_WAIT). */
static int open_socket(int family)
{
    const struct linger reset = {.l_onoff = 1};
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)); /* only thrift */
    }
    return fd;
}

/* -1 with the reason. */
static int connect_to(struct handshake *handshake, int64_t end_ms)
{
    struct sockaddr_storage address = {0};
    socklen_t length = address_fill(handshake, &address);
    if (length == 0) {
        say_why(handshake, strerrordesc_np(EAFNOSUPPORT));
        return -1;
    }
    AUTO_FD fd = open_socket(address.ss_family);
    int problem = 0;
    socklen_t size = sizeof(problem);
    if (fd < 0 ||
        (connect(fd, (const struct sockaddr *)&address, length) != 0 && errno != EINPROGRESS)) {
        say_why(handshake, strerrordesc_np(errno));
        return -1;
    }
    if (!wait_for(fd, POLLOUT, end_ms)) {
        problem = ETIMEDOUT;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) {
        problem = errno;
    }
    if (problem != 0) {
        say_why(handshake, strerrordesc_np(problem));
        return -1;
    }
    return take_fd(&fd);
}

static bool shake_hands(SSL *session, int fd, struct handshake *handshake, int64_t end_ms)
{
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(session);
        int problem = SSL_get_error(session, result);
        bool is_waiting = problem == SSL_ERROR_WANT_READ || problem == SSL_ERROR_WANT_WRITE;
        if (result == 1) {
            return true;
        }
        if (!is_waiting) {
            const char *reason = ERR_reason_error_string(ERR_peek_error());
            say_why(handshake, reason != NULL ? reason : "the connection was closed");
            ERR_clear_error();
            return false;
        }
        if (!wait_for(fd, problem == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end_ms)) {
            say_why(handshake, strerrordesc_np(ETIMEDOUT));
            return false;
        }
    }
}

static void look_at(const X509 *leaf, struct handshake *handshake)
{
    handshake->is_shown = leaf != NULL;
    if (leaf == NULL) {
        say_why(handshake, "it has no certificate");
        return;
    }
    openssl_fingerprint(leaf, handshake->fingerprint);
    handshake->starts_at = openssl_seconds(X509_get0_notBefore(leaf));
    handshake->expires_at = openssl_seconds(X509_get0_notAfter(leaf));
}

/* OpenSSL copies it, and takes it as if it would not. */
static bool set_name(SSL *session, const char *name)
{
    char copy[NAME_SIZE];
    return name == NULL || (snprintf(copy, sizeof(copy), "%s", name) < NAME_SIZE &&
                            SSL_set_tlsext_host_name(session, copy) == 1);
}

static void ask(void *context, size_t part)
{
    const struct round *round = context;
    struct handshake *handshake = &round->handshakes[part];
    int64_t end_ms = clock_ms() + round->limit_ms;
    if (handshake->is_shown) {
        return;
    }
    AUTO_FD fd = connect_to(handshake, end_ms);
    if (fd < 0) {
        return;
    }
    AUTO_SESSION session = SSL_new(round->context);
    if (session == NULL || SSL_set_fd(session, fd) != 1 || !set_name(session, handshake->name)) {
        say_why(handshake, "OpenSSL cannot begin");
        return;
    }
    if (shake_hands(session, fd, handshake, end_ms)) {
        look_at(SSL_get0_peer_certificate(session), handshake);
        (void)SSL_shutdown(session); /* a farewell: nobody waits for the answer */
    }
}

static bool are_all_shown(const struct handshake *handshakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!handshakes[i].is_shown) {
            return false;
        }
    }
    return true;
}

/* Whatever is shown is looked at, also what nobody should trust. */
static SSL_CTX *make_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context != NULL) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_security_level(context, 0);
        (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    return context;
}

void handshakes_make(struct handshake *handshakes, size_t count, int64_t limit_ms)
{
    AUTO_CONTEXT context = make_context();
    struct round round = {context, handshakes, limit_ms};
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction former = {0};
    for (size_t i = 0; i < count; i++) {
        handshakes[i].is_shown = false;
        say_why(&handshakes[i], context == NULL ? "OpenSSL cannot begin" : "");
    }
    if (context == NULL) {
        return;
    }
    (void)sigaction(SIGPIPE, &ignore, &former); /* OpenSSL writes also where nobody reads */
    parallel_wait(AT_ONCE, count, ask, &round);
    if (!are_all_shown(handshakes, count)) {
        (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
        parallel_wait(AT_ONCE, count, ask, &round);
    }
    (void)sigaction(SIGPIPE, &former, NULL);
}
