/* Whether a new version of the documents is taken now. What is not taken waits, and what the
 * current generation was made from stands in: drift is repaired all the same. Only a run without a
 * person asks: who says apply has decided. */
#include "run.h"

#include <string.h>

#include "providers/fingerprints.h"
#include "schemas/window.h"

/* Why not now; NULL: now. */
static const char *why_wait(struct run *run)
{
    const struct settings *settings = run->settings;
    int64_t now = run->host.now(&run->host);
    int64_t next = 0;
    if (settings->deliver.index == DELIVER_AUTO) {
        return NULL;
    }
    if (settings->deliver.index == DELIVER_MANUAL) {
        return N_("a new version waits for somebody to say apply (deliver: manual)");
    }
    for (size_t i = 0; i < settings->windows.count; i++) {
        struct window window;
        if (!window_read(settings->windows.items[i].text, &window)) {
            continue; /* refused when the settings were read */
        }
        int64_t opens = window_next_open(&window, now);
        next = next == 0 || opens < next ? opens : next;
    }
    if (next != 0 && next <= now) {
        return NULL;
    }
    if (next != 0) {
        run->waits_for_window = true;
        fingerprints_due(&run->host, next);
    }
    return N_("a new version waits for its window (deliver: windows)");
}

bool run_wait_for_delivery(struct run *run, struct error *err)
{
    const char *last = NULL;
    struct error why = {0};
    unsigned long current = 0;
    if (!run->options->heals || run->ledger == NULL || run->memory.held_inputs != NULL) {
        return true;
    }
    if (!generation_current(&run->host, &current, err)) {
        return false;
    }
    if (current == 0 || !run_saved_digest(run, current, &last, &why) ||
        strcmp(last, run->inputs_digest) == 0) {
        return true; /* the first one is taken; a known one is no new version */
    }
    const char *waits = why_wait(run);
    if (waits == NULL) {
        return true;
    }
    run->report.hold = message_word(run->arena, waits);
    run->healed_at = current;
    run->diagnostics = (struct diagnostic_list){0}; /* they are of what is not taken */
    return run_saved_read(run, current, &run->loaded, err);
}
