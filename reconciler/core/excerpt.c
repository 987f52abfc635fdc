/* Excerpts are for eyes: a caret stands below its character whatever that character's width is, and
 * nothing in a file can move the terminal or hide what is there. */

#include "core/excerpt.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/utf8.h"

enum {
    LINE_WIDTH = 100, /* columns; what is longer is cut */
    MARK_COLUMN = 40, /* the mark begins at the latest here when the line is cut at its left */
    TAB_WIDTH = 4,
};

/* ---- Widths --------------------------------------------------------------------------------- */

struct range {
    uint32_t first;
    uint32_t last;
};

/* Marks that stand on the character before them, and characters that show nothing. The scripts
 * that our authors use; elsewhere a caret may be off by the marks before it. */
static const struct range without_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},
    {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED}, {0x0900, 0x0902}, {0x093C, 0x093C},
    {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},
    {0x200B, 0x200D}, {0x20D0, 0x20F0}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

/* East Asian wide and full-width characters, and pictures. */
static const struct range double_width[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static size_t width_of(uint32_t code)
{
    if (code < 0x0300) {
        return 1;
    }
    if (is_in(without_width, sizeof(without_width) / sizeof(without_width[0]), code)) {
        return 0;
    }
    return is_in(double_width, sizeof(double_width) / sizeof(double_width[0]), code) ? 2 : 1;
}

/* ---- Cells ---------------------------------------------------------------------------------- */

/* A character as it is shown. */
struct cell {
    struct str shown;
    size_t width;
    size_t length; /* bytes of the line that it stands for */
};

static struct cell cell_at(struct str line, size_t offset)
{
    if (line.data[offset] == '\t') {
        return (struct cell){STR("    "), TAB_WIDTH, 1};
    }
    uint32_t code = 0;
    size_t length = utf8_decode(line, offset, &code);
    bool is_break = code == 0x2028 || code == 0x2029 || code == 0xFEFF;
    if (length == 0 || is_break || utf8_is_control(code) || utf8_is_bidi_control(code)) {
        return (struct cell){STR("?"), 1, length == 0 ? 1 : length};
    }
    return (struct cell){{line.data + offset, length}, width_of(code), length};
}

/* Columns of the bytes from first to end. */
static size_t width_between(struct str line, size_t first, size_t end)
{
    size_t width = 0;
    while (first < end) {
        struct cell cell = cell_at(line, first);
        width += cell.width;
        first += cell.length;
    }
    return width;
}

/* Where a line that is too long begins to be shown. */
static size_t cut_left(struct str line, size_t mark)
{
    if (width_between(line, 0, line.length) <= LINE_WIDTH) {
        return 0;
    }
    size_t width = width_between(line, 0, mark);
    size_t first = 0;
    while (width > MARK_COLUMN) {
        struct cell cell = cell_at(line, first);
        width -= cell.width;
        first += cell.length;
    }
    return first;
}

static void add_repeated(struct text *text, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add_char(text, c);
    }
}

/* Isolates around words of others take no column. */
static size_t columns_of(const char *text)
{
    struct str line = str_of(text);
    size_t columns = 0;
    for (size_t offset = 0; offset < line.length;) {
        uint32_t code = 0;
        struct cell cell = cell_at(line, offset);
        bool is_isolate = utf8_decode(line, offset, &code) > 0 && code >= 0x2066 && code <= 0x2069;
        columns += is_isolate ? 0 : cell.width;
        offset += cell.length;
    }
    return columns;
}

const char *excerpt_pad(struct arena *arena, const char *text, size_t columns)
{
    struct text padded = text_make(arena);
    size_t own = columns_of(text);
    text_add(&padded, text);
    add_repeated(&padded, ' ', own < columns ? columns - own : 0);
    return padded.data;
}

/* The line from first on; *out_end is where it was cut. */
static const char *show(struct arena *arena, struct str line, size_t first, size_t *out_end)
{
    struct text text = text_make(arena);
    text_add(&text, first > 0 ? "…" : "");
    size_t width = first > 0 ? 1 : 0;
    size_t offset = first;
    while (offset < line.length) {
        struct cell cell = cell_at(line, offset);
        if (width + cell.width > LINE_WIDTH) {
            text_add(&text, "…");
            break;
        }
        text_add_str(&text, cell.shown);
        width += cell.width;
        offset += cell.length;
    }
    *out_end = offset;
    return text.data;
}

struct excerpt excerpt_make(struct arena *arena, struct span span)
{
    struct position position = source_position(span.source, span.first);
    struct str line = source_line(span.source, position.line);
    size_t start = span.source->line_starts[position.line - 1];
    size_t mark = span.first - start < line.length ? span.first - start : line.length;
    size_t mark_end = span.end - start < line.length ? span.end - start : line.length;

    size_t first = cut_left(line, mark);
    size_t end = 0;
    struct excerpt excerpt = {.line = show(arena, line, first, &end)};
    if (mark_end > end) {
        mark_end = end;
    }
    size_t before = width_between(line, first, mark) + (first > 0 ? 1 : 0);
    size_t width = mark_end > mark ? width_between(line, mark, mark_end) : 0;
    struct text text = text_make(arena);
    add_repeated(&text, ' ', before);
    add_repeated(&text, '^', width > 0 ? width : 1);
    excerpt.mark = text.data;
    return excerpt;
}

/* ---- Secrets -------------------------------------------------------------------------------- */

static bool holds(struct str text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp(text.data + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_secret_key(struct str key)
{
    static const char *const parts[] = {"pass",    "secret",      "token",      "credential",
                                        "pwd",     "privatekey",  "apikey",     "api_key",
                                        "api-key", "private_key", "private-key"};
    /* Names of secrets are none, and nginx passes requests. */
    static const char *const others[] = {"secrets",    "proxy_pass", "fastcgi_pass",
                                         "uwsgi_pass", "grpc_pass",  "scgi_pass"};
    if (is_one_of(key, others, sizeof(others) / sizeof(others[0]))) {
        return false;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (holds(key, parts[i])) {
            return true;
        }
    }
    return false;
}

static bool is_key_byte(char c)
{
    return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* The word that ends before the colon or equals sign, inside of quotes or not. */
static struct str key_before(struct str line, size_t end)
{
    while (end > 0 &&
           (line.data[end - 1] == ' ' || line.data[end - 1] == '"' || line.data[end - 1] == '\'')) {
        end--;
    }
    size_t first = end;
    while (first > 0 && is_key_byte(line.data[first - 1])) {
        first--;
    }
    return (struct str){line.data + first, end - first};
}

/* scheme://user:password@host */
static bool has_password_in_url(struct str line)
{
    for (size_t i = 0; i + 3 <= line.length; i++) {
        if (memcmp(line.data + i, "://", 3) != 0) {
            continue;
        }
        bool has_colon = false;
        for (size_t k = i + 3; k < line.length && strchr("/ \"'", line.data[k]) == NULL; k++) {
            has_colon |= line.data[k] == ':';
            if (line.data[k] == '@' && has_colon) {
                return true;
            }
        }
    }
    return false;
}

/* A colon that ends a key of YAML, or the equals sign of an assignment. */
static bool ends_key(struct str line, size_t offset)
{
    if (line.data[offset] != ':') {
        return line.data[offset] == '=';
    }
    bool is_last = offset + 1 == line.length;
    bool is_quoted = offset > 0 && strchr("\"'", line.data[offset - 1]) != NULL;
    return is_last || is_quoted || line.data[offset + 1] == ' ' || line.data[offset + 1] == '\t';
}

bool excerpt_may_hold_secret(struct str line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (ends_key(line, i) && is_secret_key(key_before(line, i))) {
            return true;
        }
    }
    return has_password_in_url(line);
}
