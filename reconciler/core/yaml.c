/* Makes nodes of libyaml's events. libyaml reads the grammar; what it lets pass although the
 * language does not (anchors, tags, duplicate keys, any depth) is refused here. After a mistake the
 * bytes that hold it are replaced by harmless ones and the file is read again, so that more of them
 * are found; the document that holds one is then left out. */

#include "core/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/map.h"
#include "core/yaml_mistake.h"
#include "core/yaml_scan.h"

/* A file is read at most so often. */
enum { PASSES_MAX = 20 };

/* From so many entries on, keys are looked up in an index. */
enum { INDEXED_ENTRIES = 8 };

/* An open map or list. */
struct frame {
    struct node *node;
    const struct node *key; /* waits for its value */
    bool skips_value;       /* the key was refused, and its value goes with it */
    bool is_flow;           /* in brackets */
    struct map keys;        /* from INDEXED_ENTRIES on */
};

struct reading {
    struct arena *arena;
    const struct source *source;
    struct diagnostic_list *diagnostics;
    struct yaml_scan *scan;
    /* libyaml counts characters; the last one whose offset was asked for. */
    size_t index;
    size_t offset;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    size_t node_count;
    size_t document_count;
    struct node *root;
    bool is_cut;                 /* what follows was not read */
    struct offset_list mistakes; /* where nodes are not what the author meant */
};

/* ---- Places --------------------------------------------------------------------------------- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0U) == 0x80U;
}

/* From the last place that was asked for, since the events come in order. */
static size_t mark_offset(struct reading *reading, yaml_mark_t mark)
{
    struct str content = reading->scan->content;
    if (reading->scan->is_ascii) {
        return reading->scan->begin + mark.index;
    }
    while (reading->index < mark.index && reading->offset < content.length) {
        do {
            reading->offset++;
        } while (reading->offset < content.length &&
                 is_continuation(content.data[reading->offset]));
        reading->index++;
    }
    while (reading->index > mark.index) {
        do {
            reading->offset--;
        } while (is_continuation(content.data[reading->offset]));
        reading->index--;
    }
    return reading->offset;
}

static struct span event_span(struct reading *reading, const yaml_event_t *event)
{
    size_t first = mark_offset(reading, event->start_mark);
    return (struct span){reading->source, first, mark_offset(reading, event->end_mark)};
}

static struct diagnostic *report(struct reading *reading, enum diagnostic_code code,
                                 struct span span, const char *argument)
{
    return diagnostic_add(reading->arena, reading->diagnostics, code, span, argument, NULL);
}

/* What stands there is not what was meant: its document will be left out. */
static void spoil(struct reading *reading, size_t offset)
{
    vec_add(reading->arena, &reading->mistakes, offset);
}

/* ---- Building ------------------------------------------------------------------------------- */

static const struct node *find_key(const struct frame *frame, const char *text)
{
    const struct node_entries *entries = &frame->node->entries;
    if (frame->keys.count > 0) {
        uintptr_t place = (uintptr_t)map_get(&frame->keys, text);
        return place == 0 ? NULL : entries->items[place - 1].key;
    }
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->items[i].key->text, text) == 0) {
            return entries->items[i].key;
        }
    }
    return NULL;
}

/* The index holds places in the entries, from 1, and is kept as soon as there are many. */
static void index_keys(struct arena *arena, struct frame *frame)
{
    const struct node_entries *entries = &frame->node->entries;
    if (entries->count < INDEXED_ENTRIES) {
        return;
    }
    for (size_t i = frame->keys.count; i < entries->count; i++) {
        map_put(arena, &frame->keys, entries->items[i].key->text, (void *)(uintptr_t)(i + 1));
    }
}

/* Whether the scalar can be a key of the map; its value is skipped if not. */
static bool accept_key(struct reading *reading, struct frame *frame, const struct node *key)
{
    if (key->length == 0) {
        report(reading, DIAGNOSTIC_EMPTY_KEY, key->span, NULL);
        return false;
    }
    if (!key->is_quoted && strcmp(key->text, "<<") == 0) {
        report(reading, DIAGNOSTIC_MERGE_KEY, key->span, NULL);
        spoil(reading, key->span.first);
        return false;
    }
    if (key->length > YAML_KEY_MAX) {
        report(reading, DIAGNOSTIC_KEY_TOO_LONG, key->span, "256");
        return false;
    }
    const struct node *former = find_key(frame, key->text);
    if (former != NULL) {
        report(reading, DIAGNOSTIC_DUPLICATE_KEY, key->span, key->text)->second = former->span;
        return false;
    }
    return true;
}

/* {a:1} is the key a:1 without a value, which would silently remove something. */
static void check_flow_value(struct reading *reading, const struct frame *frame,
                             const struct node *value)
{
    if (!frame->is_flow || value->type != NODE_SCALAR || value->is_quoted || value->length > 0) {
        return;
    }
    const char *between = reading->scan->content.data + frame->key->span.end;
    size_t length = value->span.first - frame->key->span.end;
    if (memchr(between, ':', length) == NULL) {
        report(reading, DIAGNOSTIC_MISSING_FLOW_VALUE, frame->key->span, frame->key->text);
        spoil(reading, frame->key->span.first);
    }
}

static void add_to_mapping(struct reading *reading, struct frame *frame, const struct node *node)
{
    if (frame->skips_value) {
        frame->skips_value = false;
    } else if (frame->key != NULL) {
        check_flow_value(reading, frame, node);
        vec_add(reading->arena, &frame->node->entries, (struct node_entry){frame->key, node});
        index_keys(reading->arena, frame);
        frame->key = NULL;
    } else if (node->type != NODE_SCALAR) {
        report(reading, DIAGNOSTIC_KEY_NOT_TEXT, node->span,
               node->type == NODE_LIST ? N_("a list") : N_("a map"));
        frame->skips_value = true;
    } else if (accept_key(reading, frame, node)) {
        frame->key = node;
    } else {
        frame->skips_value = true;
    }
}

static void add_node(struct reading *reading, struct node *node)
{
    if (reading->depth == 0) {
        reading->root = node;
        return;
    }
    struct frame *frame = &reading->frames[reading->depth - 1];
    if (frame->node->type == NODE_LIST) {
        vec_add(reading->arena, &frame->node->elements, node);
    } else {
        add_to_mapping(reading, frame, node);
    }
}

static struct node *make_node(struct reading *reading, const yaml_event_t *event,
                              enum node_type type)
{
    struct node *node = arena_new(reading->arena, struct node);
    node->type = type;
    node->span = event_span(reading, event);
    reading->node_count++;
    return node;
}

/* ---- Events --------------------------------------------------------------------------------- */

static void refuse_properties(struct reading *reading, const yaml_event_t *event,
                              const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct span span = event_span(reading, event);
    if (anchor != NULL) {
        report(reading, DIAGNOSTIC_ANCHOR, span,
               arena_strdup(reading->arena, (const char *)anchor));
    }
    if (tag != NULL) {
        report(reading, DIAGNOSTIC_TAG, span, arena_strdup(reading->arena, (const char *)tag));
    }
}

static void check_scalar(struct reading *reading, const struct node *node,
                         yaml_scalar_style_t style)
{
    if (node->length > YAML_SCALAR_MAX) {
        report(reading, DIAGNOSTIC_SCALAR_TOO_LONG, node->span, "64 KiB");
        spoil(reading, node->span.first);
    }
    if (style == YAML_PLAIN_SCALAR_STYLE && strpbrk(node->text, "\n\t") != NULL) {
        report(reading, DIAGNOSTIC_PLAIN_LINE_BREAK, node->span, NULL);
        spoil(reading, node->span.first);
    }
    /* Only escapes make characters that the scan has not seen. */
    struct str text = {node->text, node->length};
    if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
        yaml_scan_value(reading->arena, text, node->span, reading->diagnostics)) {
        spoil(reading, node->span.first);
    }
}

static void take_scalar(struct reading *reading, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    refuse_properties(reading, event, event->data.scalar.anchor, event->data.scalar.tag);
    struct node *node = make_node(reading, event, NODE_SCALAR);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->length = event->data.scalar.length;
    node->text = arena_strndup(reading->arena, value, node->length);
    check_scalar(reading, node, event->data.scalar.style);
    add_node(reading, node);
}

static void take_alias(struct reading *reading, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct node *node = make_node(reading, event, NODE_SCALAR);
    report(reading, DIAGNOSTIC_ALIAS, node->span, arena_strdup(reading->arena, name));
    spoil(reading, node->span.first);
    node->text = "x"; /* something that is not null */
    node->length = 1;
    add_node(reading, node);
}

static bool open_collection(struct reading *reading, const yaml_event_t *event, enum node_type type,
                            bool is_flow)
{
    struct node *node = make_node(reading, event, type);
    if (reading->depth == YAML_DEPTH_MAX) {
        report(reading, DIAGNOSTIC_TOO_DEEP, node->span, "64");
        spoil(reading, node->span.first);
        return false;
    }
    add_node(reading, node);
    reading->frames[reading->depth] = (struct frame){.node = node, .is_flow = is_flow};
    reading->depth++;
    return true;
}

static void close_collection(struct reading *reading, const yaml_event_t *event)
{
    reading->depth--;
    reading->frames[reading->depth].node->span.end = mark_offset(reading, event->end_mark);
}

static bool begin_document(struct reading *reading, const yaml_event_t *event)
{
    struct span span = event_span(reading, event);
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
        report(reading, DIAGNOSTIC_DIRECTIVE, span, NULL);
    }
    reading->document_count++;
    if (reading->document_count > 1) {
        report(reading, DIAGNOSTIC_MULTIPLE_DOCUMENTS, span, NULL);
        reading->is_cut = true;
        return false;
    }
    return true;
}

/* False when reading cannot go on. */
static bool take_event(struct reading *reading, const yaml_event_t *event)
{
    if (reading->node_count > YAML_NODES_MAX) {
        struct span span = event_span(reading, event);
        report(reading, DIAGNOSTIC_TOO_MANY_NODES, span, "200,000");
        spoil(reading, span.first);
        return false;
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(reading, event);
    case YAML_ALIAS_EVENT:
        take_alias(reading, event);
        return true;
    case YAML_SCALAR_EVENT:
        take_scalar(reading, event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(reading, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
        return open_collection(reading, event, NODE_LIST,
                               event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        refuse_properties(reading, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
        return open_collection(reading, event, NODE_MAPPING,
                               event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_collection(reading, event);
        return true;
    default:
        return event->type != YAML_STREAM_END_EVENT;
    }
}

/* ---- Passes --------------------------------------------------------------------------------- */

static size_t innermost_bracket(const struct reading *reading)
{
    for (size_t i = reading->depth; i > 0; i--) {
        if (reading->frames[i - 1].is_flow) {
            return reading->frames[i - 1].node->span.first;
        }
    }
    return SIZE_MAX;
}

static struct yaml_mistake explain(struct reading *reading, const yaml_parser_t *parser)
{
    struct yaml_complaint complaint = {
        .problem = parser->problem == NULL ? "" : parser->problem,
        .context = parser->context == NULL ? "" : parser->context,
        .open_bracket = innermost_bracket(reading),
    };
    complaint.context_at = mark_offset(reading, parser->context_mark);
    complaint.problem_at = mark_offset(reading, parser->problem_mark);
    struct yaml_mistake mistake =
        yaml_mistake_of(reading->arena, reading->scan->content, &complaint);
    size_t length = reading->scan->content.length;
    mistake.first = mistake.first < length ? mistake.first : length;
    mistake.end = mistake.end < length ? mistake.end : length;
    return mistake;
}

/* Reads the file once. False when libyaml could not read it; out_mistake says why. */
static bool read_events(struct reading *reading, struct yaml_mistake *out_mistake)
{
    struct str content = reading->scan->content;
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        abort(); /* out of memory, as in the arena */
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser,
                                 (const unsigned char *)content.data + reading->scan->begin,
                                 content.length - reading->scan->begin);
    bool is_read = true;
    bool goes_on = true;
    while (goes_on) {
        yaml_event_t event;
        is_read = yaml_parser_parse(&parser, &event) != 0;
        if (!is_read) {
            *out_mistake = explain(reading, &parser);
            break;
        }
        goes_on = take_event(reading, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return is_read;
}

/* The keys that wait for a value that could not be read stand for what is left out, so that it is
 * not the entries before them. */
static void give_up(struct reading *reading, size_t offset)
{
    spoil(reading, offset);
    for (size_t i = 0; i < reading->depth; i++) {
        struct frame *frame = &reading->frames[i];
        if (frame->key != NULL) {
            vec_add(reading->arena, &frame->node->entries,
                    (struct node_entry){frame->key, frame->key});
            spoil(reading, frame->key->span.first);
        }
    }
}

/* Reads the file, again after each mistake that can be read over. */
static void read_file(struct reading *reading)
{
    const struct reading fresh = *reading;
    size_t kept = reading->diagnostics->count;
    for (size_t pass = 1;; pass++) {
        struct yaml_mistake mistake = {0};
        if (read_events(reading, &mistake)) {
            return;
        }
        const struct yaml_scan *scan = reading->scan;
        bool goes_on = pass < PASSES_MAX && mistake.replace_length > 0 &&
                       scan->content.data[mistake.replace_at] != 'x';
        if (goes_on) {
            reading->diagnostics->count = kept; /* the next pass finds the others again */
            *reading = fresh;
        }
        struct span span = {reading->source, mistake.first, mistake.end};
        report(reading, mistake.code, span, mistake.argument);
        kept++;
        if (!goes_on) {
            give_up(reading, mistake.first);
            return;
        }
        yaml_scan_replace(reading->arena, reading->scan, mistake.replace_at,
                          mistake.replace_length);
    }
}

/* ---- What is left out ----------------------------------------------------------------------- */

/* Place of the last entry that begins at or before the offset; count when there is none. */
static size_t entry_at(const struct node *mapping, size_t offset)
{
    size_t place = mapping->entries.count;
    while (place > 0 && mapping->entries.items[place - 1].key->span.first > offset) {
        place--;
    }
    return place == 0 ? mapping->entries.count : place - 1;
}

/* The mapping without the entries that hold a mistake; at the top level, without the entries' own
 * entries that do: a mistake costs one document and not all sites of the file. */
static const struct node *leave_out(struct arena *arena, const struct node *mapping,
                                    const struct offset_list *mistakes, bool is_top)
{
    size_t count = mapping->entries.count;
    struct offset_list *held = arena_array(arena, count + 1, sizeof(*held));
    for (size_t i = 0; i < mistakes->count; i++) {
        size_t place = entry_at(mapping, mistakes->items[i]);
        vec_add(arena, &held[place], mistakes->items[i]);
    }
    if (!is_top && held[count].count > 0) {
        return NULL; /* before the first entry: in the key of the mapping itself */
    }
    struct node *copy = arena_new(arena, struct node);
    *copy = *mapping;
    copy->entries = (struct node_entries){0};
    for (size_t i = 0; i < count; i++) {
        struct node_entry entry = mapping->entries.items[i];
        if (held[i].count > 0) {
            bool has_documents = is_top && entry.value->type == NODE_MAPPING;
            entry.value = has_documents ? leave_out(arena, entry.value, &held[i], false) : NULL;
        }
        if (entry.value != NULL) {
            vec_add(arena, &copy->entries, entry);
        }
    }
    return copy;
}

struct yaml yaml_parse(struct arena *arena, const struct source *source,
                       struct diagnostic_list *diagnostics)
{
    struct yaml_scan scan = yaml_scan(arena, source, diagnostics);
    if (!scan.is_text) {
        return (struct yaml){.root = NULL, .is_incomplete = true};
    }
    struct reading reading = {
        .arena = arena,
        .source = source,
        .diagnostics = diagnostics,
        .scan = &scan,
        .offset = scan.begin,
    };
    read_file(&reading);

    struct yaml result = {.is_incomplete =
                              scan.mistakes.count + reading.mistakes.count > 0 || reading.is_cut};
    if (reading.root == NULL || node_is_null(reading.root)) {
        return result;
    }
    if (reading.root->type != NODE_MAPPING) {
        if (!result.is_incomplete) {
            report(&reading, DIAGNOSTIC_NOT_A_MAPPING, reading.root->span, "the file")
                ->arguments[1] = reading.root->type == NODE_LIST ? N_("a list") : "a single value";
        }
        result.is_incomplete = true;
        return result;
    }
    for (size_t i = 0; i < scan.mistakes.count; i++) {
        spoil(&reading, scan.mistakes.items[i]);
    }
    result.root = leave_out(arena, reading.root, &reading.mistakes, true);
    return result;
}
