/* Reads options as getopt_long(3) does: long ones by their beginning too, short ones in one word,
 * anywhere among the words, up to "--". */
#include "usage.h"

#include <string.h>

#include "core/say.h"
#include "model/diagnostic.h"

VEC(option_list, const struct argp_option *);

static bool is_end(const struct argp_option *option)
{
    return option->name == NULL && option->key == 0 && option->doc == NULL && option->group == 0;
}

static void add_named(struct arena *arena, const struct argp_option *options,
                      struct option_list *out)
{
    for (const struct argp_option *option = options; !is_end(option); option++) {
        if (option->name != NULL) {
            vec_add(arena, out, option);
        }
    }
}

const struct argp_option *usage_options(struct arena *arena, enum language language,
                                        const struct argp_option *options)
{
    size_t count = 0;
    while (!is_end(&options[count])) {
        count++;
    }
    struct argp_option *copy = arena_array(arena, count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = options[i];
        if (options[i].doc != NULL) {
            copy[i].doc = say_text(arena, language, options[i].doc);
        }
    }
    return copy;
}

/* ---- Long options ---------------------------------------------------------------------------- */

static const struct message *unknown_option(struct arena *arena, const struct option_list *known,
                                            const char *word, const char *name)
{
    const char **names = arena_array(arena, known->count, sizeof(*names));
    for (size_t i = 0; i < known->count; i++) {
        names[i] = known->items[i]->name;
    }
    const char *nearest = diagnostic_nearest(name, names, known->count);
    return nearest == NULL
               ? message_make(arena, "%s is no option", word)
               : message_make(arena, "%s is no option; did you mean --%s?", word, nearest);
}

/* The option of this name, or the only one that begins so; *out_count tells how many do. */
static const struct argp_option *find_long(const struct option_list *known, const char *name,
                                           size_t *out_count)
{
    const struct argp_option *found = NULL;
    *out_count = 0;
    for (size_t i = 0; i < known->count; i++) {
        if (strcmp(known->items[i]->name, name) == 0) {
            *out_count = 1;
            return known->items[i];
        }
        if (strncmp(known->items[i]->name, name, strlen(name)) == 0) {
            found = known->items[i];
            ++*out_count;
        }
    }
    return found;
}

/* *out_taken: the next word is its value. */
static const struct message *check_long(struct arena *arena, const struct option_list *known,
                                        const char *word, const char *next, bool *out_taken)
{
    const char *equals = strchrnul(word, '=');
    const char *name = arena_strndup(arena, word + 2, (size_t)(equals - word - 2));
    const char *shown = arena_printf(arena, "--%s", name);
    size_t count = 0;
    const struct argp_option *option = find_long(known, name, &count);
    if (option == NULL) {
        return unknown_option(arena, known, shown, name);
    }
    if (count > 1) {
        return message_make(arena, "%s begins more than one option", shown);
    }
    if (option->arg == NULL) {
        return *equals == '\0' ? NULL : message_make(arena, "--%s takes no value", option->name);
    }
    *out_taken = *equals == '\0';
    return *out_taken && next == NULL
               ? message_make(arena, "--%s needs a value: %s", option->name, option->arg)
               : NULL;
}

/* ---- Short options --------------------------------------------------------------------------- */

static const struct argp_option *find_short(const struct option_list *known, char letter)
{
    for (size_t i = 0; i < known->count; i++) {
        if (known->items[i]->key == letter) {
            return known->items[i];
        }
    }
    return NULL;
}

static const struct message *check_short(struct arena *arena, const struct option_list *known,
                                         const char *word, const char *next, bool *out_taken)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct argp_option *option = find_short(known, *letter);
        if (option == NULL) {
            return message_make(arena, "-%c is no option", *letter);
        }
        if (option->arg != NULL) {
            *out_taken = letter[1] == '\0';
            return *out_taken && next == NULL
                       ? message_make(arena, "-%c needs a value: %s", *letter, option->arg)
                       : NULL;
        }
    }
    return NULL;
}

const struct message *usage_mistake(struct arena *arena, const struct argp_option *options,
                                    const char *const *words)
{
    struct option_list known = {0};
    add_named(arena, options, &known);
    for (; *words != NULL && strcmp(*words, "--") != 0; words++) {
        bool takes_next = false;
        const struct message *mistake = NULL;
        if (strncmp(*words, "--", 2) == 0) {
            mistake = check_long(arena, &known, *words, words[1], &takes_next);
        } else if ((*words)[0] == '-' && (*words)[1] != '\0') {
            mistake = check_short(arena, &known, *words, words[1], &takes_next);
        }
        if (mistake != NULL) {
            return mistake;
        }
        words += takes_next ? 1 : 0;
    }
    return NULL;
}
