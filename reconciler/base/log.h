/* One line per event on standard error: level and key=value pairs; "<N>" priorities in front when
 * the journal listens (JOURNAL_STREAM), sd-daemon(3). Values are quoted when they hold anything
 * but plain characters; control characters never reach a terminal. */
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set once by main before anything is logged. */
void log_set_level(enum log_level most);

/* Pairs of const char * key, value; ended by NULL. A NULL value leaves the pair out.
 *     log_event(LOG_LEVEL_INFO, "file updated", "item", id, "run", run, NULL); */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
