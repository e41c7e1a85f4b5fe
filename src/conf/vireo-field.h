/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/**
 * VireoField:
 *
 * An attribute or a child element without content of its own, of some struct: for what has to do
 * with many of them by name, such as a domain's tuning.
 *
 * Since: 0.1
 */
typedef struct _VireoField VireoField;

const VireoField *vireo_field_find (const char *tag, const char *name);
GVariant *vireo_field_get (const VireoField *field, gconstpointer def);
gboolean vireo_field_set (const VireoField *field, gpointer def, GVariant *value, GError **error);
void vireo_field_clear (const VireoField *field, gpointer def);

G_END_DECLS
