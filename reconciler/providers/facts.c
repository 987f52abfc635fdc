/* Gathers what rendering may depend on, on this machine. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "providers/facts_programs.h"
#include "providers/nginx.h"
#include "providers/nginx_files.h"
#include "providers/providers.h"

enum {
    RESOLV_LIMIT = 64 * 1024,
    ADDRESSES_LIMIT = 1024 * 1024,
    NAMESERVERS_MAX = 3, /* as many as the C library uses */
};

static unsigned count_cpus(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : (unsigned)cpus;
}

static bool count_memory(uint64_t *out_bytes, struct error *err)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0) {
        return error_errno(err, "ask for the size of memory");
    }
    *out_bytes = (uint64_t)info.totalram * info.mem_unit;
    return true;
}

/* An address to listen on, and a kernel that makes sockets for it. */
static bool find_ipv6(struct arena *arena)
{
    struct str addresses = {0};
    AUTO_FD fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 &&
           file_read(AT_FDCWD, "/proc/net/if_inet6", ADDRESSES_LIMIT, arena, &addresses, NULL) &&
           addresses.length > 0;
}

static void word_add(struct text *text, const char *word)
{
    text_addf(text, "%s%s", text->length == 0 ? "" : " ", word);
}

/* nginx takes no zones, so a server that needs one is left out. */
static void nameserver_add(struct text *text, const char *address)
{
    if (strchr(address, '%') != NULL) {
        return;
    }
    bool is_ipv6 = strchr(address, ':') != NULL;
    word_add(text, is_ipv6 ? arena_printf(text->arena, "[%s]", address) : address);
}

static const char *read_nameservers(struct host *host, struct arena *arena)
{
    struct str content;
    char *rest = NULL;
    unsigned count = 0;
    struct text servers = text_make(arena);
    if (!nginx_file_read(host, "/etc/resolv.conf", RESOLV_LIMIT, arena, &content, NULL)) {
        return "127.0.0.1";
    }
    for (char *line = strtok_r(arena_strdup(arena, content.data), "\n", &rest);
         line != NULL && count < NAMESERVERS_MAX; line = strtok_r(NULL, "\n", &rest)) {
        char *words = NULL;
        const char *key = strtok_r(line, " \t", &words);
        const char *address = strtok_r(NULL, " \t", &words);
        if (text_equal(key, "nameserver") && address != NULL) {
            nameserver_add(&servers, address);
            count++;
        }
    }
    return servers.length == 0 ? "127.0.0.1" : servers.data;
}

static const char *join(struct arena *arena, const char *first, const struct nginx_claims *claims)
{
    struct text words = text_make(arena);
    text_add(&words, first);
    for (size_t i = 0; i < claims->count; i++) {
        word_add(&words, claims->items[i].text);
    }
    return words.data;
}

/* "0.0.0.0:80=/etc/nginx/sites-enabled/default:22"; a place that would not be one word is left out.
 */
static const char *join_defaults(struct arena *arena, const struct nginx_claims *claims)
{
    struct text words = text_make(arena);
    for (size_t i = 0; i < claims->count; i++) {
        const struct nginx_claim *claim = &claims->items[i];
        bool is_word = strpbrk(claim->file, " \t\n") == NULL;
        word_add(&words,
                 is_word ? arena_printf(arena, "%s=%s:%zu", claim->text, claim->file, claim->line)
                         : claim->text);
    }
    return words.data;
}

bool facts_gather(struct host *host, struct arena *arena, struct facts *out_facts,
                  struct error *err)
{
    struct nginx_foreign foreign;
    struct facts facts = {.cpus = count_cpus(), .has_ipv6 = find_ipv6(arena)};
    if (!count_memory(&facts.memory_bytes, err)) {
        return false;
    }
    struct program_facts programs = program_facts_gather(host, arena);
    nginx_foreign_read(host, arena, &foreign);
    facts.nginx_version = programs.nginx_version;
    facts.nginx_modules = join(arena, programs.nginx_modules, &foreign.modules);
    facts.systemd_version = programs.systemd_version;
    facts.nameservers = read_nameservers(host, arena);
    facts.foreign_default_servers = join_defaults(arena, &foreign.defaults);
    *out_facts = facts;
    return true;
}
