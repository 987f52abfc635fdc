#include "providers/certificate_outlook.h"

#include <fcntl.h>
#include <unistd.h>

#include "providers/acme_book.h"
#include "providers/certificate_order.h"
#include "providers/certificate_preflight.h"

struct outlook_work {
    struct host *host;
    struct arena *arena;
    const struct action **orders;
    size_t count;
    struct order_outlook *out;
};

static void note(const struct outlook_work *work, size_t index, const struct message *text)
{
    vec_add(work->arena, &work->out->notes,
            (struct order_note){.id = work->orders[index]->item->id, .text = text});
}

/* Proofs are put into a folder that the first order makes. */
static bool has_folder(const struct host *host)
{
    return faccessat(host->root, host_path(host->layout->acme_challenges), F_OK,
                     AT_SYMLINK_NOFOLLOW) == 0;
}

static void look_at_names(const struct outlook_work *work)
{
    struct acme_client *client = NULL;
    struct error err = {0};
    struct order_preflight *preflights = arena_array(work->arena, work->count, sizeof(*preflights));
    if (!acme_client_open(work->host, work->arena, &client, &err)) {
        for (size_t i = 0; i < work->count; i++) {
            note(work, i, message_of_error(work->arena, &err));
        }
        return;
    }
    for (size_t i = 0; i < work->count; i++) {
        preflights[i] =
            (struct order_preflight){.wanted = work->orders[i]->item->wanted,
                                     .is_served = !certificate_needs_tree(work->orders[i])};
    }
    certificate_preflight(client, work->host, has_folder(work->host), preflights, work->count,
                          work->arena);
    for (size_t i = 0; i < work->count; i++) {
        if (preflights[i].refusal != NULL) {
            note(work, i, preflights[i].refusal);
        }
        for (size_t j = 0; j < preflights[i].wanted->name_count; j++) {
            if (preflights[i].objections[j] != NULL) {
                note(work, i, preflights[i].objections[j]);
            }
        }
    }
}

static void count_costs(const struct outlook_work *work)
{
    struct acme_book book = acme_book_open(work->host, work->arena);
    struct acme_order *orders = arena_array(work->arena, work->count, sizeof(*orders));
    for (size_t i = 0; i < work->count; i++) {
        const struct certificate_item *wanted = work->orders[i]->item->wanted;
        orders[i] = acme_book_order(&book, wanted->directory_url,
                                    certificate_order_type(work->orders[i], wanted, work->arena),
                                    wanted->names);
    }
    acme_limits_spend(work->arena, &book.ledger, orders, work->count, work->host->now(work->host),
                      &work->out->spendings);
}

void certificate_look_ahead(struct host *host, const struct action *const *actions, size_t count,
                            struct arena *arena, struct order_outlook *out)
{
    struct outlook_work work = {.host = host,
                                .arena = arena,
                                .orders = arena_array(arena, count, sizeof(const struct action *)),
                                .out = out};
    for (size_t i = 0; geteuid() == 0 && i < count; i++) {
        if (certificate_is_ordered(host, actions[i])) {
            work.orders[work.count++] = actions[i];
        }
    }
    if (work.count > 0) {
        look_at_names(&work);
        count_costs(&work);
    }
}
