/* nginx configuration text: typed directives, arguments that are quoted by their context, and the
 * YAML place that each line came from. Nothing written by a user reaches the text any other way. */
#pragma once

#include "model/item.h"
#include "model/nginx_syntax.h"
#include "schemas/template.h"

struct nginx_text;

/* The variable that stands for a dollar sign, defined once in the shared file. */
#define NGINX_DOLLAR "rc_dollar"

/* The text is written on scratch, and when it is finished stands on arena; both may be the same.
 * span: what following lines are said to come from; changed with nginx_at. */
struct nginx_text *nginx_text_make(struct arena *arena, struct arena *scratch);
void nginx_at(struct nginx_text *nginx, struct span span);
struct span nginx_place(const struct nginx_text *nginx);
struct mapped_text nginx_text_finish(struct nginx_text *nginx);

/* How nginx treats a dollar sign in this argument (measured): in a literal it stands for itself
 * (location, server_name, geo); evaluated arguments take ${rc_dollar}; in static-only ones
 * (proxy_pass, ssl_*, access_log, root, log_format) a dollar cannot be written and is refused by
 * the schema before it gets here (asserted). */
enum nginx_context { NGINX_LITERAL, NGINX_EVALUATED, NGINX_STATIC };

/* One directive: begin, arguments, end. */
void nginx_begin(struct nginx_text *nginx, const char *directive);
/* The same with a text of a user, as rows of map and geo begin. */
void nginx_begin_value(struct nginx_text *nginx, enum nginx_context context, const char *text);
/* A fixed word of ours, with variables such as $host; never a user's text. */
void nginx_word(struct nginx_text *nginx, const char *word);
void nginx_number(struct nginx_text *nginx, unsigned long long number, const char *unit);
/* A user's text, quoted for the context. */
void nginx_value(struct nginx_text *nginx, enum nginx_context context, const char *text);
/* Parts of a template, within an argument that is open (see below): texts are quoted, variables
 * become ${name}. What nginx has decoded is taken from variables that begin with encoded and end in
 * the number of the group, or 0 for the path; NULL: as it is. */
void nginx_template(struct nginx_text *nginx, const struct template_part_list *parts,
                    const char *encoded);
/* Parts that make one argument: nginx_open(n); nginx_word..; nginx_value..; nginx_close(n). */
void nginx_open(struct nginx_text *nginx);
void nginx_close(struct nginx_text *nginx);
void nginx_end(struct nginx_text *nginx);       /* ";" */
void nginx_block(struct nginx_text *nginx);     /* " {" ends the directive and begins its block */
void nginx_block_end(struct nginx_text *nginx); /* "}" */
void nginx_gap(struct nginx_text *nginx);       /* an empty line */
void nginx_comment(struct nginx_text *nginx, const char *text); /* one line; made harmless */
/* Shorthand: fixed words only, NULL-terminated: nginx_line(n, "gzip", "on", NULL). */
void nginx_line(struct nginx_text *nginx, const char *directive, ...) __attribute__((sentinel));
/* Begins a block of rows: map, or geo, of one variable to another; fixed words. from NULL: geo's
 * own, the client's address. */
void nginx_table(struct nginx_text *nginx, const char *directive, const char *from, const char *to);
/* How many there are: each makes a variable. */
size_t nginx_table_count(const struct nginx_text *nginx);
/* Raw text of a user, only where the host's settings allow it: lines are taken as they are. */
void nginx_raw(struct nginx_text *nginx, const char *text, struct span span);
