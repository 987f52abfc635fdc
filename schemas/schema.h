/* Declares each kind's schema. */
#pragma once

#include "schemas/field.h"

#define KIND(name) extern const struct schema name##_schema;
#include "schemas/kinds.def"
#undef KIND
