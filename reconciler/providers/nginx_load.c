/* Counts what a reload would meet. A worker's connections are those of its sockets that are open at
 * a port on which it listens; the others are its own to the programs behind it. */
#include "model/nginx_load.h"

#include <netinet/in.h>
#include <string.h>

#include "providers/listeners.h"
#include "providers/nginx.h"
#include "providers/nginx_process.h"

static uint16_t port_of(const struct listener *listener)
{
    struct sockaddr_in address; /* the port stands at the same place in both families */
    memcpy(&address, &listener->address, sizeof(address));
    return ntohs(address.sin_port);
}

struct sockets {
    struct listeners listening;
    struct listeners open;
};

static bool listens_at(const struct sockets *sockets, const struct inodes *held, uint16_t port)
{
    for (size_t i = 0; i < sockets->listening.count; i++) {
        const struct listener *listener = &sockets->listening.items[i];
        if (listener->type == SOCK_STREAM && port_of(listener) == port &&
            inodes_have(held, listener->inode)) {
            return true;
        }
    }
    return false;
}

static size_t count_clients(const struct sockets *sockets, const struct inodes *held)
{
    size_t count = 0;
    for (size_t i = 0; i < sockets->open.count; i++) {
        const struct listener *connection = &sockets->open.items[i];
        count +=
            inodes_have(held, connection->inode) && listens_at(sockets, held, port_of(connection));
    }
    return count;
}

void nginx_load_read(struct host *host, struct arena *arena, struct nginx_load *out_load)
{
    pid_t master = 0;
    struct pid_list children = {0};
    struct sockets sockets = {0};
    *out_load = (struct nginx_load){.knows_clients = true};
    if (!nginx_master(host, arena, &master, NULL) || master == 0) {
        out_load->knows_clients = false;
        return;
    }
    out_load->is_running = true;
    nginx_children(master, arena, &children);
    listeners_read(arena, &sockets.listening);
    listeners_read_open(arena, &sockets.open);
    for (size_t i = 0; i < children.count; i++) {
        struct inodes held = {0};
        if (!nginx_is_leaving(children.items[i])) {
            out_load->workers++;
            out_load->knows_clients &= listeners_held_by(children.items[i], arena, &held);
            out_load->clients += count_clients(&sockets, &held);
        }
    }
}
