/* Finds busy ports before nginx does: nginx -t lets them pass, and a master that was told to reload
 * only says so in its log. Each address that nginx does not have yet is bound for a moment, and
 * never listened on. */

#include "providers/nginx.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "providers/listeners.h"
#include "providers/nginx_address.h"
#include "providers/nginx_process.h"

struct ports {
    struct host *host;
    struct arena *arena;
    struct nginx_addresses wanted; /* of the candidate, each once */
    struct nginx_addresses all;    /* with those of others */
    struct listeners listeners;
    struct inodes held;         /* by the running nginx */
    const struct message *busy; /* what is refused, for people */
};

static struct nginx_address *find_address(const struct nginx_addresses *list,
                                          const struct nginx_address *address)
{
    for (size_t i = 0; i < list->count; i++) {
        if (nginx_address_equal(&list->items[i], address)) {
            return &list->items[i];
        }
    }
    return NULL;
}

static bool listen_read(struct ports *ports, const struct nginx_config *config, size_t number,
                        struct nginx_address *out_address)
{
    const struct nginx_reference *reference = &config->references.items[number];
    return reference->type == NGINX_LISTEN &&
           nginx_address_read(ports->arena, reference, out_address);
}

/* What one of its directives asks for counts for the address. */
static void addresses_add(struct ports *ports, const struct nginx_config *config,
                          struct nginx_addresses *addresses)
{
    for (size_t i = 0; i < config->references.count; i++) {
        struct nginx_address address;
        if (!listen_read(ports, config, i, &address)) {
            continue;
        }
        struct nginx_address *known = find_address(addresses, &address);
        if (known == NULL) {
            vec_add(ports->arena, addresses, address);
        } else {
            known->is_separate = known->is_separate || address.is_separate;
        }
    }
}

/* Both take what comes to the same port of the same family. */
static bool is_same_port(const struct nginx_address *a, const struct nginx_address *b)
{
    return a->type == b->type && a->socket.ss_family == b->socket.ss_family &&
           nginx_address_port(a) == nginx_address_port(b);
}

/* nginx opens no socket for an address of which the wildcard is listened on as well. */
static bool is_folded(const struct ports *ports, const struct nginx_address *address)
{
    for (size_t i = 0; i < ports->all.count; i++) {
        const struct nginx_address *other = &ports->all.items[i];
        if (other->is_wildcard && !address->is_wildcard && !address->is_separate &&
            is_same_port(other, address)) {
            return true;
        }
    }
    return false;
}

static bool is_held(const struct ports *ports, const struct nginx_address *address)
{
    for (size_t i = 0; i < ports->listeners.count; i++) {
        const struct listener *listener = &ports->listeners.items[i];
        if (listener->type == address->type && inodes_have(&ports->held, listener->inode) &&
            strcmp(nginx_address_text(ports->arena, &listener->address), address->text) == 0) {
            return true;
        }
    }
    return false;
}

static in_port_t port_of(const struct sockaddr_storage *socket)
{
    return socket->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)socket)->sin6_port
                                         : ((const struct sockaddr_in *)socket)->sin_port;
}

/* Who has it: the same address best, else any on its port, since one of the two is a wildcard. */
static const struct listener *find_holder(const struct ports *ports,
                                          const struct nginx_address *address)
{
    const struct listener *holder = NULL;
    for (size_t i = 0; i < ports->listeners.count; i++) {
        const struct listener *listener = &ports->listeners.items[i];
        if (listener->type != address->type ||
            port_of(&listener->address) != port_of(&address->socket)) {
            continue;
        }
        if (strcmp(nginx_address_text(ports->arena, &listener->address), address->text) == 0) {
            return listener;
        }
        bool is_nearer = holder == NULL || listener->address.ss_family == address->socket.ss_family;
        holder = is_nearer ? listener : holder;
    }
    return holder;
}

static void busy_add(struct ports *ports, const struct message *sentence)
{
    ports->busy = ports->busy == NULL
                      ? sentence
                      : message_chain(ports->arena, ports->busy, MESSAGE_ASIDE, sentence);
}

static void tell_holder(struct ports *ports, const struct nginx_address *address)
{
    struct arena *arena = ports->arena;
    const struct listener *holder = find_holder(ports, address);
    if (holder == NULL) {
        busy_add(ports, message_make(arena, "%s is in use", address->text));
        return;
    }
    const char *text = nginx_address_text(arena, &holder->address);
    if (inodes_have(&ports->held, holder->inode)) {
        busy_add(ports, message_make(arena,
                                     "the running nginx has %s and cannot exchange it for %s by a "
                                     "reload: restart nginx",
                                     text, address->text));
        return;
    }
    const char *name = listener_holder(holder, arena);
    busy_add(ports, strcmp(text, address->text) == 0
                        ? message_make(arena, "%s is in use by %s", address->text, name)
                        : message_make(arena, "%s is in use by %s, which has %s", address->text,
                                       name, text));
}

/* The options that nginx sets, so that the kernel answers the same. */
static int bind_as_nginx(const struct nginx_address *address)
{
    static const int on = 1;
    AUTO_FD fd = socket(address->socket.ss_family, address->type | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return errno;
    }
    if (address->socket.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
        return errno;
    }
    return bind(fd, (const struct sockaddr *)&address->socket, address->size) == 0 ? 0 : errno;
}

static void check_one(struct ports *ports, const struct nginx_address *address)
{
    struct error why;
    if (is_held(ports, address) || is_folded(ports, address)) {
        return;
    }
    int number = bind_as_nginx(address);
    if (number == EADDRINUSE) {
        tell_holder(ports, address);
    } else if (number != 0) {
        errno = number;
        (void)error_errno(&why, "%s cannot be listened on", address->text);
        busy_add(ports, message_of_error(ports->arena, &why));
    }
}

/* Sites and streams open sockets of their own, so that one of them would not get the address. */
static bool is_split(const struct nginx_address *ours, const struct nginx_address *theirs)
{
    return strcmp(ours->reference->level, theirs->reference->level) != 0 &&
           is_same_port(ours, theirs) &&
           (ours->is_wildcard || theirs->is_wildcard || strcmp(ours->text, theirs->text) == 0);
}

static void check_split(struct ports *ports, const struct nginx_address *ours,
                        const struct nginx_config *theirs)
{
    struct nginx_address other;
    for (size_t i = 0; i < theirs->references.count; i++) {
        if (listen_read(ports, theirs, i, &other) && is_split(ours, &other)) {
            const char *place =
                arena_printf(ports->arena, "%s:%zu", other.reference->file, other.reference->line);
            busy_add(ports, message_make(ports->arena, "%s is listened on already, by %s",
                                         ours->text, place));
            return;
        }
    }
}

static bool ports_read(struct ports *ports, const char *tree, struct error *err)
{
    pid_t master = 0;
    struct nginx_config ours;
    struct nginx_config theirs;
    AUTO_FD directory = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return error_errno(err, "open the candidate %s", tree);
    }
    if (!nginx_config_read_tree(ports->host, directory, ports->arena, &ours, err) ||
        !nginx_master(ports->host, ports->arena, &master, err)) {
        return false;
    }
    nginx_config_read(ports->host, ports->arena, &theirs);
    addresses_add(ports, &ours, &ports->wanted);
    addresses_add(ports, &ours, &ports->all);
    addresses_add(ports, &theirs, &ports->all);
    for (size_t i = 0; i < ports->wanted.count; i++) {
        check_split(ports, &ports->wanted.items[i], &theirs);
    }
    listeners_read(ports->arena, &ports->listeners);
    if (master != 0) {
        (void)listeners_held_by(master, ports->arena, &ports->held);
    }
    return true;
}

bool nginx_check_ports(struct host *host, const char *tree, struct arena *arena, struct error *err)
{
    struct ports ports = {.host = host, .arena = arena};
    if (strcmp(host->root_path, "/") != 0) {
        return true; /* what is written there runs elsewhere */
    }
    if (!ports_read(&ports, tree, err)) {
        return false;
    }
    for (size_t i = 0; i < ports.wanted.count; i++) {
        check_one(&ports, &ports.wanted.items[i]);
    }
    return ports.busy == NULL || error_set_message(err, ERROR_REFUSED, ports.busy);
}
