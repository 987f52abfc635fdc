/* Files that are part of the program. Their addresses hold a checksum of their content, so that a
 * browser may keep them for ever. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum asset_name { ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON, ASSET_COUNT };

struct asset {
    const char *url; /* "/assets/style.01234567.css" */
    const char *type;
    struct str content;
    struct str deflated; /* the same for Accept-Encoding: gzip */
};

struct assets {
    struct asset of[ASSET_COUNT];
};

/* Computes checksums and deflates, once. */
bool assets_make(struct arena *arena, struct assets *out_assets, struct error *err) MUST_CHECK;
/* By address; NULL when there is none. */
const struct asset *asset_find(const struct assets *assets, const char *url);

/* The description of the API: not an asset, because its address is fixed. */
struct str openapi_document(void);
