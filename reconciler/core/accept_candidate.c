#include "core/accept_candidate.h"

#include <string.h>

#include "base/text.h"

enum { SECOND_CHOICE = 10000 }; /* costs more than whatever a change touches */

struct asking {
    const struct accept_question *question;
    struct accept_values values;
    const struct accept_place *place;
    struct accept_candidates *out;
};

/* ---- Adding --------------------------------------------------------------------------------- */

/* What of the bytes really becomes other ones. */
static size_t cost_of(const struct decode_sources *sources, const struct accept_edit *edit)
{
    const char *former = sources->items[edit->source].source->content.data + edit->edit.first;
    const char *text = edit->edit.text;
    size_t from = edit->edit.end - edit->edit.first;
    size_t to = strlen(text);
    while (from > 0 && to > 0 && *former == *text) {
        former++;
        text++;
        from--;
        to--;
    }
    while (from > 0 && to > 0 && former[from - 1] == text[to - 1]) {
        from--;
        to--;
    }
    return from + to;
}

static bool is_known(const struct accept_candidates *list, const struct accept_edit *edit)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct accept_edit *other = &list->items[i].edit;
        if (other->source == edit->source && other->edit.first == edit->edit.first &&
            other->edit.end == edit->edit.end && strcmp(other->edit.text, edit->edit.text) == 0) {
            return true;
        }
    }
    return false;
}

static void add(const struct asking *asking, struct accept_change change)
{
    const struct accept_question *question = asking->question;
    struct accept_edits edits = {0};
    change.place = asking->place;
    accept_edits_list(question->arena, question->sources, question->document, &change, &edits);
    for (size_t i = 0; i < edits.count; i++) {
        size_t cost = cost_of(question->sources, &edits.items[i]);
        /* null is for what comes from below; else the field goes. */
        cost += (i + (change.action == ACCEPT_CLEAR)) * SECOND_CHOICE;
        if (cost > 0 && !is_known(asking->out, &edits.items[i])) {
            vec_add(question->arena, asking->out,
                    (struct accept_candidate){change, edits.items[i], cost});
        }
    }
}

static void add_set(const struct asking *asking, const char *text)
{
    const struct accept_place *place = asking->place;
    bool is_same = place->node != NULL && place->node->type == NODE_SCALAR &&
                   strcmp(place->node->text, text) == 0;
    if (!is_same) {
        add(asking, (struct accept_change){.action = ACCEPT_SET,
                                           .text = text,
                                           .is_quoted = place->field->type == FIELD_MODE});
    }
}

/* ---- One value ------------------------------------------------------------------------------ */

/* The text with each such part replaced; NULL: it has none. */
static const char *swap_in(struct arena *arena, const char *text, const struct accept_swap *swap)
{
    struct text out = text_make(arena);
    const char *found = strstr(text, swap->from);
    if (found == NULL) {
        return NULL;
    }
    for (; found != NULL; found = strstr(text, swap->from)) {
        text_add_str(&out, (struct str){text, (size_t)(found - text)});
        text_add(&out, swap->to);
        text = found + strlen(swap->from);
    }
    text_add(&out, text);
    return out.data;
}

/* What counts where nothing is written, too. */
static const char *current_text(const struct accept_place *place)
{
    return place->node != NULL && place->node->type == NODE_SCALAR ? place->node->text
                                                                   : place->field->fallback;
}

static void ask_swaps(const struct asking *asking, const struct syntax *syntax)
{
    const char *current = current_text(asking->place);
    for (size_t i = 0; current != NULL && i < asking->values.swaps.count; i++) {
        const char *text =
            swap_in(asking->question->arena, current, &asking->values.swaps.items[i]);
        if (text != NULL && (syntax == NULL ? &syntax_line : syntax)->check(text)) {
            add_set(asking, text);
        }
    }
}

static void ask_boolean(const struct asking *asking)
{
    const char *current = current_text(asking->place);
    if (!text_equal(current, "true")) {
        add_set(asking, "true");
    }
    if (!text_equal(current, "false")) {
        add_set(asking, "false");
    }
}

static void ask_choices(const struct asking *asking)
{
    for (size_t i = 0; asking->place->field->choices[i] != NULL; i++) {
        add_set(asking, asking->place->field->choices[i]);
    }
}

static void ask_texts(const struct asking *asking)
{
    for (size_t i = 0; i < asking->values.texts.count; i++) {
        const char *text = accept_value_fit(asking->question->arena, asking->place->field,
                                            asking->values.texts.items[i]);
        if (text != NULL) {
            add_set(asking, text);
        }
    }
}

static void ask_value(const struct asking *asking)
{
    const struct field *field = asking->place->field;
    switch (field->type) {
    case FIELD_BOOLEAN:
        ask_boolean(asking);
        break;
    case FIELD_CHOICE:
        ask_choices(asking);
        break;
    case FIELD_ARGV:
        ask_swaps(asking, field->syntax);
        if (asking->values.line != NULL && asking->place->owner == NULL) {
            add_set(asking, asking->values.line);
        }
        ask_texts(asking);
        break;
    case FIELD_TEXT:
    case FIELD_TEXT_LIST:
    case FIELD_TEXT_MAP:
        ask_swaps(asking, field->syntax);
        ask_texts(asking);
        break;
    default:
        ask_texts(asking);
        break;
    }
    if (asking->place->node != NULL) {
        add(asking, (struct accept_change){.action = ACCEPT_REMOVE});
        add(asking, (struct accept_change){.action = ACCEPT_CLEAR});
    }
}

/* ---- Lists and maps ------------------------------------------------------------------------- */

static void ask_list(const struct asking *asking)
{
    const struct accept_place *place = asking->place;
    size_t count = place->node == NULL                ? 0
                   : place->node->type == NODE_SCALAR ? 1
                                                      : place->node->elements.count;
    for (size_t i = 0; i < asking->values.texts.count; i++) {
        const char *text =
            accept_value_fit(asking->question->arena, place->field, asking->values.texts.items[i]);
        for (size_t at = count + 1; text != NULL && at > 0; at--) {
            add(asking,
                (struct accept_change){.action = ACCEPT_INSERT, .text = text, .index = at - 1});
        }
    }
    if (place->node != NULL) {
        add(asking, (struct accept_change){.action = ACCEPT_REMOVE});
        add(asking, (struct accept_change){.action = ACCEPT_CLEAR});
    }
}

static bool has_key(const struct node *map, const char *key)
{
    return map != NULL && node_get(map, key) != NULL;
}

static void ask_entry(const struct asking *asking, const char *key, const char *text)
{
    const struct field *field = asking->place->field;
    const struct syntax *syntax = field->key_syntax == NULL ? &syntax_name : field->key_syntax;
    if (syntax->check(key) && !has_key(asking->place->node, key) &&
        (text == NULL || accept_value_fit(asking->question->arena, field, text) != NULL)) {
        add(asking, (struct accept_change){.action = ACCEPT_INSERT, .key = key, .text = text});
    }
}

/* NAME VALUE and NAME=VALUE, wherever they stand in the line; without a value for what is gone. */
static void ask_map(const struct asking *asking)
{
    const struct accept_unit *host = asking->question->difference->host;
    struct arena *arena = asking->question->arena;
    for (size_t i = 0; host != NULL && i < host->word_count; i++) {
        const char *word = host->words[i];
        const char *equals = strchr(word, '=');
        if (i + 1 < host->word_count) {
            ask_entry(asking, word, host->words[i + 1]);
        }
        if (equals != NULL) {
            ask_entry(asking, arena_strndup(arena, word, (size_t)(equals - word)), equals + 1);
        }
    }
    for (size_t i = 0; i < asking->values.removed.count; i++) {
        ask_entry(asking, asking->values.removed.items[i], NULL);
    }
    if (asking->place->node != NULL) {
        add(asking, (struct accept_change){.action = ACCEPT_REMOVE});
    }
}

static void ask_key(const struct asking *asking)
{
    const struct syntax *syntax = asking->place->field->key_syntax;
    for (size_t i = 0; i < asking->values.swaps.count; i++) {
        const char *text = swap_in(asking->question->arena, asking->place->node->text,
                                   &asking->values.swaps.items[i]);
        if (text != NULL && (syntax == NULL ? &syntax_name : syntax)->check(text) &&
            !has_key(asking->place->owner, text)) {
            add(asking, (struct accept_change){.action = ACCEPT_RENAME, .text = text});
        }
    }
}

/* ---- Near and far --------------------------------------------------------------------------- */

static bool touches(struct span a, struct span b)
{
    return a.source != NULL && a.source == b.source && a.first < b.end && b.first < a.end;
}

static bool touches_node(struct span span, const struct node *node)
{
    return node != NULL && touches(span, node->span);
}

/* A line says which YAML it comes from: the value, or what holds it. */
static enum accept_rank rank_of(const struct accept_difference *difference,
                                const struct accept_place *place)
{
    struct span own = difference->wanted == NULL ? SPAN_NONE : difference->wanted->span;
    if (touches_node(own, place->node)) {
        return ACCEPT_NEAR;
    }
    bool is_around = place->entry == NULL || touches_node(own, place->entry) ||
                     touches_node(own, place->entry_key) ||
                     touches_node(difference->before, place->entry) ||
                     touches_node(difference->before, place->entry_key);
    return is_around ? ACCEPT_AROUND : ACCEPT_FAR;
}

void accept_candidates_list(const struct accept_question *question, enum accept_rank rank,
                            struct accept_candidates *out)
{
    struct asking asking = {.question = question, .out = out};
    accept_values_of(question->arena, question->difference, &asking.values);
    for (size_t i = 0; i < question->places->count; i++) {
        const struct accept_place *place = &question->places->items[i];
        if (rank_of(question->difference, place) != rank) {
            continue;
        }
        asking.place = place;
        switch (place->type) {
        case PLACE_VALUE:
            ask_value(&asking);
            break;
        case PLACE_LIST:
            ask_list(&asking);
            break;
        case PLACE_MAP:
            ask_map(&asking);
            break;
        case PLACE_KEY:
            ask_key(&asking);
            break;
        case PLACE_OBJECT:
            add(&asking, (struct accept_change){.action = ACCEPT_REMOVE});
            break;
        }
    }
}
