/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-storage-keeper.h"

G_BEGIN_DECLS

/* The storage pools of the test driver. */
#define VIREO_TYPE_TEST_STORAGE (vireo_test_storage_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestStorage, vireo_test_storage, VIREO, TEST_STORAGE, VireoStorageKeeper)

VireoTestStorage *vireo_test_storage_new (const char *state_dir);

/* Whether a pool that is active has a volume at @path. */
gboolean vireo_test_storage_has_path (VireoTestStorage *self, const char *path);
/* Deletes that volume, if there is one and nobody is at work on it. */
void vireo_test_storage_delete_path (VireoTestStorage *self, const char *path);

G_END_DECLS
