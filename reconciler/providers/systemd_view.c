/* Builds the private root in which systemd-analyze looks at unit files: as an ordinary user,
 * without this machine's own units and programs. What a unit names but does not bring along is
 * there as a placeholder, so that only the text itself is judged. */
#include "providers/systemd_view.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

/* Two folders and no more: with the usual list of ten, 1,000 units take 1.1 s instead of 0.4 s. */
#define UNIT_PATH "/etc/systemd/system:/usr/lib/systemd/system"

enum { ANALYZE_LIMIT_MS = 120 * 1000 };

/* What every unit depends on without saying so. */
static const char *const implied_units[] = {
    "basic.target",   "sysinit.target",  "shutdown.target",  "sockets.target",  "timers.target",
    "paths.target",   "local-fs.target", "umount.target",    "time-set.target", "time-sync.target",
    "network.target", "slices.target",   "multi-user.target"};

/* A unit of this suffix that does nothing. The suffixes that are missing here need no file (device,
 * slice, scope) or a name that fits the content (mount, swap); nobody may require those. */
static const struct placeholder {
    const char *suffix;
    const char *content;
} placeholders[] = {
    {".target", "[Unit]\n"},
    {".service", "[Service]\nExecStart=/bin/true\n"},
    {".socket", "[Socket]\nListenStream=/run/placeholder\nService=placeholder.service\n"},
    {".timer", "[Timer]\nOnBootSec=1\nUnit=placeholder.service\n"},
    {".path", "[Path]\nPathExists=/\nUnit=placeholder.service\n"},
};

/* Settings whose value names units that must be there. */
static const char *const unit_settings[] = {"Requires", "Requisite", "BindsTo", "Wants",
                                            "Upholds",  "Sockets",   "Service", "Unit"};

VEC(argument_list, const char *);

struct building {
    struct arena *arena;
    int directory;
    struct map files;       /* paths that are there */
    struct map directories; /* the same for folders */
};

/* ---- writing ------------------------------------------------------------------------------- */

/* path is absolute inside the view. What is there already stays. */
static bool add_file(struct building *building, const char *path, struct str content, mode_t mode,
                     struct error *err)
{
    if (map_has(&building->files, path)) {
        return true;
    }
    char *folder = arena_strndup(building->arena, path, (size_t)(strrchr(path, '/') - path));
    if (folder[0] != '\0' && !map_has(&building->directories, folder)) {
        if (!file_make_directories(building->directory, folder + 1, 0755, err)) {
            return false;
        }
        (void)map_put(building->arena, &building->directories, folder, building);
    }
    AUTO_FD fd = openat(building->directory, path + 1,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 || !file_write_all(fd, content)) {
        return error_errno(err, "write placeholder %s", path);
    }
    (void)map_put(building->arena, &building->files, path, building);
    return true;
}

/* ---- what a text names --------------------------------------------------------------------- */

/* One line as systemd sees it: a backslash at the end joins the next one. */
static bool next_line(struct arena *arena, struct str *rest, struct text *out_line)
{
    *out_line = text_make(arena);
    while (rest->length > 0) {
        const char *newline = memchr(rest->data, '\n', rest->length);
        size_t length = newline == NULL ? rest->length : (size_t)(newline - rest->data);
        bool continues = length > 0 && rest->data[length - 1] == '\\' && newline != NULL;
        text_add_str(out_line, (struct str){rest->data, length - continues});
        rest->data += length + (newline != NULL);
        rest->length -= length + (newline != NULL);
        if (!continues) {
            return true;
        }
        text_add_char(out_line, ' ');
    }
    return out_line->length > 0;
}

static const char *placeholder_content(const char *unit)
{
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (text_ends_with(unit, placeholders[i].suffix)) {
            return placeholders[i].content;
        }
    }
    return NULL;
}

static bool add_unit(struct building *building, const char *unit, struct error *err)
{
    const char *content = placeholder_content(unit);
    if (content == NULL || strpbrk(unit, "/%") != NULL ||
        map_has(&building->files, arena_printf(building->arena, SYSTEMD_VIEW_UNITS "%s", unit))) {
        return true;
    }
    return add_file(building, arena_printf(building->arena, "/usr/lib/systemd/system/%s", unit),
                    str_of(content), 0644, err);
}

static bool add_units(struct building *building, char *words, struct error *err)
{
    char *state = NULL;
    for (char *word = strtok_r(words, " \t", &state); word != NULL;
         word = strtok_r(NULL, " \t", &state)) {
        if (!add_unit(building, word, err)) {
            return false;
        }
    }
    return true;
}

/* The program of an Exec line without its prefixes and quotes; empty when it cannot be told. */
static const char *program_of(struct arena *arena, const char *value)
{
    struct text program = text_make(arena);
    value += strspn(value, "@-:+!|");
    char quote = *value == '"' || *value == '\'' ? *value++ : '\0';
    while (*value != '\0' && (quote != '\0' ? *value != quote : !isspace((unsigned char)*value))) {
        bool is_escaped = *value == '\\' || (value[0] == '%' && value[1] == '%');
        if (value[0] == '%' && !is_escaped) {
            return ""; /* a specifier: known only when it runs */
        }
        value += is_escaped && value[1] != '\0';
        text_add_char(&program, *value++);
    }
    return program.data;
}

static bool add_program(struct building *building, const char *value, struct error *err)
{
    const char *program = program_of(building->arena, value);
    if (program[0] == '\0' || strstr(program, "..") != NULL || text_ends_with(program, "/")) {
        return true;
    }
    if (strchr(program, '/') == NULL) {
        program = arena_printf(building->arena, "/usr/bin/%s", program);
    }
    if (program[0] != '/' || add_file(building, program, STR(""), 0755, err)) {
        return true;
    }
    /* No such program can be: one lies in another, say. systemd will tell of which unit. */
    return err->number == ENOTDIR || err->number == EEXIST || err->number == ENAMETOOLONG;
}

static bool names_units(const char *key)
{
    for (size_t i = 0; i < sizeof(unit_settings) / sizeof(unit_settings[0]); i++) {
        if (strcmp(unit_settings[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_named(struct building *building, struct str text, struct error *err)
{
    struct text line;
    while (next_line(building->arena, &text, &line)) {
        char *equals = strchr(line.data, '=');
        if (equals == NULL) {
            continue;
        }
        *equals = '\0';
        const char *key = line.data;
        char *value = equals + 1 + strspn(equals + 1, " \t");
        bool is_added = true;
        if (text_starts_with(key, "Exec")) {
            is_added = add_program(building, value, err);
        } else if (names_units(key)) {
            is_added = add_units(building, value, err);
        }
        if (!is_added) {
            return false;
        }
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool build(struct building *building, const char *const *names, const struct str *texts,
                  size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(building->arena, SYSTEMD_VIEW_UNITS "%s", names[i]);
        if (!add_file(building, path, texts[i], 0644, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_named(building, texts[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(implied_units) / sizeof(implied_units[0]); i++) {
        if (!add_unit(building, implied_units[i], err)) {
            return false;
        }
    }
    return add_unit(building, "placeholder.service", err) &&
           add_program(building, "/bin/true", err);
}

static struct systemd_view view_take(struct systemd_view *view)
{
    struct systemd_view taken = *view;
    *view = SYSTEMD_VIEW_NONE;
    return taken;
}

bool systemd_view_make(const char *const *names, const struct str *texts, size_t count,
                       struct arena *arena, struct systemd_view *out_view, struct error *err)
{
    const char *parent = secure_getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/reconcile-units-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(path) == NULL) {
        return error_errno(err, "make temporary directory %s", path);
    }
    AUTO_SYSTEMD_VIEW view = {path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (view.directory < 0) {
        return error_errno(err, "open %s", path);
    }
    struct building building = {.arena = arena, .directory = view.directory};
    if (!build(&building, names, texts, count, err)) {
        return error_wrap(err, "private view for systemd-analyze");
    }
    *out_view = view_take(&view);
    return true;
}

void systemd_view_remove(struct systemd_view *view)
{
    if (view->path != NULL) {
        bool is_removed = file_remove_all(AT_FDCWD, view->path, NULL);
        (void)is_removed; /* a leftover in the temporary folder harms nobody */
        cleanup_fd(&view->directory);
        *view = SYSTEMD_VIEW_NONE;
    }
}

static const char *const *analysis_argv(const struct systemd_view *view,
                                        const struct systemd_analysis *analysis,
                                        struct arena *arena)
{
    struct argument_list argv = {0};
    vec_add(arena, &argv, "systemd-analyze");
    for (size_t i = 0; analysis->arguments[i] != NULL; i++) {
        vec_add(arena, &argv, analysis->arguments[i]);
    }
    vec_add(arena, &argv, arena_printf(arena, "--root=%s", view->path));
    vec_add(arena, &argv, "--");
    for (size_t i = 0; i < analysis->count; i++) {
        vec_add(arena, &argv, analysis->names[i]);
    }
    vec_add(arena, &argv, NULL);
    return argv.items;
}

bool systemd_view_analyze(const struct systemd_view *view, struct host *host,
                          const struct systemd_analysis *analysis, struct arena *arena,
                          struct systemd_analysis_result *out_result, struct error *err)
{
    const struct process_options options = {
        .argv = analysis_argv(view, analysis, arena),
        .environment = (const char *const[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                                             "/usr/bin:/sbin:/bin",
                                             "LC_ALL=C.UTF-8", "SYSTEMD_UNIT_PATH=" UNIT_PATH,
                                             "SYSTEMD_ENVIRONMENT_GENERATOR_PATH=",
                                             "SYSTEMD_COLORS=0", "SYSTEMD_EMOJI=0", NULL},
        .timeout_ms = ANALYZE_LIMIT_MS,
        .output_limit = analysis->output_limit,
        .directory = view->directory,
    };
    struct error why = {0};
    out_result->is_there = host->run(host, &options, arena, &out_result->process, &why);
    if (out_result->is_there || why.code == ERROR_UNAVAILABLE) {
        return true;
    }
    return error_copy(err, &why);
}
