/* What the certificate provider is made of, besides pairs and where they are stored. */
#pragma once

#include "model/provider.h"
#include "providers/authority.h"
#include "providers/pair.h"
#include "providers/pair_store.h"

/* certificate_diff.c: the pure members of the provider. */
void certificate_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes);
void certificate_digest(const struct item *item, struct digest *digest);
extern const struct shape certificate_shape;
const void *certificate_fulfilled(const struct item *item, struct arena *arena);

/* "a.test b.test": sorted, so that the order in which people write them makes no difference. */
const char *certificate_names_text(const char *const *names, size_t count, struct arena *arena);

/* certificate_source.c. The pair of issuer file. NULL with err filled; the caller releases it. */
struct pair *certificate_read_source(struct host *host, const struct certificate_item *wanted,
                                     struct arena *arena, struct error *err);
/* NULL: a pair that can be served for all the names. Else why not. */
const struct message *certificate_why_unfit(const struct certificate_pair *pair,
                                            const struct certificate_item *wanted, int64_t now,
                                            struct arena *arena);
/* NULL: what is offered may take the place of what is installed (NULL: nothing). Else why not: it
 * is unfit, or an earlier issue of what can still be served. */
const struct message *certificate_why_not_taken(const struct certificate_pair *offered,
                                                const struct certificate_pair *installed,
                                                const struct certificate_item *wanted, int64_t now,
                                                struct arena *arena);

/* certificate_install.c. One pass over many pairs. */
struct certificate_work {
    struct host *host;
    struct arena *arena;
    struct places places;
    struct authority *authority; /* NULL: there is none yet */
    bool is_known_authority;     /* the one that signed what is known */
    int64_t now;
};
struct certificate_work certificate_work_make(struct host *host, struct arena *arena);
void certificate_work_release(struct certificate_work *work);
/* Where the item's pair stands. */
const char *certificate_directory_of(struct certificate_work *work, const struct item *item);
/* Says where this pass may leave something when it is killed; staging_end when it is over. */
bool certificate_begin(struct certificate_work *work, const struct action *const *actions,
                       size_t count, struct error *err) MUST_CHECK;

/* certificate.c. Says whether the pair grows too old, and when it is looked at for that again. */
void certificate_look_at_age(struct certificate_work *work, struct certificate_item *found,
                             const struct renewal *renewal);

/* One pair on its way. */
struct certificate_issue {
    const struct item *item;
    struct outcome *outcome;
    const char *directory;
    struct pair *pair;    /* to be installed, which releases it */
    const char *version;  /* out; NULL: not written, the outcome says why */
    const char *previous; /* out: version that the link named before */
};
VEC(certificate_issue_list, struct certificate_issue);
/* The outcomes tell which are in their places. */
void certificate_install(struct certificate_work *work, struct certificate_issue *issues,
                         size_t count);

/* certificate_diff.c. There is a pair, for exactly the names that are wanted. found may be NULL. */
bool certificate_is_for(const struct certificate_item *wanted,
                        const struct certificate_item *found);
/* Does an authority have to be asked? found: NULL where nothing is. Pure. */
bool certificate_wants_order(const struct certificate_item *wanted,
                             const struct certificate_item *found);

/* certificate_order.c: pairs that an authority signs. */
void certificate_look_at_order(struct certificate_work *work, const struct item *item,
                               struct certificate_item *found, struct observation *out);
/* What can be done before the authority answers. True: something has to stand in for the pair, and
 * nginx is told so; false: the outcome says what was done. */
bool certificate_prepare(struct certificate_work *work, const struct action *action,
                         struct outcome *outcome);
/* What else there is of a pair that is gone. */
bool certificate_forget(struct certificate_work *work, const char *directory,
                        struct error *err) MUST_CHECK;
