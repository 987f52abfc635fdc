/* Languages over gettext. An Arabic system locale is not needed: the process stays in C.UTF-8,
 * which glibc has built in, and LANGUAGE names the catalogue. */

#include "statusd/language.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOMAIN "statusd"

/* glibc's sign that catalogues must be looked up again; the manual's way to change the language of
 * a running program. */
extern int _nl_msg_cat_cntr; // NOLINT: the name is glibc's

static const struct language_info languages[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = {"en", "ltr", "English"},
    [LANGUAGE_ARABIC] = {"ar", "rtl", "العربية"},
};

const struct language_info *language_info(enum language language)
{
    return &languages[language];
}

/* Only what stands before the region counts. */
static bool language_find(const char *code, size_t length, enum language *out_language)
{
    size_t region = strcspn(code, "-_");
    length = region < length ? region : length;
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        if (strlen(languages[i].code) == length &&
            strncasecmp(code, languages[i].code, length) == 0) {
            *out_language = (enum language)i;
            return true;
        }
    }
    return false;
}

bool language_parse(const char *code, enum language *out_language)
{
    return language_find(code, strlen(code), out_language);
}

void language_begin(const char *directory)
{
    (void)setlocale(LC_ALL, "C.UTF-8"); /* without it the pages are English, which is all it does */
    (void)bindtextdomain(DOMAIN, directory);
    (void)bind_textdomain_codeset(DOMAIN, "UTF-8");
    language_use(LANGUAGE_ENGLISH);
}

bool language_is_available(enum language language)
{
    static const char probe[] = MARK("English");
    if (language == LANGUAGE_ENGLISH) {
        return true;
    }
    language_use(language);
    /* The catalogue names its language where we name ours. */
    bool is_translated = strcmp(dgettext(DOMAIN, probe), probe) != 0;
    language_use(LANGUAGE_ENGLISH);
    return is_translated;
}

void language_use(enum language language)
{
    (void)setenv("LANGUAGE", languages[language].code, 1); /* no memory: the language stays */
    _nl_msg_cat_cntr++;
}

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
    return dgettext(DOMAIN, text);
}

const char *ntr(const char *one, const char *many, long long number)
{
    unsigned long count = number < 0 ? 0 : (unsigned long)number;
    return dngettext(DOMAIN, one, many, count);
}
