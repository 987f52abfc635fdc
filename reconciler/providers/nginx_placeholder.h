/* A certificate that stands for those that are not there yet. Only for the nginx files. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* A new self-signed pair in one text: nginx takes it as certificate and as key. */
bool nginx_placeholder(struct arena *arena, struct str *out_pair, struct error *err) MUST_CHECK;
