/* The tables of words. */
#include "core/words.h"

static const struct exit_code_word exit_codes[] = {
#define EXIT_CODE(name, number_, words_, help_)                                                    \
    {.number = (number_), .words = (words_), .help = (help_)},
#include "core/exit_codes.def"
#undef EXIT_CODE
};

// clang-format off
static const struct state_word states[ITEM_STATE_COUNT] = {
    [ITEM_STATE_IN_SYNC] = {
        "The host was as the documents say when it was last looked at.",
        "",
    },
    [ITEM_STATE_SUSPENDED] = {
        "Left alone, until somebody resumes it or until a day.",
        "Nothing is repaired and nothing new is applied meanwhile; the reason stands beside it.",
    },
    [ITEM_STATE_HELD] = {
        "It differs, but a mode or a guard keeps it from being changed.",
        "The reason stands beside it and names what lets it go on: --adopt, --confirm, an entry "
        "under removed:, or another mode.",
    },
    [ITEM_STATE_PENDING] = {
        "The documents want something that the host does not have yet.",
        "Apply them.",
    },
    [ITEM_STATE_STALE] = {
        "It was in sync, but the last look is too old to rely on.",
        "Look again, and see why nothing has looked since.",
    },
    [ITEM_STATE_DRIFTED] = {
        "The host was changed by somebody else after it was last applied.",
        "drift shows what was changed. The next apply puts it back; to keep the change, write it "
        "into the documents.",
    },
    [ITEM_STATE_FAILED] = {
        "The host refused it, or what it describes does not work any more. What worked before is "
        "kept.",
        "The reason stands beside it. Change the document, or say retry when the cause lay "
        "elsewhere and is gone.",
    },
};
// clang-format on

size_t exit_code_word_count(void)
{
    return sizeof(exit_codes) / sizeof(exit_codes[0]);
}

const struct exit_code_word *exit_code_word_at(size_t index)
{
    return &exit_codes[index];
}

const struct state_word *state_word_at(enum item_state state)
{
    return &states[state];
}
