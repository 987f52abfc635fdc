/* statusd: shows in the browser what the store has recorded. Reads only, as an ordinary user. */

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/vec.h"
#include "statusd/server.h"

#define LISTEN_DEFAULT "127.0.0.1:8321"
#define STORE_DEFAULT  "/var/lib/reconcile/store/reconcile.db"
#define SOCKET_DEFAULT "/run/reconcile/control.sock"

const char *argp_program_version = "statusd " RECONCILE_VERSION;

enum { EXIT_USAGE = 64, KEY_LOCALE = 256, KEY_WEBHOOK, KEY_SECRETS, KEY_SOCKET, KEY_USER_HEADER };

VEC(name_list, const char *);

struct options {
    struct arena *arena;
    struct server_options server;
    struct name_list hosts;
    const char *locale; /* folder of the catalogues; NULL: beside the program */
};

static const struct argp_option rows[] = {
    {"store", 's', "FILE", 0, "The store to show (" STORE_DEFAULT ")", 0},
    {"listen", 'l', "ADDRESS:PORT", 0, "Where to listen (" LISTEN_DEFAULT "); port 0 takes any", 0},
    {"host", 'H', "NAME", 0,
     "A name that browsers may ask for beside localhost; repeat it for several", 0},
    {"language", 'L', "CODE", 0, "Language for who asks for none: en (the default) or ar", 0},
    {"locale", KEY_LOCALE, "FOLDER", 0, "Where the translations are", 0},
    {"webhook", KEY_WEBHOOK, "ID:FORGE:BRANCH", 0,
     "Take pushes at /webhooks/ID from github, gitlab, gitea or forgejo; repeat it for several", 0},
    {"secrets", KEY_SECRETS, "FOLDER", 0,
     "Where their secrets are, one file webhook-ID each (the credentials of the service)", 0},
    {"user-header", KEY_USER_HEADER, "NAME", 0,
     "The header in which a proxy on this machine tells who asks, for the record", 0},
    {"socket", KEY_SOCKET, "FILE", 0, "The socket of the loop (" SOCKET_DEFAULT ")", 0},
    {0},
};

static void webhook_take(struct options *options, const char *argument, struct argp_state *state)
{
    struct webhook_spec spec;
    struct error err;
    if (!webhook_parse(options->arena, argument, &spec, &err)) {
        argp_error(state, "%s", err.message);
    }
    vec_add(options->arena, &options->server.webhooks, spec);
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 's':
        options->server.store = argument;
        return 0;
    case 'l':
        options->server.listen = argument;
        return 0;
    case 'H':
        vec_add(options->arena, &options->hosts, argument);
        return 0;
    case 'L':
        if (!language_parse(argument, &options->server.language)) {
            argp_error(state, "unknown language %s", argument);
        }
        return 0;
    case KEY_LOCALE:
        options->locale = argument;
        return 0;
    case KEY_WEBHOOK:
        webhook_take(options, argument, state);
        return 0;
    case KEY_SECRETS:
        options->server.secrets = argument;
        return 0;
    case KEY_USER_HEADER:
        options->server.user_header = argument;
        return 0;
    case KEY_SOCKET:
        options->server.socket = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = rows,
    .parser = option_parse,
    .doc = "Serves the status pages of reconcile from its store, which is only read."
           "\vPages in English and Arabic, /api/v1, /metrics, /healthz, /readyz.",
};

static bool loop_make(sd_event **out_loop, struct error *err)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int result = sd_event_default(out_loop);
    if (result >= 0) {
        result = sd_event_add_signal(*out_loop, NULL, SIGTERM, NULL, NULL);
    }
    if (result >= 0) {
        result = sd_event_add_signal(*out_loop, NULL, SIGINT, NULL, NULL);
    }
    if (result >= 0) {
        result = sd_event_set_watchdog(*out_loop, 1);
    }
    if (result < 0) {
        errno = -result;
        return error_errno(err, "make the event loop");
    }
    return true;
}

static bool pages_serve(sd_event *loop, const struct options *options, struct error *err)
{
    struct server *server = NULL;
    if (!server_create(loop, &options->server, &server, err)) {
        return false;
    }
    const char *port = arena_printf(options->arena, "%u", (unsigned)server_port(server));
    log_event(LOG_LEVEL_INFO, "serving the status pages", "listen", options->server.listen, "port",
              port, "store", options->server.store, NULL);
    (void)sd_notify(0, "READY=1"); /* nobody may be listening */
    int result = sd_event_loop(loop);
    (void)sd_notify(0, "STOPPING=1");
    server_destroy(server);
    if (result < 0) {
        errno = -result;
        return error_errno(err, "run the event loop");
    }
    return true;
}

int main(int argc, char **argv)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
    AUTO_ARENA arena = arena_create();
    struct error err;
    struct options options = {
        .arena = arena,
        .server = {.listen = LISTEN_DEFAULT,
                   .store = STORE_DEFAULT,
                   .socket = SOCKET_DEFAULT,
                   .secrets = getenv("CREDENTIALS_DIRECTORY")},
    };
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
        vec_add(arena, &options.hosts, loopback[i]);
    }
    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&parser, argc, argv, 0, NULL, &options); /* ends the program by itself */
    options.server.security = (struct security){options.hosts.items, options.hosts.count};
    language_begin(PAGES_DOMAIN, options.locale != NULL ? options.locale : language_folder(arena));

    sd_event *loop = NULL;
    bool is_served = loop_make(&loop, &err) && pages_serve(loop, &options, &err);
    (void)sd_event_unref(loop); /* returns NULL always */
    if (!is_served) {
        log_event(LOG_LEVEL_ERROR, "the status pages end", "error", err.message, NULL);
    }
    return is_served ? EXIT_SUCCESS : EXIT_FAILURE;
}
