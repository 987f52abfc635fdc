/* What differs between the certificate that is wanted and the pair that was found, in words for
 * people. */

#include "providers/certificate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

// clang-format off
static const struct shape_row pair_rows[] = {
    SHAPE(struct certificate_pair, names),
    SHAPE_COUNT(struct certificate_pair, name_count, names),
    SHAPE_NEEDED(struct certificate_pair, key_type),
    SHAPE_NEEDED(struct certificate_pair, issued_by),
    SHAPE_NEEDED(struct certificate_pair, fingerprint),
    SHAPE_OMIT(struct certificate_pair, renewal_id),
    SHAPE(struct certificate_pair, starts_at),
    SHAPE(struct certificate_pair, expires_at),
    SHAPE(struct certificate_pair, has_key),
};
static const struct shape pair_shape = SHAPE_OF(struct certificate_pair, pair_rows);
static const struct shape_row certificate_rows[] = {
    SHAPE(struct certificate_item, names),
    SHAPE_COUNT(struct certificate_item, name_count, names),
    SHAPE_OMIT(struct certificate_item, issuer),
    SHAPE_OMIT(struct certificate_item, issuer_name),
    SHAPE(struct certificate_item, directory),
    SHAPE_OMIT(struct certificate_item, source_chain),
    SHAPE_OMIT(struct certificate_item, source_key),
    SHAPE(struct certificate_item, key_type),
    SHAPE_OMIT(struct certificate_item, lifetime_seconds),
    SHAPE_OMIT(struct certificate_item, directory_url),
    SHAPE_OMIT(struct certificate_item, rehearsal_url),
    SHAPE_OMIT(struct certificate_item, challenge),
    SHAPE_OMIT(struct certificate_item, drops_bad_names),
    SHAPE_OMIT(struct certificate_item, waiting_text),
    SHAPE(struct certificate_item, instead),
    SHAPE_OBJECT(struct certificate_item, pair, &pair_shape),
    SHAPE_OBJECT(struct certificate_item, offered, &pair_shape),
    SHAPE(struct certificate_item, key_mode),
    SHAPE(struct certificate_item, is_signed_by_us),
    SHAPE(struct certificate_item, is_issued),
    SHAPE(struct certificate_item, is_waiting),
    SHAPE(struct certificate_item, is_due),
    SHAPE_OMIT(struct certificate_item, alarm),
};
// clang-format on
const struct shape certificate_shape = SHAPE_OF(struct certificate_item, certificate_rows);

enum { KEY_MODE = 0600, HOUR = 3600, DAY = 24 * 3600 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *certificate_names_text(const char *const *names, size_t count, struct arena *arena)
{
    const char **sorted = arena_array(arena, count, sizeof(*sorted));
    struct text text = text_make(arena);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = names[i];
    }
    if (count > 1) {
        qsort(sorted, count, sizeof(*sorted), compare_names);
    }
    for (size_t i = 0; i < count; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : " ", sorted[i]);
    }
    return text.data;
}

static void add_change(struct arena *arena, struct change_list *changes, const char *field,
                       const char *from, const char *to)
{
    vec_add(arena, changes,
            (struct change){.field = field, .from = from, .to = to, .span = SPAN_NONE});
}

static const char *days_text(int64_t seconds, struct arena *arena)
{
    return seconds % DAY == 0 ? arena_printf(arena, "%jdd", (intmax_t)(seconds / DAY))
                              : arena_printf(arena, "%jdh", (intmax_t)(seconds / HOUR));
}

static const char *files_text(const struct certificate_item *item, struct arena *arena)
{
    return arena_printf(arena, "%s %s", item->source_chain, item->source_key);
}

static void diff_absent(const struct certificate_item *wanted, struct arena *arena,
                        struct change_list *changes)
{
    add_change(arena, changes, "names", NULL,
               certificate_names_text(wanted->names, wanted->name_count, arena));
    if (wanted->issuer == CERTIFICATE_FILE) {
        add_change(arena, changes, "files", NULL, files_text(wanted, arena));
        return;
    }
    add_change(arena, changes, "issuer", NULL, wanted->issuer_name);
    add_change(arena, changes, "key", NULL, wanted->key_type);
    if (wanted->issuer == CERTIFICATE_INTERNAL) {
        add_change(arena, changes, "lifetime", NULL, days_text(wanted->lifetime_seconds, arena));
    }
}

/* A longer wish is fulfilled by the next renewal; a shorter one at once. */
static void diff_lifetime(const struct certificate_item *wanted,
                          const struct certificate_pair *pair, struct arena *arena,
                          struct change_list *changes)
{
    int64_t lifetime = (pair->expires_at - pair->starts_at) / HOUR * HOUR;
    if (lifetime > wanted->lifetime_seconds) {
        add_change(arena, changes, "lifetime", days_text(lifetime, arena),
                   days_text(wanted->lifetime_seconds, arena));
    }
}

static void diff_names(const struct certificate_item *wanted, const struct certificate_item *found,
                       struct arena *arena, struct change_list *changes)
{
    const char *from = certificate_names_text(found->names, found->name_count, arena);
    const char *to = certificate_names_text(wanted->names, wanted->name_count, arena);
    if (strcmp(from, to) != 0) {
        add_change(arena, changes, "names", from, to);
    }
}

static void diff_key(const struct certificate_item *wanted, const struct certificate_pair *pair,
                     struct arena *arena, struct change_list *changes)
{
    if (strcmp(pair->key_type, wanted->key_type) != 0) {
        add_change(arena, changes, "key", pair->key_type, wanted->key_type);
    } else if (!pair->has_key) {
        add_change(arena, changes, "key", N_("of another certificate"), wanted->key_type);
        vec_last(changes)->is_words = true;
    }
}

static void diff_validity(const struct certificate_item *found, struct arena *arena,
                          struct change_list *changes)
{
    if (found->is_due) {
        add_change(
            arena, changes, "validity",
            arena_printf(arena, "until %s", certificate_date(found->pair->expires_at, arena)),
            N_("renewed"));
        vec_last(changes)->is_words = true;
    }
}

static void diff_internal(const struct certificate_item *wanted,
                          const struct certificate_item *found, struct arena *arena,
                          struct change_list *changes)
{
    diff_names(wanted, found, arena, changes);
    if (!found->is_signed_by_us) {
        add_change(arena, changes, "issuer", found->pair->issued_by, "internal");
    }
    diff_key(wanted, found->pair, arena, changes);
    diff_lifetime(wanted, found->pair, arena, changes);
    diff_validity(found, arena, changes);
}

static void diff_acme(const struct certificate_item *wanted, const struct certificate_item *found,
                      struct arena *arena, struct change_list *changes)
{
    diff_names(wanted, found, arena, changes);
    if (!found->is_issued) {
        add_change(arena, changes, "issuer", found->pair->issued_by, wanted->issuer_name);
    }
    if (found->is_issued && found->is_waiting) {
        add_change(arena, changes, "sites", N_("wait for it"), N_("served"));
        vec_last(changes)->is_words = true;
    }
    diff_key(wanted, found->pair, arena, changes);
    diff_validity(found, arena, changes);
}

bool certificate_is_for(const struct certificate_item *wanted, const struct certificate_item *found)
{
    AUTO_ARENA arena = arena_create();
    return found != NULL && found->pair != NULL &&
           strcmp(certificate_names_text(found->names, found->name_count, arena),
                  certificate_names_text(wanted->names, wanted->name_count, arena)) == 0;
}

bool certificate_wants_order(const struct certificate_item *wanted,
                             const struct certificate_item *found)
{
    return wanted->issuer == CERTIFICATE_ACME &&
           (!certificate_is_for(wanted, found) || !found->is_issued || found->is_due ||
            !found->pair->has_key || strcmp(found->pair->key_type, wanted->key_type) != 0);
}

/* Against a wish that was carried out: which files they are, and for which names. What is read from
 * a host knows neither, and tells what the files hold now instead. */
static void diff_files(const struct certificate_item *wanted, const struct certificate_item *found,
                       struct arena *arena, struct change_list *changes)
{
    diff_names(wanted, found, arena, changes);
    const char *from =
        found->source_chain == NULL ? found->pair->issued_by : files_text(found, arena);
    const char *to = files_text(wanted, arena);
    if (strcmp(from, to) != 0) {
        add_change(arena, changes, "files", from, to);
    }
}

static const char *pair_text(const struct certificate_pair *pair, struct arena *arena)
{
    return arena_printf(arena, "%.16s until %s, issued by %s", pair->fingerprint,
                        certificate_date(pair->expires_at, arena), pair->issued_by);
}

void certificate_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes)
{
    const struct certificate_item *wanted = item->wanted;
    const struct certificate_item *there = found->exists ? found->found : NULL;
    if (there == NULL) {
        diff_absent(wanted, arena, out_changes);
        return;
    }
    if (there->instead != NULL) {
        add_change(arena, out_changes, "type", there->instead, N_("a certificate"));
        vec_last(out_changes)->is_words = true;
        return;
    }
    if (there->pair == NULL) {
        add_change(arena, out_changes, "pair", N_("cannot be read"), N_("complete"));
        vec_last(out_changes)->is_words = true;
        return;
    }
    if (wanted->issuer == CERTIFICATE_INTERNAL) {
        diff_internal(wanted, there, arena, out_changes);
    } else if (wanted->issuer == CERTIFICATE_ACME) {
        diff_acme(wanted, there, arena, out_changes);
    } else if (there->source_chain != NULL || there->is_signed_by_us) {
        diff_files(wanted, there, arena, out_changes);
    } else if (there->offered != NULL) {
        add_change(arena, out_changes, "certificate", pair_text(there->pair, arena),
                   pair_text(there->offered, arena));
    }
    if (there->key_mode != KEY_MODE) {
        add_change(arena, out_changes, "key mode",
                   arena_printf(arena, "%04o", (unsigned)there->key_mode), "0600");
    }
}

void certificate_digest(const struct item *item, struct digest *digest)
{
    const struct certificate_item *wanted = item->wanted;
    struct arena *arena = arena_create();
    const char *text = arena_printf(
        arena, "%s %jd %s\n%s\n%s\n%s", wanted->issuer_name, (intmax_t)wanted->lifetime_seconds,
        wanted->key_type == NULL ? "" : wanted->key_type, wanted->directory,
        wanted->source_chain == NULL ? "" : wanted->source_chain,
        wanted->source_key == NULL ? "" : wanted->source_key);
    digest_add(digest, str_of(text));
    digest_add(digest, str_of(certificate_names_text(wanted->names, wanted->name_count, arena)));
    arena_destroy(arena);
}

const void *certificate_fulfilled(const struct item *item, struct arena *arena)
{
    const struct certificate_item *wanted = item->wanted;
    struct certificate_item *found = arena_new(arena, struct certificate_item);
    struct certificate_pair *pair = arena_new(arena, struct certificate_pair);
    bool is_file = wanted->issuer == CERTIFICATE_FILE;
    *found = *wanted;
    *pair = (struct certificate_pair){
        .names = wanted->names,
        .name_count = wanted->name_count,
        .key_type = wanted->key_type == NULL ? "as in the files" : wanted->key_type,
        .issued_by = is_file ? files_text(wanted, arena) : wanted->issuer_name,
        .fingerprint = "",
        .expires_at = wanted->lifetime_seconds,
        .has_key = true,
    };
    found->pair = pair;
    found->key_mode = KEY_MODE;
    found->is_signed_by_us = wanted->issuer == CERTIFICATE_INTERNAL;
    found->is_issued = wanted->issuer == CERTIFICATE_ACME;
    return found;
}
