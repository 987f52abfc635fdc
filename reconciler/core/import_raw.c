/* What stays as it is: the text of directives, without the indentation that it had, with what it
 * needs to stand alone. */

#include "base/text.h"
#include "core/import_known.h"
#include "core/import_site.h"

/* ---- Groups --------------------------------------------------------------------------------- */

static bool ends_name(char c)
{
    return strchr("/;: \t\r\n\"'", c) != NULL;
}

/* Where the text names it behind "://", or as the word behind a directive's name; NULL without. */
static const char *find_group(const char *text, const char *name)
{
    for (const char *at = name[0] == '\0' ? NULL : strstr(text, name); at != NULL;
         at = strstr(at + 1, name)) {
        bool is_address = at - text > 2 && strncmp(at - 3, "://", 3) == 0;
        bool is_word = at - text > 5 && strncmp(at - 5, "pass ", 5) == 0;
        if ((is_address || is_word) && ends_name(at[strlen(name)])) {
            return at;
        }
    }
    return NULL;
}

/* Raw text cannot define a group of servers: its first server stands in the place of its name. */
static const char *without_group(struct import_context *context, const char *text,
                                 const struct import_node *node, const struct import_node *group)
{
    struct arena *arena = context->arena;
    const char *name = import_word(group, 0);
    bool is_alone = false;
    const char *server = import_group_first(arena, group, &is_alone);
    const char *at = server == NULL ? NULL : find_group(text, name);
    if (at != NULL && !is_alone) {
        import_note_add(context, node,
                        message_make(arena,
                                     "raw text cannot name the group of servers \"%s\": its "
                                     "first server stands there instead",
                                     name));
    }
    while (at != NULL) {
        size_t behind = (size_t)(at - text) + strlen(server);
        text = arena_printf(arena, "%.*s%s%s", (int)(at - text), text, server, at + strlen(name));
        at = find_group(text + behind, name);
    }
    return text;
}

static const char *without_groups(struct import_context *context, const char *text,
                                  const struct import_node *node)
{
    for (size_t i = 0; i < context->http.count; i++) {
        if (import_is(context->http.items[i], "upstream")) {
            text = without_group(context, text, node, context->http.items[i]);
        }
    }
    return text;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

static size_t indent_of(const char *line)
{
    return strspn(line, " \t");
}

/* The least that all lines behind the first have. */
static size_t common_indent(const char *text)
{
    size_t least = SIZE_MAX;
    for (const char *line = strchr(text, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        size_t indent = indent_of(line);
        bool is_empty = line[indent] == '\n' || line[indent] == '\0' || line[indent] == '\r';
        least = !is_empty && indent < least ? indent : least;
    }
    return least == SIZE_MAX ? 0 : least;
}

static void add_lines(struct text *out, const char *text)
{
    size_t indent = common_indent(text);
    bool is_first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t cut = indent_of(text);
        cut = is_first ? 0 : cut < indent ? cut : indent;
        size_t end = length;
        while (end > cut && strchr(" \t\r", text[end - 1]) != NULL) {
            end--;
        }
        for (size_t i = cut; i < end; i++) {
            text_add(out, text[i] == '\t' ? "    " : (const char[]){text[i], '\0'});
        }
        text_add_char(out, '\n');
        text += length + (text[length] == '\n');
        is_first = false;
    }
}

static bool has_included(const struct import_node *node)
{
    for (size_t i = 0; i < node->children.count; i++) {
        const struct import_node *child = node->children.items[i];
        bool is_elsewhere = child->text.data < node->text.data ||
                            child->text.data >= node->text.data + node->text.length;
        if (is_elsewhere || has_included(child)) {
            return true;
        }
    }
    return false;
}

static void add_node(struct import_context *context, const struct import_node *node, size_t depth,
                     struct text *out);

/* A block with what its includes have brought in their place, so that it needs no file. */
static void add_block(struct import_context *context, const struct import_node *node, size_t depth,
                      struct text *out)
{
    const char *head = arena_strndup(context->arena, node->text.data, node->head);
    struct text line = text_make(context->arena);
    add_lines(&line, head);
    text_addf(out, "%*s%s", (int)(4 * depth), "", line.data);
    for (size_t i = 0; i < node->children.count; i++) {
        add_node(context, node->children.items[i], depth + 1, out);
    }
    text_addf(out, "%*s}\n", (int)(4 * depth), "");
}

static void add_node(struct import_context *context, const struct import_node *node, size_t depth,
                     struct text *out)
{
    if (node->is_block && has_included(node)) {
        add_block(context, node, depth, out);
        return;
    }
    const char *text = arena_strndup(context->arena, node->text.data, node->text.length);
    struct text lines = text_make(context->arena);
    add_lines(&lines, without_groups(context, text, node));
    for (const char *line = lines.data; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        text_addf(out, "%*s%.*s", length > 1 ? (int)(4 * depth) : 0, "", (int)length, line);
        line += length;
    }
}

const char *import_raw_text(struct import_context *context, const struct import_nodes *nodes)
{
    struct arena *arena = context->arena;
    struct text out = text_make(arena);
    for (size_t i = 0; i < nodes->count; i++) {
        add_node(context, nodes->items[i], 0, &out);
        import_keep_maps(context, nodes->items[i]);
        context->raw_count++;
    }
    return nodes->count == 0 ? NULL : out.data;
}
