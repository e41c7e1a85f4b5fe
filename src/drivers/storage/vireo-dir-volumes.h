/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-dir-storage-private.h"

G_BEGIN_DECLS

/* Makes a volume: for the class of the driver. */
void vireo_dir_volume_make (VireoStorageKeeper *keeper,
                            VireoStorageVolumeObj *volume,
                            const VireoStorageVolumeDef *wanted,
                            VireoStorageVolumeObj *source,
                            VireoStorageVolumeFlags flags,
                            GTask *task);

/* Sets space aside for the bytes from @start to @end. Blocks: for worker threads. Errors:
 * Cancelled, NoSpace, Io. */
gboolean vireo_dir_allocate (int fd,
                             guint64 start,
                             guint64 end,
                             const char *name,
                             GCancellable *cancellable,
                             GError **error);

G_END_DECLS
