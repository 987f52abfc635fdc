/* Writes one line per event, in one write, so that lines of several processes do not mix. */

#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"

static const struct {
    const char *name;
    char priority; /* sd-daemon(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", '3'},
    [LOG_LEVEL_WARNING] = {"warning", '4'},
    [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_DEBUG] = {"debug", '7'},
};

/* The one variable of the program that is not passed down: every event would have to carry it. */
static enum log_level level_most = LOG_LEVEL_INFO;

void log_set_level(enum log_level most)
{
    level_most = most;
}

/* JOURNAL_STREAM names the journal's end of a stream; ours may have been redirected since. */
static bool journal_listens(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    char *end = NULL;
    uintmax_t device = strtoumax(stream, &end, 10);
    if (*end != ':') {
        return false;
    }
    uintmax_t inode = strtoumax(end + 1, &end, 10);
    return *end == '\0' && device == status.st_dev && inode == status.st_ino;
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_./:@%+,", c) != NULL);
}

static bool is_all_plain(const char *value)
{
    const char *c = value;
    while (is_plain((unsigned char)*c)) {
        c++;
    }
    return c != value && *c == '\0';
}

/* One character of a quoted value; returns how many bytes it has. */
static size_t add_character(struct text *line, struct str value, size_t offset)
{
    uint32_t code = 0;
    size_t length = utf8_decode(value, offset, &code);
    bool is_shown = length > 0 && !utf8_is_control(code) && !utf8_is_bidi_control(code);
    if (code == '\n') {
        text_add(line, "\\n");
    } else if (code == '"' || code == '\\') {
        text_addf(line, "\\%c", (char)code);
    } else if (is_shown) {
        text_add_str(line, (struct str){value.data + offset, length});
    } else {
        for (size_t i = 0; i < length || i == 0; i++) {
            text_addf(line, "\\x%02x", (unsigned char)value.data[offset + i]);
        }
    }
    return length == 0 ? 1 : length;
}

static void add_pair(struct text *line, const char *key, const char *value)
{
    text_addf(line, " %s=", key);
    if (is_all_plain(value)) {
        text_add(line, value);
        return;
    }
    struct str bytes = str_of(value);
    text_add_char(line, '"');
    for (size_t offset = 0; offset < bytes.length;) {
        offset += add_character(line, bytes, offset);
    }
    text_add_char(line, '"');
}

void log_event(enum log_level level, const char *message, ...)
{
    if (level > level_most) {
        return;
    }
    struct arena *arena = arena_create();
    struct text line = text_make(arena);
    if (journal_listens()) {
        text_addf(&line, "<%c>", levels[level].priority);
    }
    text_addf(&line, "level=%s", levels[level].name);
    add_pair(&line, "msg", message);
    va_list pairs;
    va_start(pairs, message);
    for (const char *key = va_arg(pairs, const char *); key != NULL;
         key = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        if (value != NULL) {
            add_pair(&line, key, value);
        }
    }
    va_end(pairs);
    text_add_char(&line, '\n');
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written; /* when that fails, there is nobody left to tell */
    arena_destroy(arena);
}
