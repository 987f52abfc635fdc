/* Asks a site for an answer as a visitor would: by its name, through the listener that nginx really
 * has, over TLS when it has that. Where we know which certificate is installed, that one and no
 * other must be presented, whoever signed it. */

#include "providers/nginx.h"

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "providers/nginx_files.h"
#include "providers/openssl.h"

enum {
    PAUSE_MS = 100, /* between two attempts */
    CHAIN_LIMIT = 1024 * 1024,
    FIRST_GOOD = 200,
    FIRST_BAD = 400,
};

static void cleanup_curl(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static void cleanup_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

struct question {
    const struct probe *probe;
    const char *url;
    const char *target; /* "::127.0.0.1:443": where every connection goes */
    const char *chain;  /* path of the installed chain; NULL: the system decides whom to trust */
    X509 *leaf;
};

/* An address of this host that leads to the listener. */
static const char *listener_address(const struct layout *layout)
{
    const char *first = layout->listen == NULL ? NULL : layout->listen[0];
    if (first == NULL || strcmp(first, "0.0.0.0") == 0 || strcmp(first, "*") == 0) {
        return "127.0.0.1";
    }
    bool is_all_ipv6 = strcmp(first, "[::]") == 0 || strcmp(first, "::") == 0;
    return is_all_ipv6 ? "[::1]" : first;
}

/* ---- Trust ----------------------------------------------------------------------------------- */

/* In place of OpenSSL's own judgement; curl still compares the host name. */
static int verify_leaf(X509_STORE_CTX *context, void *data)
{
    const struct question *question = data;
    X509 *presented = X509_STORE_CTX_get0_cert(context);
    bool is_installed = presented != NULL && X509_cmp(presented, question->leaf) == 0;
    X509_STORE_CTX_set_error(context, is_installed ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return is_installed;
}

static CURLcode take_context(CURL *curl, void *context, void *data)
{
    (void)curl; /* the question holds what is needed */
    SSL_CTX_set_cert_verify_callback(context, verify_leaf, data);
    return CURLE_OK;
}

static bool leaf_read(struct host *host, const char *path, struct arena *arena, X509 **out_leaf,
                      struct error *err)
{
    struct str content;
    if (!nginx_file_read(host, path, CHAIN_LIMIT, arena, &content, err)) {
        return false;
    }
    AUTO_BIO bio = BIO_new_mem_buf(content.data, (int)content.length);
    *out_leaf = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    return *out_leaf != NULL ||
           error_set(err, ERROR_FORMAT, "%s does not begin with a certificate", path);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* The head is enough: a body may be endless. */
static size_t refuse_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)size;
    (void)count;
    (void)context; /* nothing is kept */
    return 0;
}

static bool question_set(CURL *curl, const struct question *question, struct curl_slist *target,
                         int64_t left_ms, char *reason)
{
    union { /* curl hands back what it was given, and the callbacks do not write to it */
        const struct question *given;
        void *wanted;
    } same = {.given = question};
    bool is_set = curl_easy_setopt(curl, CURLOPT_URL, question->url) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_CONNECT_TO, target) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_USERAGENT, "reconcile-probe") == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, refuse_body) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason) == CURLE_OK;
    if (!is_set || question->chain == NULL) {
        return is_set;
    }
    return curl_easy_setopt(curl, CURLOPT_CAINFO, question->chain) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, take_context) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, same.wanted) == CURLE_OK;
}

/* One attempt on a connection of its own. */
static bool ask(const struct question *question, int64_t left_ms, struct error *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    CLEANUP(cleanup_curl) CURL *curl = curl_easy_init();
    CLEANUP(cleanup_list) struct curl_slist *target = curl_slist_append(NULL, question->target);
    if (curl == NULL || target == NULL || !question_set(curl, question, target, left_ms, reason)) {
        return error_set(err, ERROR_UNAVAILABLE, "libcurl cannot ask %s", question->url);
    }
    CURLcode result = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status); /* 0 when there is none */
    if (status == 0) {
        bool is_late = result == CURLE_OPERATION_TIMEDOUT;
        return error_set(err, is_late ? ERROR_LIMIT : ERROR_UNAVAILABLE, "%s: %s", question->url,
                         reason[0] != '\0' ? reason : curl_easy_strerror(result));
    }
    return (status >= FIRST_GOOD && status < FIRST_BAD) ||
           error_set(err, ERROR_REFUSED, "%s answered %ld", question->url, status);
}

/* What went wrong tells more than that there was no time for a last attempt. */
static bool ask_until(const struct question *question, struct error *err)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    struct error last = {0};
    struct error why = {0};
    int64_t end = clock_ms() + question->probe->timeout_ms;
    for (;;) {
        int64_t left = end - clock_ms();
        if (ask(question, left > 0 ? left : 1, &why)) {
            return true;
        }
        if (why.code != ERROR_LIMIT || last.code == ERROR_NONE) {
            last = why;
        }
        if (clock_ms() + 2 * (int64_t)PAUSE_MS >= end) {
            return error_wrap_other(err, &last, "within %u ms", question->probe->timeout_ms);
        }
        (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
    }
}

bool nginx_probe(struct host *host, const struct probe *probe, struct arena *arena,
                 struct error *err)
{
    AUTO_CERTIFICATE leaf = NULL;
    struct question question = {
        .probe = probe,
        .url = arena_printf(arena, "%s://%s:%u%s", probe->uses_tls ? "https" : "http", probe->host,
                            (unsigned)probe->port, probe->path),
        .target =
            arena_printf(arena, "::%s:%u", listener_address(host->layout), (unsigned)probe->port),
    };
    if (probe->uses_tls && probe->certificate != NULL) {
        question.chain = arena_printf(arena, "%s/fullchain.pem", probe->certificate);
        if (!leaf_read(host, question.chain, arena, &leaf, err)) {
            return error_wrap(err, "probe %s", question.url);
        }
        question.leaf = leaf;
    }
    return ask_until(&question, err);
}
