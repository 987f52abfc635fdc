/* Lines that hold secrets live on the heap, never on an arena, and are wiped. */
#include "providers/host_secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool host_secret_read(struct host *host, const char *name, struct arena *arena,
                      struct secret **out_secret, struct error *err)
{
    const char *path = arena_printf(arena, "%s/%s", host->layout->secrets, name);
    return secret_read(host->root, host_path(path), out_secret, err) ||
           error_wrap(err, "the secret %s", name);
}

struct line {
    const char *before;
    char *whole;
};

static bool copy_line(const void *bytes, size_t length, void *context)
{
    struct line *line = context;
    const unsigned char *value = bytes;
    size_t head = strlen(line->before);
    for (size_t i = 0; i < length; i++) {
        if (value[i] < ' ' || value[i] == 0x7f) {
            return false;
        }
    }
    line->whole = malloc(head + length + 1);
    if (line->whole == NULL) {
        return false;
    }
    memcpy(line->whole, line->before, head);
    memcpy(line->whole + head, bytes, length);
    line->whole[head + length] = '\0';
    return true;
}

bool host_secret_line(const char *before, const struct secret *secret, char **out_line,
                      struct error *err)
{
    struct line line = {.before = before};
    if (secret_length(secret) == 0 || !secret_use(secret, copy_line, &line)) {
        return error_set(err, ERROR_FORMAT,
                         "the secret is empty, or has line breaks or control characters in it");
    }
    *out_line = line.whole;
    return true;
}

void host_secret_wipe(char **line)
{
    if (*line != NULL) {
        OPENSSL_cleanse(*line, strlen(*line));
        free(*line);
    }
}
