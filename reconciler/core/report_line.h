/* The lines of a report: one for each item that differs, one for each part of an item that people
 * know by its own name. What text, JSON and the store's records have in common. */
#pragma once

#include "core/report.h"

struct detail {
    const char *field; /* "mode", as `ignore` names it */
    const char *from;  /* "0644"; NULL: absent */
    const char *to;
    bool is_secret; /* from and to are never shown */
    bool is_words;  /* from and to have translations */
};
VEC(detail_list, struct detail);

struct report_line {
    const struct action *action;
    const struct outcome *outcome;   /* NULL before apply */
    const char *id;                  /* the item's, or the part's own: a path */
    const struct document *document; /* of the part; NULL: the item's */
    char symbol;                     /* '+' '~' '-', or '!' for what failed */
    const char *name;                /* "file:/etc/systemd/system/shop.service" */
    const char *place;               /* "sites/shop.yaml:3:5", or NULL */
    const char *written;             /* the same for people, with the commit: "... at 1a2b3c4d5e" */
    const struct message *note;      /* "drifted", "held: ...", "failed: ..."; or NULL */
    const struct message *held_because; /* or NULL */
    const char *owner;                  /* "site:shop": whose it is, or was; or NULL */
    struct detail_list details;
    const char *diff;     /* unified, or NULL */
    const char *evidence; /* or NULL */
    bool is_drift;
};
VEC(report_lines, struct report_line);

/* What a line is about. */
struct report_subject {
    const struct action *action;
    const struct outcome *outcome; /* NULL before apply */
    const struct change *thing;    /* a part with a name of its own; NULL: the item */
};
VEC(report_subjects, struct report_subject);

/* Those of all lines, in their order, on the report's arena; they borrow from the report. */
void report_list(const struct report *report, struct report_subjects *out_subjects);
/* What it asks of the report's arena is as long as the item's text. Lines may be made at once, each
 * with an arena of its own. */
struct report_line report_line_of(const struct report *report,
                                  const struct report_subject *subject);
/* All of them, on the report's arena. */
void report_collect(const struct report *report, struct report_lines *out_lines);
/* "mode: 0644 -> 0600" */
const char *report_detail(struct arena *arena, enum language language, const struct detail *detail);
/* "create", "update", "delete", "notify", "none" */
const char *report_verb_word(enum action_verb verb);
/* "unchanged", "changed", "failed", "skipped" */
const char *report_result_word(enum outcome_result result);
/* The effect of an action on running programs; NULL when it is not due or has none. */
const struct message *report_impact(const struct action *action);
