/* The words of events and channels. */
#include "model/notify.h"

#include <string.h>

#include "base/str.h"

const char *notice_event_word(enum notice_event event)
{
    static const char *const words[NOTICE_EVENT_COUNT] = {
        [NOTICE_FAILED] = "failed",       [NOTICE_EXPIRING] = "expiring",
        [NOTICE_FIGHT] = "fight",         [NOTICE_DRIFTED] = "drifted",
        [NOTICE_HELD] = "held",           [NOTICE_REPAIRED] = "repaired",
        [NOTICE_SUSPENDED] = "suspended", [NOTICE_PENDING] = "pending",
        [NOTICE_RECOVERED] = "recovered", [NOTICE_TEST] = "test",
    };
    return words[event];
}

bool notice_event_parse(const char *word, enum notice_event *out_event)
{
    for (size_t i = 0; word != NULL && i < NOTICE_EVENT_COUNT; i++) {
        if (strcmp(word, notice_event_word((enum notice_event)i)) == 0) {
            *out_event = (enum notice_event)i;
            return true;
        }
    }
    return false;
}

const char *channel_kind_word(enum channel_kind kind)
{
    static const char *const words[CHANNEL_KIND_COUNT] = {
        [CHANNEL_WEBHOOK] = "webhook",
        [CHANNEL_EMAIL] = "email",
        [CHANNEL_EXEC] = "exec",
        [CHANNEL_STATUS] = "commit status",
    };
    return words[kind];
}

bool notify_scope_has(const char *const *only, const char *document)
{
    if (only == NULL) {
        return true;
    }
    for (; document != NULL && *only != NULL; only++) {
        size_t length = strlen(*only);
        bool is_kind = strchr(*only, ':') == NULL && text_starts_with(document, *only) &&
                       document[length] == ':';
        if (is_kind || strcmp(*only, document) == 0) {
            return true;
        }
    }
    return false;
}

/* The user is left out: a host that only follows "localhost@" is not this machine. */
bool notify_url_is_loopback(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *host = strstr(url, "://");
    if (host == NULL) {
        return false;
    }
    host += strlen("://");
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    if (at != NULL) {
        length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t end = strlen(hosts[i]);
        if (text_starts_with(host, hosts[i]) && (end == length || host[end] == ':')) {
            return true;
        }
    }
    return false;
}
