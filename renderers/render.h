/* A renderer turns a resolved document into items; text only, no I/O. */
#pragma once

#include "model/certificate_item.h"
#include "model/copy_item.h"
#include "model/directory_item.h"
#include "model/facts.h"
#include "model/file_item.h"
#include "model/item.h"
#include "model/layout.h"
#include "model/passwords_item.h"
#include "model/tree_item.h"
#include "model/unit_item.h"
#include "model/user_item.h"
#include "schemas/field.h"

/* What some site has that stands once for all. */
struct render_uses {
    bool error_pages, json_log, pages, response_cache, stream_log, stream_json_log;
    size_t http_variables, stream_variables; /* maps, of which nginx has tables */
};
/* What either has. */
void render_uses_add(struct render_uses *uses, const struct render_uses *more);

struct render {
    struct arena *arena;
    struct arena *scratch; /* what lies on it is gone when the document is rendered */
    const struct facts *facts;
    const struct layout *layout;
    const struct document_set *documents; /* all, in dependency order */
    struct item_list *items;              /* out */
    struct tree_member_list *nginx;       /* out: members of the nginx tree */
    struct probe_list *probes;            /* out: asked after the tree has switched */
    struct tls_server_list *tls_servers;  /* out: whose handshakes can be looked at */
    struct diagnostic_list *diagnostics;  /* out: what shows only when everything is known */
    struct render_uses *uses;             /* out */
};

/* Each kind's renderer: NAME_render(render, document). */
#define KIND(name) void name##_render(struct render *render, const struct document *document);
#include "schemas/kinds.def"
#undef KIND

/* Shared files of the nginx tree that exist once for all sites (http/main.conf is not one of them:
 * it knows the generation and is written at apply). renderers/nginx_shared.c. */
void nginx_shared_render(struct render *render);
