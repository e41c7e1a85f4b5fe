/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-obj.h"
#include "drivers/vireo-storage-driver.h"
#include "vireo-qemu-images.h"
#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/**
 * VireoQemuOpened:
 * @resources: what the command line refers to
 * @next_fdset: the first number of an fd set that is not taken
 * @log_fd: the log
 * @log_path: the log's path
 * @log_start: where in the log this run begins
 *
 * What a guest needs that has to be opened or made.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoQemuResources *resources;
  guint next_fdset;
  int log_fd;
  char *log_path;
  goffset log_start;
} VireoQemuOpened;

void vireo_qemu_opened_free (VireoQemuOpened *opened);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuOpened, vireo_qemu_opened_free)

/* Opens, in a worker thread, all that @def names with the rights of the owner of @domain, volumes
 * of @storage (nullable) and files that were handed over among it, and makes @runtime_dir and the
 * socket @monitor with our own. With @reset_nvram, the firmware's
 * variables are as at the first start. A caller that cancels does not wait for a file system that
 * hangs. */
void vireo_qemu_open_async (const VireoDomainDef *def,
                            VireoStorageDriver *storage,
                            VireoDomainObj *domain,
                            const VireoQemuIdentity *identity,
                            const char *runtime_dir,
                            const char *monitor,
                            const char *log_dir,
                            gboolean reset_nvram,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
VireoQemuOpened *vireo_qemu_open_finish (GAsyncResult *result, GError **error);

/* Opens, in a worker thread, the layers of one disk with the rights of the owner of @domain; their
 * fd sets are numbered from @first_fdset on. */
void vireo_qemu_open_disk_async (const VireoDiskDef *disk, VireoStorageDriver *storage,
                                 VireoDomainObj *domain, guint first_fdset,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
/* @ret_chain: (transfer full) (nullable) (element-type VireoQemuImage): %NULL for an empty drive */
gboolean vireo_qemu_open_disk_finish (GAsyncResult *result, GPtrArray **ret_chain, GError **error);

/* What vireo_qemu_open_async() would open for a domain of @owner, with the paths that @def gives it
 * and nothing opened or looked at: for a command line that names files by their paths. */
VireoQemuResources *vireo_qemu_open_names (const VireoDomainDef *def, VireoStorageDriver *storage,
                                           guint owner, const char *runtime_dir, GError **error);

/* Writes into the live definition what was found out: chains of images, drives that stay empty. */
void vireo_qemu_open_describe (VireoDomainDef *def, const VireoQemuResources *resources);
/* @chain: (nullable): %NULL for an empty drive */
void vireo_qemu_open_describe_disk (VireoDiskDef *disk, const GPtrArray *chain);

G_END_DECLS
