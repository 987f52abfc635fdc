/* What has drifted and could become a change of the documents: the texts of files. All else that
 * drifts (a stopped unit, a file's owner) no document says otherwise than it does. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/kind.h"
#include "model/file_item.h"
#include "model/tree_item.h"

struct collecting {
    struct run *run;
    const struct run_selection *selection;
    struct accept_files files;
    struct accept_left_list left;
};

/* ---- What is asked for ---------------------------------------------------------------------- */

/* "site:shop.example.com", not a path. */
static bool names_document(struct arena *arena, const char *word)
{
    const char *colon = strchr(word, ':');
    return colon != NULL && word[0] != '/' &&
           kind_of_name(arena_strndup(arena, word, (size_t)(colon - word))) != NULL;
}

/* The same file by any name. */
static bool is_path(struct run *run, const char *word, const char *path)
{
    const char *root = strcmp(run->options->root, "/") == 0 ? "" : run->options->root;
    const char *whole = arena_printf(run->arena, "%s%s", root, path);
    if (strcmp(word, path) == 0 || strcmp(word, whole) == 0) {
        return true;
    }
    CLEANUP(cleanup_free) char *given = realpath(word, NULL);
    CLEANUP(cleanup_free) char *real = realpath(whole, NULL);
    return text_equal(given, real) && given != NULL;
}

static bool is_selected(const struct collecting *collecting, const struct document *document,
                        const char *path)
{
    struct arena *arena = collecting->run->arena;
    const struct run_selection *selection = collecting->selection;
    const char *id = document == NULL ? "" : document_id(arena, document);
    bool is_selected = selection->count == 0;
    for (size_t i = 0; i < selection->count; i++) {
        const char *word = selection->words[i];
        bool is_this = names_document(arena, word) ? strcmp(word, id) == 0
                                                   : is_path(collecting->run, word, path);
        selection->is_found[i] |= is_this;
        is_selected |= is_this;
    }
    return is_selected;
}

/* ---- What has drifted ----------------------------------------------------------------------- */

static void leave(struct collecting *collecting, const struct document *document, const char *path,
                  const struct message *because)
{
    struct arena *arena = collecting->run->arena;
    vec_add(arena, &collecting->left,
            (struct accept_left){.document = document == NULL ? NULL : document_id(arena, document),
                                 .path = path,
                                 .text = "",
                                 .because = because});
}

/* A file's mode, owner or type. */
static const struct message *why_not_text(struct arena *arena, const struct change *change)
{
    if (change->is_secret) {
        return message_word(arena, N_("it holds a secret"));
    }
    return message_chain(arena, message_word(arena, change->field), MESSAGE_COLON,
                         message_word(arena, N_("only the text of a file can be taken over")));
}

/* The documents have moved on since the last apply. A file that was left alone stands in the
 * generation as the host has it. */
static bool is_news(const struct run *run, const char *path, const struct change *change)
{
    const struct desired_file *good = run_last_good(run, path);
    return good != NULL && !str_equal(good->content, str_of(change->to)) &&
           !str_equal(good->content, str_of(change->from));
}

static void collect_change(struct collecting *collecting, const struct action *action,
                           const struct change *change)
{
    struct arena *arena = collecting->run->arena;
    const char *path = change->thing != NULL ? change->thing : action->item->id;
    const struct document *document =
        change->document != NULL ? change->document : action->item->document;
    enum action_cause cause = change->cause != CAUSE_NONE ? change->cause : action->cause;
    bool is_tree = strcmp(action->item->type, ITEM_TREE) == 0;
    if (cause != CAUSE_DRIFT || (is_tree && change->thing == NULL) ||
        !is_selected(collecting, document, path)) {
        return;
    }
    if (!change->is_text) {
        leave(collecting, document, path, why_not_text(arena, change));
    } else if (change->to == NULL) {
        leave(collecting, document, path, message_word(arena, N_("no document wants this file")));
    } else if (change->from == NULL) {
        leave(collecting, document, path, message_word(arena, N_("the file is gone")));
    } else if (document == NULL) {
        leave(collecting, document, path, message_word(arena, N_("it belongs to no document")));
    } else if (is_news(collecting->run, path, change)) {
        leave(collecting, document, path, message_word(arena, ACCEPT_NEWS));
    } else {
        vec_add(arena, &collecting->files,
                (struct accept_file){path, document, str_of(change->to), str_of(change->from)});
    }
}

static void collect(struct collecting *collecting)
{
    const struct action_list *actions = &collecting->run->plan.actions;
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->items[i];
        bool is_file = strcmp(action->item->type, ITEM_FILE) == 0 ||
                       strcmp(action->item->type, ITEM_TREE) == 0;
        for (size_t k = 0; is_file && k < action->changes.count; k++) {
            collect_change(collecting, action, &action->changes.items[k]);
        }
    }
}

void run_accept(struct run *run, const struct run_selection *selection, struct accept_result *out)
{
    struct collecting collecting = {.run = run, .selection = selection};
    struct decode_sources sources = {0};
    for (size_t i = 0; i < run->loaded.files.count; i++) {
        const struct loaded_file *file = &run->loaded.files.items[i];
        vec_add(run->arena, &sources,
                (struct decode_source){.source = file->source, .layer = (size_t)file->layer});
    }
    collect(&collecting);
    const struct accept_input input = {.arena = run->arena,
                                       .facts = &run->facts,
                                       .layout = &run->layout,
                                       .sources = &sources,
                                       .documents = &run->documents,
                                       .files = &collecting.files,
                                       .keeps_tree = run->owns_tree};
    accept_search(&input, out);
    for (size_t i = 0; i < collecting.left.count; i++) {
        vec_add(run->arena, &out->left, collecting.left.items[i]);
    }
}
