/* The languages that both programs speak. Their own texts are English; the others come from gettext
 * catalogues. One language is in use at a time; English never looks at a catalogue. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Marks a text for the catalogues; it is translated where it is shown. */
#define N_(text) text

enum language { LANGUAGE_ENGLISH, LANGUAGE_ARABIC, LANGUAGE_COUNT };

struct language_info {
    const char *code;      /* of LANGUAGE, of catalogues, and of HTML's lang attribute */
    const char *direction; /* of HTML's dir attribute */
    const char *own_name;
    bool is_right_to_left;
};
const struct language_info *language_info(enum language language);
/* False when the code (also "ar-EG", "ar_EG.UTF-8") is none of ours; out_language is then as it
 * was. */
bool language_parse(const char *code, enum language *out_language);
bool language_find(const char *code, size_t length, enum language *out_language);

/* What a user asks for by the values of LC_ALL, LC_MESSAGES, LANG and LANGUAGE, each of which may
 * be NULL. The locale itself need not exist on the system; one that is not UTF-8 means English. */
enum language language_of_locale(const char *all, const char *messages, const char *lang,
                                 const char *language);
/* The same, of this process. */
enum language language_of_environment(void);

/* The folder of the catalogues: in a build folder beside the program, else below share. */
const char *language_folder(struct arena *arena);
/* Finds a domain's catalogues below folder; without them there is English only. */
void language_begin(const char *domain, const char *folder);
/* True when the domain has a catalogue, which has a translation of "English": its own name. */
bool language_is_available(const char *domain, enum language language);
/* What dgettext answers in from now on. */
void language_use(enum language language);
