/* The quoting writer of manual pages. */
#include "core/roff.h"

#include <stdbool.h>
#include <string.h>

/* What a character is written as where it is not itself; NULL: it is. A hyphen becomes the minus
 * that people type, a backslash the one that is shown. */
static const char *quoted(char c)
{
    static const struct {
        char c;
        const char *text;
    } table[] = {
        {'\\', "\\e"},  {'-', "\\-"},   {'"', "\\(dq"}, {'\'', "\\(aq"},
        {'^', "\\(ha"}, {'~', "\\(ti"}, {'`', "\\(ga"}, {'\n', " "},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].c == c) {
            return table[i].text;
        }
    }
    return NULL;
}

/* A dot at the start of a line would make it a request. */
static void add_quoted(struct text *out, const char *text, bool begins_line)
{
    bool is_bold = false;
    text_add(out, begins_line && *text == '.' ? "\\&" : "");
    for (; *text != '\0'; text++) {
        const char *special = quoted(*text);
        if (*text == '`' && (is_bold || strchr(text + 1, '`') != NULL)) {
            is_bold = !is_bold;
            text_add(out, is_bold ? "\\fB" : "\\fP");
        } else if (special != NULL) {
            text_add(out, special);
        } else {
            text_add_char(out, *text);
        }
    }
}

static void add_request(struct text *out, const char *request, const char *argument)
{
    text_addf(out, ".%s \"", request);
    add_quoted(out, argument, false);
    text_add(out, "\"\n");
}

void roff_begin(struct text *out, const char *title, const char *section, const char *chapter)
{
    text_addf(out, ".TH \"");
    add_quoted(out, title, false);
    text_addf(out, "\" %s \"\" reconcile \"", section);
    add_quoted(out, chapter, false);
    text_add(out, "\"\n");
}

void roff_section(struct text *out, const char *title)
{
    add_request(out, "SH", title);
}

void roff_subsection(struct text *out, const char *title)
{
    add_request(out, "SS", title);
}

void roff_text(struct text *out, const char *text)
{
    add_quoted(out, text, true);
    text_add_char(out, '\n');
}

void roff_paragraph(struct text *out, const char *text)
{
    text_add(out, ".PP\n");
    roff_text(out, text);
}

void roff_term(struct text *out, const char *term)
{
    text_add(out, ".TP\n");
    add_request(out, "B", term);
}

void roff_continue(struct text *out)
{
    text_add(out, ".IP\n");
}

static void add_lines(struct text *out, const char *content)
{
    text_add(out, ".EX\n");
    while (*content != '\0') {
        size_t length = strcspn(content, "\n");
        roff_text(out, arena_strndup(out->arena, content, length));
        content += length + (content[length] == '\n');
    }
    text_add(out, ".EE\n");
}

void roff_block(struct text *out, const char *content)
{
    text_add(out, ".PP\n.in +4n\n");
    add_lines(out, content);
    text_add(out, ".in\n");
}

void roff_term_block(struct text *out, const char *content)
{
    text_add(out, ".IP\n");
    add_lines(out, content);
}
