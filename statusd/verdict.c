/* The verdict. */

#include "statusd/verdict.h"

static const struct {
    const char *word;
    enum verdict_tone tone;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_NOTHING_RECORDED] = {"nothing-recorded", TONE_UNKNOWN},
    [VERDICT_NEVER_LOOKED] = {"never-looked", TONE_UNKNOWN},
    [VERDICT_STALE] = {"stale", TONE_UNKNOWN},
    [VERDICT_REFUSED] = {"refused", TONE_WARNING},
    [VERDICT_FAILED] = {"failed", TONE_BAD},
    [VERDICT_DRIFTED] = {"drifted", TONE_WARNING},
    [VERDICT_PENDING] = {"pending", TONE_WARNING},
    [VERDICT_HELD] = {"held", TONE_CALM},
    [VERDICT_SUSPENDED] = {"suspended", TONE_CALM},
    [VERDICT_EMPTY] = {"empty", TONE_CALM},
    [VERDICT_IN_SYNC] = {"in-sync", TONE_WELL},
};

/* The states that make a verdict, the worst first. A single stale resource (a state that the
 * program does not know) is as little proven as a pending one. */
static const struct {
    enum item_state state;
    enum verdict_word word;
} worst[] = {
    {ITEM_STATE_FAILED, VERDICT_FAILED}, {ITEM_STATE_DRIFTED, VERDICT_DRIFTED},
    {ITEM_STATE_STALE, VERDICT_PENDING}, {ITEM_STATE_PENDING, VERDICT_PENDING},
    {ITEM_STATE_HELD, VERDICT_HELD},     {ITEM_STATE_SUSPENDED, VERDICT_SUSPENDED},
};

static struct verdict verdict_make(enum verdict_word word, int64_t count)
{
    return (struct verdict){word, verdicts[word].tone, count};
}

struct verdict verdict_of(const struct store_overview *overview)
{
    if (overview == NULL || !overview->has_run) {
        return verdict_make(VERDICT_NOTHING_RECORDED, 0);
    }
    if (!overview->has_state) {
        return verdict_make(VERDICT_NEVER_LOOKED, 0);
    }
    if (overview->is_stale) {
        return verdict_make(VERDICT_STALE, overview->documents.total);
    }
    if (overview->last.verdict == RUN_VERDICT_FAILED &&
        overview->last.number != overview->state.number) {
        return verdict_make(VERDICT_REFUSED, 0);
    }
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
        int64_t count =
            overview->documents.of[worst[i].state] + overview->own_items.of[worst[i].state];
        if (count > 0) {
            return verdict_make(worst[i].word, count);
        }
    }
    return verdict_make(overview->documents.total == 0 ? VERDICT_EMPTY : VERDICT_IN_SYNC,
                        overview->documents.total);
}

const char *verdict_word(enum verdict_word word)
{
    return verdicts[word].word;
}

const char *verdict_tone_word(enum verdict_tone tone)
{
    static const char *const words[] = {
        [TONE_WELL] = "well", [TONE_CALM] = "calm",       [TONE_WARNING] = "warning",
        [TONE_BAD] = "bad",   [TONE_UNKNOWN] = "unknown",
    };
    return words[tone];
}

const char *verdict_token(struct arena *arena, const struct store_overview *overview)
{
    struct verdict verdict = verdict_of(overview);
    return arena_printf(arena, "%lld-%s", overview != NULL ? (long long)overview->last.number : 0,
                        verdict_word(verdict.word));
}
