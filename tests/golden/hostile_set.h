/* Documents with a hostile text in them: as YAML, with what they need beside them, and through all
 * stages up to the files. */
#pragma once

#include "core/decode.h"
#include "core/desired.h"
#include "core/order.h"
#include "core/resolve.h"
#include "core/validate.h"
#include "golden/hostile_spots.h"

/* ---- Documents as YAML ------------------------------------------------------------------------
 */

/* Stands in a tree for a text that is written as it is. */
struct insertion {
    const struct node *node;
    struct str yaml;
};

static inline void write_quoted(struct text *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            text_add(out, "\\n");
        } else if (text[i] == '"' || text[i] == '\\') {
            text_add_char(out, '\\');
            text_add_char(out, text[i]);
        } else {
            text_add_char(out, text[i]);
        }
    }
}

static inline void write_scalar(struct text *out, const struct node *node,
                                const struct insertion *insertion)
{
    if (node == insertion->node) {
        text_add_str(out, insertion->yaml);
    } else if (node->is_quoted || strpbrk(node->text, ",[]{}") != NULL) {
        text_add_char(out, '"');
        write_quoted(out, node->text, node->length);
        text_add_char(out, '"');
    } else {
        text_add(out, node->text);
    }
}

/* In one line. */
static inline void write_node(struct text *out, const struct node *node,
                              const struct insertion *insertion)
{
    if (node->type == NODE_SCALAR) {
        write_scalar(out, node, insertion);
        return;
    }
    text_add_char(out, node->type == NODE_LIST ? '[' : '{');
    for (size_t i = 0; i < node->elements.count; i++) {
        text_add(out, i == 0 ? "" : ", ");
        write_node(out, node->elements.items[i], insertion);
    }
    for (size_t i = 0; i < node->entries.count; i++) {
        text_add(out, i == 0 ? "" : ", ");
        write_scalar(out, node->entries.items[i].key, insertion);
        text_add(out, ": ");
        write_node(out, node->entries.items[i].value, insertion);
    }
    text_add_char(out, node->type == NODE_LIST ? ']' : '}');
}

/* One document on its way: "NAME: {...}" of its kind. */
struct trial {
    const struct kind *kind;
    struct str line;
};

static inline struct trial trial_make(struct arena *arena, const struct spot *spot,
                                      const char *name, struct str yaml)
{
    struct node *node = arena_new(arena, struct node);
    node->text = "";
    struct insertion insertion = {node, yaml};
    struct text line = text_make(arena);
    const struct node *document = spot->document;
    if (spot->hole == NULL) {
        text_add_str(&line, yaml);
    } else {
        document = spot_fill(arena, spot->hole, node);
        text_add(&line, name);
    }
    text_add(&line, ": ");
    write_node(&line, document, &insertion);
    return (struct trial){spot->kind, text_str(&line)};
}

static inline struct trial trial_of(struct arena *arena, const struct kind *kind, const char *name,
                                    const struct node *document)
{
    const struct insertion none = {0};
    struct text line = text_make(arena);
    text_addf(&line, "%s: ", name);
    write_node(&line, document, &none);
    return (struct trial){kind, text_str(&line)};
}

static inline bool is_named(const struct trial *trials, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (memmem(trials[i].line.data, trials[i].line.length, name, strlen(name)) != NULL) {
            return true;
        }
    }
    return false;
}

/* What the documents' relations lead to. */
static inline void add_helpers(struct arena *arena, struct text *out, const char *kind,
                               const struct trial *trials, size_t count)
{
    static const char *const names[] = {"helper", "shop", "search", "wildcard"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!is_named(trials, count, arena_printf(arena, "%s:%s", kind, names[i]))) {
            continue;
        }
        if (strcmp(kind, "service") == 0) {
            text_line(out, "  %s: {run: /bin/helper, socket: %s.sock}", names[i], names[i]);
        } else if (strcmp(kind, "certificate") == 0) {
            text_line(out, "  %s: {names: [%s.test]}", names[i], names[i]);
        }
    }
}

static inline struct str set_of(struct arena *arena, const struct trial *trials, size_t count)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < kind_count(); i++) {
        text_line(&out, "%s:", kind_at(i)->schema->plural);
        add_helpers(arena, &out, kind_at(i)->schema->name, trials, count);
        for (size_t k = 0; k < count; k++) {
            if (trials[k].kind == kind_at(i)) {
                text_add(&out, "  ");
                text_add_str(&out, trials[k].line);
                text_add_char(&out, '\n');
            }
        }
    }
    text_add(&out, "profiles: {office-only: {protect: true}, shop: {protect: true}}\n");
    return text_str(&out);
}

/* ---- The stages -------------------------------------------------------------------------------
 */

struct outcome {
    struct document_set documents;
    struct diagnostic_list diagnostics;
    struct desired desired;
    struct desired_files files;
    bool is_accepted;
};

static inline void outcome_make(struct arena *arena, struct str text, struct outcome *out)
{
    struct facts facts = facts_debian12();
    struct layout layout = layout_debian12();
    struct decode_sources sources = {0};
    bool is_incomplete = false;
    *out = (struct outcome){0};
    layout.allows_raw = true;
    vec_add(arena, &sources, (struct decode_source){.source = source_make(arena, "in.yaml", text)});
    decode_documents(&(struct decode_input){.arena = arena,
                                            .facts = &facts,
                                            .layout = &layout,
                                            .sources = &sources,
                                            .diagnostics = &out->diagnostics},
                     &out->documents, &is_incomplete);
    validate_documents(arena, &facts, &layout, &out->documents, &out->diagnostics);
    resolve_documents(arena, &out->documents, is_incomplete, &out->diagnostics);
    order_documents(arena, &out->documents, &out->diagnostics);
    if (diagnostics_have_errors(&out->diagnostics)) {
        return;
    }
    desired_build(&(struct desired_input){.arena = arena,
                                          .facts = &facts,
                                          .layout = &layout,
                                          .documents = &out->documents,
                                          .diagnostics = &out->diagnostics},
                  &out->desired);
    out->is_accepted = !diagnostics_have_errors(&out->diagnostics);
    if (out->is_accepted) {
        desired_list_files(&out->desired, &layout, arena, &out->files);
    }
}

static inline const char *name_of(struct arena *arena, const struct kind *kind, size_t number)
{
    const char *dot = strchr(kind->schema->example_name, '.');
    return arena_printf(arena, "h%zu%s", number, dot == NULL ? "" : dot);
}

static inline enum spot_answer ask(struct arena *arena, const struct kind *kind,
                                   const struct node *document)
{
    struct outcome outcome;
    struct trial trial = trial_of(arena, kind, name_of(arena, kind, 0), document);
    outcome_make(arena, set_of(arena, &trial, 1), &outcome);
    if (!outcome.is_accepted) {
        return SPOT_REFUSED;
    }
    return outcome.diagnostics.count > 0 ? SPOT_WARNED : SPOT_TAKEN;
}
