/* Asks nginx and systemd for their versions, or remembers what they said. */

#include "providers/facts_programs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "providers/providers.h"

enum {
    DECIMAL = 10,
    ANSWER_LIMIT_MS = 10 * 1000,
    ANSWER_LIMIT = 64 * 1024,
    MEMORY_LIMIT = 64 * 1024,
    MEMORY_MODE = 0644,
    PARTS = 1000, /* of a version number: 1.22.1 is 1022001 */
};

#define MEMORY_FILE     "programs"
#define SYSTEMD_PROGRAM "/usr/lib/systemd/systemd"

VEC(word_list, const char *);

/* ---- Asking ---------------------------------------------------------------------------------- */

static bool ask(struct host *host, const char *const *argv, struct arena *arena,
                struct process_result *out_result)
{
    const struct process_options options = {
        .argv = argv,
        .timeout_ms = ANSWER_LIMIT_MS,
        .output_limit = ANSWER_LIMIT,
        .directory = AT_FDCWD,
    };
    return host->run(host, &options, arena, out_result, NULL) && out_result->status == 0;
}

static unsigned read_version(const char *text)
{
    unsigned version = 0;
    for (int part = 0; part < 3; part++) {
        char *end = NULL;
        version = version * PARTS + (unsigned)strtoul(text, &end, DECIMAL) % PARTS;
        text = *end == '.' ? end + 1 : "0";
    }
    return version;
}

static int word_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "http_v2" of "--with-http_v2_module"; NULL for what is no module, or a file of its own. */
static const char *module_of(struct arena *arena, const char *argument)
{
    static const char prefix[] = "--with-";
    static const char suffix[] = "_module";
    if (!text_starts_with(argument, prefix) || strchr(argument, '=') != NULL) {
        return NULL;
    }
    const char *name = argument + strlen(prefix);
    if (text_ends_with(name, suffix)) {
        return arena_strndup(arena, name, strlen(name) - strlen(suffix));
    }
    bool is_feature =
        strcmp(name, "threads") == 0 || strcmp(name, "stream") == 0 || strcmp(name, "mail") == 0;
    return is_feature ? name : NULL;
}

static bool has_word(const struct word_list *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Parts of stream and mail are of no use without those. */
static bool is_usable(const struct word_list *modules, const char *module)
{
    return (!text_starts_with(module, "stream_") || has_word(modules, "stream")) &&
           (!text_starts_with(module, "mail_") || has_word(modules, "mail"));
}

void program_facts_read_nginx(struct arena *arena, const char *text,
                              struct program_facts *out_facts)
{
    char *rest = NULL;
    struct word_list modules = {0};
    struct text joined = text_make(arena);
    const char *version = strstr(text, "nginx/");
    out_facts->nginx_version = version == NULL ? 0 : read_version(version + strlen("nginx/"));
    for (char *word = strtok_r(arena_strdup(arena, text), " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        const char *module = module_of(arena, word);
        if (module != NULL) {
            vec_add(arena, &modules, module);
        }
    }
    if (modules.count > 1) {
        qsort(modules.items, modules.count, sizeof(*modules.items), word_compare);
    }
    for (size_t i = 0; i < modules.count; i++) {
        if (is_usable(&modules, modules.items[i])) {
            text_addf(&joined, "%s%s", joined.length == 0 ? "" : " ", modules.items[i]);
        }
    }
    out_facts->nginx_modules = joined.data;
}

static void ask_nginx(struct host *host, struct arena *arena, struct program_facts *facts)
{
    struct process_result result;
    facts->nginx_modules = "";
    if (ask(host, (const char *const[]){host->layout->nginx_program, "-V", NULL}, arena, &result)) {
        program_facts_read_nginx(arena, result.errors.data, facts);
    }
}

/* "systemd 252 (252.39-1~deb12u1)" */
static void ask_systemd(struct host *host, struct arena *arena, struct program_facts *facts)
{
    static const char first_word[] = "systemd ";
    struct process_result result;
    if (ask(host, (const char *const[]){"systemctl", "--version", NULL}, arena, &result) &&
        text_starts_with(result.output.data, first_word)) {
        facts->systemd_version =
            (unsigned)strtoul(result.output.data + strlen(first_word), NULL, DECIMAL);
    }
}

/* ---- Remembering ----------------------------------------------------------------------------- */

/* Changes with every installation. */
static const char *program_mark(struct arena *arena, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return "absent";
    }
    struct file_fingerprint seen = file_fingerprint_of(&status);
    return arena_printf(arena, "%" PRIu64 ".%" PRIu64 ".%" PRId64 ".%" PRId64 ".%" PRId64,
                        seen.device, seen.inode, seen.size, seen.mtime_ns, seen.ctime_ns);
}

/* The first line of the memory: what it holds for. */
static const char *memory_key(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "1 %s %s %s", host->layout->nginx_program,
                        program_mark(arena, host->layout->nginx_program),
                        program_mark(arena, SYSTEMD_PROGRAM));
}

static const char *memory_path(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/" MEMORY_FILE, host_path(host->layout->state));
}

/* Key, versions and modules, a line each. */
static bool memory_read(struct host *host, struct arena *arena, struct program_facts *out_facts)
{
    struct str content;
    char *rest = NULL;
    if (!file_read(host->root, memory_path(host, arena), MEMORY_LIMIT, arena, &content, NULL)) {
        return false;
    }
    const char *key = strtok_r(arena_strdup(arena, content.data), "\n", &rest);
    const char *versions = strtok_r(NULL, "\n", &rest);
    const char *modules = strtok_r(NULL, "\n", &rest);
    if (key == NULL || versions == NULL || strcmp(key, memory_key(host, arena)) != 0) {
        return false;
    }
    char *end = NULL;
    out_facts->nginx_version = (unsigned)strtoul(versions, &end, DECIMAL);
    out_facts->systemd_version = (unsigned)strtoul(end, NULL, DECIMAL);
    out_facts->nginx_modules = modules == NULL ? "" : modules;
    return true;
}

struct program_facts program_facts_gather(struct host *host, struct arena *arena)
{
    struct program_facts facts = {0};
    if (!memory_read(host, arena, &facts)) {
        ask_nginx(host, arena, &facts);
        ask_systemd(host, arena, &facts);
    }
    return facts;
}

bool facts_remember(struct host *host, struct arena *arena, struct error *err)
{
    struct program_facts facts = {0};
    if (memory_read(host, arena, &facts)) {
        return true;
    }
    facts = program_facts_gather(host, arena);
    const char *text =
        arena_printf(arena, "%s\n%u %u\n%s\n", memory_key(host, arena), facts.nginx_version,
                     facts.systemd_version, facts.nginx_modules);
    return file_replace(host->root, memory_path(host, arena), str_of(text), MEMORY_MODE,
                        FILE_OWNER_NONE, FILE_SYNC_LATER, err);
}
