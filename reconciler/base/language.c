/* Languages over gettext. An Arabic system locale is not needed: the process stays in C.UTF-8,
 * which glibc has built in, and LANGUAGE names the catalogue. Programs that are run get an
 * environment of their own. */

#include "base/language.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc's sign that catalogues must be looked up again; the manual's way to change the language of
 * a running program. */
extern int _nl_msg_cat_cntr; // NOLINT: the name is glibc's

static const struct language_info languages[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = {"en", "ltr", N_("English"), false},
    [LANGUAGE_ARABIC] = {"ar", "rtl", "العربية", true},
};

const struct language_info *language_info(enum language language)
{
    return &languages[language];
}

/* Only what stands before the region counts. */
bool language_find(const char *code, size_t length, enum language *out_language)
{
    size_t region = strcspn(code, "-_.@");
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

/* ---- What the user asks for ----------------------------------------------------------------- */

static bool is_given(const char *value)
{
    return value != NULL && value[0] != '\0';
}

/* "C", "POSIX" and nothing at all: programs that read our output ask for these. C.UTF-8 says
 * nothing of a language, as gettext sees it too. */
static bool wants_no_language(const char *locale)
{
    return strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
}

/* "ar_EG.UTF-8" and "ar_EG" are; "ar_EG.ISO-8859-6" is not. */
static bool is_utf8(const char *locale)
{
    const char *codeset = strchr(locale, '.');
    return codeset == NULL || strncasecmp(codeset, ".utf-8", strlen(".utf-8")) == 0 ||
           strncasecmp(codeset, ".utf8", strlen(".utf8")) == 0;
}

enum language language_of_locale(const char *all, const char *messages, const char *lang,
                                 const char *language)
{
    const char *locale = is_given(all) ? all : is_given(messages) ? messages : lang;
    if (!is_given(locale) || wants_no_language(locale) || !is_utf8(locale)) {
        return LANGUAGE_ENGLISH;
    }
    const char *list = is_given(language) ? language : locale;
    enum language found = LANGUAGE_ENGLISH;
    while (*list != '\0') {
        size_t length = strcspn(list, ":");
        if (language_find(list, length, &found)) {
            return found;
        }
        list += length + (list[length] == ':' ? 1 : 0);
    }
    return LANGUAGE_ENGLISH;
}

enum language language_of_environment(void)
{
    return language_of_locale(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"),
                              getenv("LANGUAGE"));
}

/* ---- Catalogues ------------------------------------------------------------------------------ */

/* The folder of the program itself, without a slash behind it. */
static const char *program_folder(struct arena *arena)
{
    enum { ROOM = 4096 };
    char *path = arena_alloc(arena, ROOM);
    ssize_t length = readlink("/proc/self/exe", path, ROOM - 1);
    char *slash = length > 0 ? strrchr(path, '/') : NULL;
    if (slash == NULL) {
        return ".";
    }
    *slash = '\0';
    return path;
}

/* A folder only: in /usr/bin there is a program of that name. */
const char *language_folder(struct arena *arena)
{
    struct stat status;
    const char *folder = program_folder(arena);
    const char *beside = arena_printf(arena, "%s/locale", folder);
    bool is_beside = stat(beside, &status) == 0 && S_ISDIR(status.st_mode);
    return is_beside ? beside : arena_printf(arena, "%s/../share/locale", folder);
}

void language_begin(const char *domain, const char *folder)
{
    (void)setlocale(LC_ALL, "C.UTF-8"); /* without it there is English, which is all it does */
    (void)bindtextdomain("libc", "/nonexistent"); /* its words are quoted and recorded: English */
    (void)bindtextdomain(domain, folder);
    (void)bind_textdomain_codeset(domain, "UTF-8");
    language_use(LANGUAGE_ENGLISH);
}

bool language_is_available(const char *domain, enum language language)
{
    if (language == LANGUAGE_ENGLISH) {
        return true;
    }
    language_use(language);
    const char *own_name = dgettext(domain, languages[LANGUAGE_ENGLISH].own_name);
    bool is_translated = strcmp(own_name, languages[language].own_name) == 0;
    language_use(LANGUAGE_ENGLISH);
    return is_translated;
}

void language_use(enum language language)
{
    (void)setenv("LANGUAGE", languages[language].code, 1); /* no memory: the language stays */
    _nl_msg_cat_cntr++;
}
