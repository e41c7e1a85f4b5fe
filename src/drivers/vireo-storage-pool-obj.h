/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-storage-volume-obj.h"

G_BEGIN_DECLS

/**
 * VireoStoragePoolState:
 * @VIREO_STORAGE_POOL_INACTIVE: its volumes are not known
 * @VIREO_STORAGE_POOL_BUILDING: what it needs is being made
 * @VIREO_STORAGE_POOL_RUNNING: all is well
 * @VIREO_STORAGE_POOL_DEGRADED: a part of it is gone
 * @VIREO_STORAGE_POOL_INACCESSIBLE: what it is made of went away while it was active
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_STORAGE_POOL_INACTIVE,
  VIREO_STORAGE_POOL_BUILDING,
  VIREO_STORAGE_POOL_RUNNING,
  VIREO_STORAGE_POOL_DEGRADED,
  VIREO_STORAGE_POOL_INACCESSIBLE,
} VireoStoragePoolState;

/**
 * VireoStoragePoolObj:
 *
 * A storage pool: a #VireoDefObj of #VireoStoragePoolDef, whose children are its volumes.
 * Properties beside those of #VireoObj: `state` s, `state-reason` s, `pool-type` s, `target-path`
 * s, `capacity` t, `allocation` t, `available` t.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_STORAGE_POOL_OBJ (vireo_storage_pool_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoStoragePoolObj,
                          vireo_storage_pool_obj,
                          VIREO,
                          STORAGE_POOL_OBJ,
                          VireoDefObj)

struct _VireoStoragePoolObjClass
{
  VireoDefObjClass parent_class;
};

/* As of #VireoDefObj, with the type. */
static inline const VireoStoragePoolDef *
vireo_storage_pool_obj_get_persistent_def (VireoStoragePoolObj *self)
{
  return vireo_def_obj_get_persistent (VIREO_DEF_OBJ (self));
}

static inline VireoStoragePoolDef *
vireo_storage_pool_obj_get_live_def (VireoStoragePoolObj *self)
{
  return vireo_def_obj_get_live (VIREO_DEF_OBJ (self));
}

static inline const VireoStoragePoolDef *
vireo_storage_pool_obj_get_def (VireoStoragePoolObj *self)
{
  return vireo_def_obj_get (VIREO_DEF_OBJ (self));
}

static inline void
vireo_storage_pool_obj_emit_lifecycle (VireoStoragePoolObj *self, const char *event)
{
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (self), event, "");
}

/* Its volumes, by name. */
static inline VireoObjList *
vireo_storage_pool_obj_get_volumes (VireoStoragePoolObj *self)
{
  return vireo_obj_ensure_children (VIREO_OBJ (self), "storage-vol");
}

VireoStorageVolumeObj *vireo_storage_pool_obj_find_volume (VireoStoragePoolObj *self,
                                                           const char *name);

VireoStoragePoolState vireo_storage_pool_obj_get_state (VireoStoragePoolObj *self);
/* With it `active`. @reason: "" when all is well. */
void vireo_storage_pool_obj_set_state (VireoStoragePoolObj *self,
                                       VireoStoragePoolState state,
                                       const char *reason);

/* Of an active pool: how much room there is, in bytes. */
void vireo_storage_pool_obj_set_space (VireoStoragePoolObj *self,
                                       guint64 capacity,
                                       guint64 allocation,
                                       guint64 available);

/* NULL where the definition has none. */
const char *vireo_storage_pool_obj_get_target_path (VireoStoragePoolObj *self);

/* The pool that a volume is in; %NULL once it was removed. */
VireoStoragePoolObj *vireo_storage_volume_obj_get_pool (VireoStorageVolumeObj *volume);

G_END_DECLS
