/* The host's own settings, /etc/reconcile/reconcile.yaml: read by the same walker as documents, and
 * never by the documents' author. Every path can be moved, so that the whole job also runs as an
 * ordinary user inside one folder. */
#pragma once

#include "model/layout.h"
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
};

struct settings_watch {
    struct object object;
    struct duration_value interval;
    struct text_value socket;
    struct text_value group;
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
    struct choice_value issuer;
    struct boolean_value allow_raw;
    struct text_value state;
    struct text_value secrets;
    struct text_value environment_files;
    struct settings_nginx nginx;
    struct settings_systemd systemd;
    struct settings_users users;
    struct settings_store store;
    struct settings_watch watch;
};

extern const struct schema settings_schema;
extern const struct schema settings_source_schema;

/* "enforce", "observe" or "hold". */
const char *settings_mode_word(const struct settings *settings);
/* Takes the mode with that word; false: there is none. */
bool settings_take_mode(struct settings *settings, const char *word);
/* Where things live, from the settings; state, when not NULL, goes before theirs. */
struct layout settings_layout(const struct settings *settings, const char *state,
                              struct arena *arena);
