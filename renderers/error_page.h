/* The pages that come with us, in English and Arabic. */
#pragma once

#include "renderers/nginx_text.h"
#include "renderers/render.h"

/* A page's address: the folder, a slash, and "404", "403", "413", "429", "50x" or "maintenance". */
#define ERROR_PAGE_FOLDER "/.reconcile/errors"
/* The text of the page at $uri. */
#define ERROR_PAGE_VARIABLE "$rc_error_page"

/* Defines the variable, at http level. */
void error_pages_render(struct render *render, struct nginx_text *nginx);
