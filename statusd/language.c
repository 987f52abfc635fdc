/* What browsers ask for, and the texts in the language that was chosen. */

#include "statusd/language.h"

#include <libintl.h>
#include <stdlib.h>
#include <string.h>

/* The quality of one entry ("ar;q=0.8"), in thousandths. */
static int entry_quality(const char *parameters, size_t length)
{
    const char *q = memmem(parameters, length, "q=", 2);
    if (q == NULL) {
        return 1000;
    }
    double quality = strtod(q + 2, NULL); /* C.UTF-8: the point is a point */
    return quality >= 0 && quality <= 1 ? (int)(quality * 1000) : 0;
}

enum language language_accept(const char *header, enum language fallback)
{
    enum language best = fallback;
    int best_quality = 0;
    while (header != NULL && *header != '\0') {
        header += strspn(header, " \t,");
        size_t length = strcspn(header, ",");
        size_t code_length = strcspn(header, ",; \t");
        enum language language;
        int quality = entry_quality(header + code_length, length - code_length);
        if (quality > best_quality && language_find(header, code_length, &language)) {
            best = language;
            best_quality = quality;
        }
        header += length;
    }
    return best;
}

const char *tr(const char *text)
{
    return dgettext(PAGES_DOMAIN, text);
}

const char *ntr(const char *one, const char *many, long long number)
{
    unsigned long count = number < 0 ? 0 : (unsigned long)number;
    return dngettext(PAGES_DOMAIN, one, many, count);
}
