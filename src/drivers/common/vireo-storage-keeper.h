/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-keeper.h"
#include "drivers/vireo-storage-driver.h"

G_BEGIN_DECLS

/**
 * VireoStorageKeeper:
 *
 * Keeps the definitions of storage pools, as #VireoDomainKeeper does those of domains, and knows
 * the rules of pools and volumes: what may be done in which state, jobs, what is copied where, and
 * which signals tell it. Implements all of #VireoStorageDriver but find_sources and
 * get_capabilities. What is particular to a driver are the functions of the class.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_STORAGE_KEEPER (vireo_storage_keeper_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoStorageKeeper,
                          vireo_storage_keeper,
                          VIREO,
                          STORAGE_KEEPER,
                          VireoKeeper)

/**
 * VireoStorageKeeperClass:
 * @build: makes what @pool, which has a definition and is not active, needs
 * @unbuild: removes what @build made
 * @begin: finds the volumes of @pool, which has a live definition and is about to be active: adds
 *   them to its list, and sets its space
 * @end: (nullable): @pool is not active any more; its volumes are removed after this. The task ends
 *   when a daemon that is killed then would know of it
 * @scan: looks for the volumes of the active @pool anew. Those that have a job are left alone
 * @complete: fills in what follows from the pool (type, path, key, format) into the definition of a
 *   volume that is wanted, and refuses what cannot be made
 * @make: makes @volume as @wanted says, with the contents of @source if there is one. Returns a
 *   #VireoStorageVolumeDef of what was made; when it fails, nothing is left of it
 * @unmake: removes the volume
 * @resize: to @capacity bytes
 * @open: opens the volume. Returns a file descriptor
 * @probe: returns a #VireoStorageVolumeDef of what the volume is now. @format: (nullable): what it
 * is known to be
 * @changed: the room in @pool, which is active, may be another now
 *
 * Tasks are taken over; what needs the disk is done elsewhere than on the main context. Operations
 * on volumes have the volume's slot.
 *
 * Since: 0.1
 */
struct _VireoStorageKeeperClass
{
  VireoKeeperClass parent_class;

  void (*build) (VireoStorageKeeper *self,
                 VireoStoragePoolObj *pool,
                 VireoStorageBuildFlags flags,
                 GTask *task);
  void (*unbuild) (VireoStorageKeeper *self,
                   VireoStoragePoolObj *pool,
                   VireoStorageVolumeFlags flags,
                   GTask *task);
  void (*begin) (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task);
  void (*end) (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task);
  void (*scan) (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task);
  gboolean (*complete) (VireoStorageKeeper *self,
                        VireoStoragePoolObj *pool,
                        VireoStorageVolumeDef *wanted,
                        VireoStorageVolumeObj *source,
                        VireoStorageVolumeFlags flags,
                        GError **error);
  void (*make) (VireoStorageKeeper *self,
                VireoStorageVolumeObj *volume,
                const VireoStorageVolumeDef *wanted,
                VireoStorageVolumeObj *source,
                VireoStorageVolumeFlags flags,
                GTask *task);
  void (*unmake) (VireoStorageKeeper *self,
                  VireoStorageVolumeObj *volume,
                  VireoStorageVolumeFlags flags,
                  GTask *task);
  void (*resize) (VireoStorageKeeper *self,
                  VireoStorageVolumeObj *volume,
                  guint64 capacity,
                  VireoStorageVolumeFlags flags,
                  GTask *task);
  void (*open) (VireoStorageKeeper *self,
                VireoStorageVolumeObj *volume,
                gboolean write,
                GTask *task);
  void (*probe) (VireoStorageKeeper *self,
                 VireoStorageVolumeObj *volume,
                 const char *format,
                 GTask *task);
  void (*changed) (VireoStorageKeeper *self, VireoStoragePoolObj *pool);
};

/* Makes an inactive persistent pool active, as the operation `start` does; for autostart. */
void vireo_storage_keeper_start (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task);

/* Goes on with a pool that was active and has a live definition, and no other; in the same way. */
void vireo_storage_keeper_resume (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task);

/* Whether somebody changes, reads or makes the volume just now. */
gboolean vireo_storage_keeper_is_in_use (VireoStorageVolumeObj *volume);

G_END_DECLS
