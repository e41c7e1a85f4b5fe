/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoStorageVolumeObj:
 *
 * A volume: a #VireoDefObj of #VireoStorageVolumeDef, which is a live one always: it says what is
 * on the disk. It is known by its name in the pool that it is a child of. Properties beside those
 * of #VireoObj: `key` s, `path` s, `volume-type` s, `format` s, `capacity` t, `allocation` t,
 * `physical` t.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_STORAGE_VOLUME_OBJ (vireo_storage_volume_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoStorageVolumeObj,
                          vireo_storage_volume_obj,
                          VIREO,
                          STORAGE_VOLUME_OBJ,
                          VireoDefObj)

struct _VireoStorageVolumeObjClass
{
  VireoDefObjClass parent_class;
};

/* @def is taken over. What a pool holds is its owner's. */
VireoStorageVolumeObj *vireo_storage_volume_obj_new (VireoStorageVolumeDef *def, guint owner);

static inline const VireoStorageVolumeDef *
vireo_storage_volume_obj_get_def (VireoStorageVolumeObj *self)
{
  return vireo_def_obj_get_live (VIREO_DEF_OBJ (self));
}

/* Takes @def over: what is on the disk now, under the same name. */
void vireo_storage_volume_obj_set_def (VireoStorageVolumeObj *self, VireoStorageVolumeDef *def);

/* Never %NULL; "" for a volume that is not known to have one. */
const char *vireo_storage_volume_obj_get_path (VireoStorageVolumeObj *self);
const char *vireo_storage_volume_obj_get_key (VireoStorageVolumeObj *self);

G_END_DECLS
