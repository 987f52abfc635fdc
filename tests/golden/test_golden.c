/* Whole outputs: each folder KIND/CASE beside this file holds in.yaml, and in want/ what comes of
 * it: messages (as people read them), items, and every file at its path below files/. Optional:
 * facts.json and settings.yaml stand for the host's; with-origins asks for want/origins, the
 * rendered nginx lines beside the place in in.yaml that each came from; with-pages asks for the
 * error pages that come with us, which are the same everywhere.
 *
 *     test_golden             compares; each case is a test of its own
 *     test_golden --update    writes what came out instead, for review as a diff
 */

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "core/decode.h"
#include "core/desired.h"
#include "core/diagnostics_report.h"
#include "core/order.h"
#include "core/resolve.h"
#include "core/validate.h"
#include "core/yaml.h"
#include "model/certificate_item.h"
#include "model/nginx_syntax.h"
#include "schemas/settings.h"

#define CASES         TEST_SOURCE_DIR "/tests/golden"
#define PROGRAM_CASES CASES "/language/" /* go through the program: program/test-language */

enum { FILE_MOST = 4 << 20, OPEN_DIRECTORIES = 16 };

struct output {
    const char *name; /* below want/ */
    struct str content;
};
VEC(output_list, struct output);
VEC(path_list, const char *);

struct golden {
    struct arena *arena;
    const char *path; /* of the case */
    bool updates;
    struct facts facts;
    struct layout layout;
    struct output_list outputs;
};

/* What nftw hands to its callback has no other way in. */
static struct path_list *found_paths;
static struct arena *found_arena;

/* ---- Input ---------------------------------------------------------------------------------- */

static bool read_optional(const struct golden *golden, const char *name, struct str *out)
{
    struct error err;
    return file_read(AT_FDCWD, arena_printf(golden->arena, "%s/%s", golden->path, name), FILE_MOST,
                     golden->arena, out, &err);
}

static void read_settings(struct golden *golden)
{
    struct str text = {0};
    golden->layout = layout_debian12();
    if (!read_optional(golden, "settings.yaml", &text)) {
        return;
    }
    struct diagnostic_list diagnostics = {0};
    const struct source *source = source_make(golden->arena, "settings.yaml", text);
    struct settings *settings = arena_new(golden->arena, struct settings);
    struct check check = {.arena = golden->arena, .diagnostics = &diagnostics};
    field_decode(&check, &settings_schema, yaml_parse(golden->arena, source, &diagnostics).root,
                 settings);
    assert_int_equal(diagnostics.count, 0);
    golden->layout = settings_layout(settings, NULL, golden->arena);
}

static void read_facts(struct golden *golden)
{
    struct str text = {0};
    struct error err = {0};
    golden->facts = facts_debian12();
    if (read_optional(golden, "facts.json", &text) &&
        !facts_read(golden->arena, text, &golden->facts, &err)) {
        fail_msg("%s", err.message);
    }
}

/* ---- Output --------------------------------------------------------------------------------- */

static void add_output(struct golden *golden, const char *name, struct str content)
{
    if (content.length > 0) {
        vec_add(golden->arena, &golden->outputs, (struct output){name, content});
    }
}

/* What is not as it is without any condition. */
static void add_conditions(struct text *text, const struct probe *probe)
{
    bool is_plain = probe->statuses.count == 2 && probe->statuses.items[0].first == 200 &&
                    probe->statuses.items[1].last == 399;
    text_add(text, probe->is_head ? " head" : "");
    for (size_t i = 0; !is_plain && i < probe->statuses.count; i++) {
        text_addf(text, " %u-%u", probe->statuses.items[i].first, probe->statuses.items[i].last);
    }
    for (size_t i = 0; i < probe->headers.count; i++) {
        text_addf(text, " %s=\"%s\"", probe->headers.items[i].name, probe->headers.items[i].text);
    }
    if (probe->contains != NULL) {
        text_addf(text, " holds \"%s\"", probe->contains);
    }
    if (probe->within_ms > 0 || probe->window_ms > 0) {
        text_addf(text, " within %u of %u, for %u", probe->within_ms, probe->timeout_ms,
                  probe->window_ms);
    }
    text_add(text, "\n");
}

static void add_items(struct golden *golden, const struct desired *desired)
{
    struct text text = text_make(golden->arena);
    for (size_t i = 0; i < desired->items.count; i++) {
        const struct item *item = &desired->items.items[i];
        text_addf(&text, "%s %s", span_text(golden->arena, item->span),
                  item_name(golden->arena, item));
        if (strcmp(item->type, ITEM_CERTIFICATE) == 0) {
            const struct certificate_item *certificate = item->wanted;
            for (size_t j = 0; j < certificate->name_count; j++) {
                text_addf(&text, "%s%s", j == 0 ? " for " : ", ", certificate->names[j]);
            }
        }
        text_add_char(&text, '\n');
    }
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->probes.count; i++) {
        const struct probe *probe = &desired->tree->probes.items[i];
        text_addf(&text, "%s probe %s://%s:%u%s", span_text(golden->arena, probe->span),
                  probe->uses_tls ? "https" : "http", probe->host, probe->port, probe->path);
        add_conditions(&text, probe);
    }
    add_output(golden, "items", text_str(&text));
}

/* Which handshakes are looked at. */
static void add_handshakes(struct golden *golden, const struct desired *desired)
{
    struct text text = text_make(golden->arena);
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->tls_servers.count; i++) {
        const struct tls_server *server = &desired->tree->tls_servers.items[i];
        text_addf(&text, "%s shows certificate:%s", document_id(golden->arena, server->document),
                  server->certificate);
        for (size_t j = 0; server->names[j] != NULL; j++) {
            text_addf(&text, "%s%s", j == 0 ? " for " : ", ", server->names[j]);
        }
        for (size_t j = 0; j < server->endpoints.count; j++) {
            const struct tls_endpoint *endpoint = &server->endpoints.items[j];
            text_addf(&text, "%s%s port %u", j == 0 ? " at " : ", ", endpoint->address,
                      endpoint->port);
        }
        text_add(&text, "\n");
    }
    struct str marker;
    if (read_optional(golden, "with-handshakes", &marker)) {
        add_output(golden, "handshakes", text_str(&text));
    }
}

/* Each line of what was rendered with the place it came from; every line has one. */
static void add_origins(struct golden *golden, const struct desired *desired)
{
    struct text text = text_make(golden->arena);
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->members.count; i++) {
        const struct tree_member *member = &desired->tree->members.items[i];
        text_line(&text, "%s", member->path);
        const char *line = member->text.content.data;
        for (size_t j = 0; j < member->text.line_count; j++) {
            size_t length = strcspn(line, "\n");
            text_line(&text, "%-16s | %.*s", span_text(golden->arena, member->text.lines[j]),
                      (int)length, line);
            line += length + 1;
        }
        assert_ptr_equal(line, member->text.content.data + member->text.content.length);
    }
    struct str marker;
    if (read_optional(golden, "with-origins", &marker)) {
        add_output(golden, "origins", text_str(&text));
    }
}

static bool is_wanted(struct golden *golden, const struct desired_file *file)
{
    struct str marker;
    const char *pages = arena_printf(golden->arena, "%s/pages/", golden->layout.state);
    return !text_starts_with(file->path, pages) || read_optional(golden, "with-pages", &marker);
}

static void add_files(struct golden *golden, const struct desired *desired)
{
    struct desired_files files = {0};
    desired_list_files(desired, &golden->layout, golden->arena, &files);
    for (size_t i = 0; i < files.count; i++) {
        struct desired_file *file = &files.items[i];
        struct nginx_directives directives;
        size_t line = 0;
        if (text_ends_with(file->path, ".conf") && strstr(file->path, "/nginx/") != NULL &&
            !nginx_parse(golden->arena, file->content, &directives, &line)) {
            fail_msg("%s:%zu is not well formed", file->path, line);
        }
        if (is_wanted(golden, file)) {
            add_output(golden, arena_printf(golden->arena, "files%s", file->path), file->content);
        }
    }
}

static void run_stages(struct golden *golden)
{
    struct str text = {0};
    assert_true(read_optional(golden, "in.yaml", &text));
    struct decode_sources sources = {0};
    vec_add(golden->arena, &sources,
            (struct decode_source){.source = source_make(golden->arena, "in.yaml", text)});
    struct diagnostic_list diagnostics = {0};
    struct document_set documents = {0};
    bool is_incomplete = false;
    decode_documents(&(struct decode_input){.arena = golden->arena,
                                            .facts = &golden->facts,
                                            .layout = &golden->layout,
                                            .sources = &sources,
                                            .diagnostics = &diagnostics},
                     &documents, &is_incomplete);
    validate_documents(golden->arena, &golden->facts, &golden->layout, &documents, &diagnostics);
    resolve_documents(golden->arena, &documents, is_incomplete, &diagnostics);
    order_documents(golden->arena, &documents, &diagnostics);
    if (!diagnostics_have_errors(&diagnostics)) {
        struct desired desired;
        desired_build(&(struct desired_input){.arena = golden->arena,
                                              .facts = &golden->facts,
                                              .layout = &golden->layout,
                                              .documents = &documents,
                                              .diagnostics = &diagnostics},
                      &desired);
        add_items(golden, &desired);
        add_handshakes(golden, &desired);
        add_origins(golden, &desired);
        add_files(golden, &desired);
    }
    struct text messages = text_make(golden->arena);
    diagnostics_write_text(&diagnostics, LANGUAGE_ENGLISH, false, &messages);
    add_output(golden, "messages", text_str(&messages));
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static const char *want_path(const struct golden *golden, const char *name)
{
    return arena_printf(golden->arena, "%s/want/%s", golden->path, name);
}

static int note_path(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)where;
    if (type == FTW_F) {
        vec_add(found_arena, found_paths, arena_strdup(found_arena, path));
    }
    return 0;
}

/* Every file that the case wants. */
static struct path_list wanted_paths(const struct golden *golden)
{
    struct path_list paths = {0};
    found_paths = &paths;
    found_arena = golden->arena;
    (void)nftw(want_path(golden, ""), note_path, OPEN_DIRECTORIES, FTW_PHYS); /* may be absent */
    return paths;
}

static bool is_put_out(const struct golden *golden, const char *path)
{
    for (size_t i = 0; i < golden->outputs.count; i++) {
        const char *name = golden->outputs.items[i].name;
        if (text_ends_with(path, arena_printf(golden->arena, "/want/%s", name))) {
            return true;
        }
    }
    return false;
}

/* Line number (from 1) and text of the first line of a that is not in b at the same place. */
static const char *first_difference(struct arena *arena, struct str a, struct str b)
{
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < a.length && i < b.length && a.data[i] == b.data[i]; i++) {
        if (a.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    const char *text = start < a.length ? a.data + start : "";
    return arena_printf(arena, "line %zu: %.*s", line, (int)strcspn(text, "\n"), text);
}

static size_t compare(const struct golden *golden)
{
    size_t differences = 0;
    struct error err = {0};
    for (size_t i = 0; i < golden->outputs.count; i++) {
        const struct output *output = &golden->outputs.items[i];
        struct str wanted = {0};
        if (!file_read(AT_FDCWD, want_path(golden, output->name), FILE_MOST, golden->arena, &wanted,
                       &err)) {
            print_error("%s: not in want/\n", output->name);
            differences++;
        } else if (!str_equal(wanted, output->content)) {
            print_error("%s\n  wanted %s\n  got    %s\n", output->name,
                        first_difference(golden->arena, wanted, output->content),
                        first_difference(golden->arena, output->content, wanted));
            differences++;
        }
    }
    struct path_list paths = wanted_paths(golden);
    for (size_t i = 0; i < paths.count; i++) {
        if (!is_put_out(golden, paths.items[i])) {
            print_error("%s did not come out\n", paths.items[i]);
            differences++;
        }
    }
    return differences;
}

static void update(const struct golden *golden)
{
    struct error err = {0};
    bool is_good =
        file_remove_all(AT_FDCWD, arena_printf(golden->arena, "%s/want", golden->path), &err);
    for (size_t i = 0; i < golden->outputs.count && is_good; i++) {
        const char *path = want_path(golden, golden->outputs.items[i].name);
        const char *parent =
            arena_strndup(golden->arena, path, (size_t)(strrchr(path, '/') - path));
        is_good = file_make_directories(AT_FDCWD, parent, 0755, &err) &&
                  file_replace(AT_FDCWD, path, golden->outputs.items[i].content, 0644,
                               FILE_OWNER_NONE, FILE_SYNC_LATER, &err);
    }
    if (!is_good) {
        fail_msg("%s", err.message);
    }
}

static void golden_case(void **state)
{
    struct golden *golden = *state;
    golden->arena = arena_create();
    read_settings(golden);
    read_facts(golden);
    run_stages(golden);
    size_t differences = 0;
    if (golden->updates) {
        update(golden);
    } else {
        differences = compare(golden);
    }
    arena_destroy(golden->arena);
    assert_int_equal(differences, 0);
}

/* ---- Finding -------------------------------------------------------------------------------- */

static int path_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct path_list find_cases(struct arena *arena)
{
    struct path_list files = {0};
    struct path_list cases = {0};
    found_paths = &files;
    found_arena = arena;
    (void)nftw(CASES, note_path, OPEN_DIRECTORIES, FTW_PHYS); /* none found is a failure below */
    for (size_t i = 0; i < files.count; i++) {
        if (text_ends_with(files.items[i], "/in.yaml") &&
            !text_starts_with(files.items[i], PROGRAM_CASES)) {
            size_t length = strlen(files.items[i]) - strlen("/in.yaml");
            vec_add(arena, &cases, arena_strndup(arena, files.items[i], length));
        }
    }
    if (cases.count > 1) {
        qsort(cases.items, cases.count, sizeof(*cases.items), path_compare);
    }
    return cases;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct path_list cases = find_cases(arena);
    struct CMUnitTest *tests = arena_array(arena, cases.count, sizeof(*tests));
    for (size_t i = 0; i < cases.count; i++) {
        struct golden *golden = arena_new(arena, struct golden);
        golden->path = cases.items[i];
        golden->updates = argc > 1 && strcmp(argv[1], "--update") == 0;
        tests[i] = (struct CMUnitTest){
            .name = cases.items[i] + strlen(CASES "/"),
            .test_func = golden_case,
            .initial_state = golden,
        };
    }
    int failed =
        cases.count == 0 ? 1 : _cmocka_run_group_tests("golden", tests, cases.count, NULL, NULL);
    arena_destroy(arena);
    return failed;
}
