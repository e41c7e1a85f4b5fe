/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-storage-pool-obj.h"

G_BEGIN_DECLS

/**
 * VireoStorageBuildFlags:
 * @VIREO_STORAGE_BUILD_NEW: make what the pool needs (for start and create)
 * @VIREO_STORAGE_BUILD_OVERWRITE: even over what is there
 * @VIREO_STORAGE_BUILD_NO_OVERWRITE: fail when something is there
 * @VIREO_STORAGE_BUILD_REPAIR: repair what is there
 * @VIREO_STORAGE_BUILD_RESIZE: fit what is there to its room
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_STORAGE_BUILD_NONE = 0,
  VIREO_STORAGE_BUILD_NEW = 1 << 0,
  VIREO_STORAGE_BUILD_OVERWRITE = 1 << 1,
  VIREO_STORAGE_BUILD_NO_OVERWRITE = 1 << 2,
  VIREO_STORAGE_BUILD_REPAIR = 1 << 3,
  VIREO_STORAGE_BUILD_RESIZE = 1 << 4,
} VireoStorageBuildFlags;

/**
 * VireoStorageVolumeFlags:
 * @VIREO_STORAGE_VOLUME_PREALLOC_METADATA: write an image's tables at once
 * @VIREO_STORAGE_VOLUME_REFLINK: share the blocks of the source, or fail
 * @VIREO_STORAGE_VOLUME_ZEROED: overwrite the contents before they are deleted
 * @VIREO_STORAGE_VOLUME_WITH_SNAPSHOTS: delete internal snapshots, too
 * @VIREO_STORAGE_VOLUME_DELTA: the size is one to add, or with SHRINK to take away
 * @VIREO_STORAGE_VOLUME_ALLOCATE: set the new space aside
 * @VIREO_STORAGE_VOLUME_SHRINK: it may become smaller
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_STORAGE_VOLUME_NONE = 0,
  VIREO_STORAGE_VOLUME_PREALLOC_METADATA = 1 << 0,
  VIREO_STORAGE_VOLUME_REFLINK = 1 << 1,
  VIREO_STORAGE_VOLUME_ZEROED = 1 << 2,
  VIREO_STORAGE_VOLUME_WITH_SNAPSHOTS = 1 << 3,
  VIREO_STORAGE_VOLUME_DELTA = 1 << 4,
  VIREO_STORAGE_VOLUME_ALLOCATE = 1 << 5,
  VIREO_STORAGE_VOLUME_SHRINK = 1 << 6,
} VireoStorageVolumeFlags;

/**
 * VireoStorageTransfer:
 * @fd: the caller's end; it stays theirs
 * @offset: where in the volume to begin, in bytes
 * @length: how many bytes; 0 for all
 * @sparse: whether holes stay holes
 *
 * An upload or a download.
 *
 * Since: 0.1
 */
typedef struct
{
  int fd;
  guint64 offset;
  guint64 length;
  gboolean sparse;
} VireoStorageTransfer;

#define VIREO_TYPE_STORAGE_DRIVER (vireo_storage_driver_get_type ())
G_DECLARE_INTERFACE (VireoStorageDriver, vireo_storage_driver, VIREO, STORAGE_DRIVER, GObject)

/**
 * VireoStorageDriverInterface:
 * @get_pools: (transfer none): the pools
 * @define: as for domains
 * @create: as for domains
 * @replace: as for domains
 * @undefine: as for domains
 * @set_autostart: as for domains
 * @start: makes the volumes of a pool known
 * @destroy: forgets them
 * @build: makes what the pool needs
 * @remove: undoes @build
 * @refresh: looks for the volumes anew
 * @reload: as for domains
 * @find_sources: returns a `sources` document, as a string, of what pools of the type could be made
 *   of; @source is text of a caller's, which may be empty. Without the slot
 * @get_capabilities: returns a `storagepoolCapabilities` document, as a string. Without the slot
 * @create_volume: returns the #VireoStorageVolumeObj, which is in the list with a job from the
 *   beginning, and is removed when it fails. @source: (nullable): what to copy. Without the pool's
 *   slot
 * @delete_volume: with the volume's slot, as the others of volumes
 * @wipe_volume: @algorithm: (nullable): name of one
 * @resize_volume: to @capacity bytes
 * @upload: writes to the volume what @transfer->fd gives
 * @download: writes the volume to @transfer->fd
 *
 * What can be done with storage pools and volumes. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoStorageDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_pools) (VireoStorageDriver *self);

  void (*define) (VireoStorageDriver *self,
                  const VireoStoragePoolDef *def,
                  guint owner,
                  GTask *task);
  void (*create) (VireoStorageDriver *self,
                  const VireoStoragePoolDef *def,
                  guint owner,
                  VireoStorageBuildFlags flags,
                  GTask *task);
  void (*replace) (VireoStorageDriver *self,
                   VireoStoragePoolObj *pool,
                   const VireoStoragePoolDef *def,
                   GTask *task);
  void (*undefine) (VireoStorageDriver *self, VireoStoragePoolObj *pool, GTask *task);
  void (*set_autostart) (VireoStorageDriver *self,
                         VireoStoragePoolObj *pool,
                         gboolean autostart,
                         GTask *task);
  void (*start) (VireoStorageDriver *self,
                 VireoStoragePoolObj *pool,
                 VireoStorageBuildFlags flags,
                 GTask *task);
  void (*destroy) (VireoStorageDriver *self, VireoStoragePoolObj *pool, GTask *task);
  void (*build) (VireoStorageDriver *self,
                 VireoStoragePoolObj *pool,
                 VireoStorageBuildFlags flags,
                 GTask *task);
  void (*remove) (VireoStorageDriver *self,
                  VireoStoragePoolObj *pool,
                  VireoStorageVolumeFlags flags,
                  GTask *task);
  void (*refresh) (VireoStorageDriver *self, VireoStoragePoolObj *pool, GTask *task);
  void (*reload) (VireoStorageDriver *self, GTask *task);

  void (*find_sources) (VireoStorageDriver *self,
                        const char *type,
                        const char *source,
                        GTask *task);
  void (*get_capabilities) (VireoStorageDriver *self, GTask *task);

  void (*create_volume) (VireoStorageDriver *self,
                         VireoStoragePoolObj *pool,
                         const VireoStorageVolumeDef *def,
                         VireoStorageVolumeObj *source,
                         guint uid,
                         VireoStorageVolumeFlags flags,
                         GTask *task);
  void (*delete_volume) (VireoStorageDriver *self,
                         VireoStorageVolumeObj *volume,
                         VireoStorageVolumeFlags flags,
                         GTask *task);
  void (*wipe_volume) (VireoStorageDriver *self,
                       VireoStorageVolumeObj *volume,
                       const char *algorithm,
                       GTask *task);
  void (*resize_volume) (VireoStorageDriver *self,
                         VireoStorageVolumeObj *volume,
                         guint64 capacity,
                         VireoStorageVolumeFlags flags,
                         GTask *task);
  void (*upload) (VireoStorageDriver *self,
                  VireoStorageVolumeObj *volume,
                  const VireoStorageTransfer *transfer,
                  GTask *task);
  void (*download) (VireoStorageDriver *self,
                    VireoStorageVolumeObj *volume,
                    const VireoStorageTransfer *transfer,
                    GTask *task);
};

G_END_DECLS
