/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-storage-keeper.h"
#include "drivers/vireo-driver.h"

G_BEGIN_DECLS

/**
 * VireoDirStorage:
 *
 * Storage pools that are folders of this host, with raw and qcow2 images in them. For the driver of
 * a hypervisor that uses such.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DIR_STORAGE (vireo_dir_storage_get_type ())
G_DECLARE_FINAL_TYPE (VireoDirStorage, vireo_dir_storage, VIREO, DIR_STORAGE, VireoStorageKeeper)

/* @env must outlive it. */
VireoDirStorage *vireo_dir_storage_new (const VireoEnv *env);

/* Loads the definitions, goes on with pools that were active, and once a boot starts those that
 * start by themselves; to be called once, before anything else. Returns a boolean. */
void vireo_dir_storage_load (VireoDirStorage *self, GTask *task);

G_END_DECLS
