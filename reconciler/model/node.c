/* Questions to the YAML tree. */

#include "model/node.h"

#include <assert.h>

#include "base/language.h"

bool node_is_null(const struct node *node)
{
    if (node->type != NODE_SCALAR || node->is_quoted) {
        return false;
    }
    const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(node->text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *node_words(const struct node *node)
{
    static const char *const words[] = {[NODE_SCALAR] = N_("a single value"),
                                        [NODE_LIST] = N_("a list"),
                                        [NODE_MAPPING] = N_("a map")};
    return node_is_null(node) ? N_("nothing") : words[node->type];
}

const struct node *node_get(const struct node *mapping, const char *key)
{
    assert(mapping->type == NODE_MAPPING);
    for (size_t i = 0; i < mapping->entries.count; i++) {
        const char *text = mapping->entries.items[i].key->text;
        if (*text == *key && strcmp(text, key) == 0) { /* most differ at once: worth no call */
            return mapping->entries.items[i].value;
        }
    }
    return NULL;
}
