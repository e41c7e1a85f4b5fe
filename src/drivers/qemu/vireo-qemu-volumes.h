/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-storage-driver.h"

G_BEGIN_DECLS

/**
 * vireo_qemu_volume_find:
 * @storage: (nullable): the pools of the connection
 * @source: what a disk of the type "volume" has for a source
 * @owner: the user id of who owns the domain
 * @error: MissingResource when there is no such volume or it is none of the owner's business, which
 *   cannot be told apart, InvalidState when its pool is not active
 *
 * Where the volume is now. That the path is opened with the owner's rights is the caller's part.
 *
 * Returns: (transfer full) (nullable): the path
 * Since: 0.1
 */
char *vireo_qemu_volume_find (VireoStorageDriver *storage, const VireoDiskSourceDef *source,
                              guint owner, GError **error);

G_END_DECLS
