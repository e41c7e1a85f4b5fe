/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a definition is printed: for the formatter, and for those who only want to know. Private
 * to src/conf. */
#pragma once

#include "conf/vireo-schema.h"

G_BEGIN_DECLS

typedef struct _VireoSchemaFrame VireoSchemaFrame;

/**
 * VireoSchemaFrame:
 * @up: (nullable): the struct around it
 * @desc: what it is
 * @def: the struct; of a group, the one around it
 */
struct _VireoSchemaFrame
{
  const VireoSchemaFrame *up;
  const VireoSchemaStruct *desc;
  gconstpointer def;
};

gboolean vireo_schema_visible (const VireoSchemaFrame *frame,
                               const VireoSchemaField *field,
                               VireoFormatFlags flags);
gboolean vireo_schema_was_empty (const VireoSchemaFrame *frame, const VireoSchemaField *field);

G_END_DECLS
