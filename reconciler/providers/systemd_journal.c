/* Reads the journal of one unit: what its processes wrote and what the manager says about it. */
#include "providers/systemd_journal.h"

#include <fcntl.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "providers/systemd.h"
#include "providers/systemd_bus.h"

enum {
    LINES_MAX = 1000,
    LINE_BYTES_MAX = 1024, /* of one entry; a stack trace is many entries */
    SETTLE_LIMIT_MS = 2000,
};

static void cleanup_journal(sd_journal **journal)
{
    sd_journal_close(*journal); /* accepts NULL */
}

/* (a AND b) OR c: matches of different fields go together, of the same field are alternatives.
 * Not only the manager itself, _PID=1, speaks of a unit: so does its child that finds no program to
 * run, and has often gone before the journal can see which unit it was in. */
static bool journal_match(sd_journal *journal, const char *unit, struct arena *arena)
{
    return sd_journal_add_match(journal, arena_printf(arena, "_SYSTEMD_UNIT=%s", unit), 0) >= 0 &&
           sd_journal_add_disjunction(journal) >= 0 &&
           sd_journal_add_match(journal, "_UID=0", 0) >= 0 &&
           sd_journal_add_match(journal, arena_printf(arena, "UNIT=%s", unit), 0) >= 0;
}

/* A field without its name; empty when the entry does not have it. */
static struct str journal_field(sd_journal *journal, const char *name)
{
    const void *data = NULL;
    size_t length = 0;
    if (sd_journal_get_data(journal, name, &data, &length) < 0) {
        return STR("");
    }
    size_t prefix = strlen(name) + 1;
    return (struct str){(const char *)data + prefix, length - prefix};
}

/* What a program wrote may hold anything: only what moves neither a terminal nor the text around it
 * goes on to people. */
static void add_printable(struct text *text, struct str raw)
{
    size_t end = raw.length < LINE_BYTES_MAX ? raw.length : LINE_BYTES_MAX;
    size_t at = 0;
    while (at < end) {
        uint32_t code = 0;
        size_t length = utf8_decode(raw, at, &code);
        if (code == '\t' || code == '\n') {
            text_add_char(text, ' ');
        } else if (length == 0 || utf8_is_control(code) || utf8_is_bidi_control(code)) {
            text_add_char(text, '?');
        } else {
            text_add_str(text, (struct str){raw.data + at, length});
        }
        at += length > 0 ? length : 1;
    }
    if (end < raw.length) {
        text_add(text, "...");
    }
}

static const char *journal_line(sd_journal *journal, struct arena *arena)
{
    struct text line = text_make(arena);
    add_printable(&line, journal_field(journal, "SYSLOG_IDENTIFIER"));
    struct str pid = journal_field(journal, "_PID");
    if (pid.length > 0) {
        text_add_char(&line, '[');
        text_add_str(&line, pid);
        text_add_char(&line, ']');
    }
    text_add(&line, ": ");
    add_printable(&line, journal_field(journal, "MESSAGE"));
    return line.data;
}

const char *systemd_journal_since(struct host *host, const char *unit, unsigned lines,
                                  uint64_t since_us, struct arena *arena)
{
    CLEANUP(cleanup_journal) sd_journal *journal = NULL;
    if (!systemd_is_managed(host) ||
        sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0 ||
        !journal_match(journal, unit, arena) || sd_journal_seek_tail(journal) < 0) {
        return "";
    }
    lines = lines < LINES_MAX ? lines : LINES_MAX;
    const char **found = arena_array(arena, lines, sizeof(*found));
    size_t count = 0;
    while (count < lines && sd_journal_previous(journal) > 0) {
        uint64_t at = 0;
        if (sd_journal_get_realtime_usec(journal, &at) < 0 || at < since_us) {
            break;
        }
        found[count++] = journal_line(journal, arena);
    }
    struct text text = text_make(arena);
    while (count > 0) {
        text_line(&text, "%s", found[--count]);
    }
    return text.data;
}

const char *systemd_journal_tail(struct host *host, const char *unit, unsigned lines,
                                 struct arena *arena)
{
    return systemd_journal_since(host, unit, lines, 0, arena);
}

void systemd_journal_settle(struct host *host, struct arena *arena)
{
    const struct process_options options = {
        .argv = (const char *const[]){"journalctl", "--sync", NULL},
        .timeout_ms = SETTLE_LIMIT_MS,
        .output_limit = LINE_BYTES_MAX,
        .directory = AT_FDCWD,
    };
    struct process_result ignored;
    /* Where it fails, the evidence may lack its last lines. */
    (void)host->run(host, &options, arena, &ignored, NULL);
}
