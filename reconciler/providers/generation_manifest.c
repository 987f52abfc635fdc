/* Text of a manifest. A head of "name value" lines and an empty line, then for each file a line
 * "MODE LENGTH DOCUMENT PATH" ("-" for no document), its bytes, and a newline. The digest in the
 * head covers all that follows; that of the tree tells whether nginx has something new to load. */

#include "providers/generation_manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/digest.h"

#define MANIFEST_FIRST_LINE "reconcile generation 2"

enum { DECIMAL = 10, OCTAL = 8, SUMMARY_MAX = 1000 };

/* ---- Writing --------------------------------------------------------------------------------- */

/* One line of bounded length, whatever the caller says, so that a head can be read alone. */
static const char *one_line(struct arena *arena, const char *summary)
{
    size_t length = strnlen(summary, SUMMARY_MAX);
    while (length > 0 && ((unsigned char)summary[length] & 0xc0U) == 0x80U) {
        length--; /* not in the middle of a character */
    }
    char *line = arena_strndup(arena, summary, length);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ') {
            *at = ' ';
        }
    }
    return line;
}

/* Digest of the files whose path begins with prefix. */
static const char *files_digest(struct arena *arena, const struct generation_files *files,
                                const char *prefix)
{
    struct digest *digest = digest_begin();
    for (size_t i = 0; i < files->count; i++) {
        const struct generation_file *file = &files->items[i];
        if (!text_starts_with(file->path, prefix)) {
            continue;
        }
        digest_add(digest, str_of(file->path));
        digest_add(digest, str_of(arena_printf(arena, "%04o", (unsigned)file->mode)));
        digest_add(digest, file->content);
    }
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    return hex;
}

struct str manifest_write(struct arena *arena, const struct layout *layout,
                          const struct generation *generation, const struct generation_files *files)
{
    struct text text = text_make(arena);
    const char *tree = arena_printf(arena, "%s/", layout->nginx_tree);
    text_line(&text, MANIFEST_FIRST_LINE);
    text_line(&text, "number %lu", generation->number);
    text_line(&text, "created %" PRId64, generation->created_at);
    text_line(&text, "digest %s", files_digest(arena, files, "/"));
    text_line(&text, "tree %s", files_digest(arena, files, tree));
    text_line(&text, "summary %s", one_line(arena, generation->summary));
    text_line(&text, "%s", "");
    for (size_t i = 0; i < files->count; i++) {
        const struct generation_file *file = &files->items[i];
        text_line(&text, "%04o %zu %s %s", (unsigned)file->mode, file->content.length,
                  file->document == NULL ? "-" : file->document, file->path);
        text_add_str(&text, file->content);
        text_add_char(&text, '\n');
    }
    return text_str(&text);
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reader {
    struct arena *arena;
    const char *at;
    const char *end;
};

static bool damaged(struct error *err, const char *what)
{
    return error_set(err, ERROR_FORMAT, "manifest: %s", what);
}

/* The next line without its newline, on the arena; NULL when there is none that ends. */
static const char *read_line(struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    const char *newline = left == 0 ? NULL : memchr(reader->at, '\n', left);
    if (newline == NULL) {
        return NULL;
    }
    const char *line = arena_strndup(reader->arena, reader->at, (size_t)(newline - reader->at));
    reader->at = newline + 1;
    return line;
}

/* The value of the line "name value"; NULL when the next line is another. */
static const char *read_value(struct reader *reader, const char *name)
{
    const char *line = read_line(reader);
    size_t length = strlen(name);
    bool is_it = line != NULL && strncmp(line, name, length) == 0 && line[length] == ' ';
    return is_it ? line + length + 1 : NULL;
}

/* The number at *at, which moves behind it and the space that follows. */
static bool read_number(const char **at, int base, unsigned long long *out_number)
{
    char *end = NULL;
    if (**at < '0' || **at > '9') {
        return false;
    }
    errno = 0;
    *out_number = strtoull(*at, &end, base);
    if (errno != 0 || (*end != ' ' && *end != '\0')) {
        return false;
    }
    *at = *end == ' ' ? end + 1 : end;
    return true;
}

static bool read_head(struct reader *reader, struct generation *out_generation, struct error *err)
{
    struct generation generation = {0};
    unsigned long long number = 0;
    unsigned long long created = 0;
    const char *first = read_line(reader);
    if (first == NULL || strcmp(first, MANIFEST_FIRST_LINE) != 0) {
        return damaged(err, "not of this version");
    }
    const char *number_text = read_value(reader, "number");
    const char *created_text = read_value(reader, "created");
    generation.digest = read_value(reader, "digest");
    generation.tree_digest = read_value(reader, "tree");
    generation.summary = read_value(reader, "summary");
    const char *empty = read_line(reader);
    if (number_text == NULL || created_text == NULL || generation.digest == NULL ||
        generation.tree_digest == NULL || generation.summary == NULL || empty == NULL ||
        *empty != '\0' || !read_number(&number_text, DECIMAL, &number) ||
        !read_number(&created_text, DECIMAL, &created)) {
        return damaged(err, "its head is damaged");
    }
    generation.number = (unsigned long)number;
    generation.created_at = (int64_t)created;
    *out_generation = generation;
    return true;
}

const char *manifest_read_names(const char *line, struct arena *arena, const char **out_document)
{
    size_t length = strcspn(line, " ");
    if (length == 0 || line[length] != ' ' || line[length + 1] != '/') {
        return NULL;
    }
    *out_document = strncmp(line, "- ", 2) == 0 ? NULL : arena_strndup(arena, line, length);
    return line + length + 1;
}

static bool read_file(struct reader *reader, struct generation_files *files)
{
    const char *line = read_line(reader);
    unsigned long long mode = 0;
    unsigned long long length = 0;
    if (line == NULL || !read_number(&line, OCTAL, &mode) ||
        !read_number(&line, DECIMAL, &length)) {
        return false;
    }
    const char *document = NULL;
    const char *path = manifest_read_names(line, reader->arena, &document);
    if (path == NULL) {
        return false;
    }
    if (length >= (unsigned long long)(reader->end - reader->at) || reader->at[length] != '\n') {
        return false;
    }
    struct str content = {arena_strndup(reader->arena, reader->at, (size_t)length), (size_t)length};
    vec_add(reader->arena, files, (struct generation_file){path, content, (mode_t)mode, document});
    reader->at += length + 1;
    return true;
}

bool manifest_read_head(struct str content, struct arena *arena, struct generation *out_generation,
                        struct error *err)
{
    struct reader reader = {arena, content.data, content.data + content.length};
    return read_head(&reader, out_generation, err);
}

bool manifest_read(struct str content, struct arena *arena, struct generation *out_generation,
                   struct generation_files *out_files, struct error *err)
{
    struct generation generation = {0};
    struct generation_files files = {0};
    struct reader reader = {arena, content.data, content.data + content.length};
    if (!read_head(&reader, &generation, err)) {
        return false;
    }
    while (reader.at < reader.end) {
        if (!read_file(&reader, &files)) {
            return damaged(err, "the list of files is damaged");
        }
    }
    if (!text_equal(files_digest(arena, &files, "/"), generation.digest)) {
        return damaged(err, "the files are not those that were written");
    }
    *out_generation = generation;
    *out_files = files;
    return true;
}
