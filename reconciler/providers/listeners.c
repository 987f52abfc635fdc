/* Asks the kernel by sock_diag: one answer for all sockets in one state, whatever else is open. */

#include "providers/listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { DECIMAL = 10, PART_SIZE = 32 * 1024, NAME_LIMIT = 4096, LINK_MAX_LENGTH = 64 };

struct query {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

/* ---- The kernel's list ----------------------------------------------------------------------- */

static void listener_add(struct arena *arena, const struct inet_diag_msg *found, int type,
                         struct listeners *listeners)
{
    struct listener listener = {
        .type = type, .inode = found->idiag_inode, .user = found->idiag_uid};
    if (found->idiag_family == AF_INET6) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = found->id.idiag_sport};
        memcpy(&address.sin6_addr, found->id.idiag_src, sizeof(address.sin6_addr));
        memcpy(&listener.address, &address, sizeof(address));
    } else {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = found->id.idiag_sport};
        memcpy(&address.sin_addr, found->id.idiag_src, sizeof(address.sin_addr));
        memcpy(&listener.address, &address, sizeof(address));
    }
    vec_add(arena, listeners, listener);
}

/* False at the end of the answer. */
static bool part_read(struct arena *arena, const char *part, size_t length, int type,
                      struct listeners *listeners)
{
    while (length >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;
        memcpy(&header, part, sizeof(header));
        size_t size = NLMSG_ALIGN(header.nlmsg_len);
        if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR ||
            header.nlmsg_len < sizeof(header) || size > length) {
            return false;
        }
        if (header.nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg))) {
            struct inet_diag_msg found;
            memcpy(&found, part + NLMSG_HDRLEN, sizeof(found));
            listener_add(arena, &found, type, listeners);
        }
        part += size;
        length -= size;
    }
    return true;
}

static void family_read(int fd, unsigned char family, int type, unsigned state, struct arena *arena,
                        struct listeners *listeners)
{
    char part[PART_SIZE];
    struct query query = {
        .header = {.nlmsg_len = sizeof(query),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .request = {.sdiag_family = family,
                    .sdiag_protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
                    .idiag_states = 1U << state},
    };
    if (send(fd, &query, sizeof(query), 0) != (ssize_t)sizeof(query)) {
        return;
    }
    for (;;) {
        ssize_t length = recv(fd, part, sizeof(part), 0);
        if (length <= 0 || !part_read(arena, part, (size_t)length, type, listeners)) {
            return;
        }
    }
}

static const unsigned char families[] = {AF_INET, AF_INET6};

void listeners_read(struct arena *arena, struct listeners *out_listeners)
{
    *out_listeners = (struct listeners){0};
    for (size_t i = 0; i < sizeof(families); i++) {
        /* One socket a question: an error leaves nothing in the way of the next. */
        AUTO_FD stream = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        AUTO_FD datagram = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        family_read(stream, families[i], SOCK_STREAM, TCP_LISTEN, arena, out_listeners);
        /* a UDP socket that is bound, and connected to nobody, is closed */
        family_read(datagram, families[i], SOCK_DGRAM, TCP_CLOSE, arena, out_listeners);
    }
}

void listeners_read_open(struct arena *arena, struct listeners *out_connections)
{
    *out_connections = (struct listeners){0};
    for (size_t i = 0; i < sizeof(families); i++) {
        AUTO_FD stream = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        family_read(stream, families[i], SOCK_STREAM, TCP_ESTABLISHED, arena, out_connections);
    }
}

/* ---- Whose they are -------------------------------------------------------------------------- */

bool listeners_held_by(pid_t pid, struct arena *arena, struct inodes *out_inodes)
{
    static const char prefix[] = "socket:[";
    AUTO_DIRECTORY directory = opendir(arena_printf(arena, "/proc/%d/fd", (int)pid));
    const struct dirent *entry = NULL;
    *out_inodes = (struct inodes){0};
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char target[LINK_MAX_LENGTH];
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (text_starts_with(target, prefix)) {
            vec_add(arena, out_inodes, (uint32_t)strtoul(target + strlen(prefix), NULL, DECIMAL));
        }
    }
    return directory != NULL;
}

bool inodes_have(const struct inodes *inodes, uint32_t inode)
{
    for (size_t i = 0; i < inodes->count; i++) {
        if (inodes->items[i] == inode) {
            return true;
        }
    }
    return false;
}

static const char *process_name(pid_t pid, struct arena *arena)
{
    struct str name;
    if (!file_read(AT_FDCWD, arena_printf(arena, "/proc/%d/comm", (int)pid), NAME_LIMIT, arena,
                   &name, NULL) ||
        name.length == 0) {
        return "a program";
    }
    return arena_strndup(arena, name.data, strcspn(name.data, "\n"));
}

const char *listener_holder(const struct listener *listener, struct arena *arena)
{
    AUTO_DIRECTORY directory = opendir("/proc");
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        AUTO_ARENA scratch = arena_create();
        struct inodes inodes;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, DECIMAL);
        if (pid <= 0) {
            continue;
        }
        if (listeners_held_by(pid, scratch, &inodes) && inodes_have(&inodes, listener->inode)) {
            return arena_printf(arena, "%s (pid %d)", process_name(pid, arena), (int)pid);
        }
    }
    return arena_printf(arena, "a program of user %u", (unsigned)listener->user);
}
