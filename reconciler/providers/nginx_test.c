/* Tests a candidate tree with the real nginx -t, in a view of the machine in which the candidate
 * stands where it would be live, and what is not there yet has a placeholder. */

#include "providers/nginx.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "providers/nginx_complaint.h"
#include "providers/nginx_config.h"
#include "providers/nginx_default_site.h"
#include "providers/nginx_files.h"
#include "providers/nginx_module.h"
#include "providers/nginx_placeholder.h"
#include "providers/view.h"

enum {
    /* 30,000 server blocks took 18.5 s on one machine and more than 180 s on a slow one. */
    PATIENCE_MS = 60 * 1000,
    PATIENCE_PER_SERVER_MS = 20,
    SERVERS_MAX = 100 * 1000, /* more add nothing to the patience */
    OUTPUT_LIMIT = 1024 * 1024,
    HOSTS_LIMIT = 1024 * 1024,
    MAIN_LIMIT = 64 * 1024 * 1024,
};

VEC(text_list, const char *);

struct test {
    struct host *host;
    const struct layout *layout;
    const struct nginx_candidate *candidate;
    struct arena *arena;
    struct view *view;
    const char *base;         /* where main.conf says that the tree stands */
    struct text_list emptied; /* directories of which nothing is seen */
    struct nginx_config ours;
    struct nginx_config theirs; /* of the machine; nothing when offline */
    bool has_main_members;
    bool has_streams;
    struct nginx_module stream; /* where that is needed offline */
};

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static const char *parent_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

/* ---- The candidate --------------------------------------------------------------------------- */

/* The absolute path below which main.conf includes the members: the place of its generation. */
static const char *base_read(struct test *test, int tree)
{
    static const char end[] = "/http/proof.conf";
    struct str content;
    struct nginx_directives directives;
    size_t line = 0;
    AUTO_ARENA scratch = arena_create();
    if (!file_read(tree, "http/main.conf", MAIN_LIMIT, scratch, &content, NULL) ||
        !nginx_parse(scratch, content, &directives, &line)) {
        return test->layout->nginx_tree;
    }
    for (size_t i = 0; i < directives.count; i++) {
        const struct nginx_directive *directive = &directives.items[i];
        const char *path = directive->argument_count == 1 ? directive->arguments[0] : "";
        if (strcmp(directive->name, "include") == 0 && text_ends_with(path, end)) {
            return arena_strndup(test->arena, path, strlen(path) - strlen(end));
        }
    }
    return test->layout->nginx_tree;
}

/* What is to be read at main level. */
static void main_read(struct test *test, int tree)
{
    struct str content;
    AUTO_ARENA scratch = arena_create();
    if (file_read(tree, "main/main.conf", MAIN_LIMIT, scratch, &content, NULL)) {
        test->has_main_members = strstr(content.data, "include ") != NULL;
        test->has_streams = strstr(content.data, "\nstream {\n") != NULL;
    }
}

static bool candidate_read(struct test *test, struct error *err)
{
    AUTO_FD tree = open(test->candidate->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0) {
        return error_errno(err, "open the candidate %s", test->candidate->tree);
    }
    test->base = base_read(test, tree);
    main_read(test, tree);
    return nginx_config_read_tree(test->host, tree, test->arena, &test->ours, err);
}

/* ---- What the view shows --------------------------------------------------------------------- */

/* Nothing is hidden that the test itself needs. */
static void hide(struct test *test, const char *directory)
{
    const char *needed[] = {test->layout->nginx_directory, test->layout->nginx_tree,
                            test->layout->state,           test->layout->authority,
                            test->candidate->tree,         test->base};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (is_below(needed[i], directory)) {
            return;
        }
    }
    view_empty(test->view, directory);
    vec_add(test->arena, &test->emptied, directory);
}

static bool is_hidden(const struct test *test, const char *path)
{
    for (size_t i = 0; i < test->emptied.count; i++) {
        if (is_below(path, test->emptied.items[i])) {
            return true;
        }
    }
    return false;
}

static void directories_place(struct test *test)
{
    static const char *const always[] = {"/dev/shm", "/var/log", "/var/lib/nginx"};
    vec_add(test->arena, &test->emptied, "/run");
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        hide(test, always[i]);
    }
    hide(test, test->layout->nginx_log);
    hide(test, test->layout->nginx_cache);
    hide(test, test->layout->certificates);
}

/* True for a directory that the engine itself makes before nginx loads. */
static bool is_made_by_us(const struct test *test, const char *directory)
{
    return is_below(directory, test->layout->nginx_log) ||
           is_below(directory, test->layout->nginx_cache);
}

/* What nginx creates needs room; a directory that is missing on the host stays missing, since nginx
 * will not make it. */
static void output_place(struct test *test, const struct nginx_reference *reference)
{
    const char *parent = parent_of(test->arena, reference->text);
    if (!test->candidate->is_offline && !is_made_by_us(test, parent) &&
        !nginx_file_exists(test->host, parent)) {
        return;
    }
    if (is_hidden(test, reference->text)) {
        view_empty(test->view, parent);
    } else if (reference->type == NGINX_CACHE) {
        view_empty(test->view, reference->text);
    } else {
        view_file(test->view, reference->text, STR(""));
    }
}

static bool is_elsewhere(const struct host *host)
{
    return strcmp(host->root_path, "/") != 0;
}

/* Ours may be made only when the tree is applied. Those of others count as they are, if we may look
 * at them at all. */
static bool wants_pair(const struct test *test, const struct nginx_reference *reference,
                       bool is_ours)
{
    const char *path = reference->text;
    if (test->candidate->is_offline || is_elsewhere(test->host)) {
        return true;
    }
    if (is_ours && is_below(path, test->layout->certificates)) {
        return true;
    }
    if (is_ours && is_below(path, test->layout->authority)) {
        return !nginx_file_exists(test->host, path);
    }
    return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

static void references_place(struct test *test, const struct nginx_config *config)
{
    for (size_t i = 0; i < config->references.count; i++) {
        const struct nginx_reference *reference = &config->references.items[i];
        bool is_output = reference->type == NGINX_LOG || reference->type == NGINX_CACHE;
        if (is_output) {
            output_place(test, reference);
        } else if (reference->type == NGINX_CERTIFICATE &&
                   wants_pair(test, reference, config == &test->ours)) {
            view_pair(test->view, reference->text);
        }
    }
}

/* There is no name server in the view. Names in what others wrote resolve, so that they are not
 * blamed for that; a name of ours that must resolve is a mistake, and is refused. */
static void hosts_place(struct test *test)
{
    struct str content;
    struct text text = text_make(test->arena);
    if (file_read(AT_FDCWD, "/etc/hosts", HOSTS_LIMIT, test->arena, &content, NULL)) {
        text_add_str(&text, content);
        text_add_char(&text, '\n');
    }
    const char *const *extra = test->candidate->extra_hosts;
    for (; extra != NULL && *extra != NULL; extra++) {
        text_line(&text, "127.0.0.1 %s", *extra);
    }
    for (size_t i = 0; i < test->theirs.references.count; i++) {
        const struct nginx_reference *reference = &test->theirs.references.items[i];
        if (reference->type == NGINX_UPSTREAM && strpbrk(reference->text, " \t\n#") == NULL) {
            text_line(&text, "127.0.0.1 %s", reference->text);
        }
    }
    view_file(test->view, "/etc/hosts", text_str(&text));
}

/* As Debian's package of the module does it. */
static void module_place(struct test *test)
{
    if (test->stream.path != NULL) {
        view_file(test->view,
                  arena_printf(test->arena, "%s/modules-enabled/50-mod-stream.conf",
                               test->layout->nginx_directory),
                  str_of(arena_printf(test->arena, "load_module \"%s\";\n", test->stream.path)));
    }
}

static void main_place(struct test *test)
{
    const struct layout *layout = test->layout;
    struct arena *arena = test->arena;
    if (test->candidate->is_offline) {
        view_empty(test->view, layout->nginx_directory);
        view_file(test->view, arena_printf(arena, "%s/nginx.conf", layout->nginx_directory),
                  str_of(nginx_main_text(arena, layout)));
        view_file(test->view, arena_printf(arena, "%s/mime.types", layout->nginx_directory),
                  str_of(nginx_types_text(arena)));
        view_file(test->view, layout->nginx_pid, STR(""));
        module_place(test);
        return;
    }
    if (is_elsewhere(test->host)) {
        view_bind(test->view, layout->nginx_directory,
                  arena_printf(arena, "%s%s", test->host->root_path, layout->nginx_directory));
    }
    const char *default_site = nginx_default_site(test->host, arena);
    if (default_site != NULL) {
        view_file(test->view, default_site, STR(""));
    }
}

static void tree_place(struct test *test)
{
    for (int level = 0; level < TREE_LEVEL_COUNT; level++) {
        struct tree_entrance entrance =
            tree_entrance(test->arena, test->layout, (enum tree_level)level);
        view_file(test->view, entrance.path, str_of(entrance.text));
    }
    view_bind(test->view, test->layout->nginx_tree, test->candidate->tree);
    view_bind(test->view, test->base, test->candidate->tree);
}

static bool view_fill(struct test *test, struct error *err)
{
    struct str pair;
    if (!nginx_placeholder(test->arena, &pair, err)) {
        return false;
    }
    test->view = view_make(test->arena, pair);
    main_place(test);
    tree_place(test);
    directories_place(test);
    references_place(test, &test->ours);
    references_place(test, &test->theirs);
    hosts_place(test);
    return view_open(test->view, err);
}

/* ---- Running --------------------------------------------------------------------------------- */

static void untested(struct nginx_test_result *result, const struct message *because)
{
    result->verdict = NGINX_UNTESTED;
    result->untested_because = because;
}

static const struct message *report_text(struct arena *arena, const struct view_report *report)
{
    const struct message *step =
        report->path == NULL
            ? message_word(arena, report->step)
            : message_quote(arena, arena_printf(arena, "%s %s", report->step, report->path));
    const char *description = strerrordesc_np(report->number);
    return message_chain(arena, step, MESSAGE_COLON,
                         message_word(arena, description == NULL ? "?" : description));
}

/* A complaint that speaks of what we may not read is no verdict. */
static bool is_about_permission(const struct nginx_complaints *complaints, const char *tree)
{
    for (size_t i = 0; geteuid() != 0 && i < complaints->count; i++) {
        const struct nginx_complaint *complaint = &complaints->items[i];
        if (strstr(complaint->message, "(13: Permission denied)") != NULL &&
            (complaint->file == NULL || !is_below(complaint->file, tree))) {
            return true;
        }
    }
    return false;
}

static void output_read(struct test *test, const struct process_result *run,
                        struct nginx_test_result *result)
{
    const char *places[] = {test->base, test->candidate->tree, NULL};
    result->output = run->errors.data;
    struct nginx_complaints complaints;
    nginx_complaints_read(test->arena, run->errors, places, test->layout->nginx_tree, &complaints);
    for (size_t i = 0; i < complaints.count; i++) {
        vec_add(test->arena, &result->complaints, complaints.items[i]);
    }
    result->verdict = run->status == 0 ? NGINX_ACCEPTED : NGINX_REFUSED;
    if (run->status != 0 && is_about_permission(&result->complaints, test->layout->nginx_tree)) {
        untested(result, message_word(test->arena, N_("the machine's own configuration may not be "
                                                      "read by this user")));
    }
}

static unsigned patience_ms(const struct test *test)
{
    size_t servers = test->ours.servers + test->theirs.servers;
    return PATIENCE_MS +
           (unsigned)(servers < SERVERS_MAX ? servers : SERVERS_MAX) * PATIENCE_PER_SERVER_MS;
}

/* Each map and each list of names takes 1.2 MB while nginx reads it and gives it back; with
 * malloc's usual bounds the kernel clears those pages anew each time: 40 % of the time at 1,000
 * sites. */
static const char *const environment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL=C.UTF-8",
    "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=4294967296:"
    "glibc.malloc.top_pad=67108864",
    NULL,
};

/* prepare: how the view becomes real. *out_ran: it did, and nginx ran in it. */
static bool run_in_view(struct test *test, int (*prepare)(void *), struct process_result *out_run,
                        bool *out_ran, int64_t *out_took_us, struct error *err)
{
    const char *main = arena_printf(test->arena, "%s/nginx.conf", test->layout->nginx_directory);
    const char *const argv[] = {
        test->layout->nginx_program, "-t", "-q", "-e", "stderr", "-c", main, NULL};
    const struct process_options options = {
        .argv = argv,
        .environment = environment,
        .timeout_ms = patience_ms(test),
        .output_limit = OUTPUT_LIMIT,
        .directory = AT_FDCWD,
        .prepare = prepare,
        .prepare_context = test->view,
    };
    int64_t begin = clock_us();
    if (!test->host->run(test->host, &options, test->arena, out_run, err)) {
        return error_wrap(err, "test the nginx configuration");
    }
    *out_took_us = clock_us() - begin;
    *out_ran = view_report(test->view)->step == NULL;
    return true;
}

/* In namespaces, or where those are refused under a supervisor. */
static bool nginx_run(struct test *test, struct nginx_test_result *result, struct error *err)
{
    struct process_result run;
    bool has_run = false;
    if (!run_in_view(test, view_enter, &run, &has_run, &result->took_us, err)) {
        return false;
    }
    if (!has_run) {
        const struct message *first =
            message_chain(test->arena, message_word(test->arena, N_("no private view")),
                          MESSAGE_COLON, report_text(test->arena, view_report(test->view)));
        if (!view_shadow(test->view, err) ||
            !run_in_view(test, view_supervise, &run, &has_run, &result->took_us, err)) {
            return false;
        }
        if (!has_run) {
            const struct message *second =
                message_chain(test->arena, message_word(test->arena, N_("no supervisor")),
                              MESSAGE_COLON, report_text(test->arena, view_report(test->view)));
            untested(result, message_chain(test->arena, first, MESSAGE_ASIDE, second));
            return true;
        }
    }
    output_read(test, &run, result);
    return true;
}

static bool has_members(const struct test *test, enum tree_level level)
{
    return level == TREE_HTTP || test->has_main_members;
}

/* Without it sites, or streams, would not be served. */
static bool is_needed(const struct test *test, enum tree_level level)
{
    return level == TREE_HTTP || test->has_streams;
}

/* Says where the main file would not read ours: nginx does not mind, and everything would pass.
 * False: what would not be read is served by nobody else. */
static bool entrances_check(struct test *test, struct nginx_test_result *result)
{
    static const char *const words[TREE_LEVEL_COUNT] = {"main", "http"};
    bool is_known =
        !test->candidate->is_offline && test->theirs.is_present && test->theirs.broken.count == 0;
    bool is_read = true;
    for (int level = 0; is_known && level < TREE_LEVEL_COUNT; level++) {
        if (test->theirs.has_entrance[level] || !has_members(test, (enum tree_level)level)) {
            continue;
        }
        struct tree_entrance entrance =
            tree_entrance(test->arena, test->layout, (enum tree_level)level);
        struct nginx_complaint complaint = {
            .level = is_needed(test, (enum tree_level)level) ? "emerg" : "warn",
            .message = arena_printf(test->arena, "no include at %s level fits %s", words[level],
                                    entrance.path),
            .file = arena_printf(test->arena, "%s/nginx.conf", test->layout->nginx_directory),
            .line = 1,
        };
        vec_add(test->arena, &result->complaints, complaint);
        result->output = nginx_complaint_text(test->arena, &complaint);
        is_read &= !is_needed(test, (enum tree_level)level);
    }
    return is_read;
}

/* Ours and a block of streams that somebody wrote do not go together. False: there is one. */
static bool streams_check(struct test *test, struct nginx_test_result *result)
{
    if (!test->has_streams || test->theirs.streams == NULL) {
        return true;
    }
    struct nginx_complaint complaint = {
        .level = "emerg",
        .message = "nginx takes one block of streams, and here is another beside that of the "
                   "documents: move what it holds into documents",
        .file = test->theirs.streams,
        .line = test->theirs.streams_line,
    };
    vec_add(test->arena, &result->complaints, complaint);
    result->output = nginx_complaint_text(test->arena, &complaint);
    return false;
}

bool nginx_test(struct host *host, const struct nginx_candidate *candidate, struct arena *arena,
                struct nginx_test_result *out_result, struct error *err)
{
    struct nginx_test_result result = {.output = ""};
    struct test test = {
        .host = host,
        .layout = host->layout,
        .candidate = candidate,
        .arena = arena,
    };
    if (faccessat(AT_FDCWD, host->layout->nginx_program, X_OK, AT_EACCESS) != 0) {
        untested(&result, message_make(arena, "%s cannot be run", host->layout->nginx_program));
        *out_result = result;
        return true;
    }
    if (!candidate_read(&test, err)) {
        return false;
    }
    if (!candidate->is_offline) {
        nginx_config_read(host, arena, &test.theirs);
    } else if (test.has_streams) {
        nginx_module_find(host, "stream", arena, &test.stream);
        if (!test.stream.is_there) {
            untested(&result, message_word(arena, N_("the nginx here has no streams (Debian: "
                                                     "libnginx-mod-stream)")));
            *out_result = result;
            return true;
        }
    }
    if (!entrances_check(&test, &result) || !streams_check(&test, &result)) {
        result.verdict = NGINX_REFUSED;
        *out_result = result;
        return true;
    }
    bool is_done = view_fill(&test, err) && nginx_run(&test, &result, err);
    view_close(test.view);
    if (is_done) {
        *out_result = result;
    }
    return is_done;
}
