/* Any text through the readers of scalars: what is written back is read to the same value, and
 * words never gain or lose bytes outside of quotes. */

#include <stdint.h>
#include <stdlib.h>

#include "schemas/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void check_numbers(struct arena *arena, const char *text)
{
    uint64_t bytes = 0;
    if (value_read_size(text, &bytes)) {
        uint64_t again = 0;
        require(value_read_size(value_write_size(arena, bytes), &again) && again == bytes);
    }
    int64_t milliseconds = 0;
    if (value_read_duration(text, &milliseconds)) {
        int64_t again = 0;
        require(milliseconds >= 0);
        require(value_read_duration(value_write_duration(arena, milliseconds), &again) &&
                again == milliseconds);
    }
    uint32_t count = 0;
    uint32_t per_seconds = 0;
    if (value_read_rate(text, &count, &per_seconds)) {
        require(count > 0 && per_seconds > 0);
    }
    mode_t mode = 0;
    if (value_read_mode(text, &mode)) {
        require(mode <= 07777);
    }
    uint16_t port = 0;
    int64_t number = 0;
    if (value_read_port(text, &port)) {
        require(port > 0 && value_read_integer(text, &number) && number == port);
    }
}

static void check_words(struct arena *arena, const char *text)
{
    const char *const *words = NULL;
    const char *why = NULL;
    size_t count = 0;
    if (!value_read_argv(arena, text, &words, &count, &why)) {
        require(why != NULL);
        return;
    }
    require(count > 0 && words[count] == NULL);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += strlen(words[i]);
    }
    require(length <= strlen(text));
}

static void check_syntaxes(const char *text)
{
    static const struct syntax *const syntaxes[] = {
        &syntax_any,         &syntax_line,     &syntax_name,         &syntax_host_name,
        &syntax_server_name, &syntax_path,     &syntax_url_path,     &syntax_url,
        &syntax_header_name, &syntax_variable, &syntax_user,         &syntax_unit_name,
        &syntax_network,     &syntax_date,     &syntax_address_port, &syntax_domain,
    };
    for (size_t i = 1; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
        bool is_good = syntaxes[i]->check(text);
        require(!is_good || strchr(text, '\n') == NULL); /* but for any text, one line */
    }
    require(!syntax_host_name.check(text) || syntax_server_name.check(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *text = arena_strndup(arena, (const char *)data, size);
    check_numbers(arena, text);
    check_words(arena, text);
    check_syntaxes(text);
    arena_destroy(arena);
    return 0;
}
