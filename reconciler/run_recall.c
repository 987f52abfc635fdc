/* What the wishes of a run follow from, known without reading it. The last run that left nothing to
 * do wrote down, beside the fingerprints, everything that its key was made from, the documents by
 * how their files looked to stat. Where all of that is the same again, so is the key, and a run
 * that has nothing to do neither reads nor digests documents, nor reads the ledger. */
#include "run.h"

#include <string.h>

#include "model/facts.h"
#include "model/override.h"
#include "providers/fingerprints.h"

/* The memo: a head, then what was asked, byte for byte; nothing of that when it was not sure. */
struct memo_head {
    char inputs[DIGEST_HEX_SIZE];
    char key[DIGEST_HEX_SIZE];
    uint8_t owns_tree;
    uint64_t item_count;
    struct file_mark ledger;
};

static struct file_mark mark_ledger(struct run *run)
{
    const struct file_fingerprint seen = ledger_fingerprint(&run->host, run->arena);
    return file_fingerprint_mark(&seen);
}

/* NULL when there is none. */
static const struct memo_head *read_head(struct run *run, struct str *out_asked)
{
    struct str memo = fingerprints_memo(run->host.fingerprints);
    struct memo_head *head = arena_new(run->arena, struct memo_head);
    if (memo.length < sizeof(*head)) {
        return NULL;
    }
    memcpy(head, memo.data, sizeof(*head));
    head->inputs[DIGEST_HEX_SIZE - 1] = '\0';
    head->key[DIGEST_HEX_SIZE - 1] = '\0';
    *out_asked = (struct str){memo.data + sizeof(*head), memo.length - sizeof(*head)};
    return head;
}

bool run_ledger_is_known(struct run *run)
{
    struct str asked = {0};
    const struct memo_head *head = read_head(run, &asked);
    const struct file_mark ledger = mark_ledger(run);
    return head != NULL && memcmp(&head->ledger, &ledger, sizeof(ledger)) == 0;
}

/* False while anything stands in for the folder: then it is read. */
static bool has_question(const struct run *run)
{
    const struct run_options *options = run->options;
    return run->host.fingerprints != NULL && run->folder != NULL && options->rollback_to == 0 &&
           run->memory.held_inputs == NULL;
}

static void add_part(struct text *question, struct str part)
{
    text_addf(question, "%zu:", part.length);
    text_add_str(question, part);
}

/* Everything that input_key and the documents' digest are made from. */
static struct str make_question(struct run *run, struct str seen)
{
    const struct str parts[] = {
        str_of(RECONCILE_VERSION),
        str_of(run->folder),
        str_of(run->environment == NULL ? "" : run->environment),
        str_of(run->host_name == NULL ? "" : run->host_name),
        seen,
        str_of(run->settings_text),
        str_of(facts_write(run->arena, &run->facts)),
        str_of(run->layout.state),
        override_write(run->arena, &run->overrides),
    };
    struct text question = text_make(run->arena);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        add_part(&question, parts[i]);
    }
    return text_str(&question);
}

bool run_recall(struct run *run)
{
    struct str asked = {0};
    if (!has_question(run) || run->options->wants_states) {
        return false;
    }
    struct str seen = load_look(run->arena, run->folder, run->environment, run->host_name);
    const struct memo_head *head = read_head(run, &asked);
    if (head == NULL || !str_equal(asked, make_question(run, seen))) {
        return false;
    }
    run->inputs_digest = head->inputs;
    run->source_digest = head->inputs;
    run->key = head->key;
    run->owned_count = head->item_count;
    run->owns_tree = head->owns_tree != 0;
    return true;
}

void run_remember(struct run *run)
{
    struct memo_head head = {
        .owns_tree = run->owns_tree, .item_count = run->owned_count, .ledger = mark_ledger(run)};
    struct text memo = text_make(run->arena);
    memcpy(head.inputs, run->inputs_digest, DIGEST_HEX_SIZE);
    memcpy(head.key, run->key, DIGEST_HEX_SIZE);
    text_add_str(&memo, (struct str){(const char *)&head, sizeof(head)});
    if (has_question(run) && run->loaded.seen.length > 0) {
        text_add_str(&memo, make_question(run, run->loaded.seen));
    }
    fingerprints_set_memo(run->host.fingerprints, text_str(&memo));
}
