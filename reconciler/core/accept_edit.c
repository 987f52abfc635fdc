#include "core/accept_edit.h"

#include <string.h>

#include "base/text.h"
#include "core/kind.h"
#include "core/yaml.h"

/* The document's entry in one source. */
struct entry {
    size_t source;
    size_t layer;
    const struct node *value;
};
VEC(entry_list, struct entry);

/* What a path leads to in one entry. */
struct location {
    const struct node *node;   /* NULL: it is not written */
    const struct node *holder; /* of node: what it stands in; NULL: the section */
    size_t index;              /* of node in the holder */
    const struct node *last;   /* the deepest node on the way */
    const struct node *last_holder;
    size_t taken; /* steps that lead to it */
};

static void list_entries(struct arena *arena, const struct decode_sources *sources,
                         const struct document *document, struct entry_list *out)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct decode_source *source = &sources->items[i];
        const struct node *root = source->parsed == NULL ? NULL : source->parsed->root;
        const struct node *section =
            root == NULL ? NULL : node_get(root, document->kind->schema->plural);
        const struct node *value = section == NULL || section->type != NODE_MAPPING
                                       ? NULL
                                       : node_get(section, document->name);
        if (value != NULL && value->type == NODE_MAPPING) {
            vec_add(arena, out, (struct entry){i, source->layer, value});
        }
    }
}

/* ---- Finding -------------------------------------------------------------------------------- */

static bool is_shorthand(const struct node *node, const struct accept_step *step)
{
    return node->type != NODE_MAPPING && !node_is_null(node) && step->schema->shorthand != NULL &&
           strcmp(step->schema->shorthand, step->name) == 0;
}

static bool find_key(const struct node *mapping, const char *name, size_t *out_index)
{
    for (size_t i = 0; mapping->type == NODE_MAPPING && i < mapping->entries.count; i++) {
        if (strcmp(mapping->entries.items[i].key->text, name) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static struct location locate(const struct entry *entry, const struct accept_path *path)
{
    struct location at = {.node = entry->value, .last = entry->value};
    for (size_t i = 0; i < path->count; i++) {
        const struct accept_step *step = &path->steps[i];
        const struct node *below = NULL;
        size_t index = 0;
        if (step->type == STEP_FIELD && is_shorthand(at.node, step)) {
            at.taken++;
            continue;
        }
        if (step->type == STEP_INDEX && at.node->type == NODE_LIST &&
            step->index < at.node->elements.count) {
            index = step->index;
            below = at.node->elements.items[index];
        } else if (step->type != STEP_INDEX && find_key(at.node, step->name, &index)) {
            below = at.node->entries.items[index].value;
        }
        if (below == NULL) {
            at.node = NULL;
            return at;
        }
        at = (struct location){below, at.node, index, below, at.node, at.taken + 1};
    }
    return at;
}

static bool is_same_place(const struct node *a, const struct node *b)
{
    return a != NULL && b != NULL && a->span.source == b->span.source &&
           a->span.first == b->span.first;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static const char *write_scalar(struct arena *arena, const struct accept_change *change,
                                enum yaml_place place)
{
    return change->action == ACCEPT_CLEAR || change->text == NULL
               ? "null"
               : yaml_edit_scalar_text(arena, change->text, place, change->is_quoted);
}

/* What is written already, as it would stand in brackets; NULL: it cannot. */
static const char *write_again(struct arena *arena, const struct node *node)
{
    struct text out = text_make(arena);
    if (node->type == NODE_SCALAR) {
        return yaml_edit_scalar_text(arena, node->text, YAML_IN_FLOW, node->is_quoted);
    }
    if (node->type != NODE_LIST) {
        return NULL;
    }
    text_add_char(&out, '[');
    for (size_t i = 0; i < node->elements.count; i++) {
        const char *element = write_again(arena, node->elements.items[i]);
        if (element == NULL) {
            return NULL;
        }
        text_addf(&out, "%s%s", i == 0 ? "" : ", ", element);
    }
    text_add_char(&out, ']');
    return out.data;
}

/* The value of an absent list or map of texts with one more in it, or of a field. */
static const char *write_new(struct arena *arena, const struct accept_change *change,
                             enum yaml_place place)
{
    const struct accept_place *at = change->place;
    if (change->action != ACCEPT_INSERT) {
        return write_scalar(arena, change, place);
    }
    if (at->type == PLACE_MAP) {
        return arena_printf(arena, "{ %s: %s }",
                            yaml_edit_scalar_text(arena, change->key, YAML_IN_FLOW, false),
                            write_scalar(arena, change, YAML_IN_FLOW));
    }
    if (at->node == NULL) {
        return write_scalar(arena, change, place); /* one stands for a list of one */
    }
    struct text out = text_make(arena);
    size_t count = at->node->type == NODE_LIST ? at->node->elements.count : 1;
    for (size_t i = 0; i <= count; i++) {
        const struct node *element = at->node->type != NODE_LIST ? at->node
                                     : i < count                 ? at->node->elements.items[i]
                                                                 : NULL;
        if (i == change->index) {
            text_addf(&out, "%s%s", out.length == 0 ? "" : ", ",
                      write_scalar(arena, change, YAML_IN_FLOW));
        }
        const char *former = i < count ? write_again(arena, element) : NULL;
        if (i < count && former == NULL) {
            return NULL;
        }
        if (i < count) {
            text_addf(&out, "%s%s", out.length == 0 ? "" : ", ", former);
        }
    }
    return arena_printf(arena, "[%s]", out.data);
}

/* The value of the step at taken, with what the steps behind it say in brackets. */
static const char *write_below(struct arena *arena, const struct accept_change *change,
                               size_t taken, enum yaml_place place)
{
    const struct accept_path *path = &change->place->path;
    size_t next = taken + 1;
    if (next >= path->count) {
        return write_new(arena, change, place);
    }
    const struct accept_step *step = &path->steps[next];
    if (step->type == STEP_INDEX) {
        return NULL;
    }
    bool is_short = step->type == STEP_FIELD && step->schema->shorthand != NULL &&
                    strcmp(step->schema->shorthand, step->name) == 0;
    const char *below = write_below(arena, change, next, is_short ? place : YAML_IN_FLOW);
    if (is_short || below == NULL) {
        return below;
    }
    return arena_printf(arena, "{ %s: %s }",
                        yaml_edit_scalar_text(arena, step->name, YAML_IN_FLOW, false), below);
}

/* ---- Edits ---------------------------------------------------------------------------------- */

static bool set_found(struct arena *arena, const struct accept_change *change,
                      const struct location *at, struct yaml_edit *out)
{
    enum yaml_place place = at->holder == NULL ? YAML_IN_BLOCK : yaml_edit_place(at->holder);
    if (change->action == ACCEPT_CLEAR || node_is_null(at->node)) {
        const char *yaml = write_new(arena, change, place);
        return yaml != NULL && yaml_edit_set_value(arena, at->node, yaml, out);
    }
    return yaml_edit_set_text(arena, at->holder, at->node, change->text, out);
}

/* Where the way ends: a map that gets an entry, or a shorthand that becomes one. */
static bool set_missing(struct arena *arena, const struct accept_change *change,
                        const struct location *at, struct yaml_edit *out)
{
    const struct accept_step *step = &change->place->path.steps[at->taken];
    const struct node *last = at->last;
    if (step->type == STEP_INDEX) {
        return false;
    }
    if (last->type == NODE_MAPPING) {
        enum yaml_place place = yaml_edit_place(last);
        const char *below = write_below(arena, change, at->taken, place);
        const char *key = yaml_edit_scalar_text(arena, step->name, place, false);
        return below != NULL && yaml_edit_add_entry(arena, last, key, below, out);
    }
    const char *below = write_below(arena, change, at->taken, YAML_IN_FLOW);
    const char *former =
        node_is_null(last) || step->type != STEP_FIELD || step->schema->shorthand == NULL
            ? NULL
            : write_again(arena, last);
    if (below == NULL || (former == NULL && !node_is_null(last))) {
        return false;
    }
    const char *yaml = former == NULL
                           ? arena_printf(arena, "{ %s: %s }", step->name, below)
                           : arena_printf(arena, "{ %s: %s, %s: %s }", step->schema->shorthand,
                                          former, step->name, below);
    return yaml_edit_set_value(arena, last, yaml, out);
}

static bool insert_found(struct arena *arena, const struct accept_change *change,
                         const struct location *at, struct yaml_edit *out)
{
    const struct node *node = at->node;
    enum yaml_place place = yaml_edit_place(node);
    if (node->type == NODE_MAPPING) {
        return yaml_edit_add_entry(arena, node,
                                   yaml_edit_scalar_text(arena, change->key, place, false),
                                   write_scalar(arena, change, place), out);
    }
    if (node->type == NODE_LIST) {
        return yaml_edit_add_element(arena, node, change->index, write_scalar(arena, change, place),
                                     out);
    }
    const char *yaml = write_new(arena, change, YAML_IN_FLOW);
    return yaml != NULL && yaml_edit_set_value(arena, node, yaml, out);
}

/* With a collection in lines goes the field that held nothing else. */
static bool remove_found(const struct entry *entry, const struct accept_path *path,
                         struct yaml_edit *out)
{
    struct accept_path up = *path;
    struct location at = locate(entry, &up);
    while (at.node != NULL && at.holder != NULL) {
        size_t count =
            at.holder->type == NODE_MAPPING ? at.holder->entries.count : at.holder->elements.count;
        if (count > 1) {
            return yaml_edit_remove(at.holder, at.index, out);
        }
        do {
            up.count--;
            if (up.count == 0) {
                return false;
            }
        } while (locate(entry, &up).node == at.node);
        at = locate(entry, &up);
    }
    return false;
}

static bool rename_key(struct arena *arena, const struct accept_change *change,
                       const struct location *at, struct yaml_edit *out)
{
    const struct node *key =
        at->holder->type == NODE_MAPPING ? at->holder->entries.items[at->index].key : NULL;
    return key != NULL && yaml_edit_set_text(arena, at->holder, key, change->text, out);
}

static bool make_edit(struct arena *arena, const struct entry *entry,
                      const struct accept_change *change, struct yaml_edit *out)
{
    struct location at = locate(entry, &change->place->path);
    switch (change->action) {
    case ACCEPT_SET:
    case ACCEPT_CLEAR:
        return at.node != NULL ? set_found(arena, change, &at, out)
                               : set_missing(arena, change, &at, out);
    case ACCEPT_INSERT:
        return at.node != NULL && !node_is_null(at.node) ? insert_found(arena, change, &at, out)
               : at.node != NULL                         ? set_found(arena, change, &at, out)
                                                         : set_missing(arena, change, &at, out);
    case ACCEPT_REMOVE:
        return at.node != NULL && remove_found(entry, &change->place->path, out);
    case ACCEPT_RENAME:
        return at.node != NULL && at.holder != NULL && rename_key(arena, change, &at, out);
    }
    return false;
}

/* The value that counts is written in this entry. */
static bool is_own(const struct entry *entry, const struct accept_place *place)
{
    struct location at = locate(entry, &place->path);
    const struct node *node = at.node;
    if (place->type == PLACE_KEY && at.holder != NULL && at.holder->type == NODE_MAPPING) {
        node = at.holder->entries.items[at.index].key;
    }
    return is_same_place(node, place->node);
}

/* Where more of the way is written already comes first, then the lower layer. */
static void sort_entries(struct entry_list *entries, const struct accept_path *path)
{
    for (size_t i = 1; i < entries->count; i++) {
        for (size_t k = i; k > 0; k--) {
            struct entry *upper = &entries->items[k];
            struct entry *lower = &entries->items[k - 1];
            size_t taken = locate(upper, path).taken;
            size_t before = locate(lower, path).taken;
            if (taken < before || (taken == before && upper->layer >= lower->layer)) {
                break;
            }
            struct entry swap = *upper;
            *upper = *lower;
            *lower = swap;
        }
    }
}

void accept_edits_list(struct arena *arena, const struct decode_sources *sources,
                       const struct document *document, const struct accept_change *change,
                       struct accept_edits *out)
{
    struct entry_list entries = {0};
    struct yaml_edit edit = {0};
    list_entries(arena, sources, document, &entries);
    for (size_t i = entries.count; i > 0; i--) {
        const struct entry *entry = &entries.items[i - 1];
        if (is_own(entry, change->place)) {
            if (make_edit(arena, entry, change, &edit)) {
                vec_add(arena, out, (struct accept_edit){entry->source, edit});
            }
            return;
        }
    }
    if (change->action == ACCEPT_REMOVE || change->action == ACCEPT_RENAME) {
        return;
    }
    sort_entries(&entries, &change->place->path);
    for (size_t i = 0; i < entries.count; i++) {
        if (make_edit(arena, &entries.items[i], change, &edit)) {
            vec_add(arena, out, (struct accept_edit){entries.items[i].source, edit});
        }
    }
}
