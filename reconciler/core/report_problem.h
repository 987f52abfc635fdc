/* What stands in the way, whoever found it: mistakes in the documents, complaints of nginx and
 * systemd, documents that stay as they were, and why the run as a whole could not go on. What the
 * formats for CI have in common. Pure. */
#pragma once

#include "base/map.h"
#include "core/report.h"

struct problem {
    const char *rule; /* "R012", or one of ours for what is no mistake in a document: "nginx" */
    enum severity severity;
    struct span span;   /* SPAN_NONE: nowhere in particular */
    struct span second; /* the other place of two; or SPAN_NONE */
    const char *kind;   /* of the document that it is about; NULL: of none */
    const char *name;
    const char *message;  /* one line, as the next two all visible */
    const char *help;     /* or NULL */
    const char *evidence; /* some lines; or NULL */
};
VEC(problem_list, struct problem);

/* Those of the run as a whole come first, then findings, held documents, diagnostics by place. */
void report_problems(const struct report *report, struct problem_list *out_problems);

/* The same in every run, wherever it stands in its file: what only moved is not new. Equal problems
 * of one report are told apart by their order, for which seen keeps those that were given. */
const char *problem_fingerprint(const struct report *report, struct map *seen,
                                const struct problem *problem);

/* "error", "warning", "note" */
const char *problem_severity_word(enum severity severity);
/* What the rule says of all its problems, in a few words and in some sentences. */
const char *problem_rule_summary(struct arena *arena, const char *rule);
const char *problem_rule_explanation(const char *rule);
/* The file of a place as CI knows it: from the working directory, which is where the repository is
 * checked out. NULL where there is no such file, as for presets and earlier revisions. */
const char *report_file(const struct report *report, struct span span);
