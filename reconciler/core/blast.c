#include "core/blast.h"

#include <stdlib.h>
#include <string.h>

#include "core/parts.h"
#include "core/report_line.h"
#include "core/say.h"
#include "model/json.h"
#include "model/nginx_load.h"
#include "model/nginx_syntax.h"
#include "model/unit_item.h"

/* ---- Sets of names --------------------------------------------------------------------------- */

/* Copies the name. */
static void set_put(struct arena *arena, struct map *set, const char *name)
{
    if (!map_has(set, name)) {
        (void)map_put(arena, set, arena_strdup(arena, name), NULL);
    }
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void names_sort(struct blast_names *names)
{
    if (names->count > 1) {
        qsort(names->items, names->count, sizeof(*names->items), name_compare);
    }
}

/* ---- One file -------------------------------------------------------------------------------- */

struct reach {
    struct map hosts;
    struct map listeners;
};

/* "443" is what nginx reads as "*:443"; HTTP/3 and some streams come over another
 * protocol. */
static const char *listener_name(struct arena *arena, const struct nginx_directive *directive)
{
    const char *address = directive->arguments[0];
    bool is_port = address[strspn(address, "0123456789")] == '\0';
    bool is_udp = false;
    for (size_t i = 1; i < directive->argument_count; i++) {
        is_udp |= strcmp(directive->arguments[i], "quic") == 0 ||
                  strcmp(directive->arguments[i], "udp") == 0;
    }
    return arena_printf(arena, "%s%s%s", is_port ? "*:" : "", address, is_udp ? " (udp)" : "");
}

/* A catch-all has none, and our own for unknown names is nobody's (RFC 2606). */
static bool is_host_name(const char *name)
{
    return name[0] != '\0' && strcmp(name, "_") != 0 && !text_ends_with(name, ".invalid");
}

static void reach_add(struct arena *arena, struct arena *scratch, const char *text,
                      struct reach *reach)
{
    struct nginx_directives directives = {0};
    size_t line = 0;
    if (text == NULL) {
        return;
    }
    struct arena_mark mark = arena_mark(scratch);
    (void)nginx_parse(scratch, str_of(text), &directives, &line); /* what is before it counts */
    for (size_t i = 0; i < directives.count; i++) {
        const struct nginx_directive *directive = &directives.items[i];
        if (directive->argument_count == 0) {
            continue;
        }
        if (strcmp(directive->name, "listen") == 0) {
            set_put(arena, &reach->listeners, listener_name(scratch, directive));
        }
        for (size_t k = 0;
             strcmp(directive->name, "server_name") == 0 && k < directive->argument_count; k++) {
            if (is_host_name(directive->arguments[k])) {
                set_put(arena, &reach->hosts, directive->arguments[k]);
            }
        }
    }
    arena_rewind(scratch, mark);
}

/* ---- The tree -------------------------------------------------------------------------------- */

struct reaches {
    struct reach before;
    struct reach after;
    struct map changed; /* paths of the files that differ */
};

struct reading {
    const struct action *action;
    struct reaches *parts;
};

static void read_changes(void *context, const struct part *part)
{
    const struct reading *reading = context;
    struct reaches *reaches = &reading->parts[part->number];
    AUTO_ARENA scratch = arena_create();
    for (size_t i = part->first; i < part->end; i++) {
        const struct change *change = &reading->action->changes.items[i];
        if (change->thing != NULL && change->is_text && change->held_because == NULL) {
            reach_add(part->arena, scratch, change->from, &reaches->before);
            reach_add(part->arena, scratch, change->to, &reaches->after);
            set_put(part->arena, &reaches->changed, change->thing);
        }
    }
}

static void set_add(struct arena *arena, struct map *set, const struct map *more)
{
    for (size_t i = 0; i < more->capacity; i++) {
        if (more->slots[i].key != NULL) {
            (void)map_put(arena, set, more->slots[i].key, NULL);
        }
    }
}

static void reach_join(struct arena *arena, struct reach *reach, const struct reach *more)
{
    set_add(arena, &reach->hosts, &more->hosts);
    set_add(arena, &reach->listeners, &more->listeners);
}

static void collect_changed(struct arena *arena, const struct action *action, struct reaches *out)
{
    struct parts parts = parts_split(arena, NULL, action->changes.count, DOCUMENTS_LEAST);
    struct reading reading = {action, arena_array(arena, parts.count, sizeof(*reading.parts))};
    parts_run(&parts, read_changes, &reading);
    for (size_t i = 0; i < parts.count; i++) {
        reach_join(arena, &out->before, &reading.parts[i].before);
        reach_join(arena, &out->after, &reading.parts[i].after);
        set_add(arena, &out->changed, &reading.parts[i].changed);
    }
}

/* What stays as it is goes on listening; all of it is read only where listeners come or go. */
static void collect_unchanged(struct arena *arena, struct arena *scratch,
                              const struct action *action, const struct map *changed,
                              struct reach *out)
{
    const struct tree_item *tree =
        action->item->wanted != NULL ? action->item->wanted : action->found->found;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        const struct tree_member *member = &tree->members.items[i];
        if (!map_has(changed, arena_printf(arena, "%s/%s", action->item->id, member->path))) {
            reach_add(arena, scratch, member->text.content.data, out);
        }
    }
}

/* What the first set has and neither of the others; NULL: an empty one. */
static void add_absent(struct arena *arena, const struct map *from, const struct map *other,
                       const struct map *unchanged, struct blast_names *out)
{
    for (size_t i = 0; i < from->capacity; i++) {
        const char *name = from->slots[i].key;
        if (name != NULL && (other == NULL || !map_has(other, name)) &&
            (unchanged == NULL || !map_has(unchanged, name))) {
            vec_add(arena, out, name);
        }
    }
    names_sort(out);
}

static bool map_has_all(const struct map *map, const struct map *wanted)
{
    for (size_t i = 0; i < wanted->capacity; i++) {
        if (wanted->slots[i].key != NULL && !map_has(map, wanted->slots[i].key)) {
            return false;
        }
    }
    return true;
}

static void collect_tree(struct arena *arena, const struct action *action, struct blast *blast)
{
    AUTO_ARENA scratch = arena_create();
    struct reaches reaches = {0};
    struct reach unchanged = {0};
    collect_changed(arena, action, &reaches);
    if (!map_has_all(&reaches.before.listeners, &reaches.after.listeners) ||
        !map_has_all(&reaches.after.listeners, &reaches.before.listeners)) {
        collect_unchanged(arena, scratch, action, &reaches.changed, &unchanged);
    }
    const struct map *before = &reaches.before.listeners;
    const struct map *after = &reaches.after.listeners;
    add_absent(arena, after, before, &unchanged.listeners, &blast->opened);
    add_absent(arena, before, after, &unchanged.listeners, &blast->closed);
    add_absent(arena, &reaches.before.hosts, NULL, NULL, &blast->hosts);
    add_absent(arena, &reaches.after.hosts, &reaches.before.hosts, NULL, &blast->hosts);
    blast->touches_nginx = true;
}

void blast_collect(struct arena *arena, const struct plan *plan, struct blast *out_blast)
{
    *out_blast = (struct blast){0};
    for (size_t i = 0; i < plan->actions.count; i++) {
        const struct action *action = &plan->actions.items[i];
        const struct message *impact = report_impact(action);
        if (!action_is_due(action)) {
            continue;
        }
        if (strcmp(action->item->type, ITEM_TREE) == 0) {
            collect_tree(arena, action, out_blast);
        } else if (strcmp(action->item->type, ITEM_UNIT) == 0 && impact != NULL) {
            vec_add(arena, &out_blast->services, impact->text);
        }
    }
}

/* ---- Telling it ------------------------------------------------------------------------------ */

enum { NAMES_SHOWN = 8 };

static const char *names_text(struct arena *arena, enum language language,
                              const struct blast_names *names)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < names->count && i < NAMES_SHOWN; i++) {
        text_addf(&out, "%s%s", i == 0 ? "" : say_text(arena, language, N_(", ")),
                  say_apart(arena, language, names->items[i]));
    }
    if (names->count > NAMES_SHOWN) {
        text_addf(&out, "%s%s", say_text(arena, language, N_(", ")),
                  say(arena, language, "%zu more", names->count - NAMES_SHOWN));
    }
    return out.data;
}

static void write_names(enum language language, const char *format, const struct blast_names *names,
                        struct text *out)
{
    if (names->count > 0) {
        const char *list = names_text(out->arena, language, names);
        text_line(out, "  %s",
                  say_line(out->arena, language, say_with(out->arena, language, format, list)));
    }
}

static const char *clients_text(const struct report *report, enum language language)
{
    const struct nginx_load *load = report->load;
    struct arena *arena = report->arena;
    if (load == NULL) {
        return say_text(arena, language, N_("nginx workers and their open connections: unknown"));
    }
    if (!load->is_running) {
        return say_text(arena, language, N_("nginx does not run: no connections are open"));
    }
    const char *workers = say_number(arena, language, load->workers,
                                     N_("%zu nginx worker is "
                                        "replaced"),
                                     N_("%zu nginx workers are replaced"));
    const char *clients =
        load->knows_clients
            ? say_number(arena, language, load->clients,
                         N_("%zu open connection stays with the old ones until it ends"),
                         N_("%zu open connections stay with the old ones until they end"))
            : say_text(arena, language, N_("their open connections: unknown"));
    return arena_printf(arena, "%s; %s", workers, clients);
}

void blast_write_text(const struct report *report, enum language language, struct text *out)
{
    struct blast blast = {0};
    if (report->plan == NULL || report->outcomes != NULL || !report->is_dry_run) {
        return;
    }
    blast_collect(report->arena, report->plan, &blast);
    if (!blast.touches_nginx) {
        return;
    }
    write_names(language, N_("host names touched: %s"), &blast.hosts, out);
    write_names(language, N_("listeners opened: %s"), &blast.opened, out);
    write_names(language, N_("listeners closed: %s"), &blast.closed, out);
    text_line(out, "  %s", say_line(out->arena, language, clients_text(report, language)));
    write_names(language, N_("services: %s"), &blast.services, out);
}

static json_t *json_names(const struct blast_names *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++) {
        (void)json_array_append_new(list, json_text(names->items[i]));
    }
    return list;
}

static json_t *json_known(bool is_known, size_t count)
{
    return is_known ? json_integer((json_int_t)count) : json_null();
}

json_t *blast_json(const struct report *report)
{
    struct blast blast = {0};
    const struct nginx_load *load = report->load;
    if (report->plan == NULL || report->outcomes != NULL || !report->is_dry_run) {
        return json_null();
    }
    blast_collect(report->arena, report->plan, &blast);
    if (!blast.touches_nginx) {
        return json_null();
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "hosts", json_names(&blast.hosts), "listeners_opened",
        json_names(&blast.opened), "listeners_closed", json_names(&blast.closed), "workers",
        json_known(load != NULL, load == NULL ? 0 : load->workers), "connections",
        json_known(load != NULL && load->knows_clients, load == NULL ? 0 : load->clients),
        "services", json_names(&blast.services));
}
