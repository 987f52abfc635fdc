/* Versions of the documents and what became of them. */

#include <string.h>

#include "statusd/pages/parts.h"

const char *fate_name(enum delivery_fate fate)
{
    static const char *const names[DELIVERY_FATE_COUNT] = {
        [DELIVERY_APPLIED] = MARK("applied"),
        [DELIVERY_UNCHANGED] = MARK("nothing to change"),
        [DELIVERY_PARTLY] = MARK("partly applied"),
        [DELIVERY_REFUSED] = MARK("refused"),
        [DELIVERY_WAITING] = MARK("waiting"),
    };
    return tr(names[fate]);
}

void fate_badge(struct html *html, enum delivery_fate fate)
{
    static const enum verdict_tone tones[DELIVERY_FATE_COUNT] = {
        [DELIVERY_APPLIED] = TONE_WELL,   [DELIVERY_UNCHANGED] = TONE_WELL,
        [DELIVERY_PARTLY] = TONE_WARNING, [DELIVERY_REFUSED] = TONE_BAD,
        [DELIVERY_WAITING] = TONE_CALM,
    };
    badge_write(html, tones[fate], fate_name(fate));
}

const char *delivery_why(const struct delivery_record *delivery)
{
    static const struct {
        const char *stage;
        const char *why;
    } whys[] = {
        {"check", MARK("The documents have errors.")},
        {"test", MARK("nginx or systemd refuses it.")},
        {"apply", MARK("It failed on the host and was taken back.")},
        {"probe", MARK("A probe failed, and what it asked was taken back.")},
        {"window", MARK("It waits for its window.")},
        {"manual", MARK("It waits for somebody to say apply.")},
        {"mode", MARK("A mode, a guard or a suspension keeps something back.")},
        {"rollback", MARK("A rollback has set it aside.")},
    };
    for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++) {
        if (text_equal(whys[i].stage, delivery->stage)) {
            return tr(whys[i].why);
        }
    }
    return NULL;
}

void delivery_title(const struct request *request, struct html *html,
                    const struct delivery_record *delivery)
{
    const char *version = delivery->version != NULL ? delivery->version : "?";
    struct html commit = commit_piece(request, version);
    if (delivery->commit == NULL) {
        html_put(html, "%s ", tr("Version"));
    }
    html_join(html, &commit);
    if (delivery->subject != NULL) {
        html_put(html, " <bdi>%s</bdi>", delivery->subject);
    }
}
