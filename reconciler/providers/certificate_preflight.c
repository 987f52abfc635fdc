#include "providers/certificate_preflight.h"

#include <string.h>
#include <unistd.h>

#include "base/map.h"

/* Orders that are proven in the same way to the same authority. */
struct group {
    const struct order_preflight *first;
    struct map indexes; /* name -> its number in names, and one more */
    VEC(preflight_names, struct preflight_name) names;
};

static bool is_of(const struct group *group, const struct order_preflight *order)
{
    return order->wanted->challenge == group->first->wanted->challenge &&
           strcmp(order->wanted->directory_url, group->first->wanted->directory_url) == 0;
}

static void add_names(struct group *group, const struct certificate_item *wanted,
                      struct arena *arena)
{
    for (size_t i = 0; i < wanted->name_count; i++) {
        if (!map_has(&group->indexes, wanted->names[i])) {
            vec_add(arena, &group->names, (struct preflight_name){.name = wanted->names[i]});
            size_t *place = arena_new(arena, size_t);
            *place = group->names.count - 1;
            (void)map_put(arena, &group->indexes, wanted->names[i], place);
        }
    }
}

static void judge(const struct group *group, const struct preflight_authority *authority,
                  struct order_preflight *order, struct arena *arena)
{
    order->refusal = preflight_clock_objection(authority, arena);
    for (size_t i = 0; i < order->wanted->name_count; i++) {
        const size_t *place = map_get(&group->indexes, order->wanted->names[i]);
        order->objections[i] =
            preflight_objection(authority, &group->names.items[*place], order->is_served, arena);
    }
}

/* Each program of an admin that is asked for records has to be there. */
static const struct message *
hook_objection(const struct host *host, enum certificate_challenge challenge, struct arena *arena)
{
    const char *hook = host->layout->acme_dns_hook;
    if (challenge == CERTIFICATE_OVER_HTTP) {
        return NULL;
    }
    if (hook == NULL) {
        return message_word(arena, N_("no program changes the name system: the setting "
                                      "acme.dns_hook names one"));
    }
    return access(hook, X_OK) == 0 ? NULL
                                   : message_make(arena, "%s cannot be run (acme.dns_hook)", hook);
}

static void look_at_group(const struct acme_client *client, struct host *host, bool asks,
                          struct group *group, struct order_preflight *orders, size_t count,
                          struct arena *arena)
{
    struct error err = {0};
    struct acme_preflight preflight = {.directory_url = group->first->wanted->directory_url,
                                       .challenge = group->first->wanted->challenge,
                                       .asks = asks,
                                       .names = group->names.items,
                                       .count = group->names.count};
    const struct message *refusal = hook_objection(host, preflight.challenge, arena);
    if (refusal == NULL && !acme_client_preflight(client, &preflight, arena, &err)) {
        refusal = message_of_error(arena, &err);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_of(group, &orders[i])) {
            continue;
        }
        orders[i].refusal = refusal;
        if (refusal == NULL) {
            judge(group, &preflight.authority, &orders[i], arena);
        }
    }
}

void certificate_preflight(const struct acme_client *client, struct host *host, bool asks,
                           struct order_preflight *orders, size_t count, struct arena *arena)
{
    bool *is_done = arena_array(arena, count, sizeof(*is_done));
    for (size_t i = 0; i < count; i++) {
        orders[i].refusal = NULL;
        orders[i].objections =
            arena_array(arena, orders[i].wanted->name_count, sizeof(const struct message *));
    }
    for (size_t i = 0; host->layout->acme_preflight && i < count; i++) {
        struct group group = {.first = &orders[i]};
        for (size_t j = i; !is_done[i] && j < count; j++) {
            if (is_of(&group, &orders[j])) {
                add_names(&group, orders[j].wanted, arena);
                is_done[j] = j != i;
            }
        }
        if (!is_done[i]) {
            look_at_group(client, host, asks, &group, orders, count, arena);
        }
    }
}
