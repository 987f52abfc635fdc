/* Any bytes: as configuration they are read without harm, and what was read can be written and read
 * again; as a user's text they are refused by the schema, or arrive as they were in every place
 * where a text of that form may stand. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "renderers/nginx_text.h"
#include "schemas/site_syntax.h"

enum { DIRECTIVES_MOST = 2000 };

/* Where renderers put texts of each form. */
static const struct {
    const struct syntax *syntax;
    enum nginx_context context;
} places[] = {
    {&syntax_location, NGINX_LITERAL},          {&syntax_header_value, NGINX_EVALUATED},
    {&syntax_response_body, NGINX_EVALUATED},   {&syntax_index_file, NGINX_EVALUATED},
    {&syntax_redirect_target, NGINX_EVALUATED}, {&syntax_static_folder, NGINX_STATIC},
    {&syntax_media_type, NGINX_STATIC},         {&syntax_header_name, NGINX_LITERAL},
};

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

/* The variable for a dollar sign, put back, as nginx evaluates it. */
static const char *evaluate(struct arena *arena, const char *text)
{
    static const char variable[] = "${" NGINX_DOLLAR "}";
    struct text out = text_make(arena);
    while (*text != '\0') {
        bool is_dollar = text_starts_with(text, variable);
        text_add_char(&out, is_dollar ? '$' : *text);
        text += is_dollar ? sizeof(variable) - 1 : 1;
    }
    return out.data;
}

static struct nginx_directives read_back(struct arena *arena, struct nginx_text *nginx)
{
    struct nginx_directives directives = {0};
    size_t line = 0;
    struct mapped_text text = nginx_text_finish(nginx);
    require(nginx_parse(arena, text.content, &directives, &line));
    return directives;
}

static void check_value(struct arena *arena, enum nginx_context context, const char *text)
{
    struct nginx_text *nginx = nginx_text_make(arena, arena);
    nginx_begin_value(nginx, NGINX_LITERAL, "first");
    nginx_value(nginx, context, text);
    nginx_open(nginx);
    nginx_word(nginx, "<");
    nginx_value(nginx, context, text);
    nginx_word(nginx, ">");
    nginx_close(nginx);
    nginx_end(nginx);
    nginx_line(nginx, "last", NULL);
    struct nginx_directives directives = read_back(arena, nginx);
    require(directives.count == 2 && directives.items[0].argument_count == 2);

    const char *whole = directives.items[0].arguments[0];
    const char *joined = directives.items[0].arguments[1];
    if (context == NGINX_EVALUATED) {
        whole = evaluate(arena, whole);
        joined = evaluate(arena, joined);
    }
    require(strcmp(whole, text) == 0);
    require(strcmp(joined, arena_printf(arena, "<%s>", text)) == 0);
}

static void check_text(struct arena *arena, const char *text)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].syntax->check(text)) {
            check_value(arena, places[i].context, text);
        }
    }
    if (syntax_listen.check(text)) {
        (void)listen_read(arena, text);
    }
    if (syntax_location.check(text)) {
        require(location_read(text).pattern[0] != '\0');
    }
    if (syntax_backend.check(text)) {
        (void)backend_is_name(text);
    }
    (void)syntax_try_step.check(text);
    (void)syntax_client.check(text);
    (void)syntax_tls.check(text);
}

/* Writes what was read; ends blocks where the depth falls. */
static struct nginx_text *rewrite(struct arena *arena, const struct nginx_directives *directives)
{
    struct nginx_text *nginx = nginx_text_make(arena, arena);
    size_t depth = 0;
    for (size_t i = 0; i < directives->count; i++) {
        const struct nginx_directive *directive = &directives->items[i];
        for (; depth > directive->depth; depth--) {
            nginx_block_end(nginx);
        }
        nginx_begin_value(nginx, NGINX_LITERAL, directive->name);
        for (size_t j = 0; j < directive->argument_count; j++) {
            nginx_value(nginx, NGINX_LITERAL, directive->arguments[j]);
        }
        if (directive->opens_block) {
            nginx_block(nginx);
            depth++;
        } else {
            nginx_end(nginx);
        }
    }
    for (; depth > 0; depth--) {
        nginx_block_end(nginx);
    }
    return nginx;
}

/* Quoting may take twice the bytes. */
static bool is_short(const struct nginx_directive *directive)
{
    size_t longest = strlen(directive->name);
    for (size_t i = 0; i < directive->argument_count; i++) {
        size_t length = strlen(directive->arguments[i]);
        longest = length > longest ? length : longest;
    }
    return longest <= NGINX_ARGUMENT_MAX / 2;
}

static void check_configuration(struct arena *arena, struct str bytes)
{
    struct nginx_directives directives = {0};
    size_t line = 0;
    if (!nginx_parse(arena, bytes, &directives, &line) || directives.count > DIRECTIVES_MOST) {
        return;
    }
    for (size_t i = 0; i < directives.count; i++) {
        if (!is_short(&directives.items[i])) {
            return;
        }
    }
    struct nginx_directives again = read_back(arena, rewrite(arena, &directives));
    require(again.count == directives.count);
    for (size_t i = 0; i < again.count; i++) {
        const struct nginx_directive *a = &directives.items[i];
        const struct nginx_directive *b = &again.items[i];
        require(strcmp(a->name, b->name) == 0 && a->argument_count == b->argument_count &&
                a->depth == b->depth && a->opens_block == b->opens_block);
        for (size_t j = 0; j < a->argument_count; j++) {
            require(strcmp(a->arguments[j], b->arguments[j]) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *bytes = (const char *)data;
    check_configuration(arena, (struct str){bytes, size});
    check_text(arena, arena_strndup(arena, bytes, size));
    arena_destroy(arena);
    return 0;
}
