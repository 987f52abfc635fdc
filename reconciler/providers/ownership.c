/* Mode and owner as people write them: "0640", "root". */

#include "providers/ownership.h"

#include <string.h>

static const char *account_text(const char *name)
{
    return name == NULL ? "root" : name;
}

bool ownership_equal(const struct ownership *a, const struct ownership *b)
{
    return a->mode == b->mode && strcmp(account_text(a->owner), account_text(b->owner)) == 0 &&
           strcmp(account_text(a->group), account_text(b->group)) == 0;
}

static void compare(const char *field, const char *from, const char *to, struct arena *arena,
                    struct change_list *out_changes)
{
    if (!text_equal(from, to)) {
        vec_add(arena, out_changes,
                (struct change){.field = field, .from = from, .to = to, .span = SPAN_NONE});
    }
}

static const char *mode_text(mode_t mode, struct arena *arena)
{
    return arena_printf(arena, "%04o", (unsigned)mode);
}

void ownership_diff(const struct ownership *wanted, const struct ownership *found,
                    struct arena *arena, struct change_list *out_changes)
{
    if (found == NULL || wanted->mode != found->mode) {
        compare("mode", found == NULL ? NULL : mode_text(found->mode, arena),
                mode_text(wanted->mode, arena), arena, out_changes);
    }
    compare("owner", found == NULL ? NULL : account_text(found->owner), account_text(wanted->owner),
            arena, out_changes);
    compare("group", found == NULL ? NULL : account_text(found->group), account_text(wanted->group),
            arena, out_changes);
}

void instead_diff(const char *found, const char *wanted, struct arena *arena,
                  struct change_list *out_changes)
{
    vec_add(arena, out_changes,
            (struct change){
                .field = "type", .from = found, .to = wanted, .span = SPAN_NONE, .is_words = true});
}

void ownership_digest(const struct ownership *wanted, struct digest *digest)
{
    digest_add(digest, (struct str){(const char *)&wanted->mode, sizeof(wanted->mode)});
    digest_add(digest, str_of(account_text(wanted->owner)));
    digest_add(digest, str_of(account_text(wanted->group)));
}
