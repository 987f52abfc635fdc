/* The loop of `reconcile watch`: waits for what may ask for a run, puts drifted files back, and
 * starts each run as a child process of the same program, so that a long test, probe or fetch never
 * holds the loop and its memory goes back. Idle costs nothing but its timers. */
#pragma once

#include "run.h"

/* Until SIGTERM or SIGINT. False with err filled when the loop could not begin; what goes wrong
 * later is logged and tried again. */
bool watch_serve(struct arena *arena, const struct run_options *options,
                 struct error *err) MUST_CHECK;
