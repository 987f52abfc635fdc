/* What the pages share: the frame around each, and how a time, a state, a diff or a link looks. */
#pragma once

#include "statusd/html.h"
#include "statusd/request.h"
#include "statusd/verdict.h"

struct page {
    struct request *request;
    struct html html;
    bool has_overview;
    struct store_overview overview;
    struct verdict verdict;
};

/* Reads the overview and writes everything up to the main part. The title is already translated;
 * section is the address of the page's entry in the navigation, or NULL. */
bool page_begin(struct page *page, struct request *request, const char *title, const char *section,
                struct error *err) MUST_CHECK;
void page_end(struct page *page, struct response *out_response);

/* ---- Pieces ---- */

/* "3 minutes ago", with the full time behind it; "never" for 0. */
struct html age_piece(const struct request *request, int64_t at);
/* "2026-11-23 14:03:09 UTC" */
struct html time_piece(const struct request *request, int64_t at);
/* "in 34 days" */
struct html until_piece(const struct request *request, int64_t at);
/* How long something took: "3.2 s", "140 ms". */
struct html duration_piece(const struct request *request, int64_t microseconds);
struct html number_piece(const struct request *request, int64_t number);
/* The first digits of a commit, as people name it. */
struct html commit_piece(const struct request *request, const char *commit);
/* Text that keeps its own direction: names, paths, messages of programs. */
struct html name_piece(const struct request *request, const char *name);

/* ---- Words ---- */

const char *state_name(enum item_state state);
const char *run_verdict_name(enum run_verdict verdict);
/* "site", "service"; a kind that has no translation as it is. */
const char *kind_name(const char *kind);
/* "file", "unit": of an item, in the same way. */
const char *type_name(const char *type);
const char *trigger_name(const char *trigger);
const char *mode_name(const char *mode);

/* ---- Parts of a page ---- */

void icon_write(struct html *html, enum verdict_tone tone);
void badge_write(struct html *html, enum verdict_tone tone, const char *word);
void state_badge(struct html *html, enum item_state state);
void run_badge(struct html *html, enum run_verdict verdict);
/* A path, address, digest or command: left to right in every language. */
void code_write(struct html *html, const char *text);
void document_link(const struct request *request, struct html *html, const char *kind,
                   const char *name);
/* A row of a description list; nothing when the text is NULL. */
void fact_text(struct html *html, const char *label, const char *text);
void fact_code(struct html *html, const char *label, const char *text);
void fact_piece(struct html *html, const char *label, const struct html *piece);

/* Its lifetime runs out; nothing where it does not. */
void alarm_badge(struct html *html, const struct certificate_record *certificate);

/* A unified diff, at most lines of it; the rest is counted. */
void diff_write(struct html *html, const char *diff, size_t lines);
/* Several lines of a program, as they are. */
void output_write(struct html *html, const char *label, const char *text);

/* One action, as an element of a list. */
struct action_look {
    bool has_run;      /* say which run it was of */
    bool has_document; /* say which resource it was for */
    bool is_open;      /* the difference is shown without a click */
    size_t diff_lines; /* 0: not at all */
};
void action_write(const struct request *request, struct html *html,
                  const struct action_record *action, const struct action_look *look);

/* The part of the first page that lists what is not in sync. */
bool attention_write(struct page *page, struct error *err) MUST_CHECK;

/* One change that the loop saw, as an element of a list. */
struct drift_look {
    bool has_document; /* say which resource it was of */
    bool is_open;      /* the difference is shown without a click */
    size_t diff_lines; /* 0: not at all */
};
void drift_write(const struct request *request, struct html *html, const struct drift_record *drift,
                 const struct drift_look *look);
/* "put back", "left alone": what was done about a change. */
const char *drift_answer_name(const char *answer);
/* Who changed it last, in one sentence, with a link to all changes; nothing when none is known. */
bool last_drift_write(struct page *page, const char *kind, const char *name,
                      struct error *err) MUST_CHECK;

const char *fate_name(enum delivery_fate fate);
void fate_badge(struct html *html, enum delivery_fate fate);
/* Why, in words: "a probe failed"; NULL where the fate says all. */
const char *delivery_why(const struct delivery_record *delivery);
/* The commit, or the first digits of a folder's version; and what its author called it. */
void delivery_title(const struct request *request, struct html *html,
                    const struct delivery_record *delivery);

/* ---- Buttons ---- */

/* What was asked for just now, where the browser comes from a form. */
void offer_done_write(struct page *page);
void offer_check_write(struct page *page);
/* Suspend or resume. */
void offer_document_write(struct page *page, const struct document_record *document);

/* ---- Filters ---- */

void option_write(struct html *html, const char *value, const char *label, bool is_chosen);
/* A choice among the kinds that there are; chosen may be NULL. */
void kinds_write(struct html *html, const struct kind_counts *kinds, const char *chosen);
/* The field for words, and the button. */
void search_write(struct html *html, const char *search);
/* This address, going on from another row: parameter is "before" or "after". */
const char *pager_url(const struct request *request, const char *parameter, const char *key);

/* Links to the pages before and after; NULL where there is none. */
void pager_write(struct html *html, const char *before_url, const char *after_url);
