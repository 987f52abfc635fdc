/* The sockets of this machine that wait for others, and whose they are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/vec.h"

struct listener {
    struct sockaddr_storage address;
    int type; /* SOCK_STREAM, SOCK_DGRAM */
    uint32_t inode;
    uid_t user;
};
VEC(listeners, struct listener);
VEC(inodes, uint32_t);

/* As many as the kernel tells; none where it does not answer. */
void listeners_read(struct arena *arena, struct listeners *out_listeners);
/* Connections that are open, of TCP: their address on this side. */
void listeners_read_open(struct arena *arena, struct listeners *out_connections);
/* The sockets that a process has open; none, and false, where we may not look. */
bool listeners_held_by(pid_t pid, struct arena *arena, struct inodes *out_inodes);
bool inodes_have(const struct inodes *inodes, uint32_t inode);
/* "python3 (pid 4711)"; "a program of user 33" where we may not look. */
const char *listener_holder(const struct listener *listener, struct arena *arena);
