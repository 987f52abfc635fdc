/* What was decided, as one message for one channel: its subject, its text in the language of those
 * who read it, and JSON for programs. A message tells a bounded number of notices; of the rest it
 * says how many there are. */
#include "core/notify.h"

#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/text.h"
#include "base/visible.h"
#include "core/say.h"
#include "model/json.h"

enum {
    NOTICES_MOST = 25, /* of one message */
    DETAIL_MOST = 500, /* bytes of one detail */
    ID_DIGITS = 32,
    MICROSECONDS = 1000000,
};

/* --- which ----------------------------------------------------------------------------------- */

/* Who knows of a fight only as drift hears of it too; who was not told of a state is not told of
 * its end. */
static bool hears(const struct notify_channel *channel, enum notice_event event)
{
    return (channel->events & notice_event_bit(event)) != 0 ||
           (event == NOTICE_FIGHT && (channel->events & notice_event_bit(NOTICE_DRIFTED)) != 0);
}

static bool is_told(const struct notify_channel *channel, const struct notice *notice)
{
    if (!hears(channel, notice->event) ||
        (notice->event == NOTICE_RECOVERED && !hears(channel, notice->before))) {
        return false;
    }
    return notice->event == NOTICE_TEST || strcmp(notice->thing, NOTICE_RUN) == 0 ||
           strcmp(notice->thing, NOTICE_SOURCE) == 0 ||
           notify_scope_has(channel->only, notice->document);
}

/* --- words ----------------------------------------------------------------------------------- */

static const struct message *thing_message(struct arena *arena, const struct notice *notice)
{
    if (strcmp(notice->thing, NOTICE_RUN) == 0) {
        return message_word(arena, N_("the run as a whole"));
    }
    return strcmp(notice->thing, NOTICE_SOURCE) == 0
               ? message_word(arena, N_("the source of the documents"))
               : message_quote(arena, visible_line(arena, notice->thing));
}

static const struct message *event_message(struct arena *arena, const struct notice *notice)
{
    static const char *const words[NOTICE_EVENT_COUNT] = {
        [NOTICE_FAILED] = N_("failed"),
        [NOTICE_EXPIRING] = N_("its lifetime runs out"),
        [NOTICE_FIGHT] = N_("changed again and again; it is left alone for now"),
        [NOTICE_DRIFTED] = N_("changed on the host"),
        [NOTICE_HELD] = N_("a change is held back"),
        [NOTICE_REPAIRED] = N_("was changed on the host, and is put back"),
        [NOTICE_SUSPENDED] = N_("left alone, as somebody wishes"),
        [NOTICE_PENDING] = N_("a change is due"),
        [NOTICE_RECOVERED] = N_("in sync again"),
        [NOTICE_TEST] = N_("this is a test; nothing has happened"),
    };
    bool is_renewed = notice->event == NOTICE_RECOVERED && notice->before == NOTICE_EXPIRING;
    return message_word(arena, is_renewed ? N_("it has a new lifetime") : words[notice->event]);
}

static const struct message *sentence(struct arena *arena, const struct notice *notice)
{
    const struct message *event = event_message(arena, notice);
    return notice->event == NOTICE_TEST
               ? event
               : message_chain(arena, thing_message(arena, notice), MESSAGE_COLON, event);
}

static const char *said(struct arena *arena, enum language language, const struct message *message)
{
    return say_line(arena, language, say_message(arena, language, message));
}

/* Whole characters of it. */
static const char *shorten(struct arena *arena, const char *text)
{
    size_t length = strlen(text);
    if (length <= DETAIL_MOST) {
        return text;
    }
    size_t kept = DETAIL_MOST;
    while (kept > 0 && ((unsigned char)text[kept] & 0xc0U) == 0x80U) {
        kept--;
    }
    return arena_printf(arena, "%.*s...", (int)kept, text);
}

/* A sentence's detail is often words of other programs, of any length. */
static const char *detail_text(struct arena *arena, enum language language,
                               const struct message *detail)
{
    return shorten(arena, said(arena, language, detail));
}

static const char *writer_text(struct arena *arena, enum language language,
                               const struct notice_writer *writer)
{
    const char *user = writer->login != NULL ? writer->login : writer->user;
    if (writer->program == NULL) {
        return NULL;
    }
    if (user == NULL) {
        return say(arena, language, "by %s", writer->program);
    }
    return writer->unit == NULL
               ? say(arena, language, "by %s of %s", writer->program, user)
               : say(arena, language, "by %s of %s, in %s", writer->program, user, writer->unit);
}

static void add_notice(struct text *out, enum language language, const struct notice *notice)
{
    struct arena *arena = out->arena;
    text_addf(out, "* %s", said(arena, language, sentence(arena, notice)));
    const char *writer =
        notice->writer == NULL ? NULL : writer_text(arena, language, notice->writer);
    if (writer != NULL) {
        text_addf(out, ", %s", say_line(arena, language, writer));
    }
    if (notice->writer != NULL && notice->writer->package != NULL) {
        text_addf(out, " (%s)",
                  say_apart(arena, language, visible_line(arena, notice->writer->package)));
    }
    if (notice->detail != NULL) {
        text_addf(out, ": %s", detail_text(arena, language, notice->detail));
    }
    text_add(out, "\n");
}

static struct tm utc_of(int64_t at_us)
{
    time_t at = (time_t)(at_us / MICROSECONDS);
    struct tm utc = {0};
    (void)gmtime_r(&at, &utc); /* fails only for years that no clock shows */
    return utc;
}

/* "2026-12-31 23:59:59 UTC" */
static const char *time_text(struct arena *arena, int64_t at_us)
{
    struct tm utc = utc_of(at_us);
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900,
                        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static size_t shown_count(const struct notice_list *notices)
{
    return notices->count < NOTICES_MOST ? notices->count : NOTICES_MOST;
}

static const char *more_text(struct arena *arena, enum language language, size_t count)
{
    return say_number(arena, language, count, N_("and %zu more"), N_("and %zu more"));
}

static const char *subject_text(struct arena *arena, enum language language, const char *host,
                                const struct notice_list *notices)
{
    struct text out = text_make(arena);
    text_addf(&out, "[%s] %s", visible_line(arena, host),
              said(arena, language, sentence(arena, &notices->items[0])));
    if (notices->count > 1) {
        text_addf(&out, ", %s", more_text(arena, language, notices->count - 1));
    }
    return out.data;
}

static const char *notices_text(struct arena *arena, enum language language,
                                const struct notice_list *notices)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < shown_count(notices); i++) {
        add_notice(&out, language, &notices->items[i]);
    }
    if (notices->count > shown_count(notices)) {
        text_line(&out, "%s", more_text(arena, language, notices->count - shown_count(notices)));
    }
    return out.data;
}

static const char *whole_text(struct arena *arena, enum language language,
                              const struct notify_origin *origin, const struct notice_list *notices,
                              int64_t at_us)
{
    enum { COMMIT_SHOWN = 10 };
    struct text out = text_make(arena);
    text_line(&out, "%s", notices_text(arena, language, notices));
    text_line(&out, "%s", say(arena, language, "Host: %s", visible_line(arena, origin->host)));
    text_line(&out, "%s", say(arena, language, "Time: %s", time_text(arena, at_us)));
    if (origin->commit != NULL) {
        const char *commit = arena_printf(
            arena, "%.*s %s", COMMIT_SHOWN, origin->commit,
            origin->commit_subject == NULL ? "" : visible_line(arena, origin->commit_subject));
        text_line(&out, "%s", say(arena, language, "Commit: %s", commit));
    }
    return out.data;
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* RFC 3339 */
static const char *stamp(struct arena *arena, int64_t at_us)
{
    struct tm utc = utc_of(at_us);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                        utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static json_t *writer_json(const struct notice_writer *writer)
{
    if (writer == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "program", json_text(writer->program),
                     "command", json_text(writer->command), "user", json_text(writer->user),
                     "login", json_text(writer->login), "unit", json_text(writer->unit), "package",
                     json_text(writer->package), "pid", (json_int_t)writer->pid);
}

static json_t *notice_json(struct arena *arena, const struct notice *notice)
{
    const char *before =
        notice->event == NOTICE_RECOVERED ? notice_event_word(notice->before) : NULL;
    const char *detail =
        notice->detail == NULL ? NULL : detail_text(arena, LANGUAGE_ENGLISH, notice->detail);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "event",
                     notice_event_word(notice->event), "thing", json_text(notice->thing),
                     "document", json_text(notice->document), "before", json_text(before), "detail",
                     json_text(detail), "at", stamp(arena, notice->at_us), "writer",
                     writer_json(notice->writer));
}

static json_t *run_json(const struct notify_origin *origin)
{
    return json_pack("{s:o, s:o, s:I, s:o, s:o}", "trigger", json_text(origin->trigger), "verdict",
                     json_text(origin->verdict), "generation", (json_int_t)origin->generation,
                     "commit", json_text(origin->commit), "commit_subject",
                     json_text(origin->commit_subject));
}

static const char *dump(struct arena *arena, json_t *root)
{
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_COMPACT);
    return arena_strdup(arena, text == NULL ? "{}" : text);
}

static const char *body_text(struct arena *arena, const struct notify_message *message,
                             const struct notify_origin *origin, const struct notice_list *notices)
{
    AUTO_JSON root = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < shown_count(notices); i++) {
        (void)json_array_append_new(list, notice_json(arena, &notices->items[i]));
    }
    (void)json_object_set_new(root, "version", json_integer(1));
    (void)json_object_set_new(root, "id", json_text(message->id));
    (void)json_object_set_new(root, "channel", json_text(message->channel));
    (void)json_object_set_new(root, "host", json_text(origin->host));
    (void)json_object_set_new(root, "at", json_text(stamp(arena, message->at_us)));
    (void)json_object_set_new(root, "subject", json_text(message->subject));
    (void)json_object_set_new(root, "text", json_text(message->text));
    (void)json_object_set_new(root, "run", run_json(origin));
    (void)json_object_set_new(root, "count", json_integer((json_int_t)notices->count));
    (void)json_object_set_new(root, "notices", list);
    return dump(arena, root);
}

static const char *chat_text(struct arena *arena, const char *subject, const char *text)
{
    AUTO_JSON root = json_object();
    (void)json_object_set_new(root, "text",
                              json_text(arena_printf(arena, "%s\n%s", subject, text)));
    return dump(arena, root);
}

/* --- a message ------------------------------------------------------------------------------- */

/* The same when the same is written once more, after the writer was cut off. */
static const char *message_id(struct arena *arena, const struct notify_channel *channel,
                              const struct notify_origin *origin, const struct notice_list *notices)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest *digest = digest_begin();
    digest_add(digest, str_of(origin->host));
    digest_add(digest, str_of(channel->name));
    digest_add(digest, str_of(arena_printf(arena, "%llu", (unsigned long long)origin->number)));
    for (size_t i = 0; i < notices->count; i++) {
        digest_add(digest, str_of(notice_event_word(notices->items[i].event)));
        digest_add(digest, str_of(notices->items[i].thing));
    }
    digest_end(digest, hex);
    return arena_strndup(arena, hex, ID_DIGITS);
}

bool notify_write(struct arena *arena, const struct notify_channel *channel,
                  const struct notify_origin *origin, const struct notice_list *notices,
                  int64_t at_us, struct notify_message *out_message)
{
    struct notice_list told = {0};
    for (size_t i = 0; i < notices->count; i++) {
        if (is_told(channel, &notices->items[i])) {
            vec_add(arena, &told, notices->items[i]);
        }
    }
    if (told.count == 0) {
        return false;
    }
    *out_message = (struct notify_message){
        .id = message_id(arena, channel, origin, &told),
        .channel = channel->name,
        .at_us = at_us,
        .next_us = at_us,
        .subject = subject_text(arena, channel->language, origin->host, &told),
        .text = whole_text(arena, channel->language, origin, &told, at_us),
    };
    out_message->body = channel->is_chat ? chat_text(arena, out_message->subject,
                                                     notices_text(arena, channel->language, &told))
                                         : body_text(arena, out_message, origin, &told);
    return true;
}

void notify_write_status(struct arena *arena, const char *commit, const char *word,
                         const char *description, int64_t at_us, struct notify_message *out_message)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest *digest = digest_begin();
    digest_add(digest, str_of(commit));
    digest_add(digest, str_of(word));
    digest_add(digest, str_of(description));
    digest_end(digest, hex);
    *out_message = (struct notify_message){
        .id = arena_strndup(arena, hex, ID_DIGITS),
        .channel = NOTIFY_STATUS_CHANNEL,
        .commit = commit,
        .at_us = at_us,
        .next_us = at_us,
        .subject = shorten(arena, visible_line(arena, description)),
        .text = word,
        .body = "",
    };
}
