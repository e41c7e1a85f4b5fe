/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/* The `storagepoolCapabilities` document: every type of pool, and whether it is in @types, which
 * VIREO_POOL_TYPE_UNSET ends. @formats: (nullable): those of volumes in pools that are folders. */
char *vireo_storage_capabilities_format (const VireoPoolType *types, const char *const *formats);

G_END_DECLS
