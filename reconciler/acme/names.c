#include "acme/names.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

enum { ANSWER_MOST = 64 * 1024, ALIASES_MOST = 10, TIMEOUT_S = 3, TRIES = 2 };

/* An answer, of which nothing may be there. */
struct answer {
    unsigned char *bytes;
    ns_msg message;
    unsigned count;
};

static bool ask(const char *name, ns_type type, struct arena *arena, struct answer *out,
                struct error *err)
{
    struct __res_state state = {0};
    *out = (struct answer){.bytes = arena_alloc(arena, ANSWER_MOST)};
    if (res_ninit(&state) != 0) {
        return error_set(err, ERROR_SYSTEM, "look up %s: the resolver cannot be used", name);
    }
    state.retrans = TIMEOUT_S;
    state.retry = TRIES;
    int length = res_nquery(&state, name, ns_c_in, (int)type, out->bytes, ANSWER_MOST);
    int why = state.res_h_errno;
    res_nclose(&state);
    if (length < 0 && (why == HOST_NOT_FOUND || why == NO_DATA)) {
        return true;
    }
    if (length < 0 || ns_initparse(out->bytes, length, &out->message) != 0) {
        return error_set(err, ERROR_UNAVAILABLE, "look up %s: %s", name,
                         length < 0 ? hstrerror(why) : "the answer makes no sense");
    }
    out->count = ns_msg_count(out->message, ns_s_an);
    return true;
}

/* NULL: the name is no alias. */
static const char *alias_of(struct answer *answer, struct arena *arena)
{
    char target[NS_MAXDNAME];
    ns_rr record;
    for (unsigned i = 0; i < answer->count; i++) {
        if (ns_parserr(&answer->message, ns_s_an, (int)i, &record) == 0 &&
            ns_rr_type(record) == ns_t_cname &&
            dn_expand(ns_msg_base(answer->message), ns_msg_end(answer->message),
                      ns_rr_rdata(record), target, sizeof(target)) > 0) {
            return arena_strdup(arena, target);
        }
    }
    return NULL;
}

const char *names_alias_end(const char *name, struct arena *arena, struct error *err)
{
    for (int i = 0; i < ALIASES_MOST; i++) {
        struct answer answer;
        if (!ask(name, ns_t_cname, arena, &answer, err)) {
            return NULL;
        }
        const char *target = alias_of(&answer, arena);
        if (target == NULL) {
            return name;
        }
        name = target;
    }
    (void)error_set(err, ERROR_LIMIT, "the aliases of %s have no end", name);
    return NULL;
}
