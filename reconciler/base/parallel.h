/* Work on many things of one sort on all CPUs that we may use. */
#pragma once

#include <stddef.h>

/* Calls work(context, part) once for each part below parts, in no certain order and several at
 * once, and returns when all are done. What work touches is that part's alone: an arena of its own,
 * lists that are put together afterwards, in order, so that the result never depends on the number
 * of CPUs. Threads that cannot be made are done without. No thread is left behind, so that whoever
 * forks later has one. */
void parallel_run(size_t parts, void (*work)(void *context, size_t part), void *context);

/* The same for work that waits for others most of its time: `most` of them at once, at most 8. */
void parallel_wait(size_t most, size_t parts, void (*work)(void *context, size_t part),
                   void *context);

/* Into how many parts it is worth to split count things of which `least` make a part; at least 1.
 */
size_t parallel_parts(size_t count, size_t least);
/* Where the part begins; that of number parts is count. */
size_t parallel_first(size_t count, size_t parts, size_t part);
