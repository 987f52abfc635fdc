/* Reads texts by the readers that also check what we render, and finds where two of them differ. */
#include "core/accept_unit.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "model/nginx_syntax.h"
#include "renderers/systemd_text.h"
#include "schemas/value.h"

enum { EDITS_MOST = 200 }; /* texts with more differences are taken for different ones */

static const char separator = '\x1f';

VEC(word_list, const char *);

/* ---- Spellings ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    int64_t milliseconds;
} time_units[] = {
    {"", 1000},           {"ms", 1},          {"msec", 1},        {"s", 1000},
    {"sec", 1000},        {"second", 1000},   {"seconds", 1000},  {"m", 60000},
    {"min", 60000},       {"minute", 60000},  {"minutes", 60000}, {"h", 3600000},
    {"hr", 3600000},      {"hour", 3600000},  {"hours", 3600000}, {"d", 86400000},
    {"day", 86400000},    {"days", 86400000}, {"w", 604800000},   {"week", 604800000},
    {"weeks", 604800000},
};

static bool find_time_unit(const char *name, size_t length, int64_t *out)
{
    for (size_t i = 0; i < sizeof(time_units) / sizeof(time_units[0]); i++) {
        if (strlen(time_units[i].name) == length &&
            strncmp(time_units[i].name, name, length) == 0) {
            *out = time_units[i].milliseconds;
            return true;
        }
    }
    return false;
}

bool accept_read_time(const char *text, int64_t *out_milliseconds)
{
    enum { MOST = 1000000000 }; /* nobody waits longer, in whatever unit */
    int64_t sum = 0;
    if (text[0] == '\0') {
        return false;
    }
    while (*text != '\0') {
        int64_t number = 0;
        int64_t unit = 0;
        size_t digits = strspn(text, "0123456789");
        for (size_t i = 0; i < digits && number < MOST; i++) {
            number = number * 10 + (text[i] - '0');
        }
        text += digits;
        size_t letters = 0;
        while (isalpha((unsigned char)text[letters]) != 0) {
            letters++;
        }
        if (digits == 0 || number >= MOST || !find_time_unit(text, letters, &unit)) {
            return false;
        }
        sum += number * unit;
        text += letters;
        text += strspn(text, " ");
    }
    *out_milliseconds = sum;
    return true;
}

static bool is_size_name(const char *name)
{
    return strcmp(name, "client_max_body_size") == 0 || text_starts_with(name, "Memory");
}

static bool is_time_name(const char *name)
{
    return text_ends_with(name, "_timeout") || text_ends_with(name, "Sec");
}

/* Names that we make for nginx end in a digest of what they are for: another text, another name. */
static const char *without_digest(struct arena *arena, const char *word)
{
    enum { DIGITS = 8 };
    const char *name = strstr(word, "rc_");
    for (const char *at = name; at != NULL; at = strchr(at + 1, '_')) {
        size_t digits = at[0] == '_' ? strspn(at + 1, "0123456789abcdef") : 0;
        const char *rest = at + 1 + digits;
        if (digits == DIGITS && *rest != '_' && isalnum((unsigned char)*rest) == 0) {
            return arena_printf(arena, "%.*s_*%s", (int)(at - word), word, rest);
        }
    }
    return word;
}

/* The one spelling of a value that has several. */
static const char *spell(struct arena *arena, const char *name, const char *value)
{
    uint64_t bytes = 0;
    int64_t milliseconds = 0;
    if (is_size_name(name) && value_read_size(value, &bytes)) {
        return arena_printf(arena, "%" PRIu64, bytes);
    }
    if (is_time_name(name) && accept_read_time(value, &milliseconds)) {
        return arena_printf(arena, "%" PRId64 "ms", milliseconds);
    }
    return without_digest(arena, value);
}

/* ---- Units ---------------------------------------------------------------------------------- */

static struct span line_span(const struct mapped_text *text, size_t line)
{
    return text->lines != NULL && line >= 1 && line <= text->line_count ? text->lines[line - 1]
                                                                        : SPAN_NONE;
}

/* What is around a unit. */
struct around {
    const char *place; /* compared too: how deep, which section */
    const char *block; /* as in struct accept_unit */
    size_t line;
};

static void add_unit(struct arena *arena, struct accept_units *units,
                     const struct mapped_text *text, const struct around *around,
                     struct word_list *words)
{
    struct text said = text_make(arena);
    text_add(&said, around->place);
    for (size_t i = 0; i < words->count; i++) {
        text_add_char(&said, separator);
        text_add(&said, i == 0 ? words->items[0] : spell(arena, words->items[0], words->items[i]));
    }
    size_t count = words->count;
    vec_add(arena, words, NULL);
    vec_add(arena, units,
            (struct accept_unit){.said = said.data,
                                 .block = around->block,
                                 .words = words->items,
                                 .word_count = count,
                                 .line = around->line,
                                 .span = line_span(text, around->line)});
}

/* Where in a block a unit may stand that counts in the order of its group: behind the same ones.
 * counts: how many of each group of each block there were. */
static const char *in_order(struct arena *arena, struct map *counts, const char *block,
                            const char *group)
{
    const char *place = arena_printf(arena, "%s%c%s", block, separator, group);
    uintptr_t before = (uintptr_t)map_get(counts, place);
    (void)map_put(arena, counts, place, (void *)(before + 1));
    return arena_printf(arena, "%s%c%zu", place, separator, (size_t)before);
}

/* What nginx takes in the order of those that belong together; NULL: in any. */
static const char *group_of(const char *directive)
{
    static const char *const groups[][2] = {
        {"allow", "access"},   {"deny", "access"},     {"rewrite", "rewrite"},
        {"return", "rewrite"}, {"set", "rewrite"},     {"break", "rewrite"},
        {"listen", "listen"},  {"include", "include"}, {"add_header", "add_header"},
    };
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strcmp(directive, groups[i][0]) == 0) {
            return groups[i][1];
        }
    }
    return NULL;
}

/* Blocks whose lines are rows, not directives. */
static bool has_rows(const struct nginx_directive *block)
{
    return strcmp(block->name, "map") == 0 || strcmp(block->name, "geo") == 0 ||
           strcmp(block->name, "upstream") == 0 || strcmp(block->name, "types") == 0;
}

static const char *block_words(struct arena *arena, const struct nginx_directive *block)
{
    struct text words = text_make(arena);
    text_addf(&words, "%zu %s", block->depth, block->name);
    for (size_t i = 0; i < block->argument_count; i++) {
        text_addf(&words, "%c%s", separator, block->arguments[i]);
    }
    return words.data;
}

static bool read_nginx(struct arena *arena, const struct mapped_text *text,
                       struct accept_units *out)
{
    struct nginx_directives directives = {0};
    struct map counts = {0};
    size_t line = 0;
    if (!nginx_parse(arena, text->content, &directives, &line)) {
        return false;
    }
    const struct nginx_directive **open =
        arena_array(arena, directives.count + 1, sizeof(*open)); /* by depth */
    for (size_t i = 0; i < directives.count; i++) {
        const struct nginx_directive *directive = &directives.items[i];
        const struct nginx_directive *block =
            directive->depth == 0 ? NULL : open[directive->depth - 1];
        open[directive->depth] = directive;
        struct around around = {.line = directive->line};
        struct word_list words = {0};
        vec_add(arena, &words, directive->name);
        for (size_t k = 0; k < directive->argument_count; k++) {
            vec_add(arena, &words, directive->arguments[k]);
        }
        around.place =
            arena_printf(arena, "%zu%s", directive->depth, directive->opens_block ? "{" : "");
        if (block != NULL && !has_rows(block) && !directive->opens_block) {
            const char *group = group_of(directive->name);
            const char *within = block_words(arena, block);
            around.block = group == NULL ? within : in_order(arena, &counts, within, group);
        }
        add_unit(arena, out, text, &around, &words);
    }
    return true;
}

/* Settings that may stand several times, and then add to each other in their order. */
static bool is_ordered_setting(const char *key)
{
    return text_starts_with(key, "Exec") || text_starts_with(key, "Environment") ||
           strcmp(key, "SystemCallFilter") == 0 || text_starts_with(key, "IPAddress");
}

static bool read_unit(struct arena *arena, const struct mapped_text *text, struct accept_units *out)
{
    struct systemd_settings settings = {0};
    struct map counts = {0};
    size_t line = 0;
    if (!systemd_parse(arena, text->content, &settings, &line)) {
        return false;
    }
    for (size_t i = 0; i < settings.count; i++) {
        const struct systemd_setting *setting = &settings.items[i];
        struct word_list words = {0};
        const char *const *found = NULL;
        size_t count = 0;
        vec_add(arena, &words, setting->key);
        bool is_one = is_time_name(setting->key) || strcmp(setting->key, "Description") == 0 ||
                      !systemd_unquote(arena, setting->value,
                                       text_starts_with(setting->key, "Exec"), &found, &count);
        for (size_t k = 0; !is_one && k < count; k++) {
            vec_add(arena, &words, found[k]);
        }
        if (is_one) {
            vec_add(arena, &words, setting->value);
        }
        const char *section = setting->section;
        const struct around around = {section,
                                      is_ordered_setting(setting->key)
                                          ? in_order(arena, &counts, section, setting->key)
                                          : section,
                                      setting->line};
        add_unit(arena, out, text, &around, &words);
    }
    return true;
}

/* The value of a variable as systemd reads it; at stands behind the "=". Gives what follows it;
 * NULL when a quote is not closed. */
static const char *read_variable(struct arena *arena, const char *at, const char *end,
                                 const char **out_value)
{
    struct text value = text_make(arena);
    char quote = at < end && (*at == '"' || *at == '\'') ? *at : '\0';
    at += quote != '\0';
    while (at < end && *at != (quote == '\0' ? '\n' : quote)) {
        bool is_escape = *at == '\\' && quote != '\'' && at + 1 < end &&
                         (quote == '\0' || strchr("\"\\`$", at[1]) != NULL);
        at += is_escape;
        text_add_char(&value, *at++);
    }
    *out_value = value.data;
    if (quote == '\0') {
        return at;
    }
    return at == end ? NULL : at + 1;
}

/* More than what we write: people leave the quotes out. */
static bool read_environment(struct arena *arena, const struct mapped_text *text,
                             struct accept_units *out)
{
    const char *at = text->content.data;
    const char *end = at + text->content.length;
    size_t line = 1;
    while (at < end) {
        const char *first = at;
        const char *equals = memchr(at, '=', (size_t)(end - at));
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        bool is_empty = *at == '\n' || *at == '#' || *at == ';';
        if (!is_empty && (equals == NULL || equals > stop)) {
            return false;
        }
        if (!is_empty) {
            const char *value = NULL;
            struct word_list words = {0};
            stop = read_variable(arena, equals + 1, end, &value);
            if (stop == NULL || (stop < end && *stop != '\n')) {
                return false;
            }
            vec_add(arena, &words, arena_strndup(arena, at, (size_t)(equals - at)));
            vec_add(arena, &words, value);
            const struct around around = {"", "", line};
            add_unit(arena, out, text, &around, &words);
        }
        at = stop < end ? stop + 1 : end;
        for (const char *c = first; c < at; c++) {
            line += *c == '\n';
        }
    }
    return true;
}

static void read_lines(struct arena *arena, const struct mapped_text *text,
                       struct accept_units *out)
{
    const char *at = text->content.data;
    const char *end = at + text->content.length;
    for (size_t line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        struct word_list words = {0};
        vec_add(arena, &words, arena_strndup(arena, at, (size_t)(stop - at)));
        const struct around around = {"", NULL, line};
        add_unit(arena, out, text, &around, &words);
        at = stop < end ? stop + 1 : end;
    }
}

bool accept_units_read(struct arena *arena, const char *path, const struct mapped_text *text,
                       struct accept_units *out)
{
    static const struct {
        const char *ending;
        bool (*read)(struct arena *arena, const struct mapped_text *text, struct accept_units *out);
    } readers[] = {
        {".conf", read_nginx},  {".service", read_unit}, {".timer", read_unit},
        {".socket", read_unit}, {".path", read_unit},    {".env", read_environment},
    };
    bool is_read = true;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        *out = (struct accept_units){0};
        if (text_ends_with(path, readers[i].ending)) {
            is_read = readers[i].read(arena, text, out);
            if (is_read) {
                return true;
            }
        }
    }
    *out = (struct accept_units){0};
    read_lines(arena, text, out);
    return is_read;
}

/* ---- Differences ---------------------------------------------------------------------------- */

enum fate {
    FATE_ALONE,   /* on this side only */
    FATE_PAIRED,  /* the other side has it in the same place of the order */
    FATE_MOVED,   /* the other side has it elsewhere, and there it says the same */
    FATE_CHANGED, /* the other side has one of the same name, maybe elsewhere in the block */
};

struct comparison {
    struct arena *arena;
    const struct accept_units *wanted;
    const struct accept_units *host;
    size_t file;
    struct accept_differences *out;
    enum fate *wanted_fates;
    enum fate *host_fates;
    struct span before; /* of the stretch that is looked at: the line of ours before it */
    size_t *partners;   /* of FATE_CHANGED ones of our side: the place on the host */
};

/* Places of a side: those that differ within one stretch. */
VEC(place_list, size_t);

static bool is_same(const struct comparison *c, size_t i, size_t j)
{
    return strcmp(c->wanted->items[i].said, c->host->items[j].said) == 0;
}

/* i and j: places, or SIZE_MAX. next: where on the host it would be. */
static void add_difference(const struct comparison *c, size_t i, size_t j, size_t next)
{
    const struct accept_units *host = c->host;
    size_t line = j != SIZE_MAX        ? host->items[j].line
                  : next < host->count ? host->items[next].line
                  : host->count > 0    ? host->items[host->count - 1].line + 1
                                       : 1;
    vec_add(c->arena, c->out,
            (struct accept_difference){
                .file = c->file,
                .wanted = i != SIZE_MAX ? &c->wanted->items[i] : NULL,
                .host = j != SIZE_MAX ? &host->items[j] : NULL,
                .line = line,
                .before = c->before,
            });
}

/* The next place of the host, from `from` on, whose unit has this name; the count: none. */
static size_t find_name(const struct comparison *c, const struct place_list *places, size_t from,
                        const char *name)
{
    while (from < places->count &&
           strcmp(c->host->items[places->items[from]].words[0], name) != 0) {
        from++;
    }
    return from;
}

/* What differs in one stretch: units of the same name stand for each other, or, where there are as
 * many of them, in their order. next: what follows on the host. */
static void add_stretch(const struct comparison *c, const struct place_list *wanted,
                        const struct place_list *host, size_t next)
{
    bool is_by_order = wanted->count == host->count;
    size_t j = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        const char *name = c->wanted->items[wanted->items[i]].words[0];
        size_t match = is_by_order ? i : find_name(c, host, j, name);
        if (match == host->count) {
            add_difference(c, wanted->items[i], SIZE_MAX, j < host->count ? host->items[j] : next);
            continue;
        }
        for (; j < match; j++) {
            add_difference(c, SIZE_MAX, host->items[j], next);
        }
        add_difference(c, wanted->items[i], host->items[j++], next);
    }
    for (; j < host->count; j++) {
        add_difference(c, SIZE_MAX, host->items[j], next);
    }
}

/* Myers' algorithm: the shortest way through a grid whose rows are ours and whose columns are the
 * host's. A diagonal is what a row is ahead of its column; on it equal ones cost nothing. */
struct grid {
    const struct comparison *c;
    size_t first; /* place on both sides where the grid begins */
    int rows;
    int columns;
    int *reached[EDITS_MOST + 1]; /* after so many edits, on each diagonal from -edits to edits */
};

/* The row; -1 where no way leads. */
static int reached(const struct grid *grid, int edits, int diagonal)
{
    bool is_inside = edits >= 0 && diagonal >= -edits && diagonal <= edits;
    return is_inside ? grid->reached[edits][diagonal + edits] : -1;
}

/* The last edit took one of the host's. */
static bool came_by_host(const struct grid *grid, int edits, int diagonal)
{
    return reached(grid, edits - 1, diagonal - 1) < reached(grid, edits - 1, diagonal + 1);
}

/* The row right after the last edit. */
static int start_of(const struct grid *grid, int edits, int diagonal)
{
    if (edits == 0) {
        return 0;
    }
    return came_by_host(grid, edits, diagonal) ? reached(grid, edits - 1, diagonal + 1)
                                               : reached(grid, edits - 1, diagonal - 1) + 1;
}

static void walk_back(const struct grid *grid, int edits)
{
    int diagonal = grid->rows - grid->columns;
    int row = grid->rows;
    for (; edits >= 0; edits--) {
        int start = start_of(grid, edits, diagonal);
        while (row > start) {
            row--;
            size_t i = grid->first + (size_t)row;
            size_t j = grid->first + (size_t)(row - diagonal);
            grid->c->wanted_fates[i] = FATE_PAIRED;
            grid->c->host_fates[j] = FATE_PAIRED;
        }
        diagonal += came_by_host(grid, edits, diagonal) ? 1 : -1;
        row = reached(grid, edits - 1, diagonal);
    }
}

/* Texts that have next to nothing in common stay without pairs. */
static void pair_middle(struct grid *grid)
{
    for (int edits = 0; edits <= EDITS_MOST; edits++) {
        grid->reached[edits] =
            arena_array(grid->c->arena, (size_t)edits * 2 + 1, sizeof(*grid->reached[edits]));
        for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
            int row = start_of(grid, edits, diagonal);
            while (row < grid->rows && row - diagonal < grid->columns &&
                   is_same(grid->c, grid->first + (size_t)row,
                           grid->first + (size_t)(row - diagonal))) {
                row++;
            }
            grid->reached[edits][diagonal + edits] = row;
            if (row == grid->rows && row - diagonal == grid->columns) {
                walk_back(grid, edits);
                return;
            }
        }
    }
}

static void pair_units(const struct comparison *c)
{
    size_t first = 0;
    size_t i_end = c->wanted->count;
    size_t j_end = c->host->count;
    for (; first < i_end && first < j_end && is_same(c, first, first); first++) {
        c->wanted_fates[first] = FATE_PAIRED;
        c->host_fates[first] = FATE_PAIRED;
    }
    while (i_end > first && j_end > first && is_same(c, i_end - 1, j_end - 1)) {
        c->wanted_fates[--i_end] = FATE_PAIRED;
        c->host_fates[--j_end] = FATE_PAIRED;
    }
    if (i_end > first && j_end > first && i_end < INT_MAX && j_end < INT_MAX) {
        struct grid *grid = arena_new(c->arena, struct grid);
        grid->c = c;
        grid->first = first;
        grid->rows = (int)(i_end - first);
        grid->columns = (int)(j_end - first);
        pair_middle(grid);
    }
}

static bool is_match(const struct accept_unit *a, const struct accept_unit *b, enum fate fate)
{
    return a->block != NULL && b->block != NULL && strcmp(a->block, b->block) == 0 &&
           (fate == FATE_MOVED ? strcmp(a->said, b->said) == 0
                               : strcmp(a->words[0], b->words[0]) == 0);
}

static size_t count_alone(const enum fate *fates, size_t count)
{
    size_t alone = 0;
    for (size_t i = 0; i < count; i++) {
        alone += fates[i] == FATE_ALONE;
    }
    return alone;
}

/* Where the order says nothing, a line may stand anywhere in its block. */
static void find_elsewhere(const struct comparison *c, enum fate fate)
{
    for (size_t i = 0; i < c->wanted->count; i++) {
        bool is_open = c->wanted_fates[i] == FATE_ALONE;
        for (size_t j = 0; is_open && j < c->host->count; j++) {
            if (c->host_fates[j] == FATE_ALONE &&
                is_match(&c->wanted->items[i], &c->host->items[j], fate)) {
                c->wanted_fates[i] = fate;
                c->host_fates[j] = fate;
                c->partners[i] = j;
                is_open = false;
            }
        }
    }
}

void accept_units_compare(struct arena *arena, const struct accept_units *wanted,
                          const struct accept_units *host, size_t file,
                          struct accept_differences *out)
{
    struct comparison c = {.arena = arena,
                           .wanted = wanted,
                           .host = host,
                           .file = file,
                           .out = out,
                           .wanted_fates = arena_array(arena, wanted->count, sizeof(enum fate)),
                           .host_fates = arena_array(arena, host->count, sizeof(enum fate)),
                           .partners = arena_array(arena, wanted->count, sizeof(size_t))};
    pair_units(&c);
    if (count_alone(c.wanted_fates, wanted->count) <= EDITS_MOST &&
        count_alone(c.host_fates, host->count) <= EDITS_MOST) {
        find_elsewhere(&c, FATE_MOVED);
        find_elsewhere(&c, FATE_CHANGED);
    }
    size_t i = 0;
    size_t j = 0;
    while (i < wanted->count || j < host->count) {
        struct place_list alone = {0};
        struct place_list others = {0};
        c.before = i > 0 && i <= wanted->count ? wanted->items[i - 1].span : SPAN_NONE;
        for (; i < wanted->count && c.wanted_fates[i] != FATE_PAIRED; i++) {
            if (c.wanted_fates[i] == FATE_ALONE) {
                vec_add(arena, &alone, i);
            } else if (c.wanted_fates[i] == FATE_CHANGED) {
                add_difference(&c, i, c.partners[i], j);
            }
        }
        for (; j < host->count && c.host_fates[j] != FATE_PAIRED; j++) {
            if (c.host_fates[j] == FATE_ALONE) {
                vec_add(arena, &others, j);
            }
        }
        add_stretch(&c, &alone, &others, j);
        i++;
        j++;
    }
}
