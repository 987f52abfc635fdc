/* A private root for systemd's offline checkers: the unit files as they would be installed, and
 * placeholders for the programs and units that they name. For providers/ only. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "model/host.h"

struct systemd_view {
    const char *path; /* of the temporary directory; NULL: none was made */
    int directory;
};

/* names are those of unit files ("shop.service", "shop@.service") or drop-ins
 * ("shop.service.d/x.conf"). */
bool systemd_view_make(const char *const *names, const struct str *texts, size_t count,
                       struct arena *arena, struct systemd_view *out_view,
                       struct error *err) MUST_CHECK;
/* Removes it; accepts one that was never made. */
void systemd_view_remove(struct systemd_view *view);
#define SYSTEMD_VIEW_NONE ((struct systemd_view){NULL, -1})
#define AUTO_SYSTEMD_VIEW CLEANUP(systemd_view_remove) struct systemd_view

struct systemd_analysis {
    const char *const *arguments; /* of systemd-analyze; NULL-terminated */
    const char *const *names;     /* count unit files of the view */
    size_t count;
    size_t output_limit;
};
struct systemd_analysis_result {
    bool is_there; /* false: there is no systemd-analyze, and nothing else is filled */
    struct process_result process;
};
/* Runs systemd-analyze on the view. */
bool systemd_view_analyze(const struct systemd_view *view, struct host *host,
                          const struct systemd_analysis *analysis, struct arena *arena,
                          struct systemd_analysis_result *out_result, struct error *err) MUST_CHECK;

/* Where the unit files lie in it, with a slash at the end. */
#define SYSTEMD_VIEW_UNITS "/etc/systemd/system/"
