/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* What a connection does with storage; the handlers are with those of pools. */
void vireo_prepare_create_storage_pool (VireoCall *call);
void vireo_handle_create_storage_pool (VireoCall *call);
void vireo_handle_lookup_pool_by_target (VireoCall *call);
void vireo_handle_lookup_volume_by_key (VireoCall *call);
void vireo_handle_lookup_volume_by_path (VireoCall *call);
void vireo_handle_find_pool_sources (VireoCall *call);
void vireo_handle_get_pool_capabilities (VireoCall *call);

/* The flags (VireoStorageBuildFlags, VireoStorageVolumeFlags) that the options of a call are. */
guint vireo_storage_build_flags (VireoCall *call);
guint vireo_storage_volume_flags (VireoCall *call);

G_END_DECLS
