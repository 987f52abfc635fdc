/* What a run found and did, for people and for programs. One function decides the verdict line and
 * one the exit code; text and JSON say the same. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "core/plan.h"
#include "model/diagnostic.h"
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
    const char *because;
    const char *evidence; /* or NULL */
};
VEC(held_documents, struct held_document);

/* What nginx or systemd said of the candidate: the author's place, or SPAN_NONE. */
struct finding {
    const char *tool; /* "nginx", "systemd" */
    struct span span;
    const char *document; /* "site:shop", or NULL */
    const char *message;
    bool is_error;
};
VEC(finding_list, struct finding);

struct report {
    struct arena *arena;
    bool is_dry_run;
    bool is_refused; /* the documents have errors: nothing was looked at */
    const struct facts *facts;
    const struct diagnostic_list *diagnostics;
    size_t settled_items;           /* nothing changed since all was proven: no plan was made */
    const struct plan *plan;        /* NULL when refused */
    const struct outcome *outcomes; /* one per action; NULL when nothing was applied */
    struct held_documents held;
    struct held_documents suspended; /* somebody said to leave them alone */
    struct finding_list findings;
    const char *untested;                  /* "nginx not tested: ...", or NULL */
    const struct diagnostic_list *refused; /* mistakes of documents that were set aside for the
                                              last good ones; NULL: none were */
    const char *hold;                      /* why the folder is not what was looked at; or NULL */
    const char *failure;                   /* the run as a whole could not go on: why; or NULL */
    unsigned long generation_before;
    unsigned long generation_after;
};

struct report_counts {
    size_t changed;
    size_t failed;
    size_t skipped;
};
struct report_counts report_count(const struct report *report);

/* The verdict, one line without its newline. */
const char *report_verdict(const struct report *report);
enum exit_code report_exit_code(const struct report *report, bool is_detailed);

struct report_style {
    bool has_color;
    bool is_quiet; /* the verdict only */
    bool hides_verdict;
    bool only_drift; /* `drift`: what we want something new of is left out */
};
/* Verdict, findings, changes with their diffs. Diagnostics are printed by their own printer. */
void report_write_text(const struct report *report, const struct report_style *style,
                       struct text *out);
/* One JSON object with everything; ends in a newline. documents: their states are told too; may be
 * NULL. */
struct document_states;
void report_write_json(const struct report *report, const struct document_states *documents,
                       bool is_detailed, struct text *out);
