/* A depth-first walk along the relations, without recursion: chains may be as long as there are
 * documents. */
#include "core/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/kind.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

/* One document on the way down, and the relation that is followed next. */
struct step {
    struct document *document;
    size_t next;
};
VEC(step_list, struct step);

struct ordering {
    struct arena *arena;
    struct diagnostic_list *diagnostics;
    struct document_list sorted; /* by kind and name; document->order is the place in it */
    enum mark *marks;            /* one per place */
    struct step_list way;
    struct document_list done;
};

static size_t kind_rank(const struct document *document)
{
    size_t rank = 0;
    while (rank < kind_count() && kind_at(rank) != document->kind) {
        rank++;
    }
    return rank;
}

static int document_compare(const void *a, const void *b)
{
    const struct document *left = *(struct document *const *)a;
    const struct document *right = *(struct document *const *)b;
    size_t left_rank = kind_rank(left);
    size_t right_rank = kind_rank(right);
    if (left_rank != right_rank) {
        return left_rank < right_rank ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

/* The part of the way from target down to the last step is the circle. */
static void report_circle(struct ordering *ordering, const struct document *target)
{
    struct arena *arena = ordering->arena;
    size_t first = ordering->way.count;
    while (first > 0 && ordering->way.items[first - 1].document != target) {
        first--;
    }
    first--;
    struct text path = text_make(arena);
    for (size_t i = first; i < ordering->way.count; i++) {
        text_addf(&path, "%s -> ", document_id(arena, ordering->way.items[i].document));
    }
    text_add(&path, document_id(arena, target));
    (void)diagnostic_add(arena, ordering->diagnostics, DIAGNOSTIC_DEPENDENCY_CYCLE, target->span,
                         path.data, NULL);
    for (size_t i = first; i < ordering->way.count; i++) {
        const struct step *step = &ordering->way.items[i];
        const struct reference *reference = &step->document->references.items[step->next - 1];
        (void)diagnostic_add(arena, ordering->diagnostics, DIAGNOSTIC_CYCLE_STEP, reference->span,
                             document_id(arena, step->document),
                             document_id(arena, reference->target), NULL);
    }
}

/* The document that must come before the step's own, or NULL when all have come. */
static struct document *next_needed(const struct ordering *ordering, struct step *step)
{
    while (step->next < step->document->references.count) {
        const struct document *target = step->document->references.items[step->next++].target;
        if (target != NULL && target != step->document) {
            return ordering->sorted.items[target->order];
        }
    }
    return NULL;
}

static void walk(struct ordering *ordering, struct document *start)
{
    vec_add(ordering->arena, &ordering->way, (struct step){start, 0});
    ordering->marks[start->order] = MARK_OPEN;
    while (ordering->way.count > 0) {
        struct step *step = vec_last(&ordering->way);
        struct document *needed = next_needed(ordering, step);
        if (needed == NULL) {
            ordering->marks[step->document->order] = MARK_DONE;
            vec_add(ordering->arena, &ordering->done, step->document);
            ordering->way.count--;
        } else if (ordering->marks[needed->order] == MARK_OPEN) {
            report_circle(ordering, needed);
        } else if (ordering->marks[needed->order] == MARK_NEW) {
            ordering->marks[needed->order] = MARK_OPEN;
            vec_add(ordering->arena, &ordering->way, (struct step){needed, 0});
        }
    }
}

void order_documents(struct arena *arena, struct document_set *documents,
                     struct diagnostic_list *diagnostics)
{
    struct document_list *list = &documents->documents;
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof(struct document *), document_compare);
    }
    struct ordering ordering = {.arena = arena,
                                .diagnostics = diagnostics,
                                .sorted = *list,
                                .marks = arena_array(arena, list->count, sizeof(*ordering.marks))};
    for (size_t i = 0; i < list->count; i++) {
        list->items[i]->order = i;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (ordering.marks[i] == MARK_NEW) {
            walk(&ordering, list->items[i]);
        }
    }
    *list = ordering.done;
    for (size_t i = 0; i < list->count; i++) {
        list->items[i]->order = i;
    }
}
