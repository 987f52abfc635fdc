/* A private view of the machine: a program sees what is placed here instead of what is there, can
 * change nothing, and reaches nobody. Works as root and as an ordinary user: in namespaces
 * (view_enter), and where those are not permitted, under a supervisor that answers the program's
 * system calls (view_supervise). The namespaces hold against anything; the supervisor is for a
 * program that means no harm. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct view;

/* pair: one text that serves as certificate and as key wherever a placeholder is wanted. */
struct view *view_make(struct arena *arena, struct str pair);

/* /run and /dev are always empty, but for some devices. What is placed first at a path stays.
 * Missing directories above a path are made; paths are absolute, and those that lead through links
 * end up where the links lead. */

/* An empty directory that can be written to. */
void view_empty(struct view *view, const char *path);
/* A directory of the machine at another path, read-only. */
void view_bind(struct view *view, const char *path, const char *source);
/* A file that can be written to. */
void view_file(struct view *view, const char *path, struct str content);
void view_pair(struct view *view, const char *path);
bool view_has(const struct view *view, const char *path);

/* What the process below could not do. */
struct view_report {
    const char *step; /* NULL: it stood in the view when it began its program */
    const char *path; /* or NULL */
    int number;       /* errno */
};

/* Shared with the child; call once before the run, and release it after. */
bool view_open(struct view *view, struct error *err) MUST_CHECK;
/* Accepts NULL. */
void view_close(struct view *view);
const struct view_report *view_report(const struct view *view);
/* For struct process_options: prepare is view_enter, prepare_context the view. */
int view_enter(void *view);

/* The other way: after view_open, puts what was placed into a temporary folder, which view_close
 * removes, and clears the report. prepare is then view_supervise. */
bool view_shadow(struct view *view, struct error *err) MUST_CHECK;
int view_supervise(void *view);
