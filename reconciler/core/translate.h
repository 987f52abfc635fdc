/* Texts in the user's language: gettext's catalogue "reconcile". Only what prints uses this. */
#pragma once

#include <libintl.h>

#define TRANSLATION_DOMAIN "reconcile"

/* For words in the code: xgettext finds them. */
#define TRANSLATED(text) dgettext(TRANSLATION_DOMAIN, text)

/* For texts of a table. The empty one would be the catalogue's head. */
static inline const char *translate(const char *text)
{
    return *text == '\0' ? text : dgettext(TRANSLATION_DOMAIN, text);
}
