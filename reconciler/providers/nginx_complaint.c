/* Takes apart lines such as
 *     nginx: [emerg] unknown directive "lisen" in /etc/nginx/conf.d/a.conf:3
 *     2024/01/31 12:00:00 [emerg] 4711#4711: invalid parameter "x" in /etc/nginx/conf.d/a.conf:3 */

#include "providers/nginx_complaint.h"

#include <stdlib.h>
#include <string.h>

enum { DECIMAL = 10 };

static const char *const levels[] = {"warn", "error", "crit", "alert", "emerg"};

/* Says nothing about the text: as whom we test is our own affair. */
#define USER_WARNING "the \"user\" directive makes sense only if the master process runs"

/* A site that says the type of an ending means to say it otherwise than the machine does. */
static bool is_meant(const struct nginx_complaint *complaint, const char *tree)
{
    return complaint->file != NULL && text_starts_with(complaint->file, tree) &&
           text_starts_with(complaint->message, "duplicate extension \"");
}

/* The level's own text, and where the message begins; NULL for a line of no concern. */
static const char *level_of(const char *line, const char **out_message)
{
    const char *open = strchr(line, '[');
    for (size_t i = 0; open != NULL && i < sizeof(levels) / sizeof(levels[0]); i++) {
        size_t length = strlen(levels[i]);
        if (strncmp(open + 1, levels[i], length) == 0 &&
            text_starts_with(open + 1 + length, "] ")) {
            *out_message = open + 1 + length + strlen("] ");
            return levels[i];
        }
    }
    return NULL;
}

/* Behind "4711#4711: ", if that is there. */
static const char *skip_process(const char *message)
{
    const char *at = message + strspn(message, "0123456789");
    if (at == message || *at != '#') {
        return message;
    }
    at++;
    at += strspn(at, "0123456789");
    return text_starts_with(at, ": ") ? at + strlen(": ") : message;
}

/* The last " in /PATH:LINE", at the end of the message; NULL when there is none. */
static char *place_of(char *message)
{
    static const char separator[] = " in /";
    char *colon = strrchr(message, ':');
    char *place = NULL;
    if (colon == NULL || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return NULL;
    }
    for (char *at = strstr(message, separator); at != NULL; at = strstr(at + 1, separator)) {
        place = at;
    }
    return place;
}

static const char *map_path(struct arena *arena, const char *path, const char *const *places,
                            const char *tree)
{
    for (; *places != NULL; places++) {
        size_t length = strlen(*places);
        if (strncmp(path, *places, length) == 0 && path[length] == '/') {
            return arena_printf(arena, "%s%s", tree, path + length);
        }
    }
    return path;
}

static void line_read(struct arena *arena, char *line, const char *const *places, const char *tree,
                      struct nginx_complaints *complaints)
{
    const char *start = NULL;
    const char *level = level_of(line, &start);
    if (level == NULL || strstr(line, USER_WARNING) != NULL) {
        return;
    }
    char *message = arena_strdup(arena, skip_process(start));
    struct nginx_complaint complaint = {.level = level, .message = message};
    char *place = place_of(message);
    if (place != NULL) {
        char *colon = strrchr(message, ':');
        complaint.line = strtoul(colon + 1, NULL, DECIMAL);
        *colon = '\0';
        *place = '\0';
        complaint.file = map_path(arena, place + strlen(" in "), places, tree);
    }
    if (!is_meant(&complaint, tree)) {
        vec_add(arena, complaints, complaint);
    }
}

void nginx_complaints_read(struct arena *arena, struct str output, const char *const *places,
                           const char *tree, struct nginx_complaints *out_complaints)
{
    *out_complaints = (struct nginx_complaints){0};
    char *rest = NULL;
    char *text = arena_strndup(arena, output.data, output.length);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        line_read(arena, line, places, tree, out_complaints);
    }
}

const char *nginx_complaint_text(struct arena *arena, const struct nginx_complaint *complaint)
{
    return complaint->file == NULL ? complaint->message
                                   : arena_printf(arena, "%s in %s:%zu", complaint->message,
                                                  complaint->file, complaint->line);
}
