/* From files to documents. The top level of a file has sections: one map per kind, defaults,
 * profiles and removed. The same entry may stand once in a layer; over the layers it is merged.
 * Precedence, low to high: field default, preset, defaults, profiles in order of use, document. */
#include "core/decode.h"

#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "core/kind.h"
#include "core/overlay.h"
#include "core/parts.h"
#include "core/yaml.h"
#include "schemas/section.h"

/* So much text is worth a part. */
enum { PARSE_BYTES_LEAST = 64 * 1024 };

/* One named entry of a section, merged over the layers read so far. */
struct entry {
    const char *section;
    const struct node *key; /* where it was first written */
    const struct node *value;
    size_t layer; /* of what was merged last */
    const struct node *layer_key;
};
VEC(entry_list, struct entry *);

/* A source as it was read, with what was wrong with it. */
struct parsed {
    struct yaml yaml;
    struct diagnostic_list diagnostics;
};

/* What entries have become. */
struct decoded {
    struct document_list documents;
    struct tombstone_list tombstones;
    bool misses_documents; /* one is known by its name alone */
};

struct decoding {
    const struct decode_input *input;
    struct decoded *out;
    struct entry_list entries; /* in order of reading */
    struct map by_name;        /* "section name" -> struct entry * */
    struct parsed *parsed;     /* what stands in the sources, in their order */
    struct field_defaults field_defaults;
    bool has_section;   /* some file says something, if only "sites: {}" */
    bool is_incomplete; /* a part of some file could not be read: anything may stand there */
};

/* --- sections -------------------------------------------------------------------------------- */

static bool is_kind_section(const char *name)
{
    const struct kind *kind = kind_find(name);
    return kind != NULL && strcmp(kind->schema->plural, name) == 0;
}

static bool is_section(const char *name)
{
    return section_find(name) != NULL || is_kind_section(name);
}

static void complain_section(struct decoding *decoding, const struct node *key)
{
    struct arena *arena = decoding->input->arena;
    const char **names = arena_array(arena, kind_count() + section_count(), sizeof(*names));
    struct text list = text_make(arena);
    size_t count = 0;
    for (size_t i = 0; i < kind_count(); i++) {
        names[count++] = kind_at(i)->schema->plural;
    }
    for (size_t i = 0; i < section_count(); i++) {
        names[count++] = section_at(i)->name;
    }
    for (size_t i = 0; i < count; i++) {
        text_addf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    struct diagnostic *diagnostic =
        diagnostic_add(arena, decoding->input->diagnostics, DIAGNOSTIC_UNKNOWN_SECTION, key->span,
                       key->text, list.data, NULL);
    diagnostic->suggestion = diagnostic_nearest(key->text, names, count);
}

static bool require_mapping(struct decoding *decoding, const struct node *node, const char *what)
{
    if (node->type == NODE_MAPPING) {
        return true;
    }
    (void)diagnostic_add(decoding->input->arena, decoding->input->diagnostics,
                         DIAGNOSTIC_NOT_A_MAPPING, node->span, what, node_words(node), NULL);
    return false;
}

static void complain_twice(struct decoding *decoding, const struct entry *first,
                           const struct node *key)
{
    struct diagnostic_list *diagnostics = decoding->input->diagnostics;
    struct arena *arena = decoding->input->arena;
    const struct kind *kind = kind_find(first->section);
    struct diagnostic *diagnostic =
        kind != NULL
            ? diagnostic_add(arena, diagnostics, DIAGNOSTIC_DUPLICATE_DOCUMENT, key->span,
                             kind->schema->name, key->text, NULL)
            : diagnostic_add(arena, diagnostics, DIAGNOSTIC_DUPLICATE_SETTING, key->span,
                             arena_printf(arena, "%s: %s", first->section, key->text), NULL);
    diagnostic->second = first->layer_key->span;
}

/* What is written in a document or the defaults of a kind, ready for merging; in profiles it waits
 * for the kind of who uses them. */
static const struct node *value_of(struct decoding *decoding, const char *section,
                                   const struct node_entry *written)
{
    bool is_defaults = strcmp(section, SECTION_DEFAULTS) == 0;
    const struct kind *kind = kind_find(is_defaults ? written->key->text : section);
    return kind == NULL ? written->value
                        : field_spell_out(decoding->input->arena, kind->schema, written->value);
}

static void take_entry(struct decoding *decoding, const char *section, size_t layer,
                       const struct node_entry *written)
{
    struct arena *arena = decoding->input->arena;
    const char *name = arena_printf(arena, "%s %s", section, written->key->text);
    const struct map *only = decoding->input->only;
    if (only != NULL && is_kind_section(section) && !map_has(only, name)) {
        return;
    }
    const struct node *value = value_of(decoding, section, written);
    struct entry *entry = map_get(&decoding->by_name, name);
    if (entry == NULL) {
        entry = arena_new(arena, struct entry);
        *entry = (struct entry){section, written->key, value, layer, written->key};
        (void)map_put(arena, &decoding->by_name, name, entry);
        vec_add(arena, &decoding->entries, entry);
    } else if (entry->layer == layer) {
        complain_twice(decoding, entry, written->key);
    } else {
        entry->value = overlay_merge(arena, entry->value, value);
        entry->layer = layer;
        entry->layer_key = written->key;
    }
}

static void take_source(struct decoding *decoding, size_t layer, const struct parsed *parsed)
{
    const struct node *root = parsed->yaml.root;
    diagnostics_add_all(decoding->input->arena, decoding->input->diagnostics, &parsed->diagnostics);
    decoding->is_incomplete |= parsed->yaml.is_incomplete;
    if (root == NULL) {
        return;
    }
    decoding->has_section |= root->entries.count > 0;
    for (size_t i = 0; i < root->entries.count; i++) {
        const struct node_entry *section = &root->entries.items[i];
        if (!is_section(section->key->text)) {
            complain_section(decoding, section->key);
        } else if (node_is_null(section->value)) {
            continue;
        } else if (!require_mapping(decoding, section->value, section->key->text)) {
            decoding->is_incomplete = true; /* what it should have held is missed elsewhere */
        } else {
            for (size_t k = 0; k < section->value->entries.count; k++) {
                take_entry(decoding, section->key->text, layer, &section->value->entries.items[k]);
            }
        }
    }
}

static void parse_sources(void *context, const struct part *part)
{
    const struct decoding *decoding = context;
    for (size_t i = part->first; i < part->end; i++) {
        const struct decode_source *source = &decoding->input->sources->items[i];
        struct parsed *parsed = &decoding->parsed[i];
        parsed->yaml = source->parsed != NULL
                           ? *source->parsed
                           : yaml_parse(part->arena, source->source, &parsed->diagnostics);
    }
}

/* Reads all sources, and takes them layer by layer. */
static void take_sources(struct decoding *decoding)
{
    const struct decode_input *input = decoding->input;
    const struct decode_sources *sources = input->sources;
    size_t bytes = 0;
    for (size_t i = 0; i < sources->count; i++) {
        bytes += sources->items[i].parsed == NULL ? sources->items[i].source->content.length : 0;
    }
    /* As many as have that much text together. */
    size_t least =
        bytes < PARSE_BYTES_LEAST ? sources->count : sources->count * PARSE_BYTES_LEAST / bytes;
    decoding->parsed = arena_array(input->arena, sources->count, sizeof(*decoding->parsed));
    struct parts parts = parts_split(input->arena, input->diagnostics, sources->count, least + 1);
    parts_run(&parts, parse_sources, decoding);
    for (size_t layer = 0; layer < DECODE_LAYERS; layer++) {
        for (size_t i = 0; i < sources->count; i++) {
            if (sources->items[i].layer == layer) {
                take_source(decoding, layer, &decoding->parsed[i]);
            }
        }
    }
}

/* --- what stands below a document ------------------------------------------------------------ */

static const struct node *entry_value(struct decoding *decoding, const char *section,
                                      const char *name)
{
    const char *key = arena_printf(decoding->input->arena, "%s %s", section, name);
    const struct entry *entry = map_get(&decoding->by_name, key);
    return entry == NULL || node_is_null(entry->value) ? NULL : entry->value;
}

/* The texts of a field that is one text or a list of them, before any spec is filled. */
static struct node_elements texts_of(struct arena *arena, const struct node *mapping,
                                     const char *field)
{
    struct node_elements list = {0};
    const struct node *node = mapping == NULL ? NULL : node_get(mapping, field);
    if (node == NULL || node_is_null(node)) {
        return list;
    }
    if (node->type == NODE_SCALAR) {
        vec_add(arena, &list, node);
    }
    for (size_t i = 0; node->type == NODE_LIST && i < node->elements.count; i++) {
        if (node->elements.items[i]->type == NODE_SCALAR) {
            vec_add(arena, &list, node->elements.items[i]);
        }
    }
    return list;
}

static void complain_profile(struct decoding *decoding, const struct node *used)
{
    struct arena *arena = decoding->input->arena;
    const char **names = arena_array(arena, decoding->entries.count, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < decoding->entries.count; i++) {
        if (strcmp(decoding->entries.items[i]->section, SECTION_PROFILES) == 0) {
            names[count++] = decoding->entries.items[i]->key->text;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_add(arena, decoding->input->diagnostics, DIAGNOSTIC_UNKNOWN_PROFILE, used->span,
                       used->text, NULL);
    diagnostic->suggestion = diagnostic_nearest(used->text, names, count);
}

static const struct node *merge_profiles(struct decoding *decoding, const struct schema *schema,
                                         const struct node *low, const struct node *own)
{
    struct arena *arena = decoding->input->arena;
    const struct node_elements uses = texts_of(arena, overlay_merge(arena, low, own), "use");
    for (size_t i = 0; i < uses.count; i++) {
        const struct node *profile = entry_value(decoding, SECTION_PROFILES, uses.items[i]->text);
        if (profile == NULL) {
            if (!decoding->is_incomplete) {
                complain_profile(decoding, uses.items[i]);
            }
        } else if (profile->type == NODE_MAPPING) {
            low = overlay_merge(arena, low, field_spell_out(arena, schema, profile));
        }
    }
    return low;
}

/* What `preset:` stands for; NULL when the document names none. */
static const struct node *preset_of(struct decoding *decoding, const struct schema *schema,
                                    const struct node *mapping)
{
    const struct node *name = schema->preset == NULL ? NULL : node_get(mapping, "preset");
    if (name == NULL || node_is_null(name) || name->type != NODE_SCALAR) {
        return NULL;
    }
    struct arena *arena = decoding->input->arena;
    const char *text = schema->preset(name->text, decoding->input->facts, arena);
    if (text == NULL) {
        return NULL; /* the field's own choices complain */
    }
    const struct source *source =
        source_make(arena, arena_printf(arena, "preset %s", name->text), str_of(text));
    return field_spell_out(arena, schema,
                           yaml_parse(arena, source, decoding->input->diagnostics).root);
}

static const struct node *defaults_of(struct decoding *decoding, const struct schema *schema)
{
    const struct node *node = entry_value(decoding, SECTION_DEFAULTS, schema->plural);
    return node == NULL || node->type != NODE_MAPPING ? NULL : node;
}

/* Fields of the profile and of presets reach the document under their own places. */
static const struct node *assemble(struct decoding *decoding, const struct schema *schema,
                                   const struct node *defaults, const struct node *own)
{
    struct arena *arena = decoding->input->arena;
    const struct node *low = merge_profiles(decoding, schema, defaults, own);
    const struct node *merged = overlay_merge(arena, low, own);
    return overlay_merge(arena, preset_of(decoding, schema, merged), merged);
}

/* --- documents ------------------------------------------------------------------------------- */

static void decode_document(struct decoding *decoding, const struct entry *entry)
{
    struct arena *arena = decoding->input->arena;
    struct diagnostic_list *diagnostics = decoding->input->diagnostics;
    const struct kind *kind = kind_find(entry->section);
    const struct schema *schema = kind->schema;
    const char *name = entry->key->text;
    if (node_is_null(entry->value)) {
        if (entry->layer == 0) {
            (void)diagnostic_add(arena, diagnostics, DIAGNOSTIC_EMPTY_DOCUMENT, entry->key->span,
                                 schema->name, name, NULL);
            decoding->out->misses_documents = true;
        }
        return; /* an overlay has removed it */
    }
    size_t before = diagnostics->count;
    if (schema->key_syntax != NULL && !schema->key_syntax->check(name)) {
        (void)diagnostic_add(arena, diagnostics, DIAGNOSTIC_BAD_NAME, entry->key->span, name,
                             schema->name, schema->key_syntax->name, NULL);
    }
    if (!require_mapping(decoding, entry->value, name)) {
        decoding->out->misses_documents = true;
        return;
    }
    const struct node *defaults = defaults_of(decoding, schema);
    struct document *document = arena_new(arena, struct document);
    *document = (struct document){.kind = kind,
                                  .kind_name = schema->name,
                                  .name = name,
                                  .span = entry->key->span,
                                  .node = assemble(decoding, schema, defaults, entry->value),
                                  .defaults = defaults,
                                  .spec = arena_alloc(arena, schema->size)};
    struct check check = {.arena = arena,
                          .defaults = &decoding->field_defaults,
                          .diagnostics = diagnostics,
                          .document = document,
                          .facts = decoding->input->facts,
                          .layout = decoding->input->layout};
    field_decode(&check, schema, document->node, document->spec);
    document->has_mistakes = diagnostics_have_errors_from(diagnostics, before);
    vec_add(arena, &decoding->out->documents, document);
}

static void check_profile(struct decoding *decoding, const struct entry *entry)
{
    static const char *const refused[] = {"use", "preset"};
    if (node_is_null(entry->value) || !require_mapping(decoding, entry->value, entry->key->text)) {
        return;
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct node *found = node_get(entry->value, refused[i]);
        if (found != NULL) {
            (void)diagnostic_add(decoding->input->arena, decoding->input->diagnostics,
                                 DIAGNOSTIC_NESTED_PROFILE, found->span, refused[i], NULL);
        }
    }
}

static void check_defaults(struct decoding *decoding, const struct entry *entry)
{
    if (!is_kind_section(entry->key->text)) {
        complain_section(decoding, entry->key);
    } else if (!node_is_null(entry->value)) {
        (void)require_mapping(decoding, entry->value, entry->key->text);
    }
}

static void decode_removal(struct decoding *decoding, const struct entry *entry)
{
    struct arena *arena = decoding->input->arena;
    struct diagnostic_list *diagnostics = decoding->input->diagnostics;
    const char *colon = strchr(entry->key->text, ':');
    if (colon == NULL || colon[1] == '\0') {
        (void)diagnostic_add(arena, diagnostics, DIAGNOSTIC_BAD_REFERENCE, entry->key->span,
                             entry->key->text, "KIND:NAME", NULL);
        return;
    }
    const char *kind = arena_strndup(arena, entry->key->text, (size_t)(colon - entry->key->text));
    if (kind_of_name(kind) == NULL) {
        const char *nearest = kind_nearest(arena, kind);
        diagnostic_add(arena, diagnostics, DIAGNOSTIC_UNKNOWN_KIND, entry->key->span, kind, NULL)
            ->suggestion = nearest == NULL ? NULL : arena_printf(arena, "%s%s", nearest, colon);
        return;
    }
    if (node_is_null(entry->value)) {
        if (entry->layer == 0) {
            (void)diagnostic_add(arena, diagnostics, DIAGNOSTIC_EMPTY_REMOVAL, entry->key->span,
                                 entry->key->text, NULL);
        }
        return; /* an overlay has taken it back */
    }
    if (!require_mapping(decoding, entry->value, entry->key->text)) {
        return;
    }
    struct removal_spec spec = {0};
    struct document about = {.kind_name = "removed", .name = entry->key->text};
    struct check check = {.arena = arena, .diagnostics = diagnostics, .document = &about};
    field_decode(&check, &removal_schema, entry->value, &spec);
    vec_add(arena, &decoding->out->tombstones,
            (struct tombstone){.kind = kind,
                               .name = colon + 1,
                               .span = entry->key->span,
                               .after = spec.after.text,
                               .why = spec.why.text});
}

static void decode_entry(struct decoding *decoding, const struct entry *entry)
{
    if (strcmp(entry->section, SECTION_PROFILES) == 0) {
        check_profile(decoding, entry);
    } else if (strcmp(entry->section, SECTION_DEFAULTS) == 0) {
        check_defaults(decoding, entry);
    } else if (strcmp(entry->section, SECTION_REMOVED) == 0) {
        decode_removal(decoding, entry);
    } else {
        decode_document(decoding, entry);
    }
}

struct decoding_parts {
    const struct decoding *whole;
    struct decoded *parts;
};

static void decode_part(void *context, const struct part *part)
{
    const struct decoding_parts *all = context;
    struct decode_input input = *all->whole->input;
    input.arena = part->arena;
    input.diagnostics = part->diagnostics;
    struct decoding decoding = *all->whole;
    decoding.input = &input;
    decoding.out = &all->parts[part->number];
    for (size_t i = part->first; i < part->end; i++) {
        decode_entry(&decoding, decoding.entries.items[i]);
    }
}

/* True when some document is known by its name alone. */
static bool decode_entries(const struct decoding *decoding, struct document_set *documents)
{
    struct arena *arena = decoding->input->arena;
    struct parts parts =
        parts_split(arena, decoding->input->diagnostics, decoding->entries.count, DOCUMENTS_LEAST);
    struct decoding_parts all = {decoding, arena_array(arena, parts.count, sizeof(*all.parts))};
    parts_run(&parts, decode_part, &all);
    bool misses_documents = false;
    for (size_t i = 0; i < parts.count; i++) {
        const struct decoded *decoded = &all.parts[i];
        misses_documents |= decoded->misses_documents;
        for (size_t k = 0; k < decoded->documents.count; k++) {
            document_set_add(arena, documents, decoded->documents.items[k]);
        }
        for (size_t k = 0; k < decoded->tombstones.count; k++) {
            vec_add(arena, &documents->tombstones, decoded->tombstones.items[k]);
        }
    }
    return misses_documents;
}

void decode_documents(const struct decode_input *input, struct document_set *out_documents,
                      bool *out_incomplete)
{
    *out_documents = (struct document_set){0};
    struct decoding decoding = {.input = input};
    /* A file that could not be loaded may hold what is missed. */
    decoding.is_incomplete = diagnostics_have_errors(input->diagnostics);
    take_sources(&decoding);
    if (!decoding.has_section && !decoding.is_incomplete) {
        (void)diagnostic_add(input->arena, input->diagnostics, DIAGNOSTIC_EMPTY_SET, SPAN_NONE,
                             NULL);
    }
    bool misses_documents = decode_entries(&decoding, out_documents);
    *out_incomplete = decoding.is_incomplete || misses_documents;
}
