/* The command line: options, verbs, exit codes. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/language.h"
#include "base/log.h"
#include "core/say.h"
#include "core/words.h"
#include "usage.h"
#include "verbs/verb.h"

enum option_key {
    OPTION_DRY_RUN = 0x100,
    OPTION_OFFLINE,
    OPTION_CONFIG,
    OPTION_STATE,
    OPTION_ROOT,
    OPTION_ENVIRONMENT,
    OPTION_HOST,
    OPTION_FACTS,
    OPTION_AGAINST,
    OPTION_NO_FETCH,
    OPTION_COMMIT,
    OPTION_GIT_DIR,
    OPTION_ADOPT,
    OPTION_CONFIRM,
    OPTION_DEEP,
    OPTION_NO_NGINX_TEST,
    OPTION_HEAL,
    OPTION_TRIGGER,
    OPTION_SETTINGS_ON_STDIN,
    OPTION_UNTIL,
    OPTION_RUNNER,
    OPTION_WHY,
    OPTION_DETAILED,
    OPTION_COLOR,
    OPTION_OUT,
    OPTION_PLAN,
    OPTION_RENDERED,
    OPTION_TIMINGS,
    OPTION_WRITE,
    OPTION_USAGE,
};

/* argp counts bytes: so many make about the usual 79 columns of Arabic. */
#define WIDE_HELP "rmargin=118"

/* The names of values are looked up too: none may be a text of the catalogue. */
// clang-format off
static const struct argp_option options[] = {
    {.doc = "What is done:", .group = 1},
    {"dry-run", OPTION_DRY_RUN, NULL, 0, "Show what would be done, and do nothing", 1},
    {"offline", OPTION_OFFLINE, NULL, 0, "Plan against an empty host; needs no root, host or secret", 1},
    {"adopt", OPTION_ADOPT, NULL, 0, "Take over what exists and is not ours; its first content is kept", 1},
    {"confirm", OPTION_CONFIRM, NULL, 0, "Remove even when it is unusually much", 1},
    {"plan", OPTION_PLAN, "FILE", 0, "Carry out what plan --out has saved, if nothing changed since", 1},
    {"write", OPTION_WRITE, NULL, 0, "Put what accept finds into the folder's files", 1},
    {"deep", OPTION_DEEP, NULL, 0, "Read everything again, whatever was recorded", 1},
    {"heal", OPTION_HEAL, NULL, 0, "While the documents have errors, repair drift from the last good ones", 1},
    {"trigger", OPTION_TRIGGER, "WORDS", OPTION_HIDDEN, "What asked for this run, for its record", 1},
    {"settings-on-stdin", OPTION_SETTINGS_ON_STDIN, NULL, OPTION_HIDDEN, "What the settings file said to the loop", 1},
    {"runner", OPTION_RUNNER, "SOCKET", 0, "Where a service of its own carries out the runs of watch", 1},
    {"until", OPTION_UNTIL, "TIME", 0, "When it ends by itself: a day (2026-12-31), a time, or 2h", 3},
    {"why", OPTION_WHY, "TEXT", 0, "The reason, shown wherever it matters", 3},
    {"no-nginx-test", OPTION_NO_NGINX_TEST, NULL, 0, "Do not ask nginx about the candidate", 1},
    {"rendered", OPTION_RENDERED, "FILE:LINE", 0, "What explain shall lead back to the documents", 1},
    {.doc = "Where things are:", .group = 2},
    {"environment", OPTION_ENVIRONMENT, "ENV", 0, "The overlay below environments/", 2},
    {"host", OPTION_HOST, "HOST", 0, "The overlay below hosts/", 2},
    {"against", OPTION_AGAINST, "REV|FILE", 0, "Plan against a Git revision of the folder, or a host's saved status", 2},
    {"facts", OPTION_FACTS, "FILE", 0, "Facts that a host has saved, instead of this machine's", 2},
    {"no-fetch", OPTION_NO_FETCH, NULL, 0, "Take the commit that was accepted last, and ask no server", 2},
    {"commit", OPTION_COMMIT, "ID", 0, "Take this commit, which was fetched before", 2},
    {"git-dir", OPTION_GIT_DIR, "DIR", 0, "Take a commit of this repository, HEAD unless --commit names one", 2},
    {"config", OPTION_CONFIG, "FILE", 0, "The host's settings (default /etc/reconcile/reconcile.yaml)", 2},
    {"state", OPTION_STATE, "DIR", 0, "Where generations and ledger live (default /var/lib/reconcile)", 2},
    {"root", OPTION_ROOT, "DIR", 0, "Put everything below DIR, for images", 2},
    {.doc = "What is printed, and how it ends:", .group = 3},
    {"out", OPTION_OUT, "PATH", 0, "Where render and explain write their files, plan itself, and import its YAML", 3},
    {"output", 'o', "FORMAT[=FILE]", 0, "How to report, and where to; may be given several times", 3},
    {"color", OPTION_COLOR, "WHEN", 0, "auto, always or never", 3},
    {"quiet", 'q', NULL, 0, "The verdict only", 3},
    {"timings", OPTION_TIMINGS, NULL, 0, "How long each stage took and what memory, on standard error", 3},
    {"help", '?', NULL, 0, "Give this help list", -1},
    {"usage", OPTION_USAGE, NULL, 0, "Give a short usage message", -1},
    {"version", 'V', NULL, 0, "Print program version", -1},
    {"detailed-exitcode", OPTION_DETAILED, NULL, 0, "Exit with 2 when something differs", 3},
    {0},
};
// clang-format on

/* "text, json, markdown" */
static const char *format_names(struct arena *arena)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < report_format_count(); i++) {
        text_addf(&out, "%s%s", i == 0 ? "" : ", ", report_format_at(i)->name);
    }
    return out.data;
}

static bool parse_output(struct command *command, const char *text)
{
    size_t length = strcspn(text, "=");
    const struct report_format *format = report_format_find((struct str){text, length});
    if (format == NULL || command->output_count == OUTPUTS_MOST) {
        return false;
    }
    command->outputs[command->output_count++] =
        (struct output){format, text[length] == '=' ? text + length + 1 : NULL};
    return true;
}

/* As https://no-color.org has it: set, and not empty. */
static bool wants_color(int fd)
{
    const char *refusal = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(fd) == 1 && (refusal == NULL || refusal[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static bool parse_color(struct command *command, const char *when)
{
    bool is_always = strcmp(when, "always") == 0;
    if (!is_always && strcmp(when, "never") != 0) {
        command->has_color = wants_color(STDOUT_FILENO);
        command->colors_messages = wants_color(STDERR_FILENO);
        return strcmp(when, "auto") == 0;
    }
    command->has_color = is_always;
    command->colors_messages = is_always;
    return true;
}

/* Options that are a text or a yes, as a table would have them; false: none of them. */
static bool parse_run_option(struct run_options *run, int key, const char *argument)
{
    switch (key) {
    case OPTION_OFFLINE:
        run->is_offline = true;
        return true;
    case OPTION_ADOPT:
        run->may_adopt = true;
        return true;
    case OPTION_CONFIRM:
        run->may_delete_many = true;
        return true;
    case OPTION_DEEP:
        run->is_deep = true;
        return true;
    case OPTION_NO_NGINX_TEST:
        run->skips_nginx_test = true;
        return true;
    case OPTION_HEAL:
        run->heals = true;
        return true;
    case OPTION_TRIGGER:
        run->trigger = argument;
        return true;
    case OPTION_SETTINGS_ON_STDIN:
        run->has_settings_on_stdin = true;
        return true;
    case OPTION_NO_FETCH:
        run->skips_fetch = true;
        return true;
    case OPTION_COMMIT:
        run->commit = argument;
        return true;
    case OPTION_GIT_DIR:
        run->git_dir = argument;
        return true;
    case OPTION_RUNNER:
        run->runner = argument;
        return true;
    case OPTION_CONFIG:
        run->config = argument;
        return true;
    case OPTION_STATE:
        run->state = argument;
        return true;
    case OPTION_ROOT:
        run->root = argument;
        return true;
    case OPTION_ENVIRONMENT:
        run->environment = argument;
        return true;
    case OPTION_HOST:
        run->host = argument;
        return true;
    case OPTION_AGAINST:
        run->against = argument;
        return true;
    case OPTION_FACTS:
        run->facts_file = argument;
        return true;
    default:
        return false;
    }
}

/* Ends the program. */
static void __attribute__((format(printf, 3, 4)))
refuse_usage(const struct command *command, struct argp_state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *words = say_list(command->arena, command->language, format, arguments);
    va_end(arguments);
    argp_error(state, "%s", words);
}

static void refuse_word(const struct command *command, struct argp_state *state, const char *word,
                        const char *nearest)
{
    if (nearest == NULL) {
        refuse_usage(command, state, "\"%s\" is no verb, and there is no such folder here", word);
    } else {
        refuse_usage(command, state,
                     "\"%s\" is no verb, and there is no such folder here; did you mean \"%s\"?",
                     word, nearest);
    }
}

/* A lone word that names nothing here was meant as a verb. */
static void refuse_unknown_verb(const struct command *command, struct argp_state *state)
{
    const char *word = command->words[0];
    const char **names = arena_array(command->arena, verb_count(), sizeof(*names));
    for (size_t i = 0; i < verb_count(); i++) {
        names[i] = verb_at(i)->name;
    }
    const char *nearest = diagnostic_nearest(word, names, verb_count());
    if (strpbrk(word, "/.") == NULL && access(word, F_OK) != 0 && errno == ENOENT) {
        refuse_word(command, state, word, nearest);
    }
}

static error_t parse_words(struct command *command, struct argp_state *state)
{
    command->words = (const char *const *)state->argv + state->next;
    command->word_count = (size_t)(state->argc - state->next);
    if (!command->has_verb) {
        refuse_unknown_verb(command, state);
    }
    if (command->word_count > command->verb->words_most) {
        refuse_usage(command, state, "too many words: \"%s\"",
                     command->words[command->verb->words_most]);
    }
    return 0;
}

/* Ends the program; false: it is none of these. Those of argp itself speak the C library's
 * language. */
static bool parse_question(int key, struct argp_state *state)
{
    switch (key) {
    case '?':
        argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
        return true;
    case OPTION_USAGE:
        argp_state_help(state, state->out_stream, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return true;
    case 'V':
        (void)fprintf(state->out_stream, "reconcile %s\n", RECONCILE_VERSION);
        exit(EXIT_CODE_SUCCESS);
    default:
        return false;
    }
}

static bool only_plans(const struct command *command)
{
    int (*execute)(struct command * command) = command->verb->execute;
    return execute == verb_plan || execute == verb_diff ||
           (execute == verb_apply && command->is_dry_run);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct command *command = state->input;
    if (parse_run_option(&command->run, key, argument) || parse_question(key, state)) {
        return 0;
    }
    switch (key) {
    case OPTION_DRY_RUN:
        command->is_dry_run = true;
        return 0;
    case OPTION_PLAN:
        command->plan_file = argument;
        return 0;
    case OPTION_OUT:
        command->out_directory = argument;
        return 0;
    case OPTION_DETAILED:
        command->is_detailed = true;
        return 0;
    case OPTION_RENDERED:
        command->rendered = argument;
        return 0;
    case OPTION_WRITE:
        command->writes = true;
        return 0;
    case OPTION_UNTIL:
        command->until = argument;
        return 0;
    case OPTION_WHY:
        command->why = argument;
        return 0;
    case 'q':
        command->is_quiet = true;
        return 0;
    case OPTION_TIMINGS:
        command->wants_timings = true;
        return 0;
    case 'o':
        if (!parse_output(command, argument)) {
            refuse_usage(command, state, "unknown output \"%s\": %s; at most %d of them", argument,
                         format_names(command->arena), OUTPUTS_MOST);
        }
        return 0;
    case OPTION_COLOR:
        if (!parse_color(command, argument)) {
            refuse_usage(command, state, "--color takes auto, always or never");
        }
        return 0;
    case ARGP_KEY_END:
        if (command->run.against != NULL && !only_plans(command)) {
            refuse_usage(command, state, "--against is for plan and diff, which change nothing");
        }
        if (command->plan_file != NULL && command->verb->execute != verb_apply) {
            refuse_usage(command, state, "--plan is for apply");
        }
        if (command->rendered != NULL && command->verb->execute != verb_explain) {
            refuse_usage(command, state, "--rendered is for explain");
        }
        if (command->writes && command->verb->execute != verb_accept) {
            refuse_usage(command, state, "--write is for accept");
        }
        command->run.is_offline |=
            command->run.against != NULL; /* nothing of this machine counts */
        return 0;
    case ARGP_KEY_ARGS:
        return parse_words(command, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_row(const struct command *command, struct text *out, const char *name,
                    const char *help)
{
    text_line(out, "  %-23s %s", name, say_text(command->arena, command->language, help));
}

/* "VERB [FOLDER]", and for the program as a whole the list of verbs. */
static const char *document_verbs(const struct command *command)
{
    enum language language = command->language;
    struct text out = text_make(command->arena);
    text_addf(&out, "%s\v%s\n",
              say_text(command->arena, language, N_("Keeps this host as its YAML says.")),
              say_text(command->arena, language, N_("Verbs:")));
    for (size_t i = 0; i < verb_count(); i++) {
        const struct verb *verb = verb_at(i);
        add_row(command, &out, arena_printf(command->arena, "%s %s", verb->name, verb->arguments),
                verb->help);
    }
    text_addf(&out, "\n%s\n", say_text(command->arena, language, N_("Formats (-o):")));
    for (size_t i = 0; i < report_format_count(); i++) {
        add_row(command, &out, report_format_at(i)->name, report_format_at(i)->help);
    }
    text_addf(&out, "\n%s",
              say_text(command->arena, language,
                       N_("Without a verb: apply. FOLDER may be a single "
                          "file. Exit codes:")));
    for (size_t i = 0; i < exit_code_word_count(); i++) {
        const struct exit_code_word *code = exit_code_word_at(i);
        text_addf(&out, "%s%d %s", i == 0 ? " " : say_text(command->arena, language, N_(", ")),
                  code->number, say_text(command->arena, language, code->words));
    }
    text_add(&out, ".");
    return out.data;
}

/* A help text that ends in nothing would make argp look the empty text up. */
static const char *document_verb(const struct command *command)
{
    const struct verb *verb = command->verb;
    const char *help = say_text(command->arena, command->language, verb->help);
    return verb->more[0] == '\0'
               ? help
               : arena_printf(command->arena, "%s\v%s", help,
                              say_text(command->arena, command->language, verb->more));
}

/* One redrawn line on a terminal, plain lines elsewhere; nothing here is anybody's result. NULL
 * empties the line, so that what follows begins at its start. */
static void show_progress(void *context, const char *line)
{
    const bool *is_terminal = context;
    if (*is_terminal) {
        (void)fprintf(stderr, "\r\033[K%s%s", line == NULL ? "" : line, line == NULL ? "" : " ...");
    } else if (line != NULL) {
        (void)fprintf(stderr, "reconcile: %s\n", line);
    }
}

/* Takes the first word that is no option, and stops there. */
static error_t find_word(int key, char *argument, struct argp_state *state)
{
    const char **out_word = state->input;
    if (key == ARGP_KEY_ARG) {
        *out_word = argument;
        return ECANCELED;
    }
    return 0; /* what is wrong with options is said later */
}

/* The place of the verb, which may stand behind options; 0: there is none. */
static int find_verb(int argc, char **argv)
{
    const char *word = NULL;
    const struct argp argp = {.options = options, .parser = find_word};
    (void)argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_SILENT, NULL, &word);
    for (int i = 1; word != NULL && i < argc; i++) {
        if (argv[i] == word) {
            return verb_find(word) == NULL ? 0 : i;
        }
    }
    return 0;
}

/* In the form that argp_error has. */
static error_t complain(const struct command *command, const char *program,
                        const struct message *mistake)
{
    struct arena *arena = command->arena;
    enum language language = command->language;
    (void)fprintf(stderr, "%s: %s\n%s", program, say_message(arena, language, mistake),
                  say(arena, language, "Try `%s --help' or `%s --usage' for more information.\n",
                      program, program));
    return EINVAL;
}

static int parse(struct command *command, int argc, char **argv)
{
    int at = find_verb(argc, argv);
    command->has_verb = at > 0;
    command->verb = verb_find(at > 0 ? argv[at] : "apply");
    const struct argp argp = {
        .options = usage_options(command->arena, command->language, options),
        .parser = parse_option,
        .args_doc = command->verb->arguments,
        .doc = at > 0 ? document_verb(command) : document_verbs(command),
        .argp_domain = command->language == LANGUAGE_ENGLISH ? NULL : CATALOGUE,
    };
    argp_err_exit_status = EXIT_CODE_USAGE;
    if (at > 0) {
        argv[0] = arena_printf(command->arena, "%s %s", argv[0], argv[at]);
        memmove(&argv[at], &argv[at + 1], (size_t)(argc - at) * sizeof(*argv));
        argc--;
    }
    const struct message *mistake =
        usage_mistake(command->arena, options, (const char *const *)&argv[1]);
    if (mistake != NULL) {
        return complain(command, argv[0], mistake);
    }
    if (command->language != LANGUAGE_ENGLISH) {
        (void)setenv("ARGP_HELP_FMT", WIDE_HELP, 0); /* as people want it, goes before */
    }
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, command);
}

/* English takes no look at the system's locales or at a catalogue: the process stays in "C", so
 * that what libraries say, and we record, is English too. */
static enum language choose_language(struct arena *arena)
{
    enum language wanted = language_of_environment();
    if (wanted == LANGUAGE_ENGLISH) {
        return wanted;
    }
    language_begin(CATALOGUE, language_folder(arena));
    if (!language_is_available(CATALOGUE, wanted)) {
        return LANGUAGE_ENGLISH;
    }
    language_use(wanted);
    return wanted;
}

int main(int argc, char **argv)
{
    log_set_level(LOG_LEVEL_WARNING);
    struct arena *arena = arena_create();
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    struct command command = {
        .options = options,
        .arena = arena,
        .language = choose_language(arena),
        .run = {.root = "/",
                .trigger = "command line",
                .progress = show_progress,
                .progress_context = &is_terminal},
        .has_color = wants_color(STDOUT_FILENO),
        .colors_messages = wants_color(STDERR_FILENO),
    };
    int code = EXIT_CODE_USAGE;
    if (parse(&command, argc, argv) == 0) {
        if (command.output_count == 0) {
            command.outputs[command.output_count++] = (struct output){report_format_at(0), NULL};
        }
        if (command.is_quiet) {
            command.run.progress = NULL;
        }
        CLEANUP(cleanup_free) char *directory = get_current_dir_name(); /* NULL is fine */
        command.run.directory = directory;
        command.run.verb = command.verb->name;
        command.run.language = command.language;
        code = command.verb->execute(&command);
    }
    arena_destroy(arena);
    return code;
}
