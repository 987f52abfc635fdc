/* What nginx prints, as complaints. Only for the nginx files. */
#pragma once

#include "providers/nginx.h"

/* Warnings and worse. Of a path that begins with one of the places (NULL-terminated), the beginning
 * is replaced by tree. */
void nginx_complaints_read(struct arena *arena, struct str output, const char *const *places,
                           const char *tree, struct nginx_complaints *out_complaints);
/* "message in file:line" */
const char *nginx_complaint_text(struct arena *arena, const struct nginx_complaint *complaint);
