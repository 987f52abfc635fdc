/* Talks to nginx: tests a candidate in a private view, makes the running master take up what is on
 * disk, proves that it did, and asks sites for an answer. */
#pragma once

#include "model/host.h"
#include "model/tree_item.h"

/* One complaint of nginx: "[emerg] message in /etc/nginx/...:12". */
struct nginx_complaint {
    const char *level;   /* "emerg", "warn" */
    const char *message; /* without level and place */
    const char *file; /* as nginx names it (under the live tree's path); NULL when it names none */
    size_t line;
};
VEC(nginx_complaints, struct nginx_complaint);

enum nginx_verdict { NGINX_ACCEPTED, NGINX_REFUSED, NGINX_UNTESTED };

struct nginx_candidate {
    const char *tree; /* directory that holds the candidate tree, on this machine; it stands at
                         layout->nginx_tree during the test, whatever that names now */
    bool is_offline;  /* the main file is our embedded Debian-like one, never the machine's */
    const char *const *extra_hosts; /* names that shall resolve; NULL-terminated or NULL */
};

struct nginx_test_result {
    enum nginx_verdict verdict;
    struct nginx_complaints complaints; /* warnings too */
    const char *output;                 /* all that nginx printed */
    const char *untested_because;       /* NGINX_UNTESTED: what is missing */
    int64_t took_us;
};

/* nginx -t over the whole configuration in user, mount, network and pid namespaces, with
 * placeholder certificates at every referenced path; changes nothing outside (facts: measured).
 * False only when the machine itself fails; "cannot be tested here" is a verdict. */
bool nginx_test(struct host *host, const struct nginx_candidate *candidate, struct arena *arena,
                struct nginx_test_result *out_result, struct error *err) MUST_CHECK;

struct nginx_state {
    bool is_running;
    int master;               /* pid from the pid file, checked to be an nginx master */
    unsigned long generation; /* answered by proof.conf; 0: none or not ours */
};
bool nginx_observe(struct host *host, struct arena *arena, struct nginx_state *out_state,
                   struct error *err) MUST_CHECK;

/* Addresses of the candidate that the running nginx does not hold are bound (never listened on)
 * for a moment; a busy one is refused with its holder named. */
bool nginx_check_ports(struct host *host, const char *tree, struct arena *arena,
                       struct error *err) MUST_CHECK;

/* Starts nginx, or HUP, and waits for proof: the wanted generation from a new worker, and every old
 * worker gone or shutting down. test_us sets the deadline: 3 s + 2 x test_us. An [emerg] of the
 * master in its error log ends the wait at once. False: not proven; err says what was seen. */
bool nginx_reload(struct host *host, unsigned long generation, int64_t test_us, struct arena *arena,
                  struct error *err) MUST_CHECK;

/* Asks through the real listener, trusting only the certificate that is installed for the site;
 * waits at most probe->timeout_ms for a 2xx or 3xx. False: err says what came instead. */
bool nginx_probe(struct host *host, const struct probe *probe, struct arena *arena,
                 struct error *err) MUST_CHECK;
