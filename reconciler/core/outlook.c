#include "core/outlook.h"

#include "core/report.h"
#include "core/say.h"
#include "model/json.h"
#include "model/order_outlook.h"

static const char *const limit_words[ACME_LIMIT_COUNT] = {
    [ACME_LIMIT_ORDERS] = "orders",
    [ACME_LIMIT_DOMAIN] = "domain",
    [ACME_LIMIT_DUPLICATES] = "duplicates",
    [ACME_LIMIT_FAILURES] = "failures",
};

static const char *spending_text(struct arena *arena, enum language language,
                                 const struct acme_spending *spending)
{
    const char *subject =
        say_apart(arena, language, spending->subject == NULL ? "" : spending->subject);
    switch (spending->limit) {
    case ACME_LIMIT_ORDERS:
        return say(arena, language,
                   "orders that the authority takes from this account: %u of %u "
                   "are used, %u more",
                   spending->used, spending->most, spending->added);
    case ACME_LIMIT_DOMAIN:
        return say(arena, language, "certificates for names of %s: %u of %u are used, %u more",
                   subject, spending->used, spending->most, spending->added);
    case ACME_LIMIT_DUPLICATES:
        return say(arena, language, "certificates for just %s: %u of %u are used, %u more", subject,
                   spending->used, spending->most, spending->added);
    default:
        return say(arena, language, "proofs that failed for %s: %u of %u", subject, spending->used,
                   spending->most);
    }
}

void outlook_write_text(const struct report *report, enum language language, struct text *out)
{
    const struct order_outlook *outlook = report->outlook;
    struct arena *arena = report->arena;
    for (size_t i = 0; outlook != NULL && i < outlook->notes.count; i++) {
        const struct order_note *note = &outlook->notes.items[i];
        text_line(out, "  %s: %s", say_apart(arena, language, note->id),
                  say_line(arena, language, say_message(arena, language, note->text)));
    }
    for (size_t i = 0; outlook != NULL && i < outlook->spendings.count; i++) {
        const char *text = spending_text(arena, language, &outlook->spendings.items[i]);
        text_line(out, "  %s", say_line(arena, language, text));
    }
}

json_t *outlook_json(const struct report *report)
{
    const struct order_outlook *outlook = report->outlook;
    if (outlook == NULL) {
        return json_null();
    }
    json_t *notes = json_array();
    json_t *limits = json_array();
    for (size_t i = 0; i < outlook->notes.count; i++) {
        const struct order_note *note = &outlook->notes.items[i];
        (void)json_array_append_new(notes,
                                    json_pack("{s:o, s:o}", "certificate", json_text(note->id),
                                              "why", json_text(note->text->text)));
    }
    for (size_t i = 0; i < outlook->spendings.count; i++) {
        const struct acme_spending *spending = &outlook->spendings.items[i];
        (void)json_array_append_new(
            limits,
            json_pack("{s:s, s:o, s:o, s:i, s:i, s:i}", "limit", limit_words[spending->limit],
                      "directory", json_text(spending->directory), "subject",
                      json_text(spending->subject), "most", (int)spending->most, "used",
                      (int)spending->used, "added", (int)spending->added));
    }
    return json_pack("{s:o, s:o}", "objections", notes, "limits", limits);
}
