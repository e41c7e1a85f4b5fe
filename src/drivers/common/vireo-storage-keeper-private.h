/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-error.h"
#include "vireo-storage-keeper.h"

G_BEGIN_DECLS

/* What the files of the keeper of storage share; for nobody else. */

/* Fills in the operations on volumes. */
void _vireo_storage_keeper_init_volumes (VireoStorageDriverInterface *iface);

G_END_DECLS
