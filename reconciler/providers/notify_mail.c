/* E-mail: a message as RFC 5322 has it, handed to sendmail or to an SMTP server. Nothing in it can
 * begin another header: what is not plain ASCII is encoded, addresses have a strict form. */
#include "providers/notify_send.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/visible.h"
#include "providers/host_secret.h"

enum {
    WORD_BYTES = 39,    /* make 52 characters, with the rest around them less than 76 */
    ENCODED_BYTES = 57, /* make a line of 76 */
    PLAIN_LINE = 900,   /* RFC 5321 allows 998 */
    OUTPUT_LIMIT = 4096,
    MICROSECONDS = 1000000,
    TIME_SIZE = 64,
    SMTP_GOOD = 200,
    SMTP_BAD = 500,
};

/* --- encoding -------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && *text != '\n') || (unsigned char)*text > '~') {
            return false;
        }
    }
    return true;
}

static void add_base64(struct text *out, struct str bytes)
{
    unsigned char digits[ENCODED_BYTES / 3 * 4 + 1];
    int length = EVP_EncodeBlock(digits, (const unsigned char *)bytes.data, (int)bytes.length);
    text_add_str(out, (struct str){(const char *)digits, (size_t)length});
}

/* Whole characters, at most WORD_BYTES of them. */
static size_t word_length(struct str rest)
{
    size_t length = 0;
    uint32_t code = 0;
    while (length < rest.length) {
        size_t more = utf8_decode(rest, length, &code);
        more = more == 0 ? 1 : more;
        if (length + more > WORD_BYTES) {
            break;
        }
        length += more;
    }
    return length;
}

/* RFC 2047; what only looks like an encoded word is encoded too. */
static void add_subject(struct text *out, const char *subject, const char *end)
{
    struct str rest = str_of(visible_line(out->arena, subject));
    text_add(out, "Subject: ");
    if (is_plain(rest.data) && strstr(rest.data, "=?") == NULL && rest.length < PLAIN_LINE) {
        text_addf(out, "%s%s", rest.data, end);
        return;
    }
    while (rest.length > 0) {
        size_t length = word_length(rest);
        text_add(out, "=?UTF-8?B?");
        add_base64(out, (struct str){rest.data, length});
        rest.data += length;
        rest.length -= length;
        text_addf(out, "?=%s%s", end, rest.length > 0 ? " " : "");
    }
}

static bool has_long_line(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (length > PLAIN_LINE) {
            return true;
        }
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    return false;
}

static void add_body(struct text *out, const char *text, const char *end)
{
    if (is_plain(text) && !has_long_line(text)) {
        text_addf(out, "Content-Transfer-Encoding: 7bit%s%s", end, end);
        while (*text != '\0') {
            size_t length = strcspn(text, "\n");
            text_add_str(out, (struct str){text, length});
            text_add(out, end);
            text += length + (text[length] == '\n' ? 1 : 0);
        }
        return;
    }
    text_addf(out, "Content-Transfer-Encoding: base64%s%s", end, end);
    for (struct str rest = str_of(text); rest.length > 0;) {
        size_t length = rest.length < ENCODED_BYTES ? rest.length : ENCODED_BYTES;
        add_base64(out, (struct str){rest.data, length});
        text_add(out, end);
        rest.data += length;
        rest.length -= length;
    }
}

static void add_date(struct text *out, int64_t at_us, const char *end)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)(at_us / MICROSECONDS);
    struct tm utc;
    if (gmtime_r(&at, &utc) != NULL) { /* strftime would speak the locale's language */
        text_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000%s", days[utc.tm_wday], utc.tm_mday,
                  months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec, end);
    }
}

struct text notify_mail_write(struct arena *arena, const struct notify_channel *channel,
                              const struct notify_message *message, const char *end)
{
    struct text out = text_make(arena);
    text_addf(&out, "From: %s%s", channel->from, end);
    for (size_t i = 0; channel->to[i] != NULL; i++) {
        text_addf(&out, "%s%s%s%s", i == 0 ? "To: " : " ", channel->to[i],
                  channel->to[i + 1] == NULL ? "" : ",", end);
    }
    add_subject(&out, message->subject, end);
    add_date(&out, message->at_us, end);
    text_addf(&out, "Message-ID: <%s%s>%s", message->id, strchr(channel->from, '@'), end);
    text_addf(&out, "MIME-Version: 1.0%s", end);
    text_addf(&out, "Auto-Submitted: auto-generated%s", end); /* RFC 3834: nobody answers */
    text_addf(&out, "X-Reconcile-Id: %s%s", message->id, end);
    text_addf(&out, "Content-Type: text/plain; charset=UTF-8%s", end);
    add_body(&out, message->text, end);
    return out;
}

/* --- sendmail -------------------------------------------------------------------------------- */

static struct notify_answer deliver_sendmail(struct host *host,
                                             const struct notify_channel *channel,
                                             const struct notify_message *message,
                                             unsigned limit_ms, struct arena *arena)
{
    struct error err = {0};
    struct process_result result;
    struct text mail = notify_mail_write(arena, channel, message, "\n");
    const struct process_options options = {
        .argv = channel->argv,
        .input = text_str(&mail),
        .timeout_ms = limit_ms,
        .output_limit = OUTPUT_LIMIT,
    };
    if (!host->run(host, &options, arena, &result, &err)) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    const char *said = notify_answer_line(arena, result.errors);
    return (struct notify_answer){
        .fate = result.status == 0 ? NOTIFY_SENT : NOTIFY_LATER,
        .text = said[0] == '\0'
                    ? arena_printf(arena, "sendmail ended with %d", result.status)
                    : arena_printf(arena, "sendmail ended with %d: %s", result.status, said)};
}

/* --- SMTP ------------------------------------------------------------------------------------ */

struct reading {
    struct str rest;
};

static size_t give_bytes(char *room, size_t size, size_t count, void *context)
{
    struct reading *reading = context;
    size_t length = size * count < reading->rest.length ? size * count : reading->rest.length;
    memcpy(room, reading->rest.data, length);
    reading->rest.data += length;
    reading->rest.length -= length;
    return length;
}

struct smtp {
    CURL *curl;
    struct curl_slist *to;
    char why[CURL_ERROR_SIZE];
    struct reading reading;
    bool is_set; /* no option was refused */
};

static void smtp_end(struct smtp *smtp)
{
    curl_slist_free_all(smtp->to);
    if (smtp->curl != NULL) {
        curl_easy_cleanup(smtp->curl);
    }
}

#define SET(option, value) (smtp->is_set &= curl_easy_setopt(smtp->curl, option, value) == CURLE_OK)

static bool add_recipients(struct smtp *smtp, const struct notify_channel *channel)
{
    for (size_t i = 0; channel->to[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(smtp->to, channel->to[i]);
        if (longer == NULL) {
            return false;
        }
        smtp->to = longer;
    }
    return true;
}

static bool add_login(struct host *host, struct smtp *smtp, const struct notify_channel *channel,
                      struct arena *arena, struct error *err)
{
    AUTO_SECRET password = NULL;
    AUTO_WIPED line = NULL;
    if (channel->secret == NULL) {
        return true;
    }
    if (!host_secret_read(host, channel->secret, arena, &password, err) ||
        !host_secret_line("", password, &line, err)) {
        return false;
    }
    SET(CURLOPT_USERNAME, channel->user);
    SET(CURLOPT_PASSWORD, line);
    return true;
}

static void set_options(struct smtp *smtp, const struct notify_channel *channel, unsigned limit_ms)
{
    bool is_here = notify_url_is_loopback(channel->url);
    SET(CURLOPT_URL, channel->url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, (long)(is_here ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_TIMEOUT_MS, (long)limit_ms);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_ERRORBUFFER, smtp->why);
    SET(CURLOPT_MAIL_FROM, channel->from);
    SET(CURLOPT_MAIL_RCPT, smtp->to);
    SET(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L); /* one address that is gone does not keep it from all */
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, give_bytes);
    SET(CURLOPT_READDATA, &smtp->reading);
    SET(CURLOPT_PROXY, "");
    if (channel->ca != NULL) {
        SET(CURLOPT_CAINFO, channel->ca);
    }
}

static struct notify_answer smtp_answer(struct smtp *smtp, CURLcode result, struct arena *arena)
{
    long code = 0;
    (void)curl_easy_getinfo(smtp->curl, CURLINFO_RESPONSE_CODE, &code); /* 0: nobody answered */
    if (result == CURLE_OK) {
        return (struct notify_answer){.fate = NOTIFY_SENT,
                                      .text = arena_printf(arena, "SMTP %ld", code)};
    }
    const char *why = notify_answer_line(
        arena, str_of(smtp->why[0] == '\0' ? curl_easy_strerror(result) : smtp->why));
    return (struct notify_answer){
        .fate = code >= SMTP_BAD ? NOTIFY_REFUSED : NOTIFY_LATER,
        .text = code >= SMTP_GOOD ? arena_printf(arena, "SMTP %ld: %s", code, why) : why};
}

static struct notify_answer deliver_smtp(struct host *host, const struct notify_channel *channel,
                                         const struct notify_message *message, unsigned limit_ms,
                                         struct arena *arena)
{
    struct error err = {0};
    struct text mail = notify_mail_write(arena, channel, message, "\r\n");
    CLEANUP(smtp_end) struct smtp smtp = {.reading = {text_str(&mail)}, .is_set = true};
    smtp.curl = curl_easy_init();
    if (smtp.curl == NULL || !add_recipients(&smtp, channel)) {
        (void)error_set(&err, ERROR_SYSTEM, "prepare the message: out of memory"); /* told below */
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    if (!add_login(host, &smtp, channel, arena, &err)) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    set_options(&smtp, channel, limit_ms);
    CURLcode result = smtp.is_set ? curl_easy_perform(smtp.curl) : CURLE_FAILED_INIT;
    return smtp_answer(&smtp, result, arena);
}

struct notify_answer notify_deliver_mail(struct host *host, const struct notify_channel *channel,
                                         const struct notify_message *message, unsigned limit_ms,
                                         struct arena *arena)
{
    return channel->url == NULL ? deliver_sendmail(host, channel, message, limit_ms, arena)
                                : deliver_smtp(host, channel, message, limit_ms, arena);
}
