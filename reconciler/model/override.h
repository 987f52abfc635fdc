/* What somebody said about the host beside the documents: leave this alone, only report it, take no
 * new change of it; for how long, and why. The same record for what people say (suspend), and for
 * what the loop says of a file that two writers fight over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

enum override_effect {
    OVERRIDE_SUSPEND, /* nothing is changed, nothing is alarming */
    OVERRIDE_OBSERVE, /* differences are reported, not repaired */
    OVERRIDE_HOLD,    /* drift is repaired, no new change is taken */
    OVERRIDE_EFFECT_COUNT
};

struct override {
    const char *scope; /* "*": the host; "site": a kind; "site:shop": a document; "file:/etc/x": an
                          item */
    enum override_effect effect;
    int64_t since; /* seconds since the epoch */
    int64_t until; /* the first second in which it does not hold; 0: until somebody says resume */
    const char *why;
    const char *who; /* the user who said it; "reconcile" when the program did */
};
VEC(override_list, struct override);

/* What is repaired so often within that time and differs again has another writer. It is only
 * reported then, for as long. */
enum { OVERRIDE_FIGHT_REPAIRS = 3, OVERRIDE_FIGHT_SECONDS = 60 * 60 };
/* scope: an item; texts are kept by reference. */
struct override override_fight(const char *scope, const char *why, int64_t now);

const char *override_effect_word(enum override_effect effect);
bool override_effect_parse(const char *word, enum override_effect *out_effect);

/* The one that decides for an item of a document (NULL: the engine's own): the narrowest scope
 * wins. item: its name, "file:/etc/x"; document: "site:shop". NULL: none holds at `now`. */
const struct override *override_find(const struct override_list *list, const char *item,
                                     const char *document, int64_t now);
/* "suspended until 2026-12-31 by ali: moving house". */
const struct message *override_text(struct arena *arena, const struct override *override);
/* Replaces the one with the same scope, or appends; texts are kept by reference. */
void override_put(struct arena *arena, struct override_list *list, const struct override *override);
/* False when there was none. */
bool override_remove(struct override_list *list, const char *scope);
/* Drops what has ended. True when something was dropped. */
bool override_expire(struct override_list *list, int64_t now);
/* The earliest end; 0: none ends by itself. */
int64_t override_next_end(const struct override_list *list);

/* JSON text and back. */
struct str override_write(struct arena *arena, const struct override_list *list);
bool override_read(struct arena *arena, struct str json, struct override_list *out_list,
                   struct error *err) MUST_CHECK;
