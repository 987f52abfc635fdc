/* Documents with a text made of hostile parts in one of their places: they are refused with a
 * message that is itself harmless, or what is rendered, read back, says what they say. The bytes
 * are the place (two), where in the text of that place, and the parts. */
#include <stdlib.h>

#include "golden/hostile_payloads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_BYTES = 3, PARTS_MOST = 32 };

/* Between the hostile parts: what most values take. */
static const char *const plain[] = {"x", "q7", "-", "_", " ", "é", "ع"};
enum { PLAIN_COUNT = sizeof(plain) / sizeof(plain[0]) };

/* Every place where people write text, found once; not names, which are those of files as well. */
static const struct spot_list *all_spots(void)
{
    static struct spot_list texts;
    if (texts.count == 0) {
        static struct arena *arena; /* as long as the program */
        arena = arena_create();
        struct spot_list spots = {0};
        struct spot_walk walk = {.arena = arena, .spots = &spots, .ask = ask};
        spots_find(&walk);
        for (size_t i = 0; i < spots.count; i++) {
            if (takes_text(&spots.items[i]) && spots.items[i].hole != NULL) {
                vec_add(arena, &texts, spots.items[i]);
            }
        }
    }
    return &texts;
}

/* A part that YAML refuses makes the whole one that must be refused. */
static struct payload payload_of(struct arena *arena, const uint8_t *data, size_t size)
{
    struct text yaml = text_make(arena);
    struct text text = text_make(arena);
    bool is_refused = false;
    for (size_t i = 0; i < size && i < PARTS_MOST; i++) {
        size_t number = data[i] % (PAYLOAD_COUNT + PLAIN_COUNT);
        if (number >= PAYLOAD_COUNT) {
            text_add(&yaml, plain[number - PAYLOAD_COUNT]);
            text_add(&text, plain[number - PAYLOAD_COUNT]);
            continue;
        }
        const struct payload *part = &payloads[number];
        if (text.length > 0 && text.data[text.length - 1] == '$' && part->yaml[0] == '$') {
            continue; /* two of them stand for one in targets of redirects and the like */
        }
        text_add_str(&yaml, (struct str){part->yaml, part->length});
        is_refused = is_refused || part->text == NULL;
        text_add(&text, part->text == NULL ? "" : part->text);
    }
    return (struct payload){yaml.data, yaml.length, is_refused ? NULL : text.data};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct spot_list *spots = all_spots();
    if (size <= HEAD_BYTES) {
        return 0;
    }
    AUTO_ARENA arena = arena_create();
    struct tally tally = {0};
    const struct spot *spot = &spots->items[((size_t)data[0] << 8 | data[1]) % spots->count];
    enum place place = data[2] % PLACE_COUNT;
    struct payload payload = payload_of(arena, data + HEAD_BYTES, size - HEAD_BYTES);
    struct texts texts = texts_make(arena, spot, payload, place);
    judge(arena, spot, &texts,
          arena_printf(arena, "%s, \"%s\", place %d", spot->name, payload.yaml, (int)place),
          &tally);
    if (tally.failures > 0) {
        abort();
    }
    return 0;
}
