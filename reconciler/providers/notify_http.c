/* What is posted over HTTP: webhooks, and the states of commits. One request, no redirects, no
 * other protocol, one time limit for all of it, and an answer of which little is kept. */
#include "providers/notify_send.h"

#include <curl/curl.h>
#include <string.h>

#include "base/clock.h"
#include "model/json.h"
#include "providers/host_secret.h"

enum {
    ANSWER_KEPT = 1024,
    ANSWER_MOST = 64 << 10, /* then the rest is not waited for */
    FIRST_GOOD = 200,
    FIRST_REDIRECT = 300,
    FIRST_BROKEN = 500,
    REQUEST_TIMEOUT = 408,
    TOO_EARLY = 425,
    TOO_MANY = 429,
    MICROSECONDS = 1000000,
    DIGEST_DIGITS = 65,
};

struct post {
    CURL *curl;
    struct curl_slist *headers;
    char why[CURL_ERROR_SIZE];
    char answer[ANSWER_KEPT];
    size_t kept;
    size_t received;
    bool is_set; /* no option was refused */
};

#define AUTO_POST CLEANUP(post_end) struct post

static void post_end(struct post *post)
{
    curl_slist_free_all(post->headers);
    if (post->curl != NULL) {
        curl_easy_cleanup(post->curl);
    }
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t length = size * count;
    size_t room = sizeof(post->answer) - post->kept;
    size_t kept = length < room ? length : room;
    memcpy(post->answer + post->kept, bytes, kept);
    post->kept += kept;
    post->received += length;
    return post->received > ANSWER_MOST ? 0 : length;
}

#define SET(option, value) (post->is_set &= curl_easy_setopt(post->curl, option, value) == CURLE_OK)

static void add_header(struct post *post, const char *line)
{
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    post->is_set &= longer != NULL;
    post->headers = longer != NULL ? longer : post->headers;
}

static void post_begin(struct post *post, const struct notify_channel *channel, unsigned limit_ms)
{
    *post = (struct post){.curl = curl_easy_init(), .is_set = true};
    if (post->curl == NULL) {
        post->is_set = false;
        return;
    }
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_TIMEOUT_MS, (long)limit_ms);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_ERRORBUFFER, post->why);
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, post);
    SET(CURLOPT_USERAGENT, "reconcile/" RECONCILE_VERSION);
    if (channel->ca != NULL) {
        SET(CURLOPT_CAINFO, channel->ca);
    }
    add_header(post, "Content-Type: application/json");
    add_header(post, "Expect:");
}

static bool is_passing(long status)
{
    return status >= FIRST_BROKEN || status == REQUEST_TIMEOUT || status == TOO_EARLY ||
           status == TOO_MANY;
}

static struct notify_answer answer_of(struct post *post, CURLcode result, struct arena *arena)
{
    long status = 0;
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status); /* 0: no answer */
    (void)curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &retry_after);
    /* An answer whose end did not come is still an answer, unless time was over. */
    if (status == 0 || (result != CURLE_OK && result != CURLE_WRITE_ERROR)) {
        const char *why = post->why[0] == '\0' ? curl_easy_strerror(result) : post->why;
        bool is_wrong = result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT;
        return (struct notify_answer){.fate = is_wrong ? NOTIFY_REFUSED : NOTIFY_LATER,
                                      .text = notify_answer_line(arena, str_of(why))};
    }
    bool is_good = status >= FIRST_GOOD && status < FIRST_REDIRECT;
    const char *said = notify_answer_line(arena, (struct str){post->answer, post->kept});
    return (struct notify_answer){
        .fate = is_good              ? NOTIFY_SENT
                : is_passing(status) ? NOTIFY_LATER
                                     : NOTIFY_REFUSED,
        .text = said[0] == '\0' ? arena_printf(arena, "HTTP %ld", status)
                                : arena_printf(arena, "HTTP %ld: %s", status, said),
        .retry_after_s = retry_after > 0 && retry_after < INT32_MAX ? (unsigned)retry_after : 0};
}

static struct notify_answer post_send(struct post *post, const char *url, const char *body,
                                      struct arena *arena)
{
    if (post->curl == NULL) {
        return (struct notify_answer){NOTIFY_LATER, "out of memory", 0};
    }
    SET(CURLOPT_URL, url);
    SET(CURLOPT_POSTFIELDS, body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    SET(CURLOPT_HTTPHEADER, post->headers);
    CURLcode result = post->is_set ? curl_easy_perform(post->curl) : CURLE_FAILED_INIT;
    return answer_of(post, result, arena);
}

/* --- webhooks -------------------------------------------------------------------------------- */

/* HMAC-SHA256 over the time, a dot and the body: neither can be changed or used again later. */
static bool sign(struct host *host, struct post *post, const struct notify_channel *channel,
                 const char *time, const char *body, struct arena *arena, struct error *err)
{
    char hex[DIGEST_DIGITS];
    AUTO_SECRET key = NULL;
    if (channel->secret == NULL) {
        return true;
    }
    if (!host_secret_read(host, channel->secret, arena, &key, err)) {
        return false;
    }
    const char *text = arena_printf(arena, "%s.%s", time, body);
    AUTO_SECRET signed_text = secret_from_bytes(text, strlen(text));
    secret_digest(signed_text, key, hex);
    add_header(post, arena_printf(arena, "X-Reconcile-Signature: sha256=%s", hex));
    return true;
}

struct notify_answer notify_deliver_webhook(struct host *host, const struct notify_channel *channel,
                                            const struct notify_message *message, unsigned limit_ms,
                                            struct arena *arena)
{
    struct error err = {0};
    AUTO_SECRET hidden = NULL;
    AUTO_WIPED url = NULL;
    AUTO_POST post = {0};
    const char *time = arena_printf(arena, "%lld", (long long)(clock_wall_us() / MICROSECONDS));
    post_begin(&post, channel, limit_ms);
    add_header(&post, arena_printf(arena, "X-Reconcile-Id: %s", message->id));
    add_header(&post, arena_printf(arena, "X-Reconcile-Timestamp: %s", time));
    bool is_ready = sign(host, &post, channel, time, message->body, arena, &err) &&
                    (channel->url != NULL ||
                     (host_secret_read(host, channel->url_secret, arena, &hidden, &err) &&
                      host_secret_line("", hidden, &url, &err)));
    if (!is_ready) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    return post_send(&post, channel->url != NULL ? channel->url : url, message->body, arena);
}

/* --- states of commits ----------------------------------------------------------------------- */

/* How each forge wants to be asked. */
static const struct forge_row {
    const char *token; /* the header before the token */
    bool is_gitlab;    /* its own paths, and its own words */
} forge_rows[FORGE_COUNT] = {
    [FORGE_GITHUB] = {"Authorization: Bearer ", false},
    [FORGE_GITLAB] = {"PRIVATE-TOKEN: ", true},
    [FORGE_GITEA] = {"Authorization: token ", false},
    [FORGE_FORGEJO] = {"Authorization: token ", false},
};

static const char *status_url(struct arena *arena, const struct notify_channel *channel,
                              const char *commit)
{
    struct text out = text_make(arena);
    bool is_gitlab = forge_rows[channel->forge].is_gitlab;
    size_t length = strlen(channel->url);
    while (length > 0 && channel->url[length - 1] == '/') {
        length--;
    }
    text_add_str(&out, (struct str){channel->url, length});
    text_add(&out, is_gitlab ? "/projects/" : "/repos/");
    for (const char *at = channel->project; *at != '\0'; at++) {
        if (is_gitlab && *at == '/') {
            text_add(&out, "%2F");
        } else {
            text_add_char(&out, *at);
        }
    }
    text_addf(&out, "/statuses/%s", commit);
    return out.data;
}

/* "success", "failure", "error" and "pending"; GitLab has one word for two of them. */
static const char *status_word(const struct notify_channel *channel, const char *word)
{
    bool is_bad = strcmp(word, "failure") == 0 || strcmp(word, "error") == 0;
    return forge_rows[channel->forge].is_gitlab && is_bad ? "failed" : word;
}

/* GitHub takes 140 characters; whole ones are kept. */
static const char *status_description(struct arena *arena, const char *text)
{
    enum { DESCRIPTION_MOST = 140 };
    size_t length = strlen(text);
    if (length > DESCRIPTION_MOST) {
        length = DESCRIPTION_MOST;
        while (length > 0 && ((unsigned char)text[length] & 0xc0U) == 0x80U) {
            length--;
        }
    }
    return arena_strndup(arena, text, length);
}

static const char *status_body(struct arena *arena, const struct notify_channel *channel,
                               const struct notify_message *message)
{
    AUTO_JSON root = json_object();
    (void)json_object_set_new(root, "state", json_text(status_word(channel, message->text)));
    (void)json_object_set_new(root, "context", json_text(channel->context));
    (void)json_object_set_new(root, "description",
                              json_text(status_description(arena, message->subject)));
    if (channel->target_url != NULL) {
        (void)json_object_set_new(root, "target_url", json_text(channel->target_url));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_COMPACT);
    return arena_strdup(arena, text == NULL ? "{}" : text);
}

struct notify_answer notify_deliver_status(struct host *host, const struct notify_channel *channel,
                                           const struct notify_message *message, unsigned limit_ms,
                                           struct arena *arena)
{
    struct error err = {0};
    AUTO_SECRET token = NULL;
    AUTO_WIPED line = NULL;
    AUTO_POST post = {0};
    post_begin(&post, channel, limit_ms);
    if (!host_secret_read(host, channel->secret, arena, &token, &err) ||
        !host_secret_line(forge_rows[channel->forge].token, token, &line, &err)) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    add_header(&post, line);
    if (channel->forge == FORGE_GITHUB) {
        add_header(&post, "Accept: application/vnd.github+json");
        add_header(&post, "X-GitHub-Api-Version: 2022-11-28");
    }
    return post_send(&post, status_url(arena, channel, message->commit),
                     status_body(arena, channel, message), arena);
}
