/* One run, all stages in order. `plan` ends before apply; `render` and `check` end earlier. */
#pragma once

#include <stdbool.h>

#include "core/accept.h"
#include "core/blame.h"
#include "core/hold.h"
#include "core/notify.h"
#include "core/report.h"
#include "core/saved_plan.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "input/git_mirror.h"
#include "input/load.h"
#include "input/load_git.h"
#include "model/host.h"
#include "providers/audit_log.h"
#include "providers/drift_log.h"
#include "providers/fingerprints.h"
#include "providers/generation.h"
#include "providers/ledger.h"
#include "providers/lock.h"
#include "providers/notify_spool.h"
#include "schemas/settings.h"

struct run_options {
    const char *verb;        /* as reports name the run: "plan" */
    const char *directory;   /* the working directory: reports name files from there; or NULL */
    const char *folder;      /* NULL: the settings' source */
    const char *config;      /* settings file; NULL: /etc/reconcile/reconcile.yaml when it exists */
    const char *root;        /* "/" or the DIR of --root */
    const char *state;       /* NULL: the settings' */
    const char *environment; /* NULL: the settings' */
    const char *host;        /* NULL: the settings', else this machine's name */
    const char *facts_file;  /* NULL: gathered, or Debian 12's when offline */
    const char *against;     /* plan: a revision, or a host's saved status, instead of this host */
    const char *runner;      /* socket of the service that carries out runs of the loop; or NULL */
    const char *trigger;     /* "command line", "rollback" */
    const char *git_dir;     /* documents of a commit of this repository; NULL: no */
    const char *commit;      /* that commit, or one that was fetched before; NULL: the newest */
    const struct saved_plan *expected; /* apply: only while everything is as it saw it; or NULL */
    bool has_settings_on_stdin;        /* of that file, as the loop has read them */
    bool is_offline;                   /* against an empty host */
    bool applies;
    bool may_adopt;
    bool may_delete_many;
    bool is_deep;
    bool wants_states;       /* of every document: they are read although nothing changed */
    bool shows_changes_only; /* documents without one need not be looked at */
    bool looks_ahead;        /* at the names that authorities would be asked for */
    bool skips_nginx_test;
    bool skips_tests;    /* of the candidate, by nginx and systemd: it will not be applied */
    bool needs_no_facts; /* nothing is rendered */
    bool skips_fetch;    /* the commit that was accepted last is used */
    bool heals;   /* while the documents have errors, drift is repaired from the last good ones */
    bool retries; /* what was refused before is tried again */
    enum language language;    /* of progress */
    unsigned long rollback_to; /* the documents and texts of this generation; 0: the folder's */
    void (*progress)(void *context, const char *line); /* may be NULL */
    void *progress_context;
};

/* What the host refused, or a rollback set aside; STATE/refused.json. */
struct run_memory {
    struct refusal_list refusals;
    const char *held_inputs; /* digest of the inputs that a rollback refused; NULL: no hold */
    struct str saved;        /* as it stands on disk */
    unsigned long held_at;   /* the generation that the rollback went to */
};

/* What a plan is made against instead of this host. */
struct baseline {
    struct comparison comparison;
    struct map unwanted; /* the same for those that look otherwise when nobody wants them */
    struct map found;    /* item_name -> struct observation * */
    const struct document_set *documents; /* of the other revision; NULL: none, or unknown */
    struct snapshot *snapshot;            /* of the host; NULL: of a revision */
};

/* When an item was repaired within the last hour: seconds since the epoch, oldest first. */
VEC(flip_times, int64_t);
struct flips {
    const char *item; /* its name */
    struct flip_times times;
};
VEC(flips_list, struct flips);

/* What a stage took: time, and memory of the run's arena. */
struct run_stage {
    const char *name;
    int64_t took_us;
    size_t bytes;
};

struct run_stages {
    VEC(, struct run_stage) list;
    int64_t at_us; /* clock_us() when the last one ended */
    size_t bytes;
};

enum run_wait { RUN_WAIT_NONE, RUN_WAIT_OVER, RUN_WAITS };

struct run {
    struct arena *arena;
    const struct run_options *options;
    struct settings *settings;
    struct layout layout;
    struct facts facts;
    struct host host;
    int lock;           /* -1: not taken */
    bool is_open;       /* settings are read and the host is open */
    bool is_locked_out; /* another run holds the lock */
    bool is_set_aside;  /* on the other host, by a rollback: it would do nothing */
    int64_t started_us;
    const char *folder;
    const char *environment; /* or NULL */
    const char *host_name;
    const char *store_path;
    gid_t store_group;     /* (gid_t)-1: left alone */
    struct ledger *ledger; /* NULL when offline */

    struct loaded loaded;
    const struct commit *commit;  /* that the documents are of; NULL: they are in a folder */
    struct git_revision revision; /* where that commit is */
    const char *source_name;      /* of the repository; NULL: they are in a folder */
    const char *settings_text;    /* of the settings file; "" when there is none */
    const char *inputs_digest;    /* of the documents' sources */
    const char *source_digest;    /* the same of what the source holds, whatever stands in for it */
    const char *key;              /* of everything that wishes follow from */
    struct diagnostic_list diagnostics;
    struct document_set documents;
    struct desired desired;

    struct baseline *baseline; /* what stands in for this host; NULL: nothing does */
    struct owned_items owned;
    struct owned_items parts;  /* members of the tree */
    struct path_list suspects; /* since the last run that left nothing to do, only these differ */
    const struct map *scope;   /* ids of the documents that are looked at; NULL: all */
    size_t owned_count;        /* these two are known without the ledger where nothing changed */
    bool owns_tree;
    struct run_memory memory;
    struct run_memory memory_before;    /* as it stands on disk, whatever this folder makes of it */
    struct override_list overrides;     /* those that hold */
    struct flips_list flips;            /* of what the loop's runs repaired */
    struct drift_events drift_events;   /* that no run has recorded yet */
    struct audit_entries audit_entries; /* the same */
    struct notify_results notify_results; /* the same */
    struct left_parts left_before;        /* of the last run */
    struct snapshot_claims foreign;       /* host names that others serve */
    struct desired_files last_good;       /* files of the current generation */
    unsigned long next_generation;
    bool waits_for_window;    /* something is due by the clock */
    unsigned long healed_at;  /* the generation whose documents stand in; 0: none */
    struct run_stages stages; /* for --timings */
    const char *stage;        /* that is under way, for the history: "test", "apply", "probe" */

    struct item_list items;
    struct observation *observations; /* one per item */
    struct plan_input plan_input;
    struct plan plan;
    struct proofs *proofs;    /* of certificates; NULL: not looked at yet */
    struct outcome *outcomes; /* one per action */
    bool *is_blocked;         /* one per document, by its order */
    enum run_wait *waits;     /* the same: for its certificate */
    bool is_tested;           /* nginx accepted the members as they are now */
    int64_t test_us;
    struct report report;
};

/* Fills *run; the report says what came of it. The arena and options are the caller's and outlive
 * the run. Every run, however it ended, is closed by run_end. */
void run_once(struct run *run, struct arena *arena, const struct run_options *options);
/* Only the pure half, up to the desired items: for check, render and explain. False when the
 * documents have errors or could not be read (run->report.is_refused or failure). */
bool run_render(struct run *run, struct arena *arena, const struct run_options *options);
/* The pure half alone, from run->loaded on. */
bool run_build(struct run *run);
/* Only settings and host: for history. False with run->report.failure. */
bool run_open(struct run *run, struct arena *arena, const struct run_options *options);
/* Releases the lock and the host. */
void run_end(struct run *run);

/* Everything since the last call, or since the run began, was this stage. */
void run_stage_end(struct run *run, const char *name);

/* --- stages that live in files of their own --- */

/* run_input.c: settings, host and facts; then the documents' sources, decoded. */
bool run_read_settings(struct run *run);
bool run_read_documents(struct run *run);
/* run_recall.c: true when digests and key are those of the last run that left nothing to do; then
 * neither documents nor ledger were read. And what the next run shall recall. */
bool run_recall(struct run *run);
void run_remember(struct run *run);
/* False when the ledger is another one than that run left. */
bool run_ledger_is_known(struct run *run);
/* run_settled.c: true when nothing is to be done, which the report then says; the paths that differ
 * otherwise. What the next run shall know then; and the documents that are to be looked at. */
bool run_is_settled(struct run *run);
void run_remember_settled(struct run *run);
void run_narrow(struct run *run); /* the ledger is open */
/* run_against.c: what a plan is made against instead of this host: everything that would otherwise
 * be read from it. Then one item of it; and which documents are on one side only. */
bool run_against_begin(struct run *run); /* the settings are read, the host is not open */
bool run_against_open(struct run *run);
void run_against_look(const struct run *run, struct observation *out);
void run_against_compare(struct run *run);
/* run_source.c: documents from a Git repository, unless a folder was named. */
bool run_has_git_source(const struct run *run);
/* Fetches where it should, and loads the commit that counts. */
bool run_load_git(struct run *run, struct error *err) MUST_CHECK;
/* The URL of the settings' repository, without what may be a credential. */
const char *run_source_url(struct run *run);
/* A revision of the repository of --git-dir, and the folder in it. */
struct git_revision run_named_revision(struct run *run, const char *revision);
/* A fetch alone. What was learnt before a failure is filled. */
struct run_fetched {
    const char *commit;   /* where the branch stands; NULL: that was not learnt */
    const char *previous; /* the one that was accepted before; NULL: none */
    bool is_new;          /* it was accepted just now */
    bool is_rewind;       /* the branch was rewritten: refused without --confirm */
    bool is_verified;     /* by a signature that the settings want */
    bool is_refused;      /* for want of such a signature */
    bool was_cloned;
    uint64_t bytes;
    int64_t took_ms;
};
bool run_fetch(struct run *run, struct run_fetched *out_fetched, struct error *err) MUST_CHECK;
/* Leaves what became of the commit as a note in its repository, where the settings want that. */
void run_note(struct run *run);
/* Looks at the items, those of a type together; out: one for each. */
bool run_observe(struct run *run, const struct item_list *items, struct observation *out);
/* run_saved_plan.c: the plan in a file; and whether everything is as the plan saw it that is to be
 * carried out (options->expected): false, with report.failure and what changed. */
bool run_save_plan(struct run *run, const char *path, struct error *err) MUST_CHECK;
bool run_expect_seen(struct run *run);
bool run_expect_actions(struct run *run);
/* run_snapshot.c: what the run has seen; told with its report. */
struct snapshot *run_make_snapshot(struct run *run);
bool run_take_snapshot(struct run *run);
/* run_accept.c: after a run that only looked, what has drifted as a change of its documents. */
struct run_selection {
    const char *const *words; /* documents (site:shop.example.com) and paths of files */
    size_t count;             /* 0: everything */
    bool *is_found;           /* one for each word: something of it has drifted */
};
void run_accept(struct run *run, const struct run_selection *selection, struct accept_result *out);
/* run_blame.c: which line of the documents a line of a file came from. Fills *run as run_render
 * does, and is closed as it is; false with err filled, or with the run's report where that says it.
 */
bool run_blame(struct run *run, struct arena *arena, struct run_options *options,
               const char *file_and_line, struct blame *out_blame, struct error *err) MUST_CHECK;
/* run_foreign.c: holds back what other nginx configuration on the host claims already. */
void run_check_foreign(struct run *run);
/* run_authority.c: warns where the root of the host's authority is older than its settings. */
void run_check_authority(struct run *run);
/* run_test.c: nginx and systemd look at the whole candidate; the guilty document alone is held
 * back. False: the tree cannot be tested or stays refused; the report says why. */
bool run_test(struct run *run);
/* run_apply.c: carries the plan out, isolating what fails. */
void run_apply(struct run *run);
/* run_certificates.c, before the host is looked at: what authorities suggest, and whether names
 * that were left out can be proven now. */
void run_ask_about_certificates(struct run *run);
/* Orders what authorities sign: for names that nginx serves already, and, once the tree has
 * switched, for those that are new to it, which ends in a reload. False: that was not proven; what
 * an order's outcome is stands with its action. */
void run_order_served(struct run *run);
bool run_order_new(struct run *run, struct error *err) MUST_CHECK;
/* run_copies.c: copies what orders have brought for those who read it from folders of their own. */
void run_copy_ordered(struct run *run);
/* Whether the document, or one that it needs, has no certificate yet, so that there is nothing to
 * ask it for; or has got its first in this run, so that it can be asked now. */
enum run_wait run_wait_of(const struct run *run, const struct document *document);
/* Finds who waits as the run begins. */
void run_find_waiting(struct run *run);
/* run_prove.c: asks servers for the certificates that they show, where it is time and the host is
 * as it is wanted. Then what was found, now or before, for the report. */
bool run_prove(struct run *run, struct error *err) MUST_CHECK;
void run_tell_certificates(struct run *run);
/* run_tree.c: the next generation, its switch, proof and probes; action and outcome are those of
 * the nginx tree, NULL when there is none. */
void run_switch(struct run *run, const struct action *action, struct outcome *outcome);
/* What was changed by hand and is wanted since (reconcile accept): marks the tree as one to load
 * again; and where nothing else is to be done, makes a generation of what is on the host, so that
 * drift is repaired from there. */
void run_find_taken_over(struct run *run);
bool run_keep_up(struct run *run, struct error *err) MUST_CHECK;
/* A file of the current generation; NULL: it has none of that path. */
const struct desired_file *run_last_good(const struct run *run, const char *path);
/* run_memory.c: what must be remembered on disk. */
bool run_memory_load(struct run *run, struct error *err) MUST_CHECK;
bool run_memory_save(struct run *run, struct error *err) MUST_CHECK;
void run_refuse(struct run *run, const struct document *document, const struct message *evidence);
/* run_left.c: what people want left alone; and every file as it shall stand in a generation. */
bool run_left_load(struct run *run, struct error *err) MUST_CHECK;
bool run_left_save(struct run *run, struct error *err) MUST_CHECK;
void run_list_files(struct run *run, struct desired_files *out_files);
/* run_flips.c: repairs that do not last. Those that drift once too often are left alone from now
 * on, and the plan is another one when *out_held. */
bool run_flips_load(struct run *run, struct error *err) MUST_CHECK;
bool run_flips_hold(struct run *run, bool *out_held, struct error *err) MUST_CHECK;
void run_flips_count(struct run *run); /* what was done */
bool run_flips_save(struct run *run, struct error *err) MUST_CHECK;
/* run_saved.c: the documents of each generation. */
/* Removes what a run that was cut off has left there. */
bool run_saved_clean(struct run *run, struct error *err) MUST_CHECK;
bool run_saved_write(struct run *run, unsigned long generation, struct error *err) MUST_CHECK;
bool run_saved_read(struct run *run, unsigned long generation, struct loaded *out_loaded,
                    struct error *err) MUST_CHECK;
bool run_saved_digest(struct run *run, unsigned long generation, const char **out_digest,
                      struct error *err) MUST_CHECK;
bool run_saved_prune(struct run *run, struct error *err) MUST_CHECK;
/* run_delivery.c: a version that must wait is set aside for the documents of the current
 * generation. */
bool run_wait_for_delivery(struct run *run, struct error *err) MUST_CHECK;
/* run_events.c: what happened beside the run, for its record. */
bool run_events_load(struct run *run, struct error *err) MUST_CHECK;
bool run_events_wait(const struct run *run);
bool run_events_settle(struct run *run, struct error *err) MUST_CHECK;
const struct drift_record *run_drift_records(struct run *run);
const struct audit_record *run_audit_records(struct run *run);
const struct notification_record *run_notification_records(struct run *run);
/* What became of this version of the documents; NULL when none was looked at. */
const struct delivery_record *run_delivery_record(struct run *run);
/* "applied, generation 12"; "refused: error[R012]: ..." */
const char *run_fate_text(struct run *run, const struct delivery_record *delivery);
/* run_notify.c: who is told of what. Messages go to the spool; what cannot be told is logged, and
 * is no failure of the run. */
void run_notify(struct run *run);
/* Nothing was to be done: what was not in sync before is now. */
void run_notify_settled(struct run *run);
/* A fetch alone; why is NULL when it succeeded. */
void run_notify_fetch(struct run *run, const struct error *why);
/* The settings' channels, and that of commits' states. */
void run_channels(struct run *run, struct notify_channels *out_channels);
/* Fills the words of a message in its channel's language. */
bool run_write_message(struct run *run, const struct notify_channel *channel,
                       const struct notice_list *notices, uint64_t number,
                       struct notify_message *out_message);
/* run_record.c: the ledger and the store. */
bool run_save_ledger(struct run *run, bool is_intent, struct error *err) MUST_CHECK;
void run_record(struct run *run);
/* Of the tree: what concerns the whole concerns each part. */
bool run_concerns_all(const struct action *action, const struct outcome *outcome);
/* Nothing was to be done: one row, whatever the host's size. False when the store does not know the
 * host's state, so that it must be looked at. */
bool run_record_confirmed(struct run *run);

/* The document stays at its last good state from here on: its members of the tree go back, its
 * remaining actions and those of what depends on it are skipped. */
void run_hold_back(struct run *run, const struct document *document, struct span span,
                   const struct message *because, const struct message *evidence);
/* While applying: what was done for this document is taken back. */
void run_undo_document(struct run *run, const struct document *document);
/* For on_error: all-or-nothing: the same for every document; all stay at their last good state. */
void run_undo_all(struct run *run);
/* The run as a whole cannot go on; returns false. */
bool run_fail(struct run *run, const struct error *err);
void run_progress(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Microseconds since the epoch. */
int64_t run_clock_us(void);
