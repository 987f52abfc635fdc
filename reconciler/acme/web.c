#include "acme/web.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/text.h"

enum { BODY_MOST = 256 * 1024, REDIRECTS_MOST = 10 };

struct web {
    CURL *curl;
    struct curl_slist *headers;
    char why[CURL_ERROR_SIZE];
    bool is_set; /* no option was refused */
};

struct web *web_open(struct error *err)
{
    struct web *web = calloc(1, sizeof(*web));
    if (web != NULL) {
        web->curl = curl_easy_init();
        web->headers = curl_slist_append(NULL, "Content-Type: application/jose+json");
    }
    if (web == NULL || web->curl == NULL || web->headers == NULL) {
        web_close(web);
        (void)error_set(err, ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    return web;
}

void web_close(struct web *web)
{
    if (web != NULL) {
        curl_slist_free_all(web->headers);
        curl_easy_cleanup(web->curl);
        free(web);
    }
}

/* More than can be of use ends the transfer. */
static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct text *body = context;
    size_t length = size * count;
    if (body->length + length > BODY_MOST) {
        return 0;
    }
    text_add_str(body, (struct str){bytes, length});
    return length;
}

#define SET(option, value) (web->is_set &= curl_easy_setopt(web->curl, option, value) == CURLE_OK)

static void set_request(struct web *web, const struct web_request *request, struct text *body)
{
    curl_easy_reset(web->curl);
    web->is_set = true;
    web->why[0] = '\0';
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_ERRORBUFFER, web->why);
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, body);
    SET(CURLOPT_USERAGENT, "reconcile/" RECONCILE_VERSION);
    SET(CURLOPT_PROXY, ""); /* as the authority and uacme, which ask for themselves */
    SET(CURLOPT_PROTOCOLS_STR, request->is_plain ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, request->is_plain ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
    SET(CURLOPT_SSL_VERIFYPEER, request->is_plain ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, request->is_plain ? 0L : 2L);
    if (request->posted != NULL) {
        SET(CURLOPT_POSTFIELDS, request->posted);
        SET(CURLOPT_HTTPHEADER, web->headers);
    }
}

static const char *header_of(struct web *web, const char *name, struct arena *arena)
{
    struct curl_header *header = NULL;
    return curl_easy_header(web->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? arena_strdup(arena, header->value)
               : NULL;
}

bool web_ask(struct web *web, const struct web_request *request, struct arena *arena,
             struct web_answer *out_answer, struct error *err)
{
    struct text body = text_make(arena);
    curl_off_t retry_after = 0;
    set_request(web, request, &body);
    if (!web->is_set) {
        return error_set(err, ERROR_UNAVAILABLE, "ask %s: libcurl refuses an option", request->url);
    }
    CURLcode result = curl_easy_perform(web->curl);
    long status = 0;
    (void)curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &status); /* 0: no answer */
    (void)curl_easy_getinfo(web->curl, CURLINFO_RETRY_AFTER, &retry_after);
    if (status == 0 || (result != CURLE_OK && result != CURLE_WRITE_ERROR)) {
        /* Of an untrusted certificate reconcile knows this text, by which uacme tells it too. */
        bool is_untrusted = result == CURLE_PEER_FAILED_VERIFICATION;
        const char *why =
            is_untrusted || web->why[0] == '\0' ? curl_easy_strerror(result) : web->why;
        return error_set(err, ERROR_REFUSED, "ask %s: %s", request->url, why);
    }
    const char *date = header_of(web, "Date", arena);
    time_t at = date == NULL ? -1 : curl_getdate(date, NULL);
    *out_answer = (struct web_answer){
        .status = status,
        .body = text_str(&body),
        .nonce = header_of(web, "Replay-Nonce", arena),
        .location = header_of(web, "Location", arena),
        .retry_after = retry_after,
        .date = at < 0 ? 0 : at,
    };
    return true;
}
