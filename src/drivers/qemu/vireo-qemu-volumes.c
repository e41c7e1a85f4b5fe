/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-volumes.h"

#include "util/vireo-error.h"

#include <unistd.h>

/* Root's domains may have any volume. Others' may have those that are theirs, or are in a pool that
 * is; of the rest they learn nothing, not even that it is there. */
static gboolean
may_use (guint owner, VireoObj *obj)
{
  return owner == 0 || owner == (guint) geteuid () || vireo_obj_get_owner (obj) == owner;
}

char *
vireo_qemu_volume_find (VireoStorageDriver *storage,
                        const VireoDiskSourceDef *source,
                        guint owner,
                        GError **error)
{
  VireoObjList *pools
      = storage != NULL ? VIREO_STORAGE_DRIVER_GET_IFACE (storage)->get_pools (storage) : NULL;
  VireoObj *pool = NULL;
  VireoStorageVolumeObj *volume = NULL;

  if (source->pool == NULL || source->volume == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                           "a disk of the type 'volume' needs the pool and the volume");
      return NULL;
    }
  if (pools != NULL)
    pool = vireo_obj_list_find_by_name (pools, source->pool);
  if (pool != NULL && may_use (owner, pool) && !vireo_obj_get_active (pool))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "the storage pool \"%s\" is not active", source->pool);
      return NULL;
    }
  if (pool != NULL)
    volume = vireo_storage_pool_obj_find_volume (VIREO_STORAGE_POOL_OBJ (pool), source->volume);
  if (volume != NULL && (may_use (owner, pool) || may_use (owner, VIREO_OBJ (volume))))
    return g_strdup (vireo_storage_volume_obj_get_path (volume));
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
               "there is no volume \"%s\" in a storage pool \"%s\"", source->volume, source->pool);
  return NULL;
}
