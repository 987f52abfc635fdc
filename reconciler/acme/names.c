#include "acme/names.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

enum {
    ANSWER_MOST = 64 * 1024,
    ALIASES_MOST = 10,
    TIMEOUT_S = 3,
    TRIES = 2,
    TYPE_CAA = 257, /* RFC 8659, section 4.1.1 */
    CAA_HEADER = 2, /* flags, and the length of the tag */
    CAA_CRITICAL = 0x80,
};

/* An answer, of which nothing may be there. */
struct answer {
    unsigned char *bytes;
    ns_msg message;
    unsigned count;
};

static bool ask(const char *name, int type, struct arena *arena, struct answer *out,
                struct error *err)
{
    struct __res_state state = {0};
    *out = (struct answer){.bytes = arena_alloc(arena, ANSWER_MOST)};
    if (res_ninit(&state) != 0) {
        return error_set(err, ERROR_SYSTEM, "look up %s: the resolver cannot be used", name);
    }
    state.retrans = TIMEOUT_S;
    state.retry = TRIES;
    int length = res_nquery(&state, name, ns_c_in, type, out->bytes, ANSWER_MOST);
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

/* ---- Addresses ------------------------------------------------------------------------------ */

/* "" where it is of another family. */
static const char *address_text(const struct sockaddr *address, struct arena *arena)
{
    char text[INET6_ADDRSTRLEN] = "";
    const void *bytes = NULL;
    if (address != NULL && address->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else if (address != NULL && address->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    }
    if (bytes != NULL) {
        (void)inet_ntop(address->sa_family, bytes, text, sizeof(text)); /* there is room */
    }
    return arena_strdup(arena, text);
}

bool names_addresses(const char *name, struct arena *arena, struct name_addresses *out,
                     struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(name, NULL, &hints, &found);
    if (status == EAI_NONAME || status == EAI_NODATA) {
        return true;
    }
    if (status != 0) {
        return error_set(err, ERROR_UNAVAILABLE, "%s", gai_strerror(status));
    }
    for (const struct addrinfo *each = found; each != NULL; each = each->ai_next) {
        vec_add(arena, out, address_text(each->ai_addr, arena));
    }
    freeaddrinfo(found);
    return true;
}

static bool has_address(const struct name_addresses *addresses, const char *text)
{
    for (size_t i = 0; i < addresses->count; i++) {
        if (strcmp(addresses->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

bool names_are_here(const struct name_addresses *addresses, struct arena *arena)
{
    struct ifaddrs *interfaces = NULL;
    bool is_here = false;
    if (getifaddrs(&interfaces) != 0) {
        return false;
    }
    for (const struct ifaddrs *each = interfaces; each != NULL && !is_here; each = each->ifa_next) {
        is_here = has_address(addresses, address_text(each->ifa_addr, arena));
    }
    freeifaddrs(interfaces);
    return is_here;
}

/* ---- Who may sign --------------------------------------------------------------------------- */

static void add_caa(const ns_rr *record, struct arena *arena, struct caa_records *out)
{
    const unsigned char *data = ns_rr_rdata(*record);
    size_t length = ns_rr_rdlen(*record);
    if (length < CAA_HEADER || length < CAA_HEADER + (size_t)data[1]) {
        return;
    }
    const char *tag = (const char *)data + CAA_HEADER;
    vec_add(arena, out,
            (struct caa_record){
                .is_critical = (data[0] & CAA_CRITICAL) != 0,
                .tag = arena_strndup(arena, tag, data[1]),
                .value = arena_strndup(arena, tag + data[1], length - CAA_HEADER - data[1])});
}

bool names_caa(const char *name, struct arena *arena, struct caa_records *out, struct error *err)
{
    for (; name != NULL && out->count == 0; name = strchr(name, '.')) {
        struct answer answer;
        ns_rr record;
        name += *name == '.' ? 1 : 0;
        if (!ask(name, TYPE_CAA, arena, &answer, err)) {
            return false;
        }
        for (unsigned i = 0; i < answer.count; i++) {
            if (ns_parserr(&answer.message, ns_s_an, (int)i, &record) == 0 &&
                (int)ns_rr_type(record) == TYPE_CAA) {
                add_caa(&record, arena, out);
            }
        }
    }
    return true;
}
