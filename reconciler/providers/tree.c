/* The nginx configuration as one item. What is wanted are the members; what is found is read
 * through STATE/current, together with whether nginx can reach it and has loaded it. The run writes
 * and tests a generation before it applies; applying is the switch. */

#include "model/tree_item.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "providers/content.h"
#include "providers/fingerprints.h"
#include "providers/generation.h"
#include "providers/nginx.h"
#include "providers/place.h"
#include "providers/providers.h"
#include "providers/tree_link.h"
#include "providers/tree_walk.h"

/* ---- Observing ------------------------------------------------------------------------------- */

struct reader {
    struct host *host;
    struct arena *arena;
    struct places places;
    const struct tree_item *wanted; /* may be NULL */
    const char *path;               /* of the live tree, absolute */
};

static int member_compare(const void *a, const void *b)
{
    return strcmp(((const struct tree_member *)a)->path, ((const struct tree_member *)b)->path);
}

static const struct str *find_wanted(const struct reader *reader, const char *path)
{
    const struct tree_member key = {.path = path};
    if (reader->wanted == NULL || reader->wanted->members.count == 0) {
        return NULL;
    }
    const struct tree_member *member =
        bsearch(&key, reader->wanted->members.items, reader->wanted->members.count, sizeof(key),
                member_compare);
    return member == NULL ? NULL : &member->text.content;
}

/* One file of the live tree, path below it. What is not a file is told in words, as its content, so
 * that the difference shows. wanted may be NULL. */
static bool read_one(struct reader *reader, const char *path, const struct str *wanted,
                     struct str *out_content, struct error *err)
{
    struct place place;
    struct stat status;
    const char *whole = arena_printf(reader->arena, "%s/%s", reader->path, path);
    if (!place_open(&reader->places, whole, &place, err)) {
        return false;
    }
    if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_errno(err, "stat %s", whole);
    }
    if (!S_ISREG(status.st_mode)) {
        const char *words = place_describe(&place, status.st_mode, reader->arena);
        *out_content = str_of(arena_printf(reader->arena, "(%s)\n", words));
        return true;
    }
    struct file_fingerprint seen = file_fingerprint_of(&status);
    return content_read(reader->host, &place, whole, wanted, reader->arena, &seen, out_content,
                        err);
}

/* The links are as they should be when the live path and the file itself are the same. */
static void links_record(struct reader *reader)
{
    struct stat status;
    int64_t read_at = file_clock_coarse_ns();
    const char *path =
        arena_printf(reader->arena, "%s/http/main.conf", reader->host->layout->nginx_tree);
    if (fstatat(reader->host->root, host_path(path), &status, 0) == 0) {
        struct file_fingerprint seen = file_fingerprint_of(&status);
        fingerprints_record(reader->host, path, FINGERPRINT_LINKED, &seen, NULL, read_at);
    }
}

/* The numbered files are compared with what they would be for these paths. A missing one is one
 * that was changed. */
static bool numbered_read(struct reader *reader, unsigned long number,
                          const struct tree_paths *paths, const char **out_altered,
                          struct error *err)
{
    struct generation_files wanted = {0};
    generation_numbered_files(reader->host, reader->path, number, paths, reader->arena, &wanted);
    *out_altered = NULL;
    for (size_t i = 0; i < wanted.count; i++) {
        struct str content = {0};
        struct error why = {0};
        const struct generation_file *file = &wanted.items[i];
        if (!read_one(reader, file->path, &file->content, &content, &why) && why.number != ENOENT) {
            return error_copy(err, &why);
        }
        if (!str_equal(content, file->content)) {
            *out_altered = file->path;
        }
    }
    return true;
}

static bool members_read(struct reader *reader, int tree, struct tree_item *found,
                         struct error *err)
{
    struct tree_paths paths;
    if (!tree_walk(tree, reader->arena, &paths, err)) {
        return false;
    }
    for (size_t i = 0; i < paths.count; i++) {
        struct tree_member member = {.path = paths.items[i]};
        if (tree_path_is_numbered(member.path)) {
            continue;
        }
        if (!read_one(reader, member.path, find_wanted(reader, member.path), &member.text.content,
                      err)) {
            return false;
        }
        vec_add(reader->arena, &found->members, member);
    }
    links_record(reader);
    return numbered_read(reader, found->generation, &paths, &found->altered, err);
}

/* A descriptor of the current generation's tree; -1 where there is none. */
static bool live_open(struct host *host, unsigned long number, const char *path, int *out_tree,
                      struct error *err)
{
    struct error why;
    if (number == 0) {
        return true;
    }
    *out_tree = file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, &why);
    return *out_tree >= 0 || why.number == ENOENT || error_copy(err, &why);
}

static bool observe_live(struct host *host, const struct item *item, int tree,
                         struct tree_item *found, struct arena *arena, struct error *err)
{
    struct reader reader = {
        .host = host,
        .arena = arena,
        .places = places_make(host, arena),
        .wanted = item->wanted,
        .path = generation_tree_path(arena, host->layout, found->generation),
    };
    bool is_read = members_read(&reader, tree, found, err) &&
                   nginx_find_unloaded(host, found->generation, arena, &found->unloaded, err);
    places_close(&reader.places);
    return is_read;
}

static bool observe_tree(struct host *host, const struct item *item, struct arena *arena,
                         struct tree_item *found, bool *out_exists, struct error *err)
{
    AUTO_FD tree = -1;
    bool has_link = false;
    if (!tree_link_read(host, arena, &found->instead, &has_link, err) ||
        !generation_current(host, &found->generation, err)) {
        return false;
    }
    const char *path = generation_tree_path(arena, host->layout, found->generation);
    if (!live_open(host, found->generation, path, &tree, err)) {
        return false;
    }
    /* What others put in place of the link exists too, and is not taken over unasked. */
    *out_exists = tree >= 0 || (has_link && found->instead != NULL);
    return tree < 0 || observe_live(host, item, tree, found, arena, err);
}

/* Of a tree that is still to come: NULL when nginx runs, or when none of this root could. */
static const struct message *why_not_running(struct host *host, struct arena *arena)
{
    struct nginx_state state = {0};
    struct error ignored;
    bool may_run = strcmp(host->root_path, "/") == 0;
    return may_run && nginx_observe(host, arena, &state, &ignored) && !state.is_running
               ? message_word(arena, NGINX_NOT_RUNNING)
               : NULL;
}

static bool tree_observe(struct host *host, const struct item *const *items, size_t count,
                         struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* trouble stands in the observation */
    for (size_t i = 0; i < count; i++) {
        struct tree_item *found = arena_new(arena, struct tree_item);
        out[i] = (struct observation){.item = items[i]};
        struct error reason = {0};
        if (!observe_tree(host, items[i], arena, found, &out[i].exists, &reason)) {
            out[i].trouble = message_of_error(arena, &reason);
            out[i].exists = false;
        }
        out[i].found = out[i].exists ? found : NULL;
        out[i].note = out[i].exists ? NULL : why_not_running(host, arena);
    }
    return true;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static void tree_digest(const struct item *item, struct digest *digest)
{
    const struct tree_item *tree = item->wanted;
    for (size_t i = 0; i < tree->members.count; i++) {
        digest_add(digest, str_of(tree->members.items[i].path));
        digest_add(digest, tree->members.items[i].text.content);
    }
}

static const char *const *tree_inputs(const struct item *item, struct arena *arena)
{
    (void)arena; /* they are there already */
    const struct tree_item *tree = item->wanted;
    return tree->inputs;
}

/* Either member may be NULL: absent. */
static void member_diff(const struct item *item, const struct tree_member *wanted,
                        const struct tree_member *found, struct arena *arena,
                        struct change_list *changes)
{
    assert(wanted != NULL || found != NULL);
    if (wanted != NULL && found != NULL && str_equal(wanted->text.content, found->text.content)) {
        return;
    }
    const char *path = wanted != NULL ? wanted->path : found->path;
    const struct document *document = wanted != NULL ? wanted->document : NULL;
    const struct document *writer = wanted != NULL ? document : found->document;
    vec_add(arena, changes,
            (struct change){
                .field = "content",
                .thing = arena_printf(arena, "%s/%s", item->id, path),
                .document = document,
                .from = found == NULL ? NULL : found->text.content.data,
                .to = wanted == NULL ? NULL : wanted->text.content.data,
                .is_text = true,
                .span = writer == NULL ? SPAN_NONE : writer->span,
            });
}

/* Both lists are sorted by path. */
static void members_diff(const struct item *item, const struct tree_member_list *wanted,
                         const struct tree_member_list *found, struct arena *arena,
                         struct change_list *changes)
{
    size_t i = 0;
    size_t j = 0;
    while (i < wanted->count || j < found->count) {
        const struct tree_member *left = i < wanted->count ? &wanted->items[i] : NULL;
        const struct tree_member *right = j < found->count ? &found->items[j] : NULL;
        int order = left == NULL ? 1 : right == NULL ? -1 : strcmp(left->path, right->path);
        member_diff(item, order <= 0 ? left : NULL, order >= 0 ? right : NULL, arena, changes);
        i += order <= 0;
        j += order >= 0;
    }
}

static void tree_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes)
{
    static const struct tree_item nothing = {0};
    const struct tree_item *wanted = item->wanted;
    const struct tree_item *seen = found->exists ? found->found : &nothing;
    members_diff(item, &wanted->members, &seen->members, arena, out_changes);
    if (seen->instead != NULL) {
        vec_add(
            arena, out_changes,
            (struct change){
                .field = "link", .from = seen->instead, .to = N_("our link"), .is_words = true});
    }
    if (out_changes->count == 0 && seen->altered != NULL) {
        const char *thing = arena_printf(arena, "%s/%s", item->id, seen->altered);
        vec_add(arena, out_changes,
                (struct change){.field = "content",
                                .thing = thing,
                                .from = N_("changed by hand"),
                                .to = N_("as it was written"),
                                .is_words = true});
    }
    if (out_changes->count == 0 && seen->unloaded == NULL && seen->is_taken_over) {
        vec_add(arena, out_changes,
                (struct change){.field = "loaded",
                                .from = N_("changed by hand"),
                                .to = N_("as the documents say now"),
                                .is_words = true});
    }
    if (seen->unloaded != NULL) {
        vec_add(
            arena, out_changes,
            (struct change){
                .field = "loaded", .from = seen->unloaded, .to = N_("loaded"), .is_words = true});
    }
}

static const struct message *tree_impact(const struct action *action, struct arena *arena)
{
    const struct tree_item *found = action->found->found;
    bool starts = found == NULL ? message_is(action->found->note, NGINX_NOT_RUNNING)
                                : text_equal(found->unloaded, NGINX_NOT_RUNNING);
    return message_word(arena, starts ? N_("start nginx") : N_("reload nginx"));
}

/* ---- Applying -------------------------------------------------------------------------------- */

static bool apply_one(struct host *host, const struct action *action, struct arena *arena,
                      struct error *err)
{
    const struct tree_item *wanted = action->item->wanted;
    if (wanted == NULL) {
        return nginx_switch_off(host, 0, arena, err);
    }
    if (wanted->generation == 0) {
        return error_set(err, ERROR_REFUSED, "no generation was written for the switch");
    }
    return nginx_switch(host, wanted->generation, wanted->test_us, arena, err);
}

static void tree_apply(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes)
{
    for (size_t i = 0; i < count; i++) {
        int64_t begin = clock_us();
        bool is_done = apply_one(host, actions[i], arena, &outcomes[i].error);
        outcomes[i].result = is_done ? OUTCOME_CHANGED : OUTCOME_FAILED;
        outcomes[i].took_us = clock_us() - begin;
    }
}

/* ---- Keeping what was found ------------------------------------------------------------------ */

// clang-format off
static const struct shape_row member_rows[] = {
    SHAPE_NEEDED(struct tree_member, path),
    SHAPE_AS("text", struct tree_member, text.content),
    SHAPE_OMIT(struct tree_member, text.lines),
    SHAPE_OMIT(struct tree_member, text.line_count),
    SHAPE_OMIT(struct tree_member, document),
};
static const struct shape member_shape = SHAPE_OF(struct tree_member, member_rows);
static const struct shape_row tree_rows[] = {
    SHAPE_LIST(struct tree_item, members, &member_shape),
    SHAPE_OMIT(struct tree_item, probes),
    SHAPE_OMIT(struct tree_item, tls_servers),
    SHAPE_OMIT(struct tree_item, inputs),
    SHAPE(struct tree_item, generation),
    SHAPE_OMIT(struct tree_item, test_us),
    SHAPE(struct tree_item, instead),
    SHAPE(struct tree_item, altered),
    SHAPE(struct tree_item, is_taken_over),
    SHAPE(struct tree_item, unloaded),
};
// clang-format on
static const struct shape tree_shape = SHAPE_OF(struct tree_item, tree_rows);

const struct provider tree_provider = {
    .type = ITEM_TREE,
    .observe = tree_observe,
    .digest = tree_digest,
    .inputs = tree_inputs,
    .diff = tree_diff,
    .found = &tree_shape,
    .impact = tree_impact,
    .apply = tree_apply,
};
