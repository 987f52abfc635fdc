/* libyaml says what its grammar wanted; an author wants to know what to change. Each of its
 * complaints is mapped to one of our codes, at the place where the author would look. */

#include "core/yaml_mistake.h"

#include <stdint.h>
#include <string.h>

/* libyaml gives up on a key behind so many characters. */
enum { SIMPLE_KEY_MAX = 1024 };

struct subject {
    struct arena *arena;
    struct str content;
    const struct yaml_complaint *complaint;
};

/* ---- The text around an offset -------------------------------------------------------------- */

static char byte_at(struct str content, size_t offset)
{
    return offset < content.length ? content.data[offset] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t line_first(struct str content, size_t offset)
{
    while (offset > 0 && content.data[offset - 1] != '\n') {
        offset--;
    }
    return offset;
}

static size_t line_end(struct str content, size_t offset)
{
    while (offset < content.length && content.data[offset] != '\n' &&
           content.data[offset] != '\r') {
        offset++;
    }
    return offset;
}

static size_t skip_blanks(struct str content, size_t offset)
{
    while (is_blank(byte_at(content, offset))) {
        offset++;
    }
    return offset;
}

/* Up to a blank, a line end or a bracket's separator. */
static size_t word_end(struct str content, size_t offset)
{
    while (offset < content.length && strchr(" \t\r\n,]}", content.data[offset]) == NULL) {
        offset++;
    }
    return offset;
}

static const char *text_between(const struct subject *subject, size_t first, size_t end)
{
    return arena_strndup(subject->arena, subject->content.data + first, end - first);
}

/* Whether a colon that separates a key from a value stands in [first, end). */
static bool has_key(struct str content, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        char next = byte_at(content, i + 1);
        if (content.data[i] == ':' &&
            (i + 1 >= end || is_blank(next) || next == '\r' || next == '\n')) {
            return true;
        }
    }
    return false;
}

/* One character, which may have several bytes. */
static size_t character_end(struct str content, size_t offset)
{
    size_t end = offset < content.length ? offset + 1 : offset;
    while (end < content.length && ((unsigned char)content.data[end] & 0xC0U) == 0x80U) {
        end++;
    }
    return end;
}

/* ---- One function per complaint that has more than one meaning ------------------------------ */

static struct yaml_mistake at(enum diagnostic_code code, size_t first, size_t end)
{
    return (struct yaml_mistake){.code = code, .first = first, .end = end};
}

static struct yaml_mistake replacing(struct yaml_mistake mistake, size_t offset)
{
    mistake.replace_at = offset;
    mistake.replace_length = 1;
    return mistake;
}

/* *.example.com, or an & that begins no anchor. */
static struct yaml_mistake bad_anchor(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    size_t end = word_end(subject->content, first);
    bool is_star = byte_at(subject->content, first) == '*';
    struct yaml_mistake mistake =
        at(is_star ? DIAGNOSTIC_UNQUOTED_STAR : DIAGNOSTIC_RESERVED_CHARACTER, first, end);
    mistake.argument = is_star ? text_between(subject, first, end) : "&";
    return replacing(mistake, first);
}

static struct yaml_mistake bad_start(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    if (byte_at(subject->content, first) == '\t') {
        return at(DIAGNOSTIC_TAB_INDENTATION, first, first + 1);
    }
    size_t end = character_end(subject->content, first);
    struct yaml_mistake mistake = at(DIAGNOSTIC_RESERVED_CHARACTER, first, end);
    mistake.argument = text_between(subject, first, end);
    return replacing(mistake, first);
}

/* The colon is the first on its line: the line above is the cause. */
static struct yaml_mistake continued_line(const struct subject *subject, size_t first, size_t colon)
{
    struct str content = subject->content;
    size_t above = first > 0 ? line_first(content, first - 1) : 0;
    size_t above_end = line_end(content, above);
    size_t above_text = skip_blanks(content, above);
    if (above < first && above_text < above_end && content.data[above_text] != '#' &&
        !has_key(content, above, above_end)) {
        return replacing(at(DIAGNOSTIC_MISSING_COLON, above_text, above_end), colon);
    }
    size_t text = skip_blanks(content, first);
    return replacing(at(DIAGNOSTIC_BAD_INDENTATION, text, colon), colon);
}

static struct yaml_mistake bad_colon(const struct subject *subject)
{
    struct str content = subject->content;
    size_t colon = subject->complaint->problem_at;
    size_t first = line_first(content, colon);
    if (has_key(content, first, colon)) {
        return replacing(at(DIAGNOSTIC_MISPLACED_COLON, colon, colon + 1), colon);
    }
    if (colon - first > SIMPLE_KEY_MAX) {
        struct yaml_mistake mistake = at(DIAGNOSTIC_KEY_TOO_LONG, first, colon);
        mistake.argument = "256";
        return mistake;
    }
    return continued_line(subject, first, colon);
}

/* [a:, b] or {a:[b]} */
static struct yaml_mistake bad_flow_colon(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    size_t colon = subject->complaint->problem_at;
    struct yaml_mistake mistake = at(DIAGNOSTIC_MISSING_FLOW_VALUE, first, colon + 1);
    mistake.argument = text_between(subject, first, colon);
    /* As a text it would be right in a list of texts, and the next mistake anywhere else. */
    size_t bracket = subject->complaint->open_bracket;
    bool is_in_list = bracket != SIZE_MAX && byte_at(subject->content, bracket) == '[';
    bool ends_there = strchr(",]", byte_at(subject->content, colon + 1)) != NULL;
    return is_in_list && ends_there ? replacing(mistake, colon) : mistake;
}

static struct yaml_mistake bad_list(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    return replacing(at(DIAGNOSTIC_LIST_ON_KEY_LINE, first, first + 1), first);
}

static struct yaml_mistake bad_escape(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    while (first > subject->complaint->context_at && byte_at(subject->content, first) != '\\') {
        first--; /* libyaml points behind \x */
    }
    return replacing(at(DIAGNOSTIC_BAD_ESCAPE, first, first + 2), first);
}

static struct yaml_mistake tab(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    return at(DIAGNOSTIC_TAB_INDENTATION, first, first + 1);
}

/* Something stands where the next entry of a map or list should begin. */
static struct yaml_mistake no_entry(const struct subject *subject)
{
    struct str content = subject->content;
    size_t first = subject->complaint->problem_at;
    size_t end = line_end(content, first);
    if (byte_at(content, first) == ':') {
        return at(DIAGNOSTIC_EMPTY_KEY, first, first + 1);
    }
    bool begins_line = skip_blanks(content, line_first(content, first)) == first;
    return at(begins_line ? DIAGNOSTIC_BAD_INDENTATION : DIAGNOSTIC_TRAILING_TEXT, first, end);
}

static struct yaml_mistake open_bracket(const struct subject *subject, size_t first)
{
    struct yaml_mistake mistake = at(DIAGNOSTIC_UNCLOSED_BRACKET, first, first + 1);
    mistake.argument = text_between(subject, first, first + 1);
    return mistake;
}

static struct yaml_mistake no_comma(const struct subject *subject)
{
    return open_bracket(subject, subject->complaint->context_at);
}

static struct yaml_mistake no_content(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    if (first >= subject->content.length && subject->complaint->open_bracket != SIZE_MAX) {
        return open_bracket(subject, subject->complaint->open_bracket);
    }
    size_t end = character_end(subject->content, first);
    struct yaml_mistake mistake = at(DIAGNOSTIC_UNEXPECTED_CHARACTER, first, end);
    mistake.argument = text_between(subject, first, end);
    return mistake;
}

static struct yaml_mistake no_document(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    size_t line = line_first(subject->content, first);
    bool begins_line = skip_blanks(subject->content, line) == first;
    return at(begins_line ? DIAGNOSTIC_MULTIPLE_DOCUMENTS : DIAGNOSTIC_TRAILING_TEXT, first,
              line_end(subject->content, first));
}

static struct yaml_mistake open_quote(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    return at(DIAGNOSTIC_UNCLOSED_QUOTE, first, first + 1);
}

static struct yaml_mistake no_colon(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    return at(DIAGNOSTIC_MISSING_COLON, first, line_end(subject->content, first));
}

static struct yaml_mistake bad_block_text(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    return at(DIAGNOSTIC_BAD_BLOCK_TEXT, first, word_end(subject->content, first));
}

static struct yaml_mistake bad_tag(const struct subject *subject)
{
    size_t first = subject->complaint->context_at;
    size_t end = word_end(subject->content, first);
    struct yaml_mistake mistake = at(DIAGNOSTIC_TAG, first, end);
    mistake.argument = text_between(subject, first, end);
    return mistake;
}

static struct yaml_mistake bad_directive(const struct subject *subject)
{
    size_t first = line_first(subject->content, subject->complaint->problem_at);
    return at(DIAGNOSTIC_DIRECTIVE, first, line_end(subject->content, first));
}

static struct yaml_mistake anything_else(const struct subject *subject)
{
    size_t first = subject->complaint->problem_at;
    struct yaml_mistake mistake =
        at(DIAGNOSTIC_YAML_SYNTAX, first, character_end(subject->content, first));
    mistake.argument = subject->complaint->problem;
    return mistake;
}

/* ---- The table ------------------------------------------------------------------------------ */

/* The first row whose words stand in both; the contexts come before the problems that they share.
 */
static const struct row {
    const char *context;
    const char *problem;
    struct yaml_mistake (*explain)(const struct subject *subject);
} rows[] = {
    {"directive", "", bad_directive},
    {"", "%YAML directive", bad_directive},
    {"", "%TAG directive", bad_directive},
    {"", "incompatible YAML document", bad_directive},
    {"a tag", "", bad_tag},
    {"", "undefined tag handle", bad_tag},
    {"an alias", "", bad_anchor},
    {"an anchor", "", bad_anchor},
    {"", "tab character", tab},
    {"a block scalar", "", bad_block_text},
    {"", "cannot start any token", bad_start},
    {"", "mapping values are not allowed", bad_colon},
    {"", "found unexpected ':'", bad_flow_colon},
    {"", "block sequence entries are not allowed", bad_list},
    {"", "mapping keys are not allowed", bad_start},
    {"", "could not find expected ':'", no_colon},
    {"", "unexpected end of stream", open_quote},
    {"", "unexpected document indicator", open_quote},
    {"", "escape", bad_escape},
    {"", "hexdecimal", bad_escape},
    {"", "did not find expected key", no_entry},
    {"", "did not find expected '-'", no_entry},
    {"", "did not find expected ','", no_comma},
    {"", "did not find expected node content", no_content},
    {"", "did not find expected <document start>", no_document},
    {"", "", anything_else},
};

struct yaml_mistake yaml_mistake_of(struct arena *arena, struct str content,
                                    const struct yaml_complaint *complaint)
{
    struct subject subject = {arena, content, complaint};
    const struct row *row = rows;
    while (strstr(complaint->context, row->context) == NULL ||
           strstr(complaint->problem, row->problem) == NULL) {
        row++; /* the last one always fits */
    }
    /* The mistake holds texts of the arena, nothing of the subject. */
    // cppcheck-suppress returnDanglingLifetime
    return row->explain(&subject);
}
