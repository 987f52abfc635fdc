/* The embedded files. The assembler takes them in as they are; nothing is generated. */

#include "statusd/assets.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

/* The content of a file of the tree as embedded_NAME to embedded_NAME_end, followed by a NUL. */
#define EMBED(name, path)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".global embedded_" #name "\n"                                                         \
            "embedded_" #name ":\n"                                                                \
            ".incbin \"" path "\"\n"                                                               \
            ".global embedded_" #name "_end\n"                                                     \
            "embedded_" #name "_end:\n"                                                            \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char embedded_##name[];                                                           \
    extern const char embedded_##name##_end[]

EMBED(style, "statusd/assets/style.css");
EMBED(script, "statusd/assets/live.js");
EMBED(icon, "statusd/assets/icon.svg");
EMBED(openapi, "statusd/assets/openapi.json");

static const struct {
    const char *name;
    const char *suffix;
    const char *type;
    const char *begin;
    const char *end;
} files[ASSET_COUNT] = {
    [ASSET_STYLE] = {"style", "css", "text/css; charset=utf-8", embedded_style, embedded_style_end},
    [ASSET_SCRIPT] = {"live", "js", "text/javascript; charset=utf-8", embedded_script,
                      embedded_script_end},
    [ASSET_ICON] = {"icon", "svg", "image/svg+xml", embedded_icon, embedded_icon_end},
};

enum {
    GZIP_WINDOW = 15 + 16, /* zlib's way to ask for a gzip header */
    GZIP_MEMORY = 8,       /* zlib's default */
};

static bool deflate_all(struct arena *arena, struct str content, struct str *out_deflated,
                        struct error *err)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return error_set(err, ERROR_SYSTEM, "deflate the embedded files: no memory");
    }
    uLong room = deflateBound(&stream, (uLong)content.length);
    unsigned char *body = arena_alloc(arena, room);
    stream.next_in = (const unsigned char *)content.data;
    stream.avail_in = (uInt)content.length;
    stream.next_out = body;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    *out_deflated = (struct str){(const char *)body, room - stream.avail_out};
    (void)deflateEnd(&stream); /* all was taken; nothing can be left over */
    return result == Z_STREAM_END ||
           error_set(err, ERROR_SYSTEM, "deflate the embedded files: result %d", result);
}

bool assets_make(struct arena *arena, struct assets *out_assets, struct error *err)
{
    for (size_t i = 0; i < ASSET_COUNT; i++) {
        struct asset *asset = &out_assets->of[i];
        asset->content = (struct str){files[i].begin, (size_t)(files[i].end - files[i].begin)};
        asset->type = files[i].type;
        /* It only has to differ from build to build; libcrypto would double the time to start. */
        uLong checksum = crc32_z(0, (const Bytef *)asset->content.data, asset->content.length);
        asset->url =
            arena_printf(arena, "/assets/%s.%08lx.%s", files[i].name, checksum, files[i].suffix);
        if (!deflate_all(arena, asset->content, &asset->deflated, err)) {
            return false;
        }
    }
    return true;
}

const struct asset *asset_find(const struct assets *assets, const char *url)
{
    for (size_t i = 0; i < ASSET_COUNT; i++) {
        if (strcmp(assets->of[i].url, url) == 0) {
            return &assets->of[i];
        }
    }
    return NULL;
}

struct str openapi_document(void)
{
    // cppcheck-suppress comparePointers ; both labels bound one embedded object
    return (struct str){embedded_openapi, (size_t)(embedded_openapi_end - embedded_openapi)};
}
