/* The host's own settings, /etc/reconcile/reconcile.yaml: read by the same walker as documents, and
 * never by the documents' author. Every path can be moved, so that the whole job also runs as an
 * ordinary user inside one folder. */
#pragma once

#include "model/layout.h"
#include "model/notify.h"
#include "schemas/common.h"

enum deliver { DELIVER_AUTO, DELIVER_WINDOWS, DELIVER_MANUAL };

enum on_error { ON_ERROR_ISOLATE, ON_ERROR_ALL_OR_NOTHING };

struct settings_nginx {
    struct object object;
    struct text_value program;
    struct text_value directory;
    struct text_value tree;
    struct text_value pid;
    struct text_value log;
    struct text_value cache;
    struct text_value service;
    struct text_value group;
    struct text_list listen;
    struct port_value http_port;
    struct port_value https_port;
    struct boolean_value disable_default_site;
};

struct settings_systemd {
    struct object object;
    struct boolean_value manage;
    struct text_value units;
};

struct settings_users {
    struct object object;
    struct boolean_value manage;
    struct text_value sysusers;
};

struct settings_store {
    struct object object;
    struct text_value path;
    struct text_value group;
};

struct settings_signed_by {
    struct object object;
    struct text_value ssh;
    struct text_value openpgp;
};

struct settings_status {
    struct object object;
    struct choice_value kind; /* index: enum forge */
    struct text_value url;
    struct text_value project;
    struct text_value token; /* "secret:NAME" */
    struct text_value context;
    struct text_value target_url;
    struct text_value ca;
};

struct settings_source {
    struct object object;
    struct text_value folder;
    struct text_value git;
    struct text_value branch;
    struct text_value path;
    struct text_value user;
    struct text_value key;
    struct text_value known_hosts;
    struct text_value ca;
    struct text_value token; /* "secret:NAME" */
    struct settings_signed_by signed_by;
    struct duration_value interval;
    struct duration_value timeout;
    struct size_value size_max;
    struct integer_value objects_max;
    struct boolean_value notes;
    struct settings_status status;
};

struct settings_webhook {
    struct object object;
    struct text_value url;    /* or "secret:NAME" */
    struct text_value secret; /* "secret:NAME" */
    struct choice_value format;
    struct text_value ca;
};

struct settings_email {
    struct object object;
    struct text_list to;
    struct text_value from;
    struct text_value sendmail;
    struct text_value smtp;
    struct text_value user;
    struct text_value password; /* "secret:NAME" */
    struct text_value ca;
};

struct settings_exec {
    struct object object;
    struct argv_value run;
    struct text_value user;
};

struct settings_channel { /* its name: object.key */
    struct object object;
    struct settings_webhook webhook;
    struct settings_email email;
    struct settings_exec exec;
    struct text_list on; /* words of enum notice_event */
    struct text_list only;
    struct choice_value language; /* index: enum language */
    struct duration_value timeout;
};

extern const struct syntax syntax_mailbox; /* admin@example.com */

struct settings_acme_binding {
    struct object object;
    struct text_value id;
    struct text_value key; /* secret:NAME */
};

struct settings_acme {
    struct object object;
    struct text_value email;
    struct boolean_value terms;
    struct settings_acme_binding binding;
    struct text_value rehearsal;
    struct text_value dns_hook;
    struct boolean_value preflight;
    struct text_value program;
    struct text_value user;
};

struct settings_watch {
    struct object object;
    struct duration_value interval;
    struct text_value socket;
    struct text_value group;
};

struct settings_pages {
    struct object object;
    struct text_list actions; /* "check", "suspend", "resume" */
};

struct settings {
    struct object object;
    struct settings_source source;
    struct text_value environment;
    struct text_value host;
    struct choice_value mode;    /* index: enum mode */
    struct choice_value deliver; /* index: enum deliver */
    struct text_list windows;
    struct choice_value on_error; /* index: enum on_error */
    struct text_value issuer;
    struct settings_acme acme;
    struct boolean_value allow_raw;
    struct text_list domains; /* model/domains.h */
    struct text_value state;
    struct text_value secrets;
    struct text_value environment_files;
    struct settings_nginx nginx;
    struct settings_systemd systemd;
    struct settings_users users;
    struct settings_store store;
    struct settings_watch watch;
    struct settings_pages status; /* of the status pages */
    struct object_list notify;    /* struct settings_channel */
};

extern const struct schema settings_schema;
extern const struct schema settings_source_schema;
extern const struct schema settings_status_schema;
extern const struct schema settings_channel_schema;
/* Of source.status: a token in the clear would be read on the way. */
void settings_status_check(struct check *check, const struct settings_status *status);

/* True when the status program may ask the loop for this. */
bool settings_allow_action(const struct settings *settings, const char *action);

/* "enforce", "observe" or "hold". */
const char *settings_mode_word(const struct settings *settings);
/* Takes the mode with that word; false: there is none. */
bool settings_take_mode(struct settings *settings, const char *word);
/* The ways in which people are told; then where the states of commits are posted: true when they
 * are. host: this host's name. */
void settings_channels(const struct settings *settings, struct arena *arena,
                       struct notify_channels *out_channels);
bool settings_status_channel(const struct settings *settings, const char *host, struct arena *arena,
                             struct notify_channel *out_channel);
/* Where things live, from the settings; state, when not NULL, goes before theirs. */
struct layout settings_layout(const struct settings *settings, const char *state,
                              struct arena *arena);
