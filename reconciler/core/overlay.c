/* Merging of trees. Nodes are never changed: a merged map is a new node that shares its entries. */
#include "core/overlay.h"

#include <assert.h>

#include "base/map.h"

static bool is_mapping(const struct node *node)
{
    return node->type == NODE_MAPPING;
}

/* Places of low's keys, one more than the index so that NULL means absent. */
static void index_keys(struct arena *arena, const struct node *low, struct map *out_places)
{
    for (size_t i = 0; i < low->entries.count; i++) {
        (void)map_put(arena, out_places, low->entries.items[i].key->text, &low->entries.items[i]);
    }
}

static const struct node *merge_mappings(struct arena *arena, const struct node *low,
                                         const struct node *high)
{
    struct map places = {0};
    struct node *merged = arena_new(arena, struct node);
    *merged = *high;
    merged->is_short = false; /* it has fields of both */
    merged->hides_lower = low->hides_lower;
    merged->entries = (struct node_entries){0};
    for (size_t i = 0; i < low->entries.count; i++) {
        vec_add(arena, &merged->entries, low->entries.items[i]);
    }
    index_keys(arena, low, &places);
    for (size_t i = 0; i < high->entries.count; i++) {
        const struct node_entry *entry = &high->entries.items[i];
        const struct node_entry *below = map_get(&places, entry->key->text);
        if (below == NULL) {
            vec_add(arena, &merged->entries, *entry);
            continue;
        }
        assert(merged->entries.items != NULL); /* it begins with copies of low's */
        struct node_entry *place = &merged->entries.items[below - low->entries.items];
        place->key = entry->key;
        place->value = overlay_merge(arena, below->value, entry->value);
    }
    return merged;
}

const struct node *overlay_merge(struct arena *arena, const struct node *low,
                                 const struct node *high)
{
    if (low == NULL || high == NULL) {
        return low == NULL ? high : low;
    }
    if (!is_mapping(high) || high->hides_lower) {
        return high;
    }
    if (is_mapping(low)) {
        return merge_mappings(arena, low, high);
    }
    struct node *hiding = arena_new(arena, struct node);
    *hiding = *high;
    hiding->hides_lower = true;
    return hiding;
}
