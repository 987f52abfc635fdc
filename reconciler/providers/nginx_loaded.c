/* What nginx was last proven to have loaded, in STATE/loaded: "nginx 12", and behind it " owed" as
 * long as it must load again although its files stay as they are. A missing or damaged record only
 * costs a reload. */

#include "providers/nginx.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "providers/nginx_process.h"
#include "providers/tree_link.h"

#define LOADED_FILE  "loaded"
#define LOADED_WORD  "nginx "
#define LOADED_DEBT  " owed"
#define RECORD_LIMIT 64

enum { DECIMAL = 10, RECORD_MODE = 0644 };

struct record {
    unsigned long generation;
    bool is_owed;
};

static const char *record_path(struct arena *arena, const struct host *host)
{
    return arena_printf(arena, "%s/" LOADED_FILE, host_path(host->layout->state));
}

static struct record record_read(struct host *host)
{
    AUTO_ARENA arena = arena_create();
    struct record record = {0};
    struct str content;
    if (!file_read(host->root, record_path(arena, host), RECORD_LIMIT, arena, &content, NULL) ||
        !text_starts_with(content.data, LOADED_WORD)) {
        return record;
    }
    char *end = NULL;
    record.generation = strtoul(content.data + strlen(LOADED_WORD), &end, DECIMAL);
    record.is_owed = strcmp(end, LOADED_DEBT "\n") == 0;
    return record;
}

static bool record_write(struct host *host, struct record record, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    const char *text = arena_printf(arena, LOADED_WORD "%lu%s\n", record.generation,
                                    record.is_owed ? LOADED_DEBT : "");
    return file_make_directories(host->root, host_path(host->layout->state), 0755, err) &&
           file_replace(host->root, record_path(arena, host), str_of(text), RECORD_MODE,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

bool nginx_reload_owe(struct host *host, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    struct record record = record_read(host);
    const char *instead = NULL;
    bool has_link = false;
    if (!tree_link_read(host, arena, &instead, &has_link, err)) {
        return false;
    }
    if (record.is_owed || !has_link || instead != NULL) {
        return true; /* without our link nginx has nothing of ours */
    }
    record.is_owed = true;
    return record_write(host, record, err);
}

bool nginx_reload_is_owed(struct host *host)
{
    return record_read(host).is_owed;
}

unsigned long nginx_loaded(struct host *host)
{
    return record_read(host).generation;
}

bool nginx_loaded_record(struct host *host, unsigned long generation, struct error *err)
{
    return record_write(host, (struct record){.generation = generation}, err);
}
