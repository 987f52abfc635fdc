/* The facts as values and as JSON, for a file that a host saved and for the plan's digest.
 * Gathering them is the providers' business. */

#include "model/facts.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"

#define AUTO_JSON __attribute__((cleanup(release_json))) json_t *

static void release_json(json_t **json)
{
    json_decref(*json);
}

struct facts facts_debian12(void)
{
    return (struct facts){
        .cpus = 2,
        .memory_bytes = UINT64_C(4) << 30,
        .nginx_version = 1022001,
        /* Built in; what Debian ships as a package of its own (stream, geoip) may be absent. */
        .nginx_modules = "http_addition http_auth_request http_dav http_flv http_gunzip "
                         "http_gzip_static http_mp4 http_random_index http_realip "
                         "http_secure_link http_slice http_ssl http_stub_status http_sub http_v2 "
                         "threads",
        .systemd_version = 252,
        .has_ipv6 = true,
        .nameservers = "127.0.0.1",
        .foreign_default_servers = "",
        .is_assumed = true,
    };
}

bool facts_nginx_has(const struct facts *facts, const char *module)
{
    size_t length = strlen(module);
    const char *at = facts->nginx_modules;
    while (at != NULL && *at != '\0') {
        size_t word = strcspn(at, " ");
        if (word == length && memcmp(at, module, length) == 0) {
            return true;
        }
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

const char *facts_write(struct arena *arena, const struct facts *facts)
{
    AUTO_JSON json = json_pack(
        "{s:I, s:I, s:I, s:s, s:I, s:b, s:s, s:s, s:b}", "cpus", (json_int_t)facts->cpus,
        "memory_bytes", (json_int_t)facts->memory_bytes, "nginx_version",
        (json_int_t)facts->nginx_version, "nginx_modules", facts->nginx_modules, "systemd_version",
        (json_int_t)facts->systemd_version, "has_ipv6", (int)facts->has_ipv6, "nameservers",
        facts->nameservers, "foreign_default_servers", facts->foreign_default_servers, "is_assumed",
        (int)facts->is_assumed);
    char *text = json_dumps(json, JSON_INDENT(2));
    const char *copy = arena_printf(arena, "%s\n", text);
    free(text);
    return copy;
}

/* Addresses with or without port, separated by spaces; they go into nginx configuration. */
static bool is_address_list(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEF.:[] ")] == '\0';
}

/* Each address may have a place behind it, which only messages show. */
static bool is_default_list(struct arena *arena, const char *list)
{
    struct text addresses = text_make(arena);
    bool is_place = false;
    for (const char *c = list; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return false;
        }
        is_place = *c != ' ' && (is_place || *c == '=');
        if (!is_place) {
            text_add_char(&addresses, *c);
        }
    }
    return is_address_list(addresses.data);
}

bool facts_read(struct arena *arena, struct str json, struct facts *out_facts, struct error *err)
{
    json_error_t problem;
    AUTO_JSON root = json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        return error_set(err, ERROR_FORMAT, "facts: line %d: %s", problem.line, problem.text);
    }
    json_int_t cpus = 0;
    json_int_t memory = 0;
    json_int_t nginx = 0;
    json_int_t systemd = 0;
    const char *modules = NULL;
    int has_ipv6 = 0;
    int is_assumed = 0;
    const char *nameservers = NULL;
    const char *foreign = NULL;
    if (json_unpack_ex(root, &problem, JSON_STRICT, "{s:I, s:I, s:I, s:s, s:I, s:b, s:s, s:s, s:b}",
                       "cpus", &cpus, "memory_bytes", &memory, "nginx_version", &nginx,
                       "nginx_modules", &modules, "systemd_version", &systemd, "has_ipv6",
                       &has_ipv6, "nameservers", &nameservers, "foreign_default_servers", &foreign,
                       "is_assumed", &is_assumed) != 0) {
        return error_set(err, ERROR_FORMAT, "facts: %s", problem.text);
    }
    if (cpus < 1 || cpus > UINT16_MAX || memory < 0 || nginx < 0 || nginx > INT32_MAX ||
        systemd < 0 || systemd > UINT16_MAX) {
        return error_set(err, ERROR_FORMAT, "facts: a number is out of range");
    }
    if (!is_address_list(nameservers) || !is_default_list(arena, foreign)) {
        return error_set(err, ERROR_FORMAT, "facts: a list of addresses holds something else");
    }
    *out_facts = (struct facts){
        .cpus = (unsigned)cpus,
        .memory_bytes = (uint64_t)memory,
        .nginx_version = (unsigned)nginx,
        .nginx_modules = arena_strdup(arena, modules),
        .systemd_version = (unsigned)systemd,
        .has_ipv6 = has_ipv6 != 0,
        .nameservers = arena_strdup(arena, nameservers),
        .foreign_default_servers = arena_strdup(arena, foreign),
        .is_assumed = is_assumed != 0,
    };
    return true;
}
