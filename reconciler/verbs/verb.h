/* One verb of the command line: a row in verbs.def and a file of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/report.h"
#include "run.h"

struct output {
    const struct report_format *format;
    const char *file; /* NULL: standard output */
};

enum { OUTPUTS_MOST = 8 };

struct argp_option;

/* The parsed command line. */
struct command {
    const struct argp_option *options; /* all there are */
    const struct verb *verb;
    struct arena *arena;
    enum language language; /* of everything but JSON */
    struct run_options run;
    struct output outputs[OUTPUTS_MOST];
    size_t output_count;       /* at least 1 after parsing */
    const char *out_directory; /* render --out, explain --out; plan --out: a file */
    const char *plan_file;     /* apply --plan */
    const char *until;         /* suspend --until */
    const char *why;           /* suspend --why */
    const char *rendered;      /* explain --rendered: FILE:LINE */
    const char *const *words;  /* what stands behind the options, NULL-terminated */
    size_t word_count;
    bool has_verb;        /* it was written, not chosen for want of another */
    bool has_color;       /* on standard output */
    bool colors_messages; /* on standard error */
    bool wants_timings;
    bool is_quiet;
    bool is_dry_run;
    bool writes;      /* accept --write */
    bool is_detailed; /* --detailed-exitcode */
};

struct verb {
    const char *name;
    const char *arguments; /* "[FOLDER]" */
    const char *help;      /* one line, ends in a full stop */
    const char *more;      /* some lines for `reconcile VERB --help`; may be "" */
    size_t words_most;     /* words behind the options */
    int (*execute)(struct command *command);
};

/* Sorted by name. */
size_t verb_count(void);
const struct verb *verb_at(size_t index);
const struct verb *verb_find(const char *name);

#define VERB(name, arguments, most, help, more) int verb_##name(struct command *command);
#include "verbs/verbs.def"
#undef VERB

/* The whole reference as Markdown pages below --out DIR (verbs/reference.c). */
int write_reference(struct command *command);

/* --- what verbs share (verbs/output.c) --- */

/* Prints the run's diagnostics on standard error and its report in every wanted format; returns
 * the exit code. */
int output_report(struct command *command, const struct run *run, const struct report_style *style);
/* The first word as the folder, if there is one. */
void command_take_folder(struct command *command);
/* After a run by hand, what it has to tell is sent, for a few seconds at most; the rest waits. What
 * cannot be sent is said, and changes no exit code (verbs/notify.c). Lets go of the run's lock. */
void command_send_messages(struct command *command, struct run *run);
/* True when a saved plan is named, by --plan or as the first word (verbs/saved_plan.c). */
bool command_names_plan(const struct command *command);
/* Reads it, and takes the options that it was made with. */
bool command_take_plan(struct command *command, struct error *err) MUST_CHECK;
/* The message on standard error, as "reconcile: ..."; returns EXIT_CODE_FAILED. */
int output_failure(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int output_message(const struct command *command, const struct message *message);
int output_error(const struct command *command, const struct error *err);
/* How many files were written, on standard output. */
int output_files(const struct command *command, size_t count);
/* Writes text to where the output goes; a failure is EXIT_CODE_FAILED, else EXIT_CODE_SUCCESS. */
int output_emit(const struct command *command, const struct output *output, struct str text);
/* Writes all of text to standard output; a failure is EXIT_CODE_FAILED, else EXIT_CODE_SUCCESS. */
int output_text(const struct command *command, struct str text);
