/* Blame: a line of a rendered file, led back to the line of YAML that asks for it. Nothing is
 * guessed: where the file is not what the documents make, the answer says so. */
#include "core/blame.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/excerpt.h"
#include "core/explain.h"
#include "core/hold.h"
#include "core/say.h"
#include "model/file_item.h"
#include "model/json.h"
#include "model/layout.h"

/* --- which file it is ------------------------------------------------------------------------ */

bool blame_split(struct arena *arena, const char *words, const char **out_file, size_t *out_line)
{
    enum { DECIMAL = 10, DIGITS_MOST = 9 };
    const char *colon = strrchr(words, ':');
    size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > DIGITS_MOST || colon[1 + digits] != '\0' || colon == words) {
        return false;
    }
    *out_file = arena_strndup(arena, words, (size_t)(colon - words));
    *out_line = (size_t)strtoul(colon + 1, NULL, DECIMAL);
    return *out_line > 0;
}

/* What stands behind the folder, with its slash; NULL: the path is not below it. */
static const char *path_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length : NULL;
}

/* "/12/etc/nginx/..." */
static bool take_generation(const char *rest, struct blame_place *out_place)
{
    enum { DECIMAL = 10 };
    char *end = NULL;
    unsigned long number = strtoul(rest + 1, &end, DECIMAL);
    if (number == 0 || *end != '/') {
        return false;
    }
    *out_place = (struct blame_place){.path = end, .generation = number};
    return true;
}

bool blame_place_on_host(struct arena *arena, const struct layout *layout, const char *path,
                         struct blame_place *out_place)
{
    const char *const live[] = {layout->nginx_directory, layout->nginx_tree, layout->units,
                                layout->environment, layout->sysusers};
    const char *rest = path_below(path, arena_printf(arena, "%s/generations", layout->state));
    if (rest != NULL) {
        return take_generation(rest, out_place);
    }
    rest = path_below(path, arena_printf(arena, "%s/current", layout->state));
    if (rest != NULL) {
        *out_place = (struct blame_place){.path = rest, .is_live = true};
        return true;
    }
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        if (path_below(path, live[i]) != NULL) {
            *out_place = (struct blame_place){.path = path, .is_live = true};
            return true;
        }
    }
    return false;
}

bool blame_place_copy(const struct desired *desired, const struct layout *layout,
                      struct arena *arena, const char *path, struct blame_place *out_place)
{
    struct desired_files files = {0};
    const char *best = NULL;
    desired_list_files(desired, layout, arena, &files);
    for (size_t i = 0; i < files.count; i++) {
        const char *own = files.items[i].path;
        if (text_ends_with(path, own) && (best == NULL || strlen(own) > strlen(best))) {
            best = own;
        }
    }
    *out_place = (struct blame_place){.path = best, .is_copy = true};
    return best != NULL;
}

struct blame_side blame_side_of(const struct desired *desired, const struct layout *layout,
                                struct arena *arena, const char *path)
{
    const struct tree_member *member = desired_find_member(desired, layout, path);
    if (member != NULL) {
        return (struct blame_side){&member->text, member->document};
    }
    const struct item key = {.type = ITEM_FILE, .id = path};
    const struct item *item = map_get(&desired->by_name, item_name(arena, &key));
    const struct file_item *file = item == NULL ? NULL : item->wanted;
    if (file == NULL) {
        return (struct blame_side){0};
    }
    return (struct blame_side){&file->text, item->document};
}

/* --- which line of YAML ---------------------------------------------------------------------- */

/* Line (from 1) of a text, without its end; false: it has none. */
static bool line_of(struct str text, size_t line, struct str *out)
{
    const char *at = text.data;
    const char *end = text.data + text.length;
    for (size_t i = 1; at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        if (i == line) {
            *out = (struct str){at, (size_t)(stop - at)};
            return true;
        }
        at = stop + 1;
    }
    return false;
}

static bool is_whole(const struct blame_input *input, const struct blame_side *side)
{
    return side->text != NULL && str_equal(*input->content, side->text->content);
}

static bool has_same_line(const struct blame_input *input, const struct blame_side *side)
{
    struct str theirs = {0};
    struct str found = {0};
    return side->text != NULL && line_of(*input->content, input->line, &found) &&
           line_of(side->text->content, input->line, &theirs) && str_equal(found, theirs);
}

/* The best witness: whole files before lines, today before what was. */
static const struct blame_side *choose(const struct blame_input *input, enum blame_basis *out_basis)
{
    const struct {
        bool fits;
        enum blame_basis basis;
        const struct blame_side *side;
    } choices[] = {
        {input->content == NULL, BLAME_UNREAD, &input->today},
        {input->content != NULL && is_whole(input, &input->today), BLAME_DOCUMENTS, &input->today},
        {input->content != NULL && is_whole(input, &input->recorded), BLAME_GENERATION,
         &input->recorded},
        {input->content != NULL && has_same_line(input, &input->recorded), BLAME_LINE,
         &input->recorded},
        {input->content != NULL && has_same_line(input, &input->today), BLAME_LINE, &input->today},
        {true, BLAME_WANTED, input->recorded.text == NULL ? &input->today : &input->recorded},
    };
    size_t i = 0;
    while (!choices[i].fits) {
        i++;
    }
    *out_basis = choices[i].basis;
    return choices[i].side;
}

bool blame_find(const struct blame_input *input, struct blame *out_blame)
{
    struct blame blame = {.place = input->place, .line = input->line};
    const struct blame_side *side = choose(input, &blame.basis);
    bool has_wanted =
        side->text != NULL && line_of(side->text->content, input->line, &blame.wanted);
    bool has_found = input->content != NULL && line_of(*input->content, input->line, &blame.found);
    if (!has_wanted && !has_found) {
        return false;
    }
    if (input->content == NULL) {
        blame.found = blame.wanted;
    }
    if (side->text != NULL) {
        blame.span = mapped_text_span(side->text, input->line);
    }
    const struct document *document = side->document;
    if (document != NULL) {
        blame.document = document_id(input->arena, document);
        blame.is_default = has_wanted && blame.span.source == NULL;
        blame.span = blame.is_default ? document->span : blame.span;
    }
    if (blame.span.source != NULL) {
        size_t line = source_position(blame.span.source, blame.span.first).line;
        blame.hides_source = excerpt_may_hold_secret(source_line(blame.span.source, line)) ||
                             (document != NULL && explain_hides_source(document, blame.span));
    }
    *out_blame = blame;
    return true;
}

/* --- the answer ------------------------------------------------------------------------------ */

static const struct basis_words {
    const char *word; /* for programs */
    const char *note; /* for people; may be "" */
} basis_words[BLAME_BASIS_COUNT] = {
    [BLAME_DOCUMENTS] = {"documents", ""},
    [BLAME_GENERATION] = {"generation",
                          N_("the documents have changed since: this is what those of the file's "
                             "generation say, and today's make another file")},
    [BLAME_LINE] = {"line", N_("the file is not what the documents make, by hand or by another "
                               "version; this line of it is")},
    [BLAME_WANTED] = {"wanted", N_("this line is not what the documents make: it was changed by "
                                   "hand, or they have changed since")},
    [BLAME_UNREAD] = {"unread", N_("the file cannot be read here: this is what the documents make "
                                   "of that line")},
};

/* A line of a file as an excerpt of it: nothing in it moves a terminal. */
static const char *shown_line(struct arena *arena, struct str line)
{
    const struct source *source = source_make(arena, "", line);
    return excerpt_make(arena, (struct span){source, 0, 0}).line;
}

enum { NUMBER_COLUMNS = 4 };

static void write_found(const struct blame *blame, enum language language, struct text *out)
{
    struct arena *arena = out->arena;
    text_line(
        out, "%s",
        say_apart(arena, language, arena_printf(arena, "%s:%zu", blame->place.path, blame->line)));
    if (blame->hides_source) {
        return;
    }
    text_line(out, "%*zu | %s", NUMBER_COLUMNS, blame->line, shown_line(arena, blame->found));
    if (blame->basis == BLAME_WANTED && blame->wanted.data != NULL) {
        text_line(out, "%s", say(arena, language, "wanted: %s", shown_line(arena, blame->wanted)));
    }
}

static void write_source(const struct blame *blame, enum language language, struct text *out)
{
    struct arena *arena = out->arena;
    const char *place = span_text(arena, blame->span);
    text_line(out, "  --> %s%s", place,
              blame->document == NULL ? "" : arena_printf(arena, " (%s)", blame->document));
    if (blame->span.source->content.length == 0) {
        return;
    }
    size_t line = source_position(blame->span.source, blame->span.first).line;
    struct excerpt excerpt = excerpt_make(arena, blame->span);
    if (blame->hides_source) {
        text_line(out, "%*zu | %s", NUMBER_COLUMNS, line,
                  say_text(arena, language, N_("(not shown)")));
        return;
    }
    text_line(out, "%*zu | %s", NUMBER_COLUMNS, line, excerpt.line);
    text_line(out, "%*s | %s", NUMBER_COLUMNS, "", excerpt.mark);
}

static const char *day_text(struct arena *arena, int64_t at)
{
    enum { DAY_SIZE = 40 };
    char day[DAY_SIZE] = "";
    time_t seconds = (time_t)at;
    struct tm utc = {0};
    if (gmtime_r(&seconds, &utc) == NULL || strftime(day, sizeof(day), "%Y-%m-%d", &utc) == 0) {
        return "";
    }
    return arena_strdup(arena, day);
}

static void write_commit(const struct blame *blame, enum language language, struct text *out)
{
    struct arena *arena = out->arena;
    if (blame->is_uncommitted) {
        text_line(out, "%s",
                  say_text(arena, language,
                           N_("commit: none yet, the line was changed "
                              "since the last one")));
    } else if (blame->commit != NULL) {
        const struct commit *commit = blame->commit;
        text_line(out, "%s",
                  say(arena, language, "commit: %s",
                      arena_printf(arena, "%.*s, %s, %s: %s", COMMIT_ID_SHORT, commit->id,
                                   commit->author, day_text(arena, commit->at), commit->subject)));
    }
}

static void write_note(struct arena *arena, enum language language, const char *note,
                       struct text *out)
{
    text_line(out, "%s", say_with(arena, language, "note: %s", say_text(arena, language, note)));
}

void blame_write_text(const struct blame *blame, enum language language, struct text *out)
{
    struct arena *arena = out->arena;
    write_found(blame, language, out);
    if (blame->span.source != NULL) {
        write_source(blame, language, out);
        write_commit(blame, language, out);
    } else {
        text_line(out, "%s",
                  say_text(arena, language,
                           N_("no document asks for this line: reconcile writes it for all")));
    }
    if (blame->is_default) {
        write_note(arena, language,
                   N_("no line of the document says it: it follows from a default"), out);
    }
    if (basis_words[blame->basis].note[0] != '\0') {
        write_note(arena, language, basis_words[blame->basis].note, out);
    }
}

static json_t *json_source(const struct blame *blame, struct arena *arena)
{
    if (blame->span.source == NULL) {
        return json_null();
    }
    struct position position = source_position(blame->span.source, blame->span.first);
    struct str line = source_line(blame->span.source, position.line);
    return json_pack(
        "{s:s, s:I, s:I, s:o, s:b}", "file", blame->span.source->name, "line",
        (json_int_t)position.line, "column", (json_int_t)position.column, "text",
        json_text(blame->hides_source ? NULL : arena_strndup(arena, line.data, line.length)),
        "is_default", (int)blame->is_default);
}

static json_t *json_commit(const struct commit *commit)
{
    return commit == NULL ? json_null()
                          : json_pack("{s:s, s:o, s:I, s:o}", "id", commit->id, "author",
                                      json_text(commit->author), "at", (json_int_t)commit->at,
                                      "subject", json_text(commit->subject));
}

static json_t *json_line(const struct blame *blame, struct arena *arena, struct str line)
{
    bool is_shown = line.data != NULL && !blame->hides_source;
    return json_text(is_shown ? arena_strndup(arena, line.data, line.length) : NULL);
}

struct str blame_write_json(const struct blame *blame, struct arena *arena)
{
    AUTO_JSON root = json_pack(
        "{s:s, s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:o}", "file", blame->place.path, "line",
        (json_int_t)blame->line, "generation",
        blame->place.generation == 0 ? json_null()
                                     : json_integer((json_int_t)blame->place.generation),
        "text", json_line(blame, arena, blame->found), "basis", basis_words[blame->basis].word,
        "wanted",
        json_line(blame, arena, blame->basis == BLAME_WANTED ? blame->wanted : (struct str){0}),
        "document", json_text(blame->document), "source", json_source(blame, arena),
        "is_uncommitted", (int)blame->is_uncommitted, "commit", json_commit(blame->commit));
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    return str_of(arena_printf(arena, "%s\n", text == NULL ? "{}" : text));
}
