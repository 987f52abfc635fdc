/* Makes a look at a process readable: names for numbers, one text for its arguments. What programs
 * call themselves may hold any bytes, and arguments may hold passwords: neither goes on as it is.
 */

#include "providers/file_writer.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"

enum {
    USERS_REMEMBERED = 32,
    USERS_REMEMBERED_US = 60 * 1000 * 1000,
    USER_NAME_SIZE = 64,
    PASSWD_SIZE = 16 * 1024,
};

/* ---- Users ----------------------------------------------------------------------------------- */

struct user_name {
    uid_t user;
    int64_t read_at_us;        /* 0: free */
    char name[USER_NAME_SIZE]; /* "": there is none */
};

struct user_names {
    struct user_name items[USERS_REMEMBERED];
    size_t next;
};

struct user_names *user_names_open(void)
{
    return calloc(1, sizeof(struct user_names));
}

void user_names_close(struct user_names *names)
{
    free(names);
}

static const struct user_name *find_user(struct user_names *names, uid_t user)
{
    struct user_name *place = NULL;
    for (size_t i = 0; i < USERS_REMEMBERED && place == NULL; i++) {
        bool is_it = names->items[i].read_at_us != 0 && names->items[i].user == user;
        place = is_it ? &names->items[i] : NULL;
    }
    if (place != NULL && clock_us() - place->read_at_us < USERS_REMEMBERED_US) {
        return place;
    }
    if (place == NULL) {
        place = &names->items[names->next];
        names->next = (names->next + 1) % USERS_REMEMBERED;
    }
    char buffer[PASSWD_SIZE];
    struct passwd entry;
    struct passwd *found = NULL;
    (void)getpwuid_r(user, &entry, buffer, sizeof(buffer), &found); /* found says it all */
    *place = (struct user_name){.user = user, .read_at_us = clock_us()};
    size_t length = found == NULL ? 0 : strlen(found->pw_name);
    if (length > 0 && length < USER_NAME_SIZE) {
        memcpy(place->name, found->pw_name, length + 1);
    }
    return place;
}

/* ---- Texts ----------------------------------------------------------------------------------- */

/* What is no text, moves a terminal or turns a line around becomes "?". */
static void add_clean(struct text *text, struct str bytes)
{
    for (size_t place = 0; place < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, place, &code);
        if (length == 0 || utf8_is_control(code) || utf8_is_bidi_control(code)) {
            text_add_char(text, '?');
        } else {
            text_add_str(text, (struct str){bytes.data + place, length});
        }
        place += length == 0 ? 1 : length;
    }
}

static const char *clean(struct arena *arena, const char *bytes)
{
    struct text text = text_make(arena);
    add_clean(&text, str_of(bytes));
    return text.data;
}

/* A program that was replaced since it was started is still named by its path. */
static const char *clean_program(struct arena *arena, const char *path)
{
    static const char suffix[] = " (deleted)";
    size_t length = strlen(path) - (text_ends_with(path, suffix) ? strlen(suffix) : 0);
    return clean(arena, arena_strndup(arena, path, length));
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static bool holds(struct str text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp(text.data + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_secret(struct str name)
{
    static const char *const words[] = {"pass", "pwd",  "secret", "token",
                                        "key",  "auth", "cred",   "cookie"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (holds(name, words[i])) {
            return true;
        }
    }
    return false;
}

/* "-pVALUE" of the clients of MariaDB and MySQL. */
static bool is_database_client(const char *program)
{
    const char *name = strrchr(program, '/');
    name = name == NULL ? program : name + 1;
    return text_starts_with(name, "mysql") || text_starts_with(name, "mariadb");
}

/* How much of an argument may be shown: all of it, unless a secret follows. */
static size_t shown_length(struct str argument, bool has_short_password)
{
    const char *equals = memchr(argument.data, '=', argument.length);
    const char *colon = memchr(argument.data, ':', argument.length);
    const char *scheme = memmem(argument.data, argument.length, "://", 3);
    if (has_short_password && argument.length > 2 && memcmp(argument.data, "-p", 2) == 0) {
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        const char *end = i == 0 ? equals : colon; /* "--token=...", "Authorization: ..." */
        size_t length = end == NULL ? 0 : (size_t)(end - argument.data);
        if (end != NULL && names_secret((struct str){argument.data, length})) {
            return length + 1;
        }
    }
    if (scheme != NULL && memchr(scheme, '@', argument.length - (size_t)(scheme - argument.data))) {
        return (size_t)(scheme - argument.data) + 3; /* "https://user:password@host" */
    }
    return argument.length;
}

static const char *command_text(const struct process_snapshot *snapshot, struct arena *arena)
{
    struct text text = text_make(arena);
    bool has_short_password = is_database_client(snapshot->program);
    bool is_hidden = false;
    for (size_t start = 0; start < snapshot->command_length;) {
        const char *place = snapshot->command + start;
        size_t length = strnlen(place, snapshot->command_length - start);
        struct str argument = {place, length};
        size_t shown = is_hidden ? 0 : shown_length(argument, has_short_password);
        text_add(&text, start == 0 ? "" : " ");
        add_clean(&text, (struct str){place, shown});
        text_add(&text, shown < length ? "***" : "");
        /* "--password VALUE", "-H 'Cookie: ...'" is seen by itself */
        is_hidden = length > 1 && place[0] == '-' && shown == length &&
                    memchr(place, '=', length) == NULL && names_secret(argument);
        start += length + 1;
    }
    if (snapshot->command_length == SNAPSHOT_COMMAND_SIZE) {
        text_add(&text, "...");
    }
    return text.data;
}

/* ---- Writers --------------------------------------------------------------------------------- */

static const char *program_text(const struct process_snapshot *snapshot, struct arena *arena)
{
    if (snapshot->program[0] != '\0') {
        return clean_program(arena, snapshot->program);
    }
    if (snapshot->name[0] == '\0') {
        return NULL;
    }
    const char *name = clean(arena, snapshot->name);
    return snapshot->is_kernel_thread ? arena_printf(arena, "[%s]", name) : name;
}

static const char *user_text(struct user_names *names, uid_t user, struct arena *arena)
{
    const struct user_name *found = user == (uid_t)-1 ? NULL : find_user(names, user);
    return found == NULL || found->name[0] == '\0' ? NULL : clean(arena, found->name);
}

const struct file_writer *file_writer_make(const struct process_snapshot *snapshot,
                                           struct user_names *names, struct arena *arena)
{
    struct file_writer *writer = arena_new(arena, struct file_writer);
    *writer = (struct file_writer){
        .is_known = snapshot->is_known,
        .is_partial = snapshot->is_partial,
        .is_own = snapshot->is_own,
        .pid = snapshot->pid,
        .user = snapshot->user,
        .login_user = snapshot->login_user,
        .program = program_text(snapshot, arena),
        .command = snapshot->command_length == 0 ? NULL : command_text(snapshot, arena),
        .unit = snapshot->unit[0] == '\0' ? NULL : clean(arena, snapshot->unit),
        .user_name = user_text(names, snapshot->user, arena),
        .login_user_name = user_text(names, snapshot->login_user, arena),
        .ancestor_count = snapshot->ancestor_count,
    };
    struct file_writer_ancestor *ancestors =
        arena_array(arena, snapshot->ancestor_count, sizeof(*ancestors));
    for (size_t i = 0; i < snapshot->ancestor_count; i++) {
        const struct process_ancestor *ancestor = &snapshot->ancestors[i];
        ancestors[i].pid = ancestor->pid;
        ancestors[i].program =
            ancestor->program[0] == '\0' ? NULL : clean_program(arena, ancestor->program);
    }
    writer->ancestors = ancestors;
    return writer;
}

static bool is_program(const char *path, const char *name)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return path != NULL && strcmp(slash == NULL ? path : slash + 1, name) == 0;
}

bool file_writer_comes_from(const struct file_writer *writer, const char *program)
{
    bool is_found = is_program(writer->program, program);
    for (size_t i = 0; i < writer->ancestor_count && !is_found; i++) {
        is_found = is_program(writer->ancestors[i].program, program);
    }
    return is_found;
}
