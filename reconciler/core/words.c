/* The tables of words. */
#include "core/words.h"

#include "core/report.h"
#include "model/layout.h"

static const struct exit_code_word exit_codes[] = {
#define EXIT_CODE(name, number_, words_, help_)                                                    \
    {.number = (number_), .words = (words_), .help = (help_)},
#include "core/exit_codes.def"
#undef EXIT_CODE
};

// clang-format off
static const struct state_word states[ITEM_STATE_COUNT] = {
    [ITEM_STATE_IN_SYNC] = {
        N_("The host was as the documents say when it was last looked at."),
        "",
    },
    [ITEM_STATE_SUSPENDED] = {
        N_("Left alone, until somebody resumes it or until a day."),
        N_("Nothing is repaired and nothing new is applied meanwhile; the reason stands beside it."),
    },
    [ITEM_STATE_HELD] = {
        N_("It differs, but a mode or a guard keeps it from being changed."),
        N_("The reason stands beside it and names what lets it go on: --adopt, --confirm, an entry "
           "under removed:, or another mode."),
    },
    [ITEM_STATE_PENDING] = {
        N_("The documents want something that the host does not have yet."),
        N_("Apply them."),
    },
    [ITEM_STATE_STALE] = {
        N_("It was in sync, but the last look is too old to rely on."),
        N_("Look again, and see why nothing has looked since."),
    },
    [ITEM_STATE_DRIFTED] = {
        N_("The host was changed by somebody else after it was last applied."),
        N_("drift shows what was changed. The next apply puts it back; to keep the change, write it "
           "into the documents."),
    },
    [ITEM_STATE_FAILED] = {
        N_("The host refused it, or what it describes does not work any more. What worked before is "
           "kept."),
        N_("The reason stands beside it. Change the document, or say retry when the cause lay "
           "elsewhere and is gone."),
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

// clang-format off
static const struct word environment[] = {
    {"NO_COLOR",
     N_("Set to anything but nothing: no colors, unless --color says otherwise.")},
    {"LC_ALL, LC_MESSAGES, LANG, LANGUAGE",
     N_("The language of messages and help: English, or Arabic (LANG=ar_EG.UTF-8, or LANGUAGE=ar in "
        "any UTF-8 locale but C).")},
};

static const struct word examples[] = {
    {"reconcile check site/",
     N_("Look for mistakes in the documents; needs no host.")},
    {"reconcile --dry-run --offline site/",
     N_("Test the whole candidate by the real nginx and systemd against an empty host: for a pipeline, "
        "without root and without secrets.")},
    {"reconcile --dry-run site/",
     N_("Show what would change on this host, with diffs.")},
    {"reconcile site/",
     N_("Make it so.")},
    {"reconcile drift site/",
     N_("Show what somebody changed by hand.")},
    {"reconcile status -o json site/",
     N_("The state of every document, for programs.")},
    {"reconcile history",
     N_("The generations that can be gone back to.")},
    {"reconcile rollback",
     N_("Go back to the one before.")},
    {"reconcile explain site.rate_limit",
     N_("What a field means, with its default, limits and an example.")},
    {"reconcile explain site:shop.example.com site/",
     N_("Each value of a document with the line that set it.")},
};
// clang-format on

static void add_all(struct arena *arena, struct word_list *out_words, const struct word *words,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vec_add(arena, out_words, words[i]);
    }
}

void words_add_formats(struct arena *arena, struct word_list *out_words)
{
    for (size_t i = 0; i < report_format_count(); i++) {
        const struct report_format *format = report_format_at(i);
        vec_add(arena, out_words, (struct word){format->name, format->help});
    }
}

void words_add_environment(struct arena *arena, struct word_list *out_words)
{
    add_all(arena, out_words, environment, sizeof(environment) / sizeof(environment[0]));
}

void words_add_examples(struct arena *arena, struct word_list *out_words)
{
    add_all(arena, out_words, examples, sizeof(examples) / sizeof(examples[0]));
}

void words_add_files(struct arena *arena, struct word_list *out_words)
{
    const struct layout layout = layout_debian12();
    const struct word files[] = {
        {"/etc/reconcile/reconcile.yaml",
         N_("The host's settings; they can move every other path.")},
        {arena_printf(arena, "%s/NAME", layout.secrets),
         N_("Secrets, one value a file, mode 0600.")},
        {arena_printf(arena, "%s/NAME.env", layout.environment),
         N_("The environment of each service, written by reconcile.")},
        {arena_printf(arena, "%s/NAME.d", layout.environment),
         N_("What the PHP-FPM of a site reads, where it has one of its own.")},
        {arena_printf(arena, "%s/generations/N", layout.state),
         N_("What generation N wrote, each file at its own path, as render writes it.")},
        {arena_printf(arena, "%s/ca.pem", layout.authority),
         N_("The host's own certificate authority; give it to the clients that shall trust it.")},
        {arena_printf(arena, "%s/NAME", layout.certificates),
         N_("The certificates, each with its key: fullchain.pem and key.pem.")},
        {arena_printf(arena, "%s/store/reconcile.db", layout.state),
         N_("The record of all runs, which statusd shows. Losing it breaks nothing.")},
        {layout.nginx_tree, N_("The link to the nginx configuration that is live.")},
        {arena_printf(arena, "%s/conf.d/reconcile.conf", layout.nginx_directory),
         N_("Where nginx reads the sites from; hand-made configuration goes on beside it.")},
        {arena_printf(arena, "%s/modules-enabled/90-reconcile.conf", layout.nginx_directory),
         N_("The same for what stands outside of http.")},
        {layout.units, N_("The unit files of the services.")},
    };
    add_all(arena, out_words, files, sizeof(files) / sizeof(files[0]));
}
