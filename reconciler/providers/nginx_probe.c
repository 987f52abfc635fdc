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
#include "base/visible.h"
#include "providers/nginx_errors.h"
#include "providers/nginx_files.h"
#include "providers/nginx_process.h"
#include "providers/openssl.h"

enum {
    PAUSE_MS = 100,         /* between two attempts */
    WINDOW_PAUSE_MS = 250,  /* the same once it has answered well */
    ATTEMPT_MS = 5000,      /* for one answer within the window, unless the probe says it */
    BODY_LIMIT = 64 * 1024, /* in which a text is looked for */
    EVIDENCE_LIMIT = 512,   /* bytes of an answer that are kept */
    LOG_LINES = 5,          /* of the error log, the same */
    CHAIN_LIMIT = 1024 * 1024,
    FIRST_GOOD = 200,
    LAST_GOOD = 399,
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

/* ---- Answers ----------------------------------------------------------------------------------
 */

/* As far as it was looked at. */
struct answer {
    const struct probe *probe;
    CURL *curl;
    long status; /* 0: there was none */
    struct text body;
    const struct probe_header *missing; /* the first header that is not as it shall be; or NULL */
};

static bool is_good_status(const struct probe *probe, long status)
{
    const struct probe_statuses *statuses = &probe->statuses;
    bool is_good = statuses->count == 0 && status >= FIRST_GOOD && status <= LAST_GOOD;
    for (size_t i = 0; i < statuses->count; i++) {
        is_good |= status >= statuses->items[i].first && status <= statuses->items[i].last;
    }
    return is_good;
}

static bool holds_text(const struct answer *answer)
{
    const char *text = answer->probe->contains;
    return text == NULL ||
           memmem(answer->body.data, answer->body.length, text, strlen(text)) != NULL;
}

/* No more than tells whether it is well, and a little to show: a body may be endless. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    long status = 0;
    (void)curl_easy_getinfo(answer->curl, CURLINFO_RESPONSE_CODE, &status); /* else it stays 0 */
    bool is_good = is_good_status(answer->probe, status);
    size_t limit = is_good && answer->probe->contains != NULL ? BODY_LIMIT : EVIDENCE_LIMIT;
    size_t length = size * count;
    size_t room = limit > answer->body.length ? limit - answer->body.length : 0;
    text_add_str(&answer->body, (struct str){data, length < room ? length : room});
    bool is_known = is_good && holds_text(answer);
    return is_known || length >= room ? 0 : length;
}

/* The first header that a good answer has otherwise. */
static const struct probe_header *find_missing(const struct answer *answer)
{
    const struct probe_headers *headers = &answer->probe->headers;
    for (size_t i = 0; i < headers->count; i++) {
        struct curl_header *found = NULL;
        size_t amount = 1;
        bool is_found = false;
        for (size_t k = 0; !is_found && k < amount; k++) {
            if (curl_easy_header(answer->curl, headers->items[i].name, k, CURLH_HEADER, -1,
                                 &found) != CURLHE_OK) {
                break;
            }
            amount = found->amount;
            is_found = strstr(found->value, headers->items[i].text) != NULL;
        }
        if (!is_found) {
            return &headers->items[i];
        }
    }
    return NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static bool question_set(CURL *curl, const struct question *question, struct curl_slist *target,
                         int64_t left_ms, char *reason, struct answer *answer)
{
    union { /* curl hands back what it was given, and the callbacks do not write to it */
        const struct question *given;
        void *wanted;
    } same = {.given = question};
    bool is_set =
        curl_easy_setopt(curl, CURLOPT_URL, question->url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECT_TO, target) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "reconcile-probe") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOBODY, question->probe->is_head ? 1L : 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason) == CURLE_OK;
    if (!is_set || question->chain == NULL) {
        return is_set;
    }
    return curl_easy_setopt(curl, CURLOPT_CAINFO, question->chain) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, take_context) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, same.wanted) == CURLE_OK;
}

static bool judge(const struct question *question, const struct answer *answer, CURLcode result,
                  struct error *err)
{
    const struct probe *probe = question->probe;
    if (!is_good_status(probe, answer->status)) {
        return error_set(err, ERROR_REFUSED, "%s answered %ld", question->url, answer->status);
    }
    if (answer->missing != NULL) {
        return answer->missing->text[0] == '\0'
                   ? error_set(err, ERROR_REFUSED, "%s answered %ld without the header %s",
                               question->url, answer->status, answer->missing->name)
                   : error_set(err, ERROR_REFUSED, "%s answered without \"%s\" in the header %s",
                               question->url, answer->missing->text, answer->missing->name);
    }
    if (holds_text(answer)) {
        return true;
    }
    return result == CURLE_OPERATION_TIMEDOUT
               ? error_set(err, ERROR_LIMIT, "the answer of %s did not end in time", question->url)
               : error_set(err, ERROR_REFUSED, "the answer of %s does not hold \"%s\"",
                           question->url, probe->contains);
}

/* One attempt on a connection of its own. */
static bool ask(const struct question *question, int64_t left_ms, struct answer *answer,
                struct error *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    int64_t within = question->probe->within_ms;
    int64_t most = within > 0 && within < left_ms ? within : left_ms;
    CLEANUP(cleanup_curl) CURL *curl = curl_easy_init();
    CLEANUP(cleanup_list) struct curl_slist *target = curl_slist_append(NULL, question->target);
    *answer = (struct answer){
        .probe = question->probe, .curl = curl, .body = text_make(answer->body.arena)};
    if (curl == NULL || target == NULL ||
        !question_set(curl, question, target, most, reason, answer)) {
        return error_set(err, ERROR_UNAVAILABLE, "libcurl cannot ask %s", question->url);
    }
    CURLcode result = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status); /* 0: there is none */
    if (answer->status == 0) {
        bool is_late = result == CURLE_OPERATION_TIMEDOUT;
        return error_set(err, is_late ? ERROR_LIMIT : ERROR_UNAVAILABLE, "%s: %s", question->url,
                         reason[0] != '\0' ? reason : curl_easy_strerror(result));
    }
    answer->missing = find_missing(answer);
    answer->curl = NULL;
    return judge(question, answer, result, err);
}

static void pause_for(long milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000L};
    (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}

/* What went wrong tells more than that there was no time for a last attempt. */
static bool ask_until(const struct question *question, struct answer *answer, struct error *err)
{
    struct error last = {0};
    struct error why = {0};
    int64_t end = clock_ms() + question->probe->timeout_ms;
    for (;;) {
        int64_t left = end - clock_ms();
        struct answer now = {.body = answer->body};
        if (ask(question, left > 0 ? left : 1, &now, &why)) {
            return true;
        }
        if (why.code != ERROR_LIMIT || last.code == ERROR_NONE) {
            last = why;
            *answer = now;
        }
        if (clock_ms() + 2 * (int64_t)PAUSE_MS >= end) {
            return error_wrap_other(err, &last, "within %u ms", question->probe->timeout_ms);
        }
        pause_for(PAUSE_MS);
    }
}

/* Once it has answered well, it goes on to. */
static bool ask_on(const struct question *question, struct answer *answer, struct error *err)
{
    int64_t begin = clock_ms();
    while (clock_ms() - begin < question->probe->window_ms) {
        pause_for(WINDOW_PAUSE_MS);
        if (!ask(question, ATTEMPT_MS, answer, err)) {
            return error_wrap(err, "after %lld ms of good answers",
                              (long long)(clock_ms() - begin));
        }
    }
    return true;
}

/* ---- Evidence ---------------------------------------------------------------------------------
 */

static const char *evidence_of(const struct question *question, const struct answer *answer,
                               struct nginx_errors *errors, struct arena *arena)
{
    const struct probe *probe = question->probe;
    struct text out = text_make(arena);
    struct text lines = text_make(arena);
    const char *const marks[] = {
        arena_printf(arena, "request: \"%s %s ", probe->is_head ? "HEAD" : "GET", probe->path),
        arena_printf(arena, "host: \"%s", probe->host), NULL};
    if (answer->status != 0) {
        text_line(&out, "status: %ld", answer->status);
    }
    if (answer->body.length > 0) {
        size_t length = answer->body.length;
        text_add(&out, "answer: ");
        visible_add(&out, (struct str){answer->body.data,
                                       length < EVIDENCE_LIMIT ? length : EVIDENCE_LIMIT});
        text_add(&out, out.data[out.length - 1] == '\n' ? "" : "\n");
    }
    nginx_errors_collect(errors, marks, LOG_LINES, &lines);
    if (lines.length > 0) {
        text_add(&out, "error.log: ");
        visible_add(&out, text_str(&lines));
    }
    return out.length == 0 ? NULL : out.data;
}

static bool ask_all(const struct question *question, struct host *host, struct arena *arena,
                    const char **out_evidence, struct error *err)
{
    struct nginx_errors errors = {0};
    struct answer answer = {.body = text_make(arena)};
    pid_t master = 0;
    bool has_master = nginx_master(host, arena, &master, NULL);
    nginx_errors_open_own(&errors, host, has_master ? master : 0, arena);
    bool is_well = ask_until(question, &answer, err) && ask_on(question, &answer, err);
    if (!is_well) {
        *out_evidence = evidence_of(question, &answer, &errors, arena);
    }
    nginx_errors_close(&errors);
    return is_well;
}

bool nginx_probe(struct host *host, const struct probe *probe, struct arena *arena,
                 const char **out_evidence, struct error *err)
{
    AUTO_CERTIFICATE leaf = NULL;
    struct question question = {
        .probe = probe,
        .url = arena_printf(arena, "%s://%s:%u%s", probe->uses_tls ? "https" : "http", probe->host,
                            (unsigned)probe->port, probe->path),
        .target =
            arena_printf(arena, "::%s:%u", listener_address(host->layout), (unsigned)probe->port),
    };
    *out_evidence = NULL;
    if (probe->uses_tls && probe->certificate != NULL) {
        question.chain = arena_printf(arena, "%s/fullchain.pem", probe->certificate);
        if (!leaf_read(host, question.chain, arena, &leaf, err)) {
            return error_wrap(err, "probe %s", question.url);
        }
        question.leaf = leaf;
    }
    return ask_all(&question, host, arena, out_evidence, err);
}
