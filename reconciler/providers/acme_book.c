/* Reads and writes the ledger of orders, and knows registered domains by libpsl. */

#include "providers/acme_book.h"

#include <fcntl.h>
#include <libpsl.h>

#include "base/file.h"
#include "providers/certificate_parts.h"

enum { LEDGER_LIMIT = 16 * 1024 * 1024 };

static const char *path_of(const struct acme_book *book)
{
    return arena_printf(book->arena, "%s/ledger.json", book->host->layout->acme_accounts);
}

struct acme_book acme_book_open(struct host *host, struct arena *arena)
{
    struct acme_book book = {.host = host, .arena = arena};
    struct str text = {0};
    bool is_whole = false;
    if (file_read(host->root, host_path(path_of(&book)), LEDGER_LIMIT, arena, &text, NULL)) {
        acme_ledger_read(arena, text, &book.ledger, &is_whole);
    }
    (void)is_whole; /* what is missing costs a refusal of the authority at worst */
    acme_limits_prune(&book.ledger, host->now(host));
    return book;
}

bool acme_book_write(struct acme_book *book, struct error *err)
{
    const struct host *host = book->host;
    return file_make_directories(host->root, host_path(host->layout->acme_accounts), 0755, err) &&
           file_replace(host->root, host_path(path_of(book)),
                        acme_ledger_write(book->arena, &book->ledger), 0600, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

static const char *registered_domain(void *context, const char *name)
{
    (void)context; /* the list is part of the library */
    return psl_registrable_domain(psl_builtin(), name);
}

struct acme_order acme_book_order(struct acme_book *book, const char *directory_url,
                                  enum acme_order_type type, const char *const *names)
{
    const struct acme_domains domains = {registered_domain, NULL};
    return acme_order_make(book->arena, directory_url, type, names, &domains);
}

static bool refuse(const struct acme_answer *answer, const char *when, struct error *err)
{
    const char *subject = answer->subject == NULL ? "" : answer->subject;
    switch (answer->limit) {
    case ACME_LIMIT_ORDERS:
        return error_set(err, ERROR_LIMIT,
                         "the authority takes no more orders from this account before %s", when);
    case ACME_LIMIT_DOMAIN:
        return error_set(err, ERROR_LIMIT,
                         "the authority signs no more certificates for names of %s before %s",
                         subject, when);
    case ACME_LIMIT_DUPLICATES:
        return error_set(err, ERROR_LIMIT,
                         "the authority signs no more certificates for the same names before %s",
                         when);
    default:
        return error_set(err, ERROR_LIMIT,
                         "the authority was shown no proof for %s too often: it is not asked "
                         "before %s",
                         subject, when);
    }
}

bool acme_book_take(struct acme_book *book, const struct acme_order *order, int64_t now,
                    int64_t *out_possible_at, struct error *err)
{
    const struct acme_answer answer = acme_limits_ask(&book->ledger, order, now);
    if (answer.limit != ACME_LIMIT_NONE) {
        *out_possible_at = answer.possible_at;
        return refuse(&answer, certificate_moment(answer.possible_at, book->arena), err);
    }
    acme_ledger_add_order(book->arena, &book->ledger, order, now);
    return true;
}
