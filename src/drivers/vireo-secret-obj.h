/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoSecretObj:
 *
 * A secret: what it is for, and whether there is a value. The value is not here: see
 * #VireoSecretDriverInterface. A #VireoDefObj of #VireoSecretDef, whose name is its UUID.
 * Properties beside those of #VireoDefObj: `usage-type` s, `usage-id` s, `ephemeral` b, `private`
 * b, `description` s, `has-value` b.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_SECRET_OBJ (vireo_secret_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoSecretObj, vireo_secret_obj, VIREO, SECRET_OBJ, VireoDefObj)

/* What it is for, such as the volume or the name: (nullable): %NULL for the type `none`. */
const char *vireo_secret_def_get_usage_id (const VireoSecretDef *def);
/* "none" when nothing is said. */
const char *vireo_secret_def_get_usage_type (const VireoSecretDef *def);
/* Tells libvirt's variables: `secret_usage_volume`, … */
void vireo_secret_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data);

gboolean vireo_secret_obj_is_private (VireoSecretObj *self);
gboolean vireo_secret_obj_is_ephemeral (VireoSecretObj *self);
gboolean vireo_secret_obj_get_has_value (VireoSecretObj *self);

/* For drivers. */
void vireo_secret_obj_set_has_value (VireoSecretObj *self, gboolean has_value);

G_END_DECLS
