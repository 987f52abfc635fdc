/* Texts are parsed by the readers that also check what we render. */
#include "core/meaning.h"

#include "base/text.h"
#include "model/nginx_syntax.h"
#include "renderers/systemd_text.h"

static bool is_same_directive(const struct nginx_directive *a, const struct nginx_directive *b)
{
    if (a->depth != b->depth || a->opens_block != b->opens_block ||
        a->argument_count != b->argument_count || !text_equal(a->name, b->name)) {
        return false;
    }
    for (size_t i = 0; i < a->argument_count; i++) {
        if (!text_equal(a->arguments[i], b->arguments[i])) {
            return false;
        }
    }
    return true;
}

static bool is_same_nginx(struct arena *arena, struct str a, struct str b)
{
    size_t line = 0;
    struct nginx_directives left = {0};
    struct nginx_directives right = {0};
    if (!nginx_parse(arena, a, &left, &line) || !nginx_parse(arena, b, &right, &line) ||
        left.count != right.count) {
        return false;
    }
    for (size_t i = 0; i < left.count; i++) {
        if (!is_same_directive(&left.items[i], &right.items[i])) {
            return false;
        }
    }
    return true;
}

static bool is_same_unit(struct arena *arena, struct str a, struct str b)
{
    size_t line = 0;
    struct systemd_settings left = {0};
    struct systemd_settings right = {0};
    if (!systemd_parse(arena, a, &left, &line) || !systemd_parse(arena, b, &right, &line) ||
        left.count != right.count) {
        return false;
    }
    for (size_t i = 0; i < left.count; i++) {
        const struct systemd_setting *x = &left.items[i];
        const struct systemd_setting *y = &right.items[i];
        if (!text_equal(x->section, y->section) || !text_equal(x->key, y->key) ||
            !text_equal(x->value, y->value)) {
            return false;
        }
    }
    return true;
}

static const struct {
    const char *ending;
    bool (*is_same)(struct arena *arena, struct str a, struct str b);
} readers[] = {
    {".conf", is_same_nginx},  {".service", is_same_unit}, {".timer", is_same_unit},
    {".socket", is_same_unit}, {".path", is_same_unit},
};

bool meaning_is_same(struct arena *arena, const char *path, struct str a, struct str b)
{
    for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
        if (text_ends_with(path, readers[i].ending)) {
            return readers[i].is_same(arena, a, b);
        }
    }
    return false;
}
