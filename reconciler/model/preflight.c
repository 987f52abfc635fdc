#include "model/preflight.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

/* Let's Encrypt's certificates begin an hour before they are made. */
enum { CLOCK_MOST = 3600 };

/* ---- Who may sign --------------------------------------------------------------------------- */

static bool is_identity(const struct preflight_authority *authority, const char *value)
{
    size_t length = strcspn(value, "; \t"); /* parameters follow (RFC 8659, section 4.2) */
    for (const char *const *each = authority->identities; each != NULL && *each != NULL; each++) {
        if (strlen(*each) == length && strncasecmp(*each, value, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_known_tag(const char *tag)
{
    static const char *const known[] = {"issue", "issuewild", "iodef"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(known[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

/* Records of the tag that say who may; *out_is_allowed: this authority is one of them. */
static size_t count_tag(const struct preflight_authority *authority,
                        const struct preflight_caa_list *caa, const char *tag, bool *out_is_allowed)
{
    size_t count = 0;
    *out_is_allowed = false;
    for (size_t i = 0; i < caa->count; i++) {
        if (strcasecmp(caa->items[i].tag, tag) == 0) {
            const char *value = caa->items[i].value;
            *out_is_allowed |= is_identity(authority, value + strspn(value, " \t"));
            count++;
        }
    }
    return count;
}

/* RFC 8659, sections 4.1 to 4.3. */
static bool may_sign(const struct preflight_authority *authority, const struct preflight_name *name)
{
    bool is_allowed = false;
    for (size_t i = 0; i < name->caa.count; i++) {
        if (name->caa.items[i].is_critical && !is_known_tag(name->caa.items[i].tag)) {
            return false;
        }
    }
    if (text_starts_with(name->name, "*.") &&
        count_tag(authority, &name->caa, "issuewild", &is_allowed) > 0) {
        return is_allowed;
    }
    return count_tag(authority, &name->caa, "issue", &is_allowed) == 0 || is_allowed;
}

/* ---- Together ------------------------------------------------------------------------------- */

static const struct message *answer_objection(const struct preflight_name *name, bool is_served,
                                              struct arena *arena)
{
    if (name->answer == PREFLIGHT_OTHER && is_served) {
        return message_make(arena, "%s leads to %s, which answers HTTP %ld instead of our proof",
                            name->name, name->addresses, name->status);
    }
    if (name->answer == PREFLIGHT_SILENCE && name->is_here && is_served) {
        return message_chain(
            arena, message_make(arena, "this host does not answer for %s on port 80", name->name),
            MESSAGE_COLON, message_quote(arena, name->silence));
    }
    return NULL;
}

const struct message *preflight_objection(const struct preflight_authority *authority,
                                          const struct preflight_name *name, bool is_served,
                                          struct arena *arena)
{
    if (name->lookup_error != NULL) {
        return message_chain(arena, message_make(arena, "%s cannot be looked up", name->name),
                             MESSAGE_COLON, message_quote(arena, name->lookup_error));
    }
    if (name->is_over_http && name->addresses == NULL) {
        return message_make(arena, "%s has no address", name->name);
    }
    bool says_who_it_is = authority->identities != NULL && authority->identities[0] != NULL;
    if (says_who_it_is && !may_sign(authority, name)) {
        return message_make(arena, "the name system lets others sign for %s, and not %s (CAA)",
                            name->name, authority->identities[0]);
    }
    return answer_objection(name, is_served, arena);
}

const struct message *preflight_clock_objection(const struct preflight_authority *authority,
                                                struct arena *arena)
{
    long minutes = labs((long)authority->clock_difference) / 60;
    if (labs((long)authority->clock_difference) < CLOCK_MOST) {
        return NULL;
    }
    return authority->clock_difference > 0
               ? message_make(arena, "this host's clock is %ld minutes ahead of the authority's",
                              minutes)
               : message_make(arena, "this host's clock is %ld minutes behind the authority's",
                              minutes);
}
