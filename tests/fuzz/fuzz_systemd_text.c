/* Any bytes as a unit file: the reader must survive them. Any texts as words, values and variables:
 * the writers assert that what they wrote reads back. Texts are what stands between NULs. */

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "renderers/environment_text.h"
#include "renderers/systemd_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

VEC(text_pairs, struct text_pair);
VEC(word_list, const char *);

/* What the YAML front end lets through. */
static bool is_document_text(const char *text)
{
    struct str bytes = str_of(text);
    for (size_t i = 0; i < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, i, &code);
        if (length == 0 || (utf8_is_control(code) && code != '\n' && code != '\t')) {
            return false;
        }
        i += length;
    }
    return true;
}

static void read_as_unit(struct arena *arena, struct str text)
{
    struct systemd_settings settings = {0};
    size_t line = 0;
    if (!systemd_parse(arena, text, &settings, &line)) {
        return;
    }
    for (size_t i = 0; i < settings.count; i++) {
        const char *const *words = NULL;
        size_t count = 0;
        (void)systemd_unquote(arena, settings.items[i].value, i % 2 == 0, &words, &count);
    }
}

static void write_words(struct arena *arena, const struct word_list *words)
{
    struct systemd_text *systemd = systemd_text_make(arena, arena);
    struct text_pairs pairs = {0};
    systemd_section(systemd, "Service");
    for (size_t i = 0; i + 1 < words->count; i++) {
        const char *text = words->items[i];
        systemd_command(systemd, "ExecStart", "-",
                        (const char *const[]){"/bin/true", text, words->items[i + 1], NULL});
        if (systemd_can_hold(text)) {
            systemd_value(systemd, "Description", text);
            systemd_words(systemd, "ReadWritePaths", (const char *const[]){text, "/b", NULL});
        }
        systemd_line(systemd, "User", "shop");
        vec_add(arena, &pairs, (struct text_pair){.key = {"NAME", NULL}, .value = {text, NULL}});
    }
    (void)systemd_text_finish(systemd);
    (void)environment_text(arena, &(struct text_map){.items = pairs.items, .count = pairs.count});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *text = arena_strndup(arena, (const char *)data, size);
    struct str bytes = {text, size};
    read_as_unit(arena, bytes);
    struct environment_variables variables = {0};
    size_t line = 0;
    (void)environment_parse(arena, bytes, &variables, &line);

    struct word_list words = {0};
    for (const char *word = text; word <= text + size; word += strlen(word) + 1) {
        if (is_document_text(word)) {
            vec_add(arena, &words, word);
        }
    }
    vec_add(arena, &words, "");
    write_words(arena, &words);
    arena_destroy(arena);
    return 0;
}
