/* Talks to nginx: tests a candidate in a private view, makes the running master take up what is on
 * disk, proves that it did, and asks sites for an answer. */
#pragma once

#include "model/host.h"
#include "model/tree_item.h"

/* Where a worker tells what it has loaded: "reconcile GENERATION PID". nginx folds this address
 * into the listener of the http port. */
#define NGINX_PROOF_ADDRESS "127.82.67.78"
#define NGINX_PROOF_WORD    "reconcile"

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
    const char *tree; /* directory that holds the candidate tree, on this machine, with the files of
                         generation_write_numbered; it stands at layout->nginx_tree during the test,
                         whatever that names now */
    bool is_offline;  /* the main file is our embedded Debian-like one, never the machine's */
    const char *const *extra_hosts; /* names that shall resolve; NULL-terminated or NULL */
};

struct nginx_test_result {
    enum nginx_verdict verdict;
    struct nginx_complaints complaints;     /* warnings too */
    const char *output;                     /* all that nginx printed */
    const struct message *untested_because; /* NGINX_UNTESTED: what is missing */
    int64_t took_us;
};

/* nginx -t over the whole configuration in a private view: user, mount, network and pid namespaces,
 * placeholder certificates at every path below ours, everything else as it is but read-only; where
 * namespaces are refused, under a supervisor (view.h). Changes nothing outside. The two
 * entrances (tree_entrance) are there even when they are not installed yet. Paths of the candidate
 * are named below layout->nginx_tree, wherever it stands. False only when the machine itself fails;
 * "cannot be tested here" is a verdict. */
bool nginx_test(struct host *host, const struct nginx_candidate *candidate, struct arena *arena,
                struct nginx_test_result *out_result, struct error *err) MUST_CHECK;

struct nginx_state {
    bool is_running;
    int master;               /* pid from the pid file, checked to be an nginx master */
    unsigned long generation; /* answered by proof.conf; 0: none or not ours */
};
bool nginx_observe(struct host *host, struct arena *arena, struct nginx_state *out_state,
                   struct error *err) MUST_CHECK;

#define NGINX_NOT_RUNNING N_("nginx does not run")

/* Why the running nginx does not serve this generation's tree, in words; NULL: it does, or no nginx
 * of this root runs here. Costs one question to a worker. */
bool nginx_find_unloaded(struct host *host, unsigned long generation, struct arena *arena,
                         const char **out_unloaded, struct error *err) MUST_CHECK;

/* Addresses of the candidate that the running nginx does not hold are bound (never listened on)
 * for a moment; a busy one is refused with its holder named. */
bool nginx_check_ports(struct host *host, const char *tree, struct arena *arena,
                       struct error *err) MUST_CHECK;

/* Starts nginx, or HUP, and waits for proof: the wanted generation from a new worker, and every old
 * worker gone or shutting down. test_us sets the deadline: 3 s + 2 x test_us. An [emerg] of the
 * master in its error log ends the wait at once. What was proven is recorded in STATE/loaded, and
 * nothing is owed any more. Generation 0: nothing of ours is to be loaded; new workers are proof
 * enough. False: not proven; err says what was seen. */
bool nginx_reload(struct host *host, unsigned long generation, int64_t test_us, struct arena *arena,
                  struct error *err) MUST_CHECK;

/* The same with the way back: STATE/current names the generation, nginx proves that it has loaded
 * it; if it does not, STATE/current names again what it named before, and nginx reloads that. This
 * is what the tree's apply does. False: err says why, and whether the way back was proven. */
bool nginx_switch(struct host *host, unsigned long generation, int64_t test_us, struct arena *arena,
                  struct error *err) MUST_CHECK;

/* nginx leaves our configuration: the link to the tree goes, and nginx reloads without it. */
bool nginx_switch_off(struct host *host, int64_t test_us, struct arena *arena,
                      struct error *err) MUST_CHECK;

/* Remembers, synced, that nginx must load again although its files stay as they are. Called before
 * something is changed that it reads only then, such as a certificate pair, so that a crash between
 * the two cannot lose the reload. */
bool nginx_reload_owe(struct host *host, struct error *err) MUST_CHECK;
bool nginx_reload_is_owed(struct host *host);
/* The generation that was last proven to be loaded; 0: none. */
unsigned long nginx_loaded(struct host *host);

/* Asks through the real listener, trusting only the certificate that is installed for the site;
 * asks again until an answer is well, for at most probe->timeout_ms, and from then on for the
 * probe's window. False: err says what came instead, *out_evidence what else there was to see: the
 * status, the beginning of the answer, and what nginx wrote about it to its error log. */
bool nginx_probe(struct host *host, const struct probe *probe, struct arena *arena,
                 const char **out_evidence, struct error *err) MUST_CHECK;

/* What a reload would meet: workers that take requests, and the connections that are open to them.
 * Where this process may not look at their sockets, these are not known. */
struct nginx_load;
void nginx_load_read(struct host *host, struct arena *arena, struct nginx_load *out_load);

/* What stands beside ours: configuration that others wrote, reached from the main nginx.conf. */
struct nginx_claim {
    const char *text; /* a host name in lower case; or an address, "0.0.0.0:80", "[::]:443" */
    const char *file; /* absolute */
    size_t line;
};
VEC(nginx_claims, struct nginx_claim);

struct nginx_foreign {
    bool is_present;              /* there is a main nginx.conf */
    bool has_entrance;            /* it includes what leads to our tree, at http level */
    struct nginx_claims names;    /* host names served on our ports, in the order of reading */
    struct nginx_claims defaults; /* addresses for which default_server is claimed */
    struct nginx_claims modules;  /* of load_module: "stream" for .../ngx_stream_module.so */
    const struct nginx_complaint *broken; /* what cannot be read or is not well formed; NULL: no
                                             such thing (only nginx_test knows all) */
};

/* Reads the files, without nginx. The packaged default site does not count where
 * layout->disables_default_site lets us switch it off. */
void nginx_foreign_read(struct host *host, struct arena *arena, struct nginx_foreign *out_foreign);
/* Who else serves this host name; NULL: nobody. */
const struct nginx_claim *nginx_foreign_find(const struct nginx_foreign *foreign,
                                             const char *host_name);

/* A main file like Debian 12's, for tests without a host and for running as an ordinary user. */
const char *nginx_main_text(struct arena *arena, const struct layout *layout);
/* The file beside it that says what names of files end in, mime.types. */
const char *nginx_types_text(struct arena *arena);
