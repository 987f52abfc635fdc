/* Text from anywhere (files of the host, output of programs) as it may be given to a terminal, a
 * browser or an XML parser: valid UTF-8 in which nothing is invisible or moves what stands around
 * it. Tabs and line feeds stay. */
#pragma once

#include "base/text.h"

/* Control characters become ^[ and the like, other invisible ones <U+202E>, bytes that are no UTF-8
 * <E9>. */
void visible_add(struct text *out, struct str bytes);
/* The same as a copy; text itself where nothing is to be changed. NULL stays NULL. */
const char *visible_text(struct arena *arena, const char *text);
/* On one line: line feeds and tabs are spaces too. */
const char *visible_line(struct arena *arena, const char *text);
