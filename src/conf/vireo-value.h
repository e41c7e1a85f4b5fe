/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-schema.h"

G_BEGIN_DECLS

/* A size's unit, and how it is stored and printed. */
typedef struct
{
  guint64 in;        /* bytes, when no unit is written */
  guint64 stored;    /* bytes in one of what is stored */
  guint64 printed;   /* bytes in the unit that is printed; 0: the largest that fits */
  const char *unit;  /* its name */
} VireoScale;

const VireoScale *vireo_value_scale (VireoSchemaType type);
const char *vireo_value_pretty (guint64 bytes, guint64 *ret_number);

/* Sets the member of @field in @def from @text. NULL when that went well, or what was expected. */
char *vireo_value_set (const VireoSchemaField *field, gpointer def, const char *text,
                       const char *unit);

G_END_DECLS
