/* Writes nginx configuration: one directive per line, two kinds of arguments (words of ours, texts
 * of users), and for each line the YAML that asked for it. What a directive means is left to the
 * renderers; reading text back is model/nginx_syntax.c.
 *
 * In double quotes nginx leaves everything alone but the quote and the backslash; line breaks are
 * written as \n so that a directive stays on its line. A dollar cannot be escaped there at all:
 * see enum nginx_context. */

#include "renderers/nginx_text.h"

#include <assert.h>

#include "base/text.h"

enum { INDENT = 4, COMMENT_LENGTH = 1000 };
enum { USUAL_LINES = 120, USUAL_LENGTH = 32 }; /* of a site: so much room is there at first */

VEC(span_list, struct span);

struct nginx_text {
    struct arena *arena;   /* for the finished text */
    struct arena *scratch; /* for the growing one */
    struct text text;
    struct span_list lines;
    struct span span;
    size_t depth; /* of open blocks */
    size_t table_count;
    size_t argument;     /* offset of the argument that is being written in parts */
    bool is_in_argument; /* between nginx_open and nginx_close */
};

/* What never needs quotes, wherever it stands in an argument. */
static bool is_plain(char c)
{
    // clang-format off
    switch (c) {
    case '_': case '-': case '.': case '/': case ':': case '=': case '%': case '+': case ',':
    case '@': case '*': case '?': case '&': case '!': case '^': case '~': case '[': case ']':
        return true;
    // clang-format on
    default:
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}

static bool is_plain_text(const char *text)
{
    if (text[0] == '\0') {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_plain(*c)) {
            return false;
        }
    }
    return true;
}

static void add_escaped(struct text *out, enum nginx_context context, char c)
{
    switch (c) {
    case '"':
    case '\\':
        text_add_char(out, '\\');
        text_add_char(out, c);
        break;
    case '\n':
        text_add(out, "\\n");
        break;
    case '\r':
        text_add(out, "\\r");
        break;
    case '\t':
        text_add(out, "\\t");
        break;
    case '$':
        assert(context != NGINX_STATIC);
        text_add(out, context == NGINX_EVALUATED ? "${" NGINX_DOLLAR "}" : "$");
        break;
    default:
        text_add_char(out, c);
    }
}

static void add_escaped_text(struct text *out, enum nginx_context context, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        add_escaped(out, context, *c);
    }
}

static void end_line(struct nginx_text *nginx, const char *end)
{
    assert(!nginx->is_in_argument);
    text_add(&nginx->text, end);
    text_add_char(&nginx->text, '\n');
    vec_add(nginx->scratch, &nginx->lines, nginx->span);
}

static void begin_line(struct nginx_text *nginx)
{
    static const char spaces[] = "                                ";
    for (size_t left = nginx->depth * INDENT; left > 0;) {
        size_t length = left < sizeof(spaces) - 1 ? left : sizeof(spaces) - 1;
        text_add_str(&nginx->text, (struct str){spaces, length});
        left -= length;
    }
}

struct nginx_text *nginx_text_make(struct arena *arena, struct arena *scratch)
{
    struct nginx_text *nginx = arena_new(scratch, struct nginx_text);
    nginx->arena = arena;
    nginx->scratch = scratch;
    nginx->text = text_make(scratch);
    text_reserve(&nginx->text, USUAL_LINES * USUAL_LENGTH);
    nginx->lines.items = arena_array(scratch, USUAL_LINES, sizeof(*nginx->lines.items));
    nginx->lines.capacity = USUAL_LINES;
    return nginx;
}

void nginx_at(struct nginx_text *nginx, struct span span)
{
    nginx->span = span;
}

struct span nginx_place(const struct nginx_text *nginx)
{
    return nginx->span;
}

struct mapped_text nginx_text_finish(struct nginx_text *nginx)
{
    assert(nginx->depth == 0);
    return mapped_text_copy(nginx->arena, &(const struct mapped_text){
                                              .content = text_str(&nginx->text),
                                              .lines = nginx->lines.items,
                                              .line_count = nginx->lines.count,
                                          });
}

void nginx_begin(struct nginx_text *nginx, const char *directive)
{
    begin_line(nginx);
    text_add(&nginx->text, directive);
}

void nginx_word(struct nginx_text *nginx, const char *word)
{
    if (!nginx->is_in_argument) {
        text_add_char(&nginx->text, ' ');
    }
    text_add(&nginx->text, word);
}

void nginx_number(struct nginx_text *nginx, unsigned long long number, const char *unit)
{
    if (!nginx->is_in_argument) {
        text_add_char(&nginx->text, ' ');
    }
    text_addf(&nginx->text, "%llu%s", number, unit);
}

static void begin_quotes(struct nginx_text *nginx)
{
    assert(!nginx->is_in_argument);
    text_add_char(&nginx->text, '"');
    nginx->argument = nginx->text.length;
    nginx->is_in_argument = true;
}

static void add_value(struct nginx_text *nginx, enum nginx_context context, const char *text)
{
    if (is_plain_text(text)) {
        assert(strlen(text) <= NGINX_ARGUMENT_MAX);
        text_add(&nginx->text, text);
        return;
    }
    begin_quotes(nginx);
    add_escaped_text(&nginx->text, context, text);
    nginx_close(nginx);
}

void nginx_begin_value(struct nginx_text *nginx, enum nginx_context context, const char *text)
{
    begin_line(nginx);
    add_value(nginx, context, text);
}

void nginx_value(struct nginx_text *nginx, enum nginx_context context, const char *text)
{
    if (nginx->is_in_argument) {
        add_escaped_text(&nginx->text, context, text);
        return;
    }
    text_add_char(&nginx->text, ' ');
    add_value(nginx, context, text);
}

void nginx_open(struct nginx_text *nginx)
{
    text_add_char(&nginx->text, ' ');
    begin_quotes(nginx);
}

void nginx_close(struct nginx_text *nginx)
{
    assert(nginx->is_in_argument);
    assert(nginx->text.length - nginx->argument <= NGINX_ARGUMENT_MAX);
    text_add_char(&nginx->text, '"');
    nginx->is_in_argument = false;
}

static void add_part(struct nginx_text *nginx, const struct template_part *part,
                     const char *encoded)
{
    if (part->kind == TEMPLATE_TEXT) {
        add_escaped_text(&nginx->text, NGINX_EVALUATED, part->text);
    } else if (part->is_decoded && encoded != NULL) {
        text_addf(&nginx->text, "${%s%u}", encoded, part->number);
    } else if (part->kind == TEMPLATE_CAPTURE) {
        text_addf(&nginx->text, "$%u", part->number); /* one digit: what follows is text */
    } else {
        text_addf(&nginx->text, "${%s}", part->text);
    }
}

void nginx_template(struct nginx_text *nginx, const struct template_part_list *parts,
                    const char *encoded)
{
    assert(nginx->is_in_argument);
    for (size_t i = 0; i < parts->count; i++) {
        add_part(nginx, &parts->items[i], encoded);
    }
}

void nginx_end(struct nginx_text *nginx)
{
    end_line(nginx, ";");
}

void nginx_block(struct nginx_text *nginx)
{
    end_line(nginx, " {");
    nginx->depth++;
}

void nginx_block_end(struct nginx_text *nginx)
{
    assert(nginx->depth > 0);
    nginx->depth--;
    begin_line(nginx);
    end_line(nginx, "}");
}

void nginx_gap(struct nginx_text *nginx)
{
    end_line(nginx, "");
}

/* nginx takes a comment that is longer than its buffer for a parameter that is (measured), so that
 * a long one goes on in another line, between two characters of UTF-8. */
void nginx_comment(struct nginx_text *nginx, const char *text)
{
    size_t length = 0;
    begin_line(nginx);
    text_add(&nginx->text, "# ");
    for (const char *c = text; *c != '\0'; c++, length++) {
        bool begins_character = ((unsigned char)*c & 0xC0) != 0x80;
        if (length >= COMMENT_LENGTH && begins_character) {
            end_line(nginx, "");
            begin_line(nginx);
            text_add(&nginx->text, "# ");
            length = 0;
        }
        text_add_char(&nginx->text, (unsigned char)*c < ' ' ? ' ' : *c);
    }
    end_line(nginx, "");
}

void nginx_line(struct nginx_text *nginx, const char *directive, ...)
{
    nginx_begin(nginx, directive);
    va_list words;
    va_start(words, directive);
    for (const char *word = va_arg(words, const char *); word != NULL;
         word = va_arg(words, const char *)) {
        nginx_word(nginx, word);
    }
    va_end(words);
    nginx_end(nginx);
}

void nginx_table(struct nginx_text *nginx, const char *directive, const char *from, const char *to)
{
    nginx_begin(nginx, directive);
    if (from != NULL) {
        nginx_word(nginx, from);
    }
    nginx_word(nginx, to);
    nginx_block(nginx);
    nginx->table_count++;
}

size_t nginx_table_count(const struct nginx_text *nginx)
{
    return nginx->table_count;
}

/* Where line number (from 0) of a block scalar stands in its source; the whole span when the
 * scalar is not written line by line (quoted, folded). */
static struct span raw_line_span(struct span span, struct str line, size_t number)
{
    if (span.source == NULL) {
        return span;
    }
    size_t at = source_position(span.source, span.first).line + number + 1;
    if (at > span.source->line_count) {
        return span;
    }
    struct str written = source_line(span.source, at);
    const char *found = memmem(written.data, written.length, line.data, line.length);
    if (found == NULL || found + line.length != written.data + written.length) {
        return span;
    }
    size_t first = (size_t)(found - span.source->content.data);
    return (struct span){span.source, first, first + line.length};
}

void nginx_raw(struct nginx_text *nginx, const char *text, struct span span)
{
    struct span before = nginx->span;
    size_t number = 0;
    for (const char *start = text; *start != '\0'; number++) {
        size_t length = strcspn(start, "\n");
        struct str line = {start, length};
        nginx->span = raw_line_span(span, line, number);
        text_add_str(&nginx->text, line);
        end_line(nginx, "");
        start += length + (start[length] == '\n');
    }
    nginx->span = before;
}
