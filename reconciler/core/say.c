/* Fills the formats of a catalogue. They are never handed to printf: a mistake in a catalogue makes
 * a wrong sentence, not a crash. */
#include "core/say.h"

#include <libintl.h>

#include "base/text.h"
#include "base/visible.h"

const char *say_open(enum language language)
{
    return language_info(language)->is_right_to_left ? "\u2068" : "";
}

const char *say_close(enum language language)
{
    return language_info(language)->is_right_to_left ? "\u2069" : "";
}

static void add_apart(struct text *out, enum language language, struct str text)
{
    text_add(out, say_open(language));
    visible_add(out, text); /* in it there are no isolates, and nothing else that moves a line */
    text_add(out, say_close(language));
}

const char *say_apart(struct arena *arena, enum language language, const char *text)
{
    struct text out = text_make(arena);
    add_apart(&out, language, str_of(text));
    return out.data;
}

const char *say_line(struct arena *arena, enum language language, const char *text)
{
    if (language == LANGUAGE_ENGLISH) {
        return visible_line(arena, text);
    }
    char *line = arena_strdup(arena, text); /* the rest was made visible when it was filled in */
    for (char *at = strpbrk(line, "\n\t"); at != NULL; at = strpbrk(at, "\n\t")) {
        *at = ' ';
    }
    return line;
}

/* --- formats --------------------------------------------------------------------------------- */

/* "%2$s", "%-8.*s": which argument it takes, whether that is a text, and where the format goes on.
 * at stands behind the percent sign. */
struct place {
    size_t argument; /* from 1; 0: the next one */
    bool is_text;
    const char *end;
};

static struct place read_place(const char *at)
{
    struct place place = {0};
    if (at[0] >= '1' && at[0] <= '9' && at[1] == '$') {
        place.argument = (size_t)(at[0] - '0');
        at += 2;
    }
    at += strspn(at, "-+ #0123456789.*");
    at += strspn(at, "hlzj");
    place.is_text = *at == 's' || *at == 'c';
    place.end = *at == '\0' ? at : at + 1;
    return place;
}

struct arguments {
    const char *text; /* that slices is about */
    const struct message_slice *slices;
    size_t count;
};

static void fill(struct text *out, enum language language, const char *format,
                 const struct arguments *arguments)
{
    size_t next = 1;
    while (*format != '\0') {
        size_t length = strcspn(format, "%");
        text_add_str(out, (struct str){format, length});
        format += length;
        if (*format == '\0') {
            return;
        }
        if (format[1] == '%') {
            text_add_char(out, '%');
            format += 2;
            continue;
        }
        struct place place = read_place(format + 1);
        format = place.end;
        size_t number = place.argument == 0 ? next++ : place.argument;
        if (number > arguments->count) {
            continue;
        }
        struct message_slice slice = arguments->slices[number - 1];
        struct str value = {arguments->text + slice.first, (size_t)(slice.end - slice.first)};
        if (place.is_text && value.length > 0) {
            add_apart(out, language, value);
        } else {
            text_add_str(out, value);
        }
    }
}

/* --- code in sentences ------------------------------------------------------------------------ */

static bool is_ascii_sign(char c)
{
    return c > ' ' && c <= '~';
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* How much of text from here on is ASCII, words with single spaces between them. */
static size_t ascii_length(const char *text)
{
    size_t length = 0;
    while (is_ascii_sign(text[length]) ||
           (text[length] == ' ' && is_ascii_sign(text[length + 1]))) {
        length++;
    }
    return length;
}

static bool has(struct str run, const char *signs)
{
    for (size_t i = 0; i < run.length; i++) {
        if (strchr(signs, run.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Without what belongs to the sentence around it: quotes and brackets, its punctuation. */
static struct str trim(struct str run)
{
    while (run.length > 0 &&
           (strchr("\"() ", run.data[0]) != NULL ||
            (run.length > 1 && strchr(".,:", run.data[0]) != NULL && run.data[1] == ' '))) {
        run.data++;
        run.length--;
    }
    while (run.length > 0) {
        char last = run.data[run.length - 1];
        bool is_ellipsis = last == '.' && run.length > 1 && run.data[run.length - 2] == '.';
        bool is_closing = last == ')' && has(run, "(");
        if (strchr("\"() .,:", last) == NULL || is_ellipsis || is_closing) {
            break;
        }
        run.length--;
    }
    return run;
}

/* The length of "%s", "{0}" or "{why}" at the beginning; 0: there is none. */
static size_t placeholder_length(struct str run)
{
    if (run.data[0] == '%') {
        return strspn(run.data + 1, "-+ #0123456789.*$hlzj") + 2;
    }
    size_t length = run.data[0] == '{' ? strspn(run.data + 1, "twhy0123456789") + 2 : 0;
    return length > 2 && length <= run.length && run.data[length - 1] == '}' ? length : 0;
}

/* Nothing but placeholders, which are set apart when they are filled, and signs between them. In
 * one word such as %s:%zu they belong together. */
static bool is_all_placeholders(struct str run)
{
    size_t count = 0;
    for (size_t i = 0; i < run.length;) {
        size_t length = placeholder_length((struct str){run.data + i, run.length - i});
        if (length == 0 && is_letter_or_digit(run.data[i])) {
            return false;
        }
        count += length > 0;
        i += length == 0 ? 1 : length;
    }
    return count == 1 ? placeholder_length(run) >= run.length : count > 1 && has(run, " ");
}

/* Between letters of its own script, signs keep their order by themselves; at an end they would
 * jump to the other side: --adopt, /etc/. */
static bool is_code(struct str run)
{
    return run.length > 0 && !is_all_placeholders(run) &&
           !(is_letter_or_digit(run.data[0]) && is_letter_or_digit(run.data[run.length - 1]));
}

static const char *set_code_apart(struct arena *arena, enum language language, const char *text)
{
    struct text out = text_make(arena);
    if (!language_info(language)->is_right_to_left) {
        return text;
    }
    while (*text != '\0') {
        struct str whole = {text, ascii_length(text)};
        struct str run = trim(whole);
        if (whole.length == 0) {
            text_add_char(&out, *text++);
        } else if (is_code(run)) {
            text_add_str(&out, (struct str){text, (size_t)(run.data - text)});
            text_addf(&out, "%s%.*s%s", say_open(language), (int)run.length, run.data,
                      say_close(language));
            text = run.data + run.length;
        } else {
            text_add_str(&out, whole);
            text += whole.length;
        }
    }
    return out.data;
}

/* --- sentences -------------------------------------------------------------------------------- */

const char *say_text(struct arena *arena, enum language language, const char *text)
{
    if (language == LANGUAGE_ENGLISH || *text == '\0') {
        return text; /* the empty text would be the catalogue's head */
    }
    return set_code_apart(arena, language, dgettext(CATALOGUE, text));
}

static void add_part(struct text *out, enum language language, const struct message *message,
                     const struct message_part *part)
{
    const struct arguments arguments = {message->text, part->slices, MESSAGE_ARGUMENTS};
    const char *format = part->format == NULL ? "%s" : say_text(out->arena, language, part->format);
    fill(out, language, format, &arguments);
}

static const char *joint_text(struct arena *arena, enum language language, enum message_joint joint)
{
    return joint == MESSAGE_ASIDE ? say_text(arena, language, N_("; ")) : message_joint_text(joint);
}

const char *say_with(struct arena *arena, enum language language, const char *format,
                     const char *said)
{
    const char *text = say_text(arena, language, format);
    const char *place = strstr(text, "%s");
    if (place == NULL) {
        return text;
    }
    return arena_printf(arena, "%.*s%s%s", (int)(place - text), text, said, place + strlen("%s"));
}

const char *say_message(struct arena *arena, enum language language, const struct message *message)
{
    if (language == LANGUAGE_ENGLISH) {
        return message->text;
    }
    if (message->part_count == 0) {
        return say_apart(arena, language, message->text);
    }
    struct text out = text_make(arena);
    for (size_t i = 0; i < message->part_count; i++) {
        text_add(&out, i == 0 ? "" : joint_text(arena, language, message->parts[i].joint));
        add_part(&out, language, message, &message->parts[i]);
    }
    return out.data;
}

const char *say_error(struct arena *arena, enum language language, const struct error *err)
{
    const struct message message = {err->message, err->parts, err->part_count};
    return say_message(arena, language, &message);
}

const char *say_list(struct arena *arena, enum language language, const char *format,
                     va_list arguments)
{
    if (language == LANGUAGE_ENGLISH) {
        return arena_vprintf(arena, format, arguments);
    }
    return say_message(arena, language, message_vmake(arena, format, arguments));
}

const char *say(struct arena *arena, enum language language, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = say_list(arena, language, format, arguments);
    va_end(arguments);
    return text;
}

/* English has its two forms here; the catalogue has as many as its language. */
const char *say_number(struct arena *arena, enum language language, size_t number, const char *one,
                       const char *many)
{
    const char *digits = arena_printf(arena, "%zu", number);
    const struct message_slice slice = {0, (uint16_t)strlen(digits)};
    const struct arguments arguments = {digits, &slice, 1};
    const char *format = number == 1 ? one : many;
    if (language != LANGUAGE_ENGLISH) {
        format = set_code_apart(arena, language, dngettext(CATALOGUE, one, many, number));
    }
    struct text out = text_make(arena);
    fill(&out, language, format, &arguments);
    return out.data;
}
