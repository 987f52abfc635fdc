/* For each document, one difference after the other: candidates from the places that the line comes
 * from, then from anywhere in the document; the one that makes most differences go wins, of several
 * the one that touches fewest bytes. Where each has side effects, it is looked for a second change
 * that takes them back (a rate without its burst). */
#include "core/accept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "core/accept_candidate.h"
#include "core/accept_render.h"
#include "core/kind.h"
#include "core/yaml.h"

enum {
    BYTES_MOST = 24 << 20, /* of texts that are made for one difference: a second or two */
    SMALL_TEXT = 2 << 10,  /* what making none costs */
    CHAINS_MOST = 3,       /* candidates with side effects that are followed */
    CHAIN_LENGTH = 3,      /* changes that belong together */
};

VEC(key_list, const char *);

/* A file as it shall come out: the host's text where it drifted, else what it is. */
struct target {
    const char *path;
    struct accept_units units;
    const struct accept_file *file; /* NULL: it did not drift */
};
VEC(target_list, struct target);

/* One file of a state. */
struct side {
    struct str content;
    struct accept_differences differences;
};

struct state {
    struct decode_sources sources;
    struct document_set documents;
    struct accept_texts texts;
    struct side *sides;   /* one per target */
    struct key_list keys; /* of all differences, sorted */
};

struct search {
    const struct accept_input *input;
    struct arena *arena;
    struct accept_setting setting;
    const char *kind;
    const char *name;
    struct target_list targets;
    struct state state;
    struct map given_up; /* differences that nothing was found for */
    size_t bytes;        /* of texts that were made for this difference */
    struct accept_result *out;
};

/* What a candidate does to the differences. */
struct verdict {
    bool is_valid;
    size_t removed;
    size_t added;
    bool says; /* the difference in question is gone */
};

/* ---- States --------------------------------------------------------------------------------- */

static int key_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *unit_key(struct arena *arena, size_t file, char sign,
                            const struct accept_unit *unit)
{
    return arena_printf(arena, "%zu%c%s", file, sign, unit->said);
}

static void add_keys(struct arena *arena, const struct accept_differences *differences,
                     struct key_list *keys)
{
    for (size_t i = 0; i < differences->count; i++) {
        const struct accept_difference *difference = &differences->items[i];
        if (difference->wanted != NULL) {
            vec_add(arena, keys, unit_key(arena, difference->file, '-', difference->wanted));
        }
        if (difference->host != NULL) {
            vec_add(arena, keys, unit_key(arena, difference->file, '+', difference->host));
        }
    }
}

/* former: a state whose files are taken where they are the same; or NULL. */
static void compare_side(const struct search *search, struct arena *arena, size_t index,
                         const struct state *former, struct state *out)
{
    static const struct mapped_text nothing = {.content = {"", 0}};
    const struct target *target = &search->targets.items[index];
    const struct accept_text *text = accept_text_find(&out->texts, target->path);
    const struct mapped_text *mapped = text == NULL ? &nothing : &text->text;
    struct side *side = &out->sides[index];
    side->content = mapped->content;
    if (former != NULL && str_equal(former->sides[index].content, side->content)) {
        side->differences = former->sides[index].differences;
        return;
    }
    struct accept_units units = {0};
    (void)accept_units_read(arena, target->path, mapped, &units); /* else they are lines */
    accept_units_compare(arena, &units, &target->units, index, &side->differences);
}

/* A file that nobody on the host has. */
static void add_new_files(const struct search *search, struct arena *arena, struct state *state)
{
    size_t known = 0;
    for (size_t i = 0; i < state->texts.count; i++) {
        const char *path = state->texts.items[i].path;
        while (known < search->targets.count &&
               strcmp(search->targets.items[known].path, path) < 0) {
            known++;
        }
        bool is_known =
            known < search->targets.count && strcmp(search->targets.items[known].path, path) == 0;
        if (!is_known) {
            vec_add(arena, &state->keys, arena_printf(arena, "new %s", path));
        }
    }
}

/* False when the sources make no documents without mistakes. */
static bool evaluate(struct search *search, struct arena *arena,
                     const struct decode_sources *sources, const struct state *former,
                     struct state *out)
{
    *out = (struct state){.sources = *sources};
    search->bytes += SMALL_TEXT;
    if (!accept_render(&search->setting, arena, sources, &out->documents, &out->texts)) {
        return false;
    }
    out->sides = arena_array(arena, search->targets.count, sizeof(*out->sides));
    for (size_t i = 0; i < search->targets.count; i++) {
        compare_side(search, arena, i, former, out);
        search->bytes += out->sides[i].content.length;
        add_keys(arena, &out->sides[i].differences, &out->keys);
    }
    add_new_files(search, arena, out);
    if (out->keys.count > 1) {
        qsort(out->keys.items, out->keys.count, sizeof(*out->keys.items), key_compare);
    }
    return true;
}

/* The sources after an edit; false when it breaks the file. */
static bool edit_sources(struct arena *arena, const struct decode_sources *sources,
                         const struct accept_edit *edit, struct decode_sources *out)
{
    struct decode_source *items = arena_array(arena, sources->count, sizeof(*items));
    memcpy(items, sources->items, sources->count * sizeof(*items));
    *out = (struct decode_sources){items, sources->count, sources->count};
    struct decode_source *changed = &out->items[edit->source];
    struct diagnostic_list diagnostics = {0};
    struct yaml *parsed = arena_new(arena, struct yaml);
    const struct source *former = changed->source;
    changed->source = source_make_file(arena, former->name, former->path,
                                       yaml_edit_apply(arena, former->content, &edit->edit));
    *parsed = yaml_parse(arena, changed->source, &diagnostics);
    changed->parsed = parsed;
    return !parsed->is_incomplete && !diagnostics_have_errors(&diagnostics);
}

/* ---- Verdicts ------------------------------------------------------------------------------- */

/* Two of different names only happen to stand in the same place: one of them may go alone. */
static bool is_loose(const struct accept_difference *difference)
{
    return difference->wanted != NULL && difference->host != NULL &&
           strcmp(difference->wanted->words[0], difference->host->words[0]) != 0;
}

static struct verdict compare_keys(struct arena *arena, const struct key_list *before,
                                   const struct key_list *after,
                                   const struct accept_difference *difference)
{
    struct key_list own = {0};
    const struct accept_differences one = {(struct accept_difference[]){*difference}, 1, 1};
    struct verdict verdict = {.is_valid = true};
    size_t hits = 0;
    size_t i = 0;
    size_t j = 0;
    add_keys(arena, &one, &own);
    while (i < before->count || j < after->count) {
        int order = i == before->count  ? 1
                    : j == after->count ? -1
                                        : strcmp(before->items[i], after->items[j]);
        for (size_t k = 0; order < 0 && k < own.count; k++) {
            hits += strcmp(before->items[i], own.items[k]) == 0;
        }
        verdict.removed += order < 0;
        verdict.added += order > 0;
        i += order <= 0;
        j += order >= 0;
    }
    verdict.says = hits >= own.count || (hits > 0 && is_loose(difference));
    return verdict;
}

/* from: the state that the edit is of; the verdict is about the search's. */
static struct verdict try_edit(struct search *search, struct arena *arena, const struct state *from,
                               const struct accept_edit *edit,
                               const struct accept_difference *difference, struct state *out)
{
    struct decode_sources sources;
    if (!edit_sources(arena, &from->sources, edit, &sources) ||
        !evaluate(search, arena, &sources, from, out)) {
        return (struct verdict){0};
    }
    return compare_keys(arena, &search->state.keys, &out->keys, difference);
}

/* ---- One difference ------------------------------------------------------------------------- */

struct attempt {
    struct accept_candidate candidate;
    struct verdict verdict;
};
VEC(attempt_list, struct attempt);

static bool is_better(const struct attempt *a, const struct attempt *b)
{
    if (a->verdict.added != b->verdict.added) {
        return a->verdict.added < b->verdict.added;
    }
    if (a->verdict.removed != b->verdict.removed) {
        return a->verdict.removed > b->verdict.removed;
    }
    return a->candidate.cost < b->candidate.cost;
}

/* Keeps the best ones, in order. */
static void keep(struct arena *arena, struct attempt_list *list, const struct attempt *attempt)
{
    size_t place = list->count;
    while (place > 0 && is_better(attempt, &list->items[place - 1])) {
        place--;
    }
    if (place == CHAINS_MOST) {
        return;
    }
    if (list->count < CHAINS_MOST) {
        vec_add(arena, list, *attempt);
    }
    memmove(&list->items[place + 1], &list->items[place],
            (list->count - 1 - place) * sizeof(*list->items));
    list->items[place] = *attempt;
}

static const struct document *document_of(const struct search *search, const struct state *state)
{
    return document_find(&state->documents, search->kind, search->name);
}

/* Tries every candidate of this rank; the best ones are kept on the arena. wanted: the difference
 * that shall go; asked: one of the same state that the candidates are made from. */
static void try_rank(struct search *search, struct arena *arena, const struct state *from,
                     const struct accept_difference *wanted, const struct accept_difference *asked,
                     enum accept_rank rank, struct attempt_list *out)
{
    struct accept_places places = {0};
    struct accept_candidates candidates = {0};
    const struct document *document = document_of(search, from);
    accept_places_list(arena, document, &places);
    const struct accept_question question = {arena, &from->sources, document, &places, asked};
    accept_candidates_list(&question, rank, &candidates);
    AUTO_ARENA scratch = arena_create();
    const struct arena_mark empty = arena_mark(scratch);
    for (size_t i = 0; i < candidates.count && search->bytes < BYTES_MOST; i++) {
        struct state after;
        struct attempt attempt = {candidates.items[i], {0}};
        attempt.verdict =
            try_edit(search, scratch, from, &candidates.items[i].edit, wanted, &after);
        if (attempt.verdict.is_valid && attempt.verdict.says) {
            keep(arena, out, &attempt);
        }
        arena_rewind(scratch, empty);
    }
}

static bool has_key(const struct key_list *keys, const char *key)
{
    return keys->count > 0 &&
           bsearch(&key, keys->items, keys->count, sizeof(*keys->items), key_compare) != NULL;
}

static bool is_new(const struct search *search, struct arena *arena,
                   const struct accept_difference *difference)
{
    struct key_list keys = {0};
    const struct accept_differences one = {(struct accept_difference[]){*difference}, 1, 1};
    add_keys(arena, &one, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        if (!has_key(&search->state.keys, keys.items[i])) {
            return true;
        }
    }
    return false;
}

/* A difference of this state that the search's state does not have; NULL: none. */
static const struct accept_difference *side_effect(const struct search *search, struct arena *arena,
                                                   const struct state *state)
{
    for (size_t i = 0; i < search->targets.count; i++) {
        const struct accept_differences *differences = &state->sides[i].differences;
        for (size_t k = 0; k < differences->count; k++) {
            if (is_new(search, arena, &differences->items[k])) {
                return &differences->items[k];
            }
        }
    }
    return NULL;
}

/* Changes that belong together, of which the last has no side effects any more. */
struct chain {
    struct accept_candidate links[CHAIN_LENGTH];
    size_t count;
    struct state state; /* after them */
};

/* From a change with side effects, on to others that take them back. */
static bool follow(struct search *search, struct arena *arena, const struct attempt *first,
                   const struct accept_difference *difference, struct chain *out)
{
    struct verdict verdict =
        try_edit(search, arena, &search->state, &first->candidate.edit, difference, &out->state);
    out->links[0] = first->candidate;
    out->count = 1;
    while (verdict.added > 0 && out->count < CHAIN_LENGTH) {
        struct attempt_list best = {0};
        const struct accept_difference *effect = side_effect(search, arena, &out->state);
        for (enum accept_rank rank = ACCEPT_NEAR; effect != NULL && rank < ACCEPT_RANK_COUNT;
             rank++) {
            try_rank(search, arena, &out->state, difference, effect, rank, &best);
        }
        if (best.count == 0 || best.items[0].verdict.added >= verdict.added) {
            return false;
        }
        const struct state from = out->state;
        verdict =
            try_edit(search, arena, &from, &best.items[0].candidate.edit, difference, &out->state);
        out->links[out->count++] = best.items[0].candidate;
    }
    return verdict.added == 0;
}

/* ---- Results -------------------------------------------------------------------------------- */

static const char *document_words(const struct search *search)
{
    return arena_printf(search->arena, "%s:%s", search->kind, search->name);
}

static const char *value_of(const struct accept_place *place)
{
    return place->node != NULL && place->node->type == NODE_SCALAR ? place->node->text : NULL;
}

static void take_link(struct search *search, const struct state *from,
                      const struct accept_candidate *link,
                      const struct accept_difference *difference)
{
    const struct accept_change *change = &link->change;
    assert(change->place != NULL);
    bool is_new_one = change->action == ACCEPT_INSERT;
    const struct source *source = from->sources.items[link->edit.source].source;
    const char *field = is_new_one && change->key != NULL
                            ? arena_printf(search->arena, "%s.%s", change->place->name, change->key)
                            : arena_strdup(search->arena, change->place->name);
    const char *former = is_new_one ? NULL : value_of(change->place);
    vec_add(search->arena, &search->out->taken,
            (struct accept_taken){
                .document = document_words(search),
                .field = field,
                .from = former == NULL ? NULL : arena_strdup(search->arena, former),
                .to = change->text == NULL ? NULL : arena_strdup(search->arena, change->text),
                .source = link->edit.source,
                .line = source_position(source, link->edit.edit.first).line,
                .path = search->targets.items[difference->file].path,
                .path_line = difference->line,
            });
}

/* Carries the chain out; the arena that it was found on goes. */
static void take_chain(struct search *search, const struct chain *chain,
                       const struct accept_difference *difference)
{
    struct state state = search->state;
    for (size_t i = 0; i < chain->count; i++) {
        struct state after;
        take_link(search, &state, &chain->links[i], difference);
        (void)try_edit(search, search->arena, &state, &chain->links[i].edit, difference,
                       &after); /* it was tried before */
        state = after;
    }
    search->state = state;
}

static const char *unit_words(struct arena *arena, const struct accept_unit *unit)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < unit->word_count; i++) {
        text_addf(&out, "%s%s", i == 0 ? "" : " ", unit->words[i]);
    }
    return out.data;
}

static const struct accept_unit *shown_unit(const struct accept_difference *difference)
{
    return difference->host != NULL ? difference->host : difference->wanted;
}

/* Values of environment files are not shown where nobody asked for them. */
static const char *difference_words(const struct search *search,
                                    const struct accept_difference *difference)
{
    const struct accept_unit *unit = shown_unit(difference);
    const char *path = search->targets.items[difference->file].path;
    return arena_printf(search->arena, "%s %s", difference->host != NULL ? "+" : "-",
                        text_ends_with(path, ".env") ? unit->words[0]
                                                     : unit_words(search->arena, unit));
}

static const char *change_words(struct arena *arena, const struct accept_change *change)
{
    const char *value = change->text == NULL                 ? "null"
                        : change->place->field->hides_source ? "..."
                                                             : change->text;
    if (change->key != NULL) {
        return arena_printf(arena, "%s: { %s: %s }", change->place->name, change->key, value);
    }
    return arena_printf(arena, change->action == ACCEPT_INSERT ? "%s: [..., %s]" : "%s: %s",
                        change->place->name, value);
}

static const struct message *why_left(struct search *search, const struct attempt_list *best,
                                      const struct accept_difference *difference)
{
    struct arena *arena = search->arena;
    if (best->count > 0) {
        struct state after;
        (void)try_edit(search, arena, &search->state, &best->items[0].candidate.edit, difference,
                       &after);
        const struct accept_difference *effect = side_effect(search, arena, &after);
        const char *said = change_words(arena, &best->items[0].candidate.change);
        if (effect == NULL) {
            return message_make(arena, "%s would say it, but makes another file, too", said);
        }
        if (effect->file == difference->file) {
            return message_make(arena, "%s would say it, but also changes line %zu: %s", said,
                                effect->line, unit_words(arena, shown_unit(effect)));
        }
        return message_make(arena, "%s would say it, but also changes %s:%zu", said,
                            search->targets.items[effect->file].path, effect->line);
    }
    const char *name = shown_unit(difference)->words[0];
    if (strcmp(name, "Environment") == 0) {
        return message_word(arena, N_("a document says variables in env, which has its own file"));
    }
    if (search->bytes >= BYTES_MOST) {
        return message_word(arena, N_("too much was tried for this document"));
    }
    return message_word(arena, N_("no field of the document says it"));
}

static void leave(struct search *search, const struct accept_difference *difference,
                  const struct message *because)
{
    vec_add(search->arena, &search->out->left,
            (struct accept_left){
                .document = document_words(search),
                .path = search->targets.items[difference->file].path,
                .line = difference->line,
                .text = difference_words(search, difference),
                .because = because,
            });
}

/* ---- One document --------------------------------------------------------------------------- */

static const char *difference_key(struct arena *arena, const struct accept_difference *difference)
{
    return arena_printf(arena, "%zu:%zu %s %s", difference->file, difference->line,
                        difference->wanted == NULL ? "" : difference->wanted->said,
                        difference->host == NULL ? "" : difference->host->said);
}

static const struct accept_difference *next_of_side(const struct search *search,
                                                    const struct side *side)
{
    for (size_t i = 0; i < side->differences.count; i++) {
        const char *key = difference_key(search->arena, &side->differences.items[i]);
        if (!map_has(&search->given_up, key)) {
            return &side->differences.items[i];
        }
    }
    return NULL;
}

static const struct accept_difference *next_difference(const struct search *search)
{
    for (size_t i = 0; i < search->targets.count; i++) {
        bool is_asked = search->targets.items[i].file != NULL;
        const struct accept_difference *found =
            is_asked ? next_of_side(search, &search->state.sides[i]) : NULL;
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static void answer(struct search *search, const struct accept_difference *difference)
{
    AUTO_ARENA arena = arena_create();
    struct attempt_list best = {0};
    search->bytes = 0;
    for (enum accept_rank rank = ACCEPT_NEAR; rank < ACCEPT_RANK_COUNT; rank++) {
        try_rank(search, arena, &search->state, difference, difference, rank, &best);
        if (best.count > 0 && best.items[0].verdict.added == 0) {
            const struct chain one = {.links = {best.items[0].candidate}, .count = 1};
            take_chain(search, &one, difference);
            return;
        }
    }
    for (size_t i = 0; i < best.count; i++) {
        struct chain chain;
        if (follow(search, arena, &best.items[i], difference, &chain)) {
            take_chain(search, &chain, difference);
            return;
        }
    }
    (void)map_put(search->arena, &search->given_up, difference_key(search->arena, difference),
                  search);
    leave(search, difference, why_left(search, &best, difference));
}

/* ---- What is looked at ---------------------------------------------------------------------- */

VEC(known_documents, const struct document *);

static void add_document(struct arena *arena, struct known_documents *list, struct map *names,
                         const struct document *document)
{
    const char *name =
        document == NULL
            ? NULL
            : arena_printf(arena, "%s %s", document->kind->schema->plural, document->name);
    if (document != NULL && !map_has(names, name)) {
        (void)map_put(arena, names, name, list);
        vec_add(arena, list, document);
    }
}

static bool refers_to(const struct document *document, const struct document *target)
{
    for (size_t i = 0; i < document->references.count; i++) {
        if (document->references.items[i].target == target) {
            return true;
        }
    }
    return false;
}

/* The document, those whose text may depend on it, and all that these need. */
static struct map *closure_of(const struct accept_input *input, const struct document *document)
{
    struct arena *arena = input->arena;
    struct known_documents list = {0};
    struct map *names = arena_new(arena, struct map);
    add_document(arena, &list, names, document);
    for (size_t i = 0; i < input->documents->documents.count; i++) {
        const struct document *other = input->documents->documents.items[i];
        if (refers_to(other, document)) {
            add_document(arena, &list, names, other);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct reference_list *references = &list.items[i]->references;
        for (size_t k = 0; k < references->count; k++) {
            add_document(arena, &list, names, references->items[k].target);
        }
    }
    return names;
}

static const struct accept_file *find_file(const struct accept_input *input,
                                           const struct document *document, const char *path)
{
    for (size_t i = 0; i < input->files->count; i++) {
        const struct accept_file *file = &input->files->items[i];
        if (file->document == document && strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

static void leave_file(const struct accept_input *input, const struct accept_file *file,
                       size_t line, const struct message *because, struct accept_result *out)
{
    vec_add(input->arena, &out->left,
            (struct accept_left){.document = document_id(input->arena, file->document),
                                 .path = file->path,
                                 .line = line,
                                 .text = "",
                                 .because = because});
}

static void list_targets(struct search *search, const struct document *document,
                         const struct accept_texts *texts)
{
    static const char broken[] =
        N_("it cannot be read: the program that it is for would refuse it");
    struct arena *arena = search->arena;
    for (size_t i = 0; i < texts->count; i++) {
        const struct accept_text *text = &texts->items[i];
        const struct accept_file *file = find_file(search->input, document, text->path);
        if (file != NULL && !str_equal(file->wanted, text->text.content)) {
            leave_file(search->input, file, 1, message_word(arena, ACCEPT_NEWS), search->out);
            file = NULL;
        }
        struct mapped_text host = {.content = file == NULL ? text->text.content : file->host};
        struct target target = {.path = text->path, .file = file};
        if (!accept_units_read(arena, text->path, &host, &target.units) && file != NULL) {
            leave_file(search->input, file, 1, message_word(arena, broken), search->out);
            target.file = NULL;
            host.content = text->text.content;
            (void)accept_units_read(arena, text->path, &host, &target.units); /* it is ours */
        }
        vec_add(arena, &search->targets, target);
    }
}

/* ---- After the search ----------------------------------------------------------------------- */

static size_t first_difference(struct str a, struct str b)
{
    size_t line = 1;
    for (size_t i = 0; i < a.length && i < b.length && a.data[i] == b.data[i]; i++) {
        line += a.data[i] == '\n';
    }
    return line;
}

static bool has_taken(const struct accept_result *result, const char *path)
{
    for (size_t i = 0; i < result->taken.count; i++) {
        if (strcmp(result->taken.items[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* What means the same and is written otherwise. */
static void finish_target(struct search *search, size_t index)
{
    const struct target *target = &search->targets.items[index];
    const struct side *side = &search->state.sides[index];
    if (target->file == NULL || side->differences.count > 0 ||
        str_equal(side->content, target->file->host)) {
        return;
    }
    if (has_taken(search->out, target->path)) {
        vec_add(search->arena, &search->out->respelled, *target->file);
        return;
    }
    leave_file(search->input, target->file, first_difference(target->file->host, side->content),
               message_word(search->arena,
                            N_("only comments, spaces or spelling differ, which no document says")),
               search->out);
}

static void search_document(const struct accept_input *input, const struct document *document,
                            struct accept_result *out)
{
    struct search search = {
        .input = input,
        .arena = input->arena,
        .setting = {input->facts, input->layout, input->keeps_tree, closure_of(input, document)},
        .kind = document->kind_name,
        .name = document->name,
        .out = out,
    };
    struct document_set documents;
    struct accept_texts texts;
    if (!accept_render(&search.setting, search.arena, &out->sources, &documents, &texts)) {
        return; /* they were rendered before */
    }
    list_targets(&search, document, &texts);
    if (!evaluate(&search, search.arena, &out->sources, NULL, &search.state)) {
        return;
    }
    const struct accept_difference *difference = NULL;
    while ((difference = next_difference(&search)) != NULL) {
        answer(&search, difference);
    }
    for (size_t i = 0; i < search.targets.count; i++) {
        finish_target(&search, i);
    }
    out->sources = search.state.sources;
}

/* ---- The whole ------------------------------------------------------------------------------ */

static bool is_asked(const struct accept_input *input, const char *path)
{
    for (size_t i = 0; i < input->files->count; i++) {
        if (strcmp(input->files->items[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* A file beside those that drifted and is another one then; NULL: none. */
static const char *find_stray(const struct accept_input *input, const struct accept_texts *before,
                              const struct accept_texts *after)
{
    size_t both = before->count < after->count ? before->count : after->count;
    for (size_t i = 0; i < both; i++) {
        const struct accept_text *old = &before->items[i];
        const struct accept_text *new = &after->items[i];
        bool is_same =
            strcmp(old->path, new->path) == 0 &&
            (is_asked(input, old->path) || str_equal(old->text.content, new->text.content));
        if (!is_same) {
            return old->path;
        }
    }
    return before->count > both  ? before->items[both].path
           : after->count > both ? after->items[both].path
                                 : NULL;
}

/* All documents together have no mistakes then, and no other file changes. */
static bool check_whole(const struct accept_input *input, const struct decode_sources *before,
                        const struct accept_result *result, const char **out_stray)
{
    const struct accept_setting setting = {input->facts, input->layout, input->keeps_tree, NULL};
    struct document_set documents;
    struct accept_texts old;
    struct accept_texts new;
    *out_stray = "";
    if (!accept_render(&setting, input->arena, before, &documents, &old) ||
        !accept_render(&setting, input->arena, &result->sources, &documents, &new)) {
        return false;
    }
    *out_stray = find_stray(input, &old, &new);
    return *out_stray == NULL;
}

static void take_back(const struct accept_input *input, const struct decode_sources *before,
                      const char *stray, struct accept_result *out)
{
    const struct message *because =
        stray[0] == '\0'
            ? message_word(input->arena, N_("what says it is a mistake beside other documents"))
            : message_make(input->arena, "what says it would also change %s", stray);
    *out = (struct accept_result){.sources = *before};
    for (size_t i = 0; i < input->files->count; i++) {
        leave_file(input, &input->files->items[i], 1, because, out);
    }
}

void accept_search(const struct accept_input *input, struct accept_result *out)
{
    struct arena *arena = input->arena;
    *out = (struct accept_result){0};
    for (size_t i = 0; i < input->sources->count; i++) {
        struct diagnostic_list ignored = {0}; /* there were none when they were read */
        struct decode_source source = input->sources->items[i];
        struct yaml *parsed = arena_new(arena, struct yaml);
        *parsed = yaml_parse(arena, source.source, &ignored);
        source.parsed = parsed;
        vec_add(arena, &out->sources, source);
    }
    const struct decode_sources before = out->sources;
    struct map done = {0};
    for (size_t i = 0; i < input->files->count; i++) {
        const struct document *document = input->files->items[i].document;
        const char *id = document_id(arena, document);
        if (!map_has(&done, id)) {
            (void)map_put(arena, &done, id, out);
            search_document(input, document, out);
        }
    }
    const char *stray = NULL;
    if (out->taken.count > 0 && !check_whole(input, &before, out, &stray)) {
        take_back(input, &before, stray, out);
    }
}
