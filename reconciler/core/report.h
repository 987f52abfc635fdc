/* What a run found and did, for people and for programs. One function decides the verdict line and
 * one the exit code; every format says the same. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/language.h"
#include "base/text.h"
#include "core/certificate_state.h"
#include "core/plan.h"
#include "model/commit.h"
#include "model/diagnostic.h"
#include "model/document.h"
#include "model/facts.h"

/* Exit codes, sysexits(3) where one fits; what each means is told by core/words. */
enum exit_code {
#define EXIT_CODE(name, number, words, help) EXIT_CODE_##name = (number),
#include "core/exit_codes.def"
#undef EXIT_CODE
};

/* A document that stays at its last good state, whatever its YAML says now. */
struct held_document {
    const struct document *document;
    struct span span; /* where the trouble was written, as well as it is known */
    const struct message *because;
    const struct message *evidence; /* or NULL */
    const char *stage;              /* that decided so: "test", "apply", "probe"; NULL: earlier */
};
VEC(held_documents, struct held_document);

/* What nginx or systemd said of the candidate: the author's place, or SPAN_NONE. */
struct finding {
    const char *tool; /* "nginx", "systemd" */
    struct span span;
    const char *document; /* "site:shop", or NULL */
    const struct message *message;
    bool is_error;
};
VEC(finding_list, struct finding);

/* What a dry run looked at instead of this host. */
struct comparison {
    const char *name;           /* "main (3f2a91c)" */
    const struct message *note; /* what to know about it; or NULL */
    bool is_revision;           /* another state of the folder; else what a host told of itself */
    struct document_list added; /* documents, against a revision */
    struct document_list removed;
};

struct snapshot;      /* core/snapshot.h */
struct nginx_load;    /* model/nginx_load.h */
struct order_outlook; /* model/order_outlook.h */

struct report {
    struct arena *arena;
    const char *verb;        /* "plan", "apply": what was asked for */
    const char *environment; /* or NULL, as the next */
    const char *host;
    const char *folder;    /* of the documents, as it was named; or NULL */
    const char *directory; /* the working directory: files below it are named from there */
    const struct snapshot *snapshot;  /* status: what the host tells of itself; or NULL */
    const struct comparison *against; /* NULL: this host, or an empty one */
    bool is_dry_run;
    bool is_check;               /* the documents alone were looked at */
    bool is_refused;             /* the documents have errors: nothing was looked at */
    const struct commit *commit; /* that the documents are of; NULL: they are in a folder */
    const struct facts *facts;
    const struct diagnostic_list *diagnostics;
    const struct document_set *documents; /* as far as they could be read; NULL: none were */
    const struct nginx_load *load;        /* what a reload would meet now; NULL: not known */
    const struct order_outlook *outlook;  /* on what would be ordered; NULL: nothing, or unknown */
    size_t settled_items;           /* nothing changed since all was proven: no plan was made */
    const struct plan *plan;        /* NULL when refused */
    const struct outcome *outcomes; /* one per action; NULL when nothing was applied */
    struct held_documents held;
    struct held_documents suspended;        /* somebody said to leave them alone */
    struct held_documents unproven;         /* servers do not show their certificates; no place */
    struct certificate_states certificates; /* as far as they were looked at */
    struct finding_list findings;
    const struct message *untested;        /* "nginx not tested: ...", or NULL */
    const struct diagnostic_list *refused; /* mistakes of documents that were set aside for the
                                              last good ones; NULL: none were */
    const struct message *hold;            /* why the folder is not what was looked at; or NULL */
    const struct message *failure;         /* the run as a whole could not go on: why; or NULL */
    unsigned long generation_before;
    unsigned long generation_after;
};

struct report_counts {
    size_t changed;
    size_t failed;
    size_t skipped;
};
struct report_counts report_count(const struct report *report);

/* The verdict, one line without its newline. Records and programs get it in English. */
const char *report_verdict(const struct report *report, enum language language);
/* Whom the plan changes, for the list of generations: "+site:a, ~service:b, -site:c". */
const char *report_summary(const struct report *report);
enum exit_code report_exit_code(const struct report *report, bool is_detailed);

struct report_style {
    enum language language; /* of text; the other formats are for programs, and English */
    bool has_color;
    bool is_quiet; /* the verdict only */
    bool hides_verdict;
    bool only_drift;  /* `drift`: what we want something new of is left out */
    bool is_detailed; /* the exit code that is told is that of --detailed-exitcode */
    /* Takes what was written so far and leaves the text empty, so that a long one is never in
     * memory as a whole. NULL: nobody does. */
    void (*drain)(void *context, struct text *text);
    void *drain_context;
};

/* What stands in the way, for text: findings, and documents that stay as they were. */
void report_write_problems(const struct report *report, const struct report_style *style,
                           struct text *out);

/* One way of writing a report down; core/report_formats.def is the list of them. */
struct report_format {
    const char *name; /* "text" */
    const char *help;
    void (*write)(const struct report *report, const struct report_style *style, struct text *out);
};
size_t report_format_count(void);
const struct report_format *report_format_at(size_t index);
/* NULL when there is none of that name. */
const struct report_format *report_format_find(struct str name);

#define REPORT_FORMAT(name, help)                                                                  \
    void report_write_##name(const struct report *report, const struct report_style *style,        \
                             struct text *out);
#include "core/report_formats.def"
#undef REPORT_FORMAT
