/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/**
 * VireoQemuSnapshotAction:
 *
 * What is done to the snapshot of that name in each qcow2 image. To clear is to delete where it may
 * not be in all of them.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_SNAPSHOT_CREATE,
  VIREO_QEMU_SNAPSHOT_APPLY,
  VIREO_QEMU_SNAPSHOT_DELETE,
  VIREO_QEMU_SNAPSHOT_CLEAR,
} VireoQemuSnapshotAction;

/* The disks of @domain that have their part of the snapshot @def in themselves. Errors:
 * ConfigUnsupported for one whose format cannot. (transfer full) (element-type VireoDiskDef) */
GPtrArray *vireo_qemu_snapshot_disks (const VireoDomainDef *domain,
                                      const VireoDomainSnapshotDef *def,
                                      GError **error);

/* With QEMU, memory and all, or with the images of a domain that does not run. @disks: (transfer
 * full). Each is a job that cannot be cancelled: what is half done is of no use. @id: (nullable):
 * of QEMU's job, if it has one, which it is not told to forget. */
void vireo_qemu_snapshot_act_async (VireoQemuDomains *driver,
                                    VireoQemuDomain *self,
                                    const char *id,
                                    VireoQemuSnapshotAction action,
                                    const char *name,
                                    GPtrArray *disks,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean vireo_qemu_snapshot_act_finish (GAsyncResult *result, GError **error);

G_END_DECLS
