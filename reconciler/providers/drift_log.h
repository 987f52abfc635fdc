/* STATE/drift: what the loop saw and did about managed files, until a run has recorded it; and the
 * texts that it replaced, which stay for a while (0700, bounded). Each event is one small file, so
 * that nothing is lost when loop or run are killed. */
#pragma once

#include "base/vec.h"
#include "model/host.h"
#include "providers/file_writer.h"

enum drift_answer {
    DRIFT_RESTORED, /* put back from the current generation */
    DRIFT_REPORTED, /* left as it is: a mode, or somebody, says so */
    DRIFT_FIGHT,    /* left as it is: it was put back too often within an hour */
    DRIFT_HANDED,   /* a run looks at it */
    DRIFT_FAILED,   /* putting it back failed */
    DRIFT_ANSWER_COUNT
};
const char *drift_answer_word(enum drift_answer answer);

struct drift_event {
    int64_t at_us;        /* when it was changed, microseconds since the epoch */
    const char *path;     /* of the file, absolute */
    const char *document; /* "site:shop"; or NULL */
    const char *what;     /* "written", "replaced", "removed", "attributes" */
    enum drift_answer answer;
    const char *because;              /* why it was left, or what failed; or NULL */
    int64_t took_us;                  /* from the change to the answer */
    const struct file_writer *writer; /* NULL: unknown */
    const char *package;              /* "upgrade nginx-common 1.22.1-9": the cause; or NULL */
    const char *replaced;             /* name below STATE/drift of what stood there; or NULL */
    const char *name;                 /* of this event, given by drift_log_add */
};
VEC(drift_events, struct drift_event);

/* replaced: the content that stood there; NULL: nothing that could be kept. At most 1 MiB of it is
 * kept. Durable when it returns. */
bool drift_log_add(struct host *host, const struct drift_event *event, const struct str *replaced,
                   struct arena *arena, struct error *err) MUST_CHECK;
/* Those that no run has recorded yet, oldest first. What cannot be read is removed. */
bool drift_log_read(struct host *host, struct arena *arena, struct drift_events *out_events,
                    struct error *err) MUST_CHECK;
/* What was replaced; false when it is not there any more. */
bool drift_log_replaced(struct host *host, const struct drift_event *event, struct arena *arena,
                        struct str *out_content);
/* After it was recorded: the event goes, the replaced text stays, and the oldest of these go when
 * they are more than 1,000 or 64 MiB. */
bool drift_log_settle(struct host *host, const struct drift_events *events, struct arena *arena,
                      struct error *err) MUST_CHECK;
